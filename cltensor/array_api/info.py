"""What the namespace can do (`__array_namespace_info__`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.array_api.datatypes import isdtype
from cltensor.runtime.device import Device, devices, get

#: The dtypes of the standard, by name.
DTYPES = {d.name: d for d in dtypes.ALL if d not in dtypes.SHORT}


class Info:
    """What the namespace can do, and on which devices."""

    def capabilities(self) -> dict[str, Any]:
        """Masks index, shapes may depend on elements, and dimensions are as many as every NumPy
        counts."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 32}

    def default_device(self) -> Device:
        """The device of what is made without one."""
        return get()

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype]:
        """The dtypes of what is made without one."""
        return {
            "real floating": dtypes.default_float,
            "complex floating": dtypes.default_complex,
            "integral": dtypes.default_int,
            "indexing": dtypes.int64,
        }

    def devices(self) -> tuple[Device, ...]:
        """All devices."""
        return tuple(devices())

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype]:
        """The dtypes that a device computes with, of a kind (or kinds) that `isdtype` names."""
        wide = get(device).fp64
        return {
            name: dtype
            for name, dtype in DTYPES.items()
            if (kind is None or isdtype(dtype, kind))
            and (wide or dtype not in (dtypes.float64, dtypes.complex128))
        }


def __array_namespace_info__() -> Info:
    """What the namespace can do."""
    return Info()
