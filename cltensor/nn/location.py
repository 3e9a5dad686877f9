"""Where in a model an error arose: the path of the layer that raised it."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, ref

from cltensor.errors import CLTensorError, DeviceError, DTypeError, ShapeError

#: Errors of what a layer was given. An index out of range is none of them: it is met at a later
#: read, which may be another layer's.
MISFITS = (ShapeError, DTypeError, DeviceError)

#: The innermost module that an error left. Not an attribute of the error, which is pickled.
_raised_by: WeakKeyDictionary[CLTensorError, Any] = WeakKeyDictionary()


def locate(error: CLTensorError, module: Any) -> None:
    """Have an error that leaves the forward of `module` name the layer that raised it, by its path
    from the outermost module that the error leaves."""
    layer = _raised_by.setdefault(error, ref(module))()
    paths = (path for path, each in module.named_modules() if each is layer)
    path = next(paths, None)  # None for a layer that is no member, such as one made in forward
    if path:
        error.layer = f"'{path}' ({type(layer).__name__})"
