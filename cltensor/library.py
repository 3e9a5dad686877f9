"""`ct.library`: operations and kernels of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import index
from sys import modules as _modules
from typing import Any

from cltensor.core import declare
from cltensor.core.mode import is_grad_enabled
from cltensor.core.op import OPERATIONS, Op, same_device
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, bfloat16, float16
from cltensor.errors import DTypeError, GradientError, KernelError, ShapeError
from cltensor.lazy.writes import settle_readers
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Kernel as _Kernel
from cltensor.runtime.kernel import build
from cltensor.runtime.source import declarations, without_comments

__all__ = ["Kernel", "pointwise"]

#: What a kernel calls the elements of a tensor.
_ELEMENTS = {**C_NAMES, float16: "half", bfloat16: "ushort"}
#: What makes a parameter one that is not written.
_QUALIFIERS = re.compile(r"\b(const|restrict|__restrict|volatile|__global|global|unsigned)\b")

#: The operations made here, which may be made again.
_made: dict[str, Op] = {}


def pointwise(
    signature: str,
    text: str | Mapping[str, str],
    *,
    result: str = "same",
    accepts: str = "biuf",
    **rules: Callable[..., Any],
) -> Op:
    """An elementwise operation of one's own, by its expression in OpenCL C.

        swish = pointwise("swish(x, beta)", "x / (1 + exp(-beta * x))", result="float")

    It is fused with what is around it, as the operations of cltensor are, broadcasts, and promotes
    dtypes.

    Args:    signature: a name that is no operation of cltensor, and operands;  text: C over their
             names and the type T, or a dict of one for each kind of T ("b", "i", "u", "f", "c");
             result: "same" as the promoted dtype, "float" (integers become float32 first) or
             "bool";  accepts: the kinds that it takes;  rules: for each operand that has a
             derivative, d<operand>=function of the names that it needs, among g (the gradient of
             the result), out and the operands, made of operations, so that it can be
             differentiated again.
    Returns: the operation, to be called with tensors and numbers.
    Raises:  ValueError for a name that is taken; at a call, DTypeError for what it does not take;
             KernelError, where the values are needed, if `text` does not compile.

    >>> damped = ct.library.pointwise(
    ...     "damped(x, beta)", "x / (1 + exp(-beta * x))", result="float"
    ... )
    >>> damped(ct.tensor([0.0, 1.0]), 1.0)
    tensor([0.0000, 0.7311])
    """
    name = signature.partition("(")[0]
    if OPERATIONS.get(name) is not _made.get(name):
        raise ValueError(f"library.pointwise: cltensor has an operation {name!r}; take a new name")
    given: dict[str, Any] = dict(rules)
    op = _made[name] = declare.pointwise(signature, text, result, accepts, **given)
    op.__module__ = __name__
    return op


class Kernel:
    """A kernel of one's own, from OpenCL C.

        scale = Kernel("kernel void scale(global const float *x, float by, global float *out) {"
                       "  size_t i = get_global_id(0); out[i] = by * x[i]; }")
        scale(x, 2.0, out, global_size=x.shape)

    A parameter that is a pointer takes a tensor of the dtype that its type names (`uchar` for bool,
    `float2` for complex64, `half` for float16, `ushort` for bfloat16), the others numbers. What is
    not `const` is written, in place. A tensor that is read and is not contiguous is copied first.
    It is compiled at the first call on a device, kept on disk, and part of what `ct.jit` replays.

    Args:    source: OpenCL C;  name: which of its kernels, where there are several.
    Raises:  KernelError for a source without a kernel, and where it does not compile.

    >>> twice = ct.library.Kernel(
    ...     "kernel void twice(global const float *x, global float *out)"
    ...     "{ size_t i = get_global_id(0); out[i] = 2 * x[i]; }"
    ... )
    >>> out = ct.empty(3)
    >>> twice(ct.arange(3.0), out, global_size=3)
    >>> out
    tensor([0., 2., 4.])
    """

    def __init__(self, source: str, name: str | None = None) -> None:
        # Its longer form is what a kernel's signature is read by.
        source = re.sub(r"\bkernel\b", "__kernel", source)
        found = re.findall(r"\b__kernel\b[^{;(]*?(\w+)\s*\(", without_comments(source))
        if name is None and len(set(found)) == 1:
            name = found[0]
        if name is None or name not in found:
            raise KernelError(
                f"library.Kernel: the source has the kernels {found}, not {name!r}; name one"
            )
        self.name: str = name
        self.source = source
        self.parameters = _parameters(name, source)

    def __call__(
        self,
        *args: Any,
        global_size: int | Sequence[int],
        local_size: int | Sequence[int] | None = None,
    ) -> None:
        """Launch it over `global_size` work-items, in groups of `local_size` (one by one if it is
        left out), of which global_size is a multiple.

        Raises:  TypeError for a number in place of a tensor, or the reverse, and a wrong count;
                 DTypeError and DeviceError for tensors that do not fit; ShapeError for one that is
                 written and is not contiguous or does not begin its memory, and for sizes that do
                 not fit; GradientError for a tensor that requires a gradient while one is recorded:
                 launch it inside an `autograd.Function`.
        """
        grid, group = _sizes(self.name, global_size, local_size)
        tensors, written = self._checked(args)
        if not tensors:
            raise TypeError(f"{self.name}: takes at least one tensor, which says the device")
        same_device(self.name, *tensors.values())
        device = next(iter(tensors.values())).device
        with device.lock:
            given = [self._read(tensors[i], i in written) if i in tensors else args[i]
                     for i in range(len(args))]  # fmt: skip
            buffers = [given[i] for i in written]
            settle_readers(buffers)
            _built(device, self)(grid, group, **dict(zip(self.parameters, given, strict=True)))
            for buffer in buffers:
                buffer.mark_changed(self.name)

    def _checked(self, args: Sequence[Any]) -> tuple[dict[int, Tensor], list[int]]:
        """The tensors among the arguments by their places, and the places of those written."""
        if len(args) != len(self.parameters):
            names = ", ".join(self.parameters)
            raise TypeError(f"{self.name}: takes ({names}), got {len(args)} arguments")
        tensors, written = {}, []
        for i, (name, (element, is_written)) in enumerate(self.parameters.items()):
            x = args[i]
            if (element is not None) is not isinstance(x, Tensor):
                what = "a tensor" if element else "a number"
                raise TypeError(f"{self.name}: {name} is {what}, got {type(x).__name__}")
            if not isinstance(x, Tensor):
                continue
            if x.requires_grad and is_grad_enabled():
                raise GradientError(
                    f"{self.name}: {name} requires a gradient, of which a kernel knows nothing; "
                    "launch it in the forward of an autograd.Function, or under no_grad"
                )
            if _ELEMENTS[x.dtype] != element:
                raise DTypeError(
                    f"{self.name}: {name} points to {element}, got a tensor of {x.dtype.name}, "
                    f"which is {_ELEMENTS[x.dtype]}; cast with .to(dtype)"
                )
            tensors[i] = x
            if is_written:
                written.append(i)
        return tensors, written

    def _read(self, x: Tensor, is_written: bool) -> Any:
        """The buffer that the kernel gets."""
        x.realize()
        value = x._value
        if value.offset == 0 and x.is_contiguous() and value.dtype is x.dtype:
            return value.buffer
        if is_written:
            raise ShapeError(
                f"{self.name}: a tensor of shape {x.shape} that it writes has strides {x.stride()} "
                f"and begins at element {value.offset} of its memory; write to one made by "
                "ct.empty, and copy"
            )
        copied = x.clone()
        copied.realize()
        return copied._value.buffer

    def __repr__(self) -> str:
        return f"<kernel {self.name}({', '.join(self.parameters)})>"


def _parameters(name: str, source: str) -> dict[str, tuple[str | None, bool]]:
    """The parameters of a kernel: what each points to, if it does, and whether it is written."""
    found: dict[str, tuple[str | None, bool]] = {}
    for parameter, text in declarations(name, without_comments(source)).items():
        words = re.findall(r"\w+", text)
        if "*" not in text:
            found[parameter] = None, False
            continue
        kept = _QUALIFIERS.sub("", text.split("*")[0]).split()
        sign = "u" if "unsigned" in words else ""
        found[parameter] = sign + (kept[0] if kept else "int"), "const" not in words
    return found


def _sizes(
    name: str, global_size: int | Sequence[int], local_size: int | Sequence[int] | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The grid and the groups, of as many dimensions each. Raises ShapeError unless they fit."""
    grid = _as_tuple(global_size) or (1,)
    group = (1,) * len(grid) if local_size is None else _as_tuple(local_size)
    fits = len(grid) == len(group) <= 3 and all(n > 0 for n in group)
    if not fits or any(n < 0 or n % m for n, m in zip(grid, group, strict=True)):
        raise ShapeError(
            f"{name}: a grid of {grid} in groups of {group}; give one to three sizes each, and a "
            "multiple of the group's, behind whose end the kernel does nothing"
        )
    return grid, group


def _as_tuple(size: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(map(index, size)) if isinstance(size, Sequence) else (index(size),)


def _built(device: Device, made: Kernel) -> _Kernel:
    """The kernel for `device`, compiled the first time."""
    key = ("library.Kernel", made.name, made.source)
    return device.kernels.get(key) or device.add_kernel(
        key, build, device, made.name, made.source, "library.Kernel", False
    )


_suggest(_modules[__name__])
