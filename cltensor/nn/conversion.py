"""The side of a Module that gives its values another dtype, or moves them to another device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import ALL, as_dtype, bfloat16
from cltensor.errors import DeviceError, DTypeError
from cltensor.nn import state
from cltensor.nn.parameter import Parameter, empty_again, is_lazy
from cltensor.ops.create import empty_like

_DTYPE_NAMES = {dtype.name for dtype in ALL}


class Convertible:
    """Mixin: to, cpu, cuda, float, double and half."""

    if TYPE_CHECKING:
        _buffers: dict[str, Any]

        def parameters(self, recurse: bool = True) -> Iterator[Parameter]: ...
        def modules(self, remove_duplicate: bool = True) -> Iterator[Any]: ...

    def to(
        self, *args: Any, device: Any = None, dtype: Any = None, tensor: Any = None,
        non_blocking: bool = False, memory_format: Any = None,
    ) -> Self:  # fmt: skip
        """Move all parameters and buffers to a device, or give the floating ones a dtype.

        model.to("gpu")    model.to(ct.float64)    model.to(device="cl:1", dtype=ct.float32)

        tensor: one to be like. non_blocking and memory_format change nothing, as in `Tensor.to`.
        Raises DTypeError for a dtype that is not floating-point.
        """
        for arg in (*args, tensor):
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, (np.dtype, type)) or arg in _DTYPE_NAMES:
                dtype = arg
            elif arg is not None and not isinstance(arg, bool):  # non_blocking by position
                device = arg
        kind = None if dtype is None else as_dtype(dtype)
        if kind is not None and kind.kind != "f":
            raise DTypeError(f"to: modules take a floating-point dtype, not {kind.name}")

        def move(value: Tensor) -> Tensor:
            if kind is not None and value.dtype.kind == "f":
                value = value.astype(kind)
            return value if device is None else value.to(device)

        return self._each_value(move)

    def cpu(self) -> Self:
        """Move all parameters and buffers to the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move all parameters and buffers to the GPU, or to GPU number `device`."""
        return self.to("gpu" if device is None else device)

    def float(self) -> Self:
        """Give all floating parameters and buffers dtype float32."""
        return self.to(np.dtype(np.float32))

    def double(self) -> Self:
        """Give all floating parameters and buffers dtype float64."""
        return self.to(np.dtype(np.float64))

    def half(self) -> Self:
        """Give all floating parameters and buffers dtype float16."""
        return self.to(np.dtype(np.float16))

    def bfloat16(self) -> Self:
        """Give all floating parameters and buffers dtype bfloat16."""
        return self.to(bfloat16)

    def type(self, dst_type: Any) -> Self:
        """Give all parameters and buffers, integer ones too, a floating-point dtype."""
        kind = as_dtype(dst_type)
        if kind.kind != "f":
            raise DTypeError(f"type: modules take a floating-point dtype, not {kind.name}")
        return self._each_value(lambda value: value.astype(kind))

    def to_empty(self, *, device: Any = None, recurse: bool = True) -> Self:
        """Move all parameters and buffers to a device, without their values: whatever lies there.

        Args:    recurse: those of the modules below, too.
        """
        return self._each_value(lambda value: empty_like(value, device=device), recurse)

    def share_memory(self) -> NoReturn:
        """Raises DeviceError: memory of a device belongs to one process."""
        raise DeviceError(
            "share_memory: processes do not share the memory of a device, and what is sent to one "
            "arrives as a copy; train in this process, or send state_dict() by a "
            "ct.multiprocessing.Queue"
        )

    def _each_value(self, change: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        params = list(self.parameters(recurse))
        modules: list[Any] = list(self.modules()) if recurse else [self]
        buffers = [
            (module, name, value)
            for module in modules
            for name, value in module._buffers.items()
            if value is not None
        ]
        # Everything is converted before anything is set: a failure leaves the module whole.
        values = [change(param.detach()) for param in params]
        grads = [None if param.grad is None else change(param.grad.detach()) for param in params]
        changed = [change(value.detach()) for _, _, value in buffers]
        for param, value, grad in zip(params, values, grads, strict=True):
            state.rebind(param, value)
            param.grad = grad
        for (module, name, before), value in zip(buffers, changed, strict=True):
            module._note_change()
            if is_lazy(before):
                empty_again(value, type(before))
            module._buffers[name] = value
        return self
