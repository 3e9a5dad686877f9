"""DLPack: arrays of other libraries as Tensors, and Tensors for them.

Elements go through the host's memory, where DLPack's kDLCPU is. They are copied, unless copy=False
asks for themselves, which devices that compute in the host's memory can show (see sharing.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.names import named
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bfloat16
from cltensor.errors import DeviceError, DTypeError
from cltensor.io.sharing import shared
from cltensor.ops.move import to
from cltensor.runtime.device import get

#: DLPack's name of the host's memory: kDLCPU, and which.
HOST = (1, 0)
#: Whether NumPy speaks DLPack 1.0, with its keywords; those before give what all can read.
_NUMPY_SPEAKS_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


def to_dlpack(x: Tensor, stream: Any, max_version: Any, dl_device: Any, copy: bool | None) -> Any:
    """A capsule with the elements of x, for `Tensor.__dlpack__`: a copy, or themselves for
    copy=False.

    Raises ValueError or BufferError for what cannot be kept.
    """
    if stream is not None:
        raise ValueError(
            f"__dlpack__: stream is {stream!r}, and the host's memory has none; leave it out"
        )
    if dl_device is not None and tuple(int(n) for n in dl_device) != HOST:
        raise BufferError(
            f"__dlpack__: dl_device is {tuple(dl_device)}; elements are given in the host's "
            f"memory, {HOST}"
        )
    if x.dtype is bfloat16:
        raise BufferError(
            "__dlpack__: NumPy, whose arrays are given, has no bfloat16; use .float() first"
        )
    keywords = {} if max_version is None or not _NUMPY_SPEAKS_1 else {"max_version": max_version}
    array = shared(x) if copy is False else x.numpy()
    return array.__dlpack__(**keywords)


@named
def from_dlpack(ext_tensor: Any, device: Any = None, copy: bool | None = None) -> Tensor:
    """A Tensor of what speaks DLPack: an array of NumPy, PyTorch, JAX, CuPy, ...

    A Tensor on that device already is shared, unless copy is True; all else is copied.

    Args:
        device: where it is to be; the default device if left out, of a Tensor its own.
        copy: whether to copy; None copies where it must.

    Raises ValueError where copy=False cannot be kept, DTypeError for what does not speak DLPack, or
    has elements that NumPy does not (bfloat16).

    >>> ct.from_dlpack(np.array([1.0, 2.0], np.float32))
    tensor([1., 2.])
    """
    if isinstance(ext_tensor, Tensor):
        if copy is False and device is not None and get(device) is not ext_tensor.device:
            raise ValueError(
                f"from_dlpack: copy=False, and ext_tensor is on '{ext_tensor.device}', not "
                f"'{get(device)}'; leave it out"
            )
        return to(ext_tensor, device=device, copy=bool(copy))
    if not hasattr(ext_tensor, "__dlpack__"):
        raise DTypeError(
            f"from_dlpack: ext_tensor is a {type(ext_tensor).__name__}, which does not speak "
            "DLPack; use ct.asarray(...)"
        )
    if copy is False:
        raise ValueError(
            "from_dlpack: copy=False, but elements must be copied to a device; leave it out"
        )
    try:
        array = _on_host(ext_tensor)
    except (BufferError, RuntimeError) as error:  # what NumPy raises depends on its version
        raise DTypeError(
            f"from_dlpack: NumPy, through whose arrays elements come, refuses ext_tensor of "
            f"{getattr(ext_tensor, 'dtype', 'no known dtype')} ({error}); cast it to float32 "
            "first, where it is of 16 bits"
        ) from error
    return Tensor.from_numpy(array, device)


def _on_host(x: Any) -> np.ndarray:
    """An array of NumPy that shows, or copies, the elements of x."""
    if isinstance(x, np.ndarray):  # also one that must not be written, which older ones refuse
        return x
    if int(x.__dlpack_device__()[0]) == HOST[0]:
        return np.from_dlpack(x)
    if not _NUMPY_SPEAKS_1:
        raise DeviceError(
            "from_dlpack: x is not in the host's memory, and NumPy before 2.1 cannot ask for it "
            "there; move it first, or update NumPy"
        )
    return np.from_dlpack(x, device="cpu")
