"""Two-dimensional pooling and its gradients.

Maximum pooling saves no indices: its gradient looks for the largest element again, which costs
less than writing and reading them. Selecting from another tensor at the places of the largest
elements is the operation that closes the derivatives of every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.batching import folded
from cltensor.core.checks import PIXELS, Pair, pair, whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor, same_device
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, bool_, int64, is_float
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import require_countable
from cltensor.ops.elementwise.cast import full
from cltensor.ops.index.place import scatter
from cltensor.ops.index.scatter import take_along_axis
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Start, execute
from cltensor.ops.linalg.tiles import accumulator
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel

Shape = tuple[int, ...]


class Window(NamedTuple):
    """A pooling: its windows, their divisor (averages only) and the size of the output."""

    taps: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    out: Pair
    whole: bool = True
    fixed: int = 0

    def parameters(self) -> dict[str, int]:
        """As the kernels' templates take it."""
        names = ("K", "S", "P", "D")
        pairs = (self.taps, self.stride, self.padding, self.dilation)
        sizes = {n + a: p[i] for n, p in zip(names, pairs, strict=True) for i, a in enumerate("HW")}
        return sizes | {"whole": self.whole, "fixed": self.fixed}

    @property
    def apart(self) -> bool:
        """Whether no two windows overlap and none starts in the padding."""
        return (
            self.padding == (0, 0)
            and self.dilation == (1, 1)
            and all(t <= s for t, s in zip(self.taps, self.stride, strict=True))
        )


def _least(dtype: np.dtype) -> str:
    """C for what is smaller than every other element of `dtype`."""
    if is_float(dtype):
        return "-INFINITY"
    least = np.iinfo(dtype).min
    return f"({least + 1}L - 1L)" if least else "0"


def _items(device: Device, rows: int, cost: int) -> int:
    """How many of `rows` rows of about `cost` elements a CPU work-item should take."""
    items = max(1, min(rows * cost // 4096, 8 * device.compute_units))
    return ceil_div(rows, items)


@lru_cache(maxsize=1024)
def _plan(
    device: Device, by_row: bool, give: str, dtype: np.dtype, result: np.dtype, x: Shape,
    window: Window,
) -> Plan | None:  # fmt: skip
    """How to pool images of shape `x`; None where the result is empty."""
    (h, w), (out_h, out_w) = x[2:], window.out
    shape = (*x[:2], out_h, out_w)
    rows = x[0] * x[1] * out_h
    if rows * out_w == 0:
        return None
    run = kernel(
        device, "pool", T=C_NAMES[dtype], TA=C_NAMES[accumulator(dtype)], TO=C_NAMES[result],
        give=give, least=_least(dtype), by_row=by_row, **window.parameters(),
    )  # fmt: skip
    if by_row:
        local, each = 1, _items(device, rows, w * window.taps[0])
        count = ceil_div(rows, each)
    else:
        local, each = min(64, device.max_work_group), 1
        count = ceil_div(rows * out_w, local) * local
    launch = Launch(
        run, (count,), (local,), y_g=Elements(0), x_g=Elements(1), v_g=Elements(2),
        x_offset=Start(1), v_offset=Start(2), rows=rows, h=h, w=w, out_h=out_h, out_w=out_w,
        each=each,
    )  # fmt: skip
    return Plan(shape, result, (launch,))


@lru_cache(maxsize=1024)
def _plan_grad(
    device: Device, is_cpu: bool, kind: str, dtype: np.dtype, y: Shape, size: Pair, window: Window
) -> Plan | None:
    """How to give the gradient `y` to images of `size`; None where there is none."""
    (h, w), (out_h, out_w) = size, window.out
    planes = y[0] * y[1]
    if planes * h * w == 0 or 0 in y:
        return None
    if not is_cpu:
        mode, total, local, each = "gather", planes * h * w, min(64, device.max_work_group), 1
    elif window.apart:
        mode, total, local = "tiles", planes * out_h, 1
        each = _items(device, total, w * window.stride[0])
    else:
        mode, total, local = "planes", planes, 1
        each = _items(device, planes, h * w * window.taps[0])
    run = kernel(
        device, "pool_grad", T=C_NAMES[dtype], TA=C_NAMES[accumulator(dtype)], kind=kind,
        mode=mode, **window.parameters(),
    )  # fmt: skip
    count = ceil_div(ceil_div(total, each), local) * local
    launch = Launch(
        run, (count,), (local,), d_g=Elements(0), y_g=Elements(1), x_g=Elements(2),
        y_offset=Start(1), x_offset=Start(2), total=total, h=h, w=w, out_h=out_h, out_w=out_w,
        each=each,
    )  # fmt: skip
    return Plan((*y[:2], h, w), dtype, (launch,))


def _pool(give: str, x: Tensor, v: Tensor, window: Window, result: np.dtype) -> Tensor:
    device = x.device
    x = x if x._value.is_contiguous() else x.contiguous()
    v = v if v._value.is_contiguous() else v.contiguous()
    plan = _plan(device, device.is_cpu, give, x.dtype, result, x._value.shape, window)
    if plan is None:
        return full((*x.shape[:2], *window.out), 0, result, device)
    return execute(plan, x, v)


def _pool_grad(kind: str, y: Tensor, x: Tensor, size: Pair, window: Window) -> Tensor:
    device = y.device
    y = y if y._value.is_contiguous() else y.contiguous()
    x = x if x._value.is_contiguous() else x.contiguous()
    plan = _plan_grad(device, device.is_cpu, kind, y.dtype, y._value.shape, size, window)
    if plan is None:
        return full((*y.shape[:2], *size), 0, y.dtype, device)
    return execute(plan, y, x)


def _run_max(x: Tensor, window: Window) -> Tensor:
    return _pool("max", x, x, window, x.dtype)


def _run_index(x: Tensor, window: Window) -> Tensor:
    return _pool("index", x, x, window, int64)


def _run_select(v: Tensor, x: Tensor, window: Window) -> Tensor:
    same_device("max_pool2d", v, x)
    return _pool("select", x, v, window, v.dtype)


def _run_max_backward(y: Tensor, x: Tensor, window: Window) -> Tensor:
    same_device("max_pool2d", y, x)
    return _pool_grad("max", y, x, x._value.shape[2:], window)


def _run_average(x: Tensor, window: Window) -> Tensor:
    return _pool("avg", x, x, window, x.dtype)


def _run_average_backward(y: Tensor, size: Pair, window: Window) -> Tensor:
    return _pool_grad("avg", y, y, size, window)


def _still(g: Any, x: Any) -> Any:
    """The derivative to values that only decide which element is largest."""
    return full(x.shape, 0, x.dtype, x.device)


_max_pool: Op = primitive(
    "max_pool2d(x, window)",
    _run_max,
    dx=lambda g, x, window: _max_backward(g, x, window),
)
_max_index: Op = primitive("max_pool2d_index(x, window)", _run_index)
_max_select: Op = primitive(
    "max_pool2d_select(v, x, window)",
    _run_select,
    dv=lambda g, x, window: _max_backward(g, x, window),
    dx=_still,
)
_max_backward: Op = primitive(
    "max_pool2d_backward(y, x, window)",
    _run_max_backward,
    dy=lambda g, x, window: _max_select(g, x, window),
    dx=_still,
)
_average: Op = primitive(
    "avg_pool2d(x, window)",
    _run_average,
    dx=lambda g, x_shape, window: _average_backward(g, x_shape[2:], window),
)
_average_backward: Op = primitive(
    "avg_pool2d_backward(y, size, window)",
    _run_average_backward,
    dy=lambda g, window: _average(g, window),
)
for _op in (_max_pool, _max_index, _max_select, _max_backward, _average, _average_backward):
    _op.batched(folded)


@lru_cache(maxsize=1024)
def _window(
    operation: str,
    shape: Shape,
    taps: Pair,
    steps: Pair,
    around: Pair,
    spread: Pair,
    ceil_mode: bool,
) -> Window:
    """The windows on images of `shape`. Raises ShapeError if they do not fit."""
    if 0 in shape[1:]:
        raise ShapeError(
            f"{operation}: images of shape {shape[1:]} have no elements; only a batch may be empty"
        )
    out = []
    for d in (0, 1):
        if 2 * around[d] > taps[d]:
            raise ShapeError(
                f"{operation}: padding {around} is more than half of kernel_size {taps}; windows "
                "would hold padding only; use less"
            )
        size = shape[d - 2]
        span = spread[d] * (taps[d] - 1) + 1
        rest = size + 2 * around[d] - span
        count = (ceil_div(rest, steps[d]) if ceil_mode else rest // steps[d]) + 1
        if ceil_mode and (count - 1) * steps[d] >= size + around[d]:
            count -= 1  # the last window must start inside the image or its left padding
        if count < 1:
            raise ShapeError(
                f"{operation}: windows of {taps} with dilation {spread} do not fit images of "
                f"{shape[-2:]} with padding {around}; pad more or use smaller windows"
            )
        out.append(count)
    reach = [max(shape[d - 2] + 2 * around[d], spread[d] * (taps[d] - 1) + 1) for d in (0, 1)]
    require_countable(operation, reach[0], reach[1])
    # Where there is one window or one tap, the distance to the next means nothing, however far.
    steps = (min(steps[0], reach[0]), min(steps[1], reach[1]))
    spread = (spread[0] if taps[0] > 1 else 1, spread[1] if taps[1] > 1 else 1)
    return Window(taps, steps, around, spread, (out[0], out[1]))


def _geometry(
    operation: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Pair, Pair, Pair, Pair]:
    """Taps, stride, padding and dilation, each for both axes."""
    taps = pair(operation, "kernel_size", kernel_size, 1)
    given = stride is not None and not (isinstance(stride, (tuple, list)) and not stride)
    return (
        taps,
        pair(operation, "stride", stride, 1) if given else taps,
        pair(operation, "padding", padding, 0),
        pair(operation, "dilation", dilation, 1),
    )


def _images(operation: str, x: Any) -> Any:
    """x with four dimensions."""
    require_tensor(operation, "x", x)
    if x.ndim not in (3, 4):
        raise ShapeError(f"{operation}: x has shape {x.shape}; it takes (N, C, H, W) or (C, H, W)")
    return x if x.ndim == 4 else x.reshape((1, *x.shape))


@composite(method=False)
def max_pool2d(
    x: Any,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of an image.

        out[n,c,i,j] = max_{p,q} x[n, c, i*stride + p*dilation - padding, ...]

    Args:    x (N,C,H,W) or (C,H,W);  stride defaults to kernel_size;  padding never wins;
             ceil_mode keeps windows that reach over the end;  return_indices gives a pair, with
             the place h*W + w (int64) of each result. A window of which every tap lies in the
             padding, as dilation allows, gives -inf (the least integer) and the place -1.
    Returns: (N, C, (H + 2*padding - dilation*(P-1) - 1)//stride + 1, ...). NaN wins.
    Raises:  ShapeError if windows do not fit, padding is over half of kernel_size, or images have
             no elements.
    """
    images = _images("max_pool2d", x)
    if images.dtype == bool_:
        raise DTypeError("max_pool2d: not defined for bool; cast with .to(dtype)")
    geometry = _geometry("max_pool2d", kernel_size, stride, padding, dilation)
    window = _window("max_pool2d", images.shape, *geometry, bool(ceil_mode))
    out = _max_pool(images, window)
    out = out if x.ndim == 4 else out.reshape(out.shape[1:])
    if return_indices:
        places = _max_index(images, window)
        return out, places.reshape(out.shape)
    return out


@composite(method=False)
def avg_pool2d(
    x: Any,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of an image.

        out[n,c,i,j] = sum_{p,q} x[n, c, i*stride + p - padding, ...] / count

    Args:    x (N,C,H,W) or (C,H,W), floating-point;  stride defaults to kernel_size;  count is the
             size of the window within image and padding, without the padding unless
             count_include_pad, or divisor_override.
    Returns: (N, C, (H + 2*padding - P)//stride + 1, ...).
    Raises:  ShapeError if windows do not fit or padding is over half of kernel_size; DTypeError for
             integers.
    """
    images = _images("avg_pool2d", x)
    if not is_float(images.dtype):
        raise DTypeError(
            f"avg_pool2d: not defined for {images.dtype.name}; cast with .to('float32')"
        )
    fixed = 0
    if divisor_override is not None:
        fixed = whole("avg_pool2d", "divisor_override", divisor_override, -PIXELS, PIXELS)
        if fixed == 0:
            raise ShapeError("avg_pool2d: divisor_override is 0; give another number or None")
    geometry = _geometry("avg_pool2d", kernel_size, stride, padding, 1)
    window = _window("avg_pool2d", images.shape, *geometry, bool(ceil_mode))
    window = window._replace(whole=bool(count_include_pad), fixed=fixed)
    out = _average(images, window)
    return out if x.ndim == 4 else out.reshape(out.shape[1:])


def _run_unpool(x: Tensor, place: Tensor, size: int) -> Tensor:
    nothing = full((*x.shape[:-1], size), 0, x.dtype, x.device)
    return scatter(nothing, -1, place, x)


#: Zeros (..., size) with the elements of x (..., n) at `place`. Where several go to one place, as
#: of windows that overlap, the last stays, and all get its gradient, as in PyTorch.
unpool: Op = primitive(
    "unpool(x, place, size)", _run_unpool, dx=lambda g, place: take_along_axis(g, place, -1)
)
