"""Two-dimensional pooling and its gradients.

On a CPU maximum pooling saves no indices: its gradient looks for the largest element again, which
costs less than writing and reading them; on a GPU it saves a byte for each window. Selecting from
another tensor at the places of the largest elements is the operation that closes the derivatives of
every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cltensor.core.batching import folded
from cltensor.core.checks import PIXELS, Pair, pair, whole
from cltensor.core.composite import composite
from cltensor.core.mode import is_grad_enabled
from cltensor.core.op import Op, primitive, require_tensor, same_device
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bool_, int64, is_float
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import require_countable
from cltensor.ops.elementwise.cast import full
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.index.place import scatter
from cltensor.ops.network.pool_launch import Window, noted, picked, pooled, spread, spread_by

Shape = tuple[int, ...]


def _run_max(x: Tensor, window: Window) -> Tensor:
    return pooled("max", x, x, window, x.dtype)


def _run_index(x: Tensor, window: Window) -> Tensor:
    return pooled("index", x, x, window, int64)


def _run_select(v: Tensor, x: Tensor, window: Window) -> Tensor:
    same_device("max_pool2d", v, x)
    return pooled("select", x, v, window, v.dtype)


def _run_max_backward(y: Tensor, x: Tensor, window: Window) -> Tensor:
    same_device("max_pool2d", y, x)
    return spread("max", y, x, x._value.shape[2:], window)


def _run_average(x: Tensor, window: Window) -> Tensor:
    return pooled("avg", x, x, window, x.dtype)


def _run_average_backward(y: Tensor, size: Pair, window: Window) -> Tensor:
    return spread("avg", y, y, size, window)


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
#: The same with the taps of the largest elements, by which GPUs go back.
_max_taps: Op = primitive(
    "max_pool2d_taps(x, window)",
    noted,
    dx=lambda g, out, x_shape, window: _taps_backward(g[0], out[1], x_shape[2:], window),
)
_taps_backward: Op = primitive(
    "max_pool2d_taps_backward(y, taps, size, window)",
    spread_by,
    dy=lambda g, taps, window: _taps_picked(g, taps, window),
)
_taps_picked: Op = primitive(
    "max_pool2d_taps_picked(x, taps, window)",
    picked,
    dx=lambda g, x_shape, taps, window: _taps_backward(g, taps, x_shape[2:], window),
)
for _op in (
    *(_max_pool, _max_index, _max_select, _max_backward, _average, _average_backward),
    *(_max_taps, _taps_backward, _taps_picked),
):
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

    >>> x = ct.arange(16.0).reshape(1, 4, 4)
    >>> ct.max_pool2d(x, 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    >>> ct.max_pool2d(x, 2, return_indices=True)[1]
    tensor([[[ 5,  7],
             [13, 15]]])
    """
    images = _images("max_pool2d", x)
    if images.dtype == bool_:
        raise DTypeError("max_pool2d: not defined for bool; cast with .to(dtype)")
    geometry = _geometry("max_pool2d", kernel_size, stride, padding, dilation)
    window = _window("max_pool2d", images.shape, *geometry, bool(ceil_mode))
    if not images.device.is_cpu and images.requires_grad and is_grad_enabled():
        out = _max_taps(images, window)[0]
    else:
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

    >>> ct.nn.functional.avg_pool2d(ct.arange(16.0).reshape(1, 1, 4, 4), 2)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
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
