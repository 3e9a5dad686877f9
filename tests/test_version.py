"""One version, wherever one asks."""

import cltensor
from cltensor import version


def test_the_package_has_it():
    assert cltensor.__version__ is version.__version__
    assert len(version.__version__.split(".")) == 3
