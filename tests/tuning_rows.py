"""Rows of kernel parameters for the kind 'toy', which no kernel uses."""

import numpy as np

from cltensor.runtime import tuning

FLOAT = np.dtype("float32")


def row(on, parameters, **changes):
    """A row of the kind 'toy' for the device `on`."""
    place = tuning.place_of(on)
    return tuning.Row(*place, "toy", "float32", "all", parameters)._replace(**changes)


def found(device):
    """The parameters of the kind 'toy' that the device uses."""
    return dict(tuning.parameters(device, "toy", FLOAT, "all"))
