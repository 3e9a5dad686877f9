"""`ct.device`: devices under the names that PyTorch's programs give them."""

from __future__ import annotations

from typing import Any

from cltensor.runtime.device import Device, get


class _Named(type):
    """A class whose instances are the devices that exist: calling it finds one of them."""

    def __call__(cls, spec: Any = None, index: Any = None, **kwargs: Any) -> Any:
        if "type" in kwargs and spec is None:
            spec = kwargs.pop("type")
        if kwargs:
            keyword = next(iter(kwargs))
            raise TypeError(f"device: there is no keyword {keyword!r}; it takes type, index")
        if index is not None:
            if not isinstance(spec, str) or ":" in spec:
                raise TypeError(
                    f"device: an index {index!r} beside {spec!r}; give a kind, as 'gpu'"
                )
            spec = f"{spec}:{index}"
        return get(spec)

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Device)


class device(metaclass=_Named):
    """A device by name: ``device("gpu")``, ``device("gpu", 1)``, "gpu:1", "cpu", "cl:0".

    "cuda", "xpu" and "mps" mean the GPU, whosoever. Without a name, the default device. Every
    device is an instance of it; in a ``with`` block it is the default one of the thread.

    Raises DeviceError if there is none of that name.
    """
