"""Tensors on other devices, and of other dtypes: `to` and what is short for it."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.core.composite import composite
from cltensor.core.op import Op, require_tensor
from cltensor.core.tensor import Tensor, require_dtype
from cltensor.ops.elementwise.cast import astype
from cltensor.runtime.device import Device, DeviceSpec, get


def _move(x: Tensor, device: Device) -> Tensor:
    if x.device is device:
        return x
    if x.device.recorder is not None:
        x.device.recorder.refuse(f"moving a tensor from '{x.device}' to '{device}'")
    return Tensor.from_numpy(x._stored(), device)


def _to_device(x: Tensor, device: Device) -> Tensor:
    require_dtype("to", x.dtype, device)
    return _move(x, device)


#: Copy to another device, through the host; a value already there is returned as it is.
to_device: Op = Op(
    "to_device(x, device)",
    _to_device,
    {"dx": lambda g, x_device: to_device(g, x_device)},
    takes_halves=True,
)


@composite
def to(
    x: Any, *targets: Any, dtype: Any = None, device: DeviceSpec = None, other: Any = None,
    non_blocking: bool = False, copy: bool = False, memory_format: Any = None,
) -> Any:  # fmt: skip
    """`x` on another device, of another dtype, or both; x itself when nothing changes.

    targets: devices ("gpu", "cl:1", a Device), dtypes (also their names), or a tensor to be like.
    copy: True for a copy in any case. non_blocking and memory_format change nothing: launches do
    not wait, and elements lie in row-major order.

    >>> ct.tensor([1.5]).to(ct.float16).dtype
    dtype('float16')
    """
    given = x
    for target in targets if other is None else (*targets, other):
        if isinstance(target, bool):  # PyTorch's non_blocking and copy by position
            continue
        if isinstance(target, Device):
            device = target
        elif isinstance(target, int):
            device = f"gpu:{target}"
        elif isinstance(target, Tensor):  # NumPy's arrays have a device and a dtype, too
            device, dtype = target.device, target.dtype
        elif isinstance(target, str) and not _names_dtype(target):
            device = target
        else:
            dtype = target
    if device is not None:
        x = to_device(x, get(device))
    if dtype is not None:
        x = astype(x, dtypes.as_dtype(dtype))
    return x.clone() if copy and x is given else x


@composite(method="only")
def cpu(x: Any, memory_format: Any = None) -> Any:
    """`x` on the CPU; itself if it is there. Where no OpenCL driver for the CPU exists, it is in
    the host's memory, to be read, printed, saved, viewed and moved only."""
    return x if x.device.kind == "cpu" else to_device(x, get("cpu"))


@composite(method="only")
def cuda(x: Any, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Any:
    """`x` on the GPU, or on GPU number `device`; itself if it is there."""
    if isinstance(device, int):
        device = f"gpu:{device}"
    return x if device is None and x.device.kind == "gpu" else to_device(x, get(device or "gpu"))


@composite
def type_as(x: Any, other: Any) -> Any:
    """`x` with the dtype of `other`, on its device.

    >>> ct.zeros(1).type_as(ct.zeros(1, dtype=ct.int32)).dtype
    dtype('int32')
    """
    require_tensor("type_as", "other", other)
    return to(x, other)


def _names_dtype(text: str) -> bool:
    return text in {d.name for d in dtypes.ALL}
