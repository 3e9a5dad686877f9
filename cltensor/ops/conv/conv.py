"""Two-dimensional convolution and its two gradients, which are operations of their own.

The three are one trilinear form in image x, filters w and output y, so each is the others'
derivative and every order of differentiation is covered:

    sum over n, o, c, i, j, p, q of
        y[n,o,i,j] * w[o,c,p,q] * x[n, c, i*stride + p*dilation - padding, ...]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import prod
from typing import Any

from cltensor.core.batched import Batched
from cltensor.core.batching import Batch, folded
from cltensor.core.checks import Pair, pair, whole
from cltensor.core.composite import composite
from cltensor.core.op import Op, primitive, require_tensor, same_dtype
from cltensor.errors import ShapeError
from cltensor.ops.conv.blocks import Axis, Padding, axes_of, require_countable
from cltensor.ops.conv.choose import run_data, run_forward, run_weight
from cltensor.ops.elementwise.parts import complex as _from_parts
from cltensor.ops.shape.join import pad
from cltensor.ops.shape.view import permute, reshape

_conv2d: Op = primitive(
    "conv2d(x, w, stride, padding, dilation, groups)",
    run_forward,
    dx=lambda g, w, x_shape, stride, padding, dilation, groups: _backward_data(
        g, w, x_shape[2:], stride, padding, dilation, groups
    ),
    dw=lambda g, x, w_shape, stride, padding, dilation, groups: _backward_weight(
        g, x, w_shape[2:], stride, padding, dilation, groups
    ),
)
_backward_data: Op = primitive(
    "conv2d_backward_data(y, w, size, stride, padding, dilation, groups)",
    run_data,
    dy=lambda g, w, stride, padding, dilation, groups: _conv2d(
        g, w, stride, padding, dilation, groups
    ),
    dw=lambda g, y, w_shape, stride, padding, dilation, groups: _backward_weight(
        y, g, w_shape[2:], stride, padding, dilation, groups
    ),
)
_backward_weight: Op = primitive(
    "conv2d_backward_weight(y, x, taps, stride, padding, dilation, groups)",
    run_weight,
    dy=lambda g, x, stride, padding, dilation, groups: _conv2d(
        x, g, stride, padding, dilation, groups
    ),
    dx=lambda g, y, x_shape, stride, padding, dilation, groups: _backward_data(
        y, g, x_shape[2:], stride, padding, dilation, groups
    ),
)


# ----------------------------------------------------------------------------- inside vmap


def _as_groups(batch: Batch, x: Any) -> Any:
    """Images (N, C, ...) of a batch as images of so many times the channels."""
    whole = batch.flat(x)
    moved = permute(whole, (1, 0, *range(2, whole.ndim)))
    return reshape(moved, (moved.shape[0], moved.shape[1] * moved.shape[2], *moved.shape[3:]))


def _of_groups(batch: Batch, x: Any) -> Any:
    """The reverse."""
    count = prod(batch.sizes)
    apart = reshape(x, (x.shape[0], count, x.shape[1] // max(count, 1), *x.shape[2:]))
    return batch.unflat(permute(apart, (1, 0, *range(2, apart.ndim))))


def _as_filters(batch: Batch, w: Any) -> Any:
    """Filters (O, ...) of a batch as so many times the filters."""
    whole = batch.flat(w)
    return reshape(whole, (whole.shape[0] * whole.shape[1], *whole.shape[2:]))


def _from_images(op: Op, batch: Batch, x: Any, w: Any, *parameters: Any) -> Any:
    """conv2d, and its gradient to images: with filters of their own, examples are groups."""
    if not isinstance(w, Batched):
        return folded(op, batch, x, w, *parameters, same=True)
    *most, groups = parameters
    if op is _conv2d and groups == 1 and not isinstance(x, Batched):
        return _of_groups(batch, op(x, _as_filters(batch, w), *most, 1))
    groups *= prod(batch.sizes)
    out = op(_as_groups(batch, x), _as_filters(batch, w), *most, groups)
    return _of_groups(batch, out)


def _to_filters(op: Op, batch: Batch, y: Any, x: Any, *parameters: Any) -> Any:
    """The gradient to filters: examples are groups."""
    *most, groups = parameters
    groups *= prod(batch.sizes)
    out = op(_as_groups(batch, y), _as_groups(batch, x), *most, groups)
    return reshape(out, (*batch.sizes, y.shape[1], *out.shape[1:]))


_conv2d.batched(_from_images)
_backward_data.batched(_from_images)
_backward_weight.batched(_to_filters)


# ------------------------------------------------------------------------------ public functions


def _padding(
    operation: str, value: int | str | Sequence[int], taps: Pair, stride: Pair, dilation: Pair
) -> Padding:
    if value == "valid":
        return 0, 0, 0, 0
    if value == "same":
        if stride != (1, 1):
            raise ShapeError(
                f"{operation}: padding='same' needs stride 1, got {stride}; give it in numbers"
            )
        spans = [(taps[d] - 1) * dilation[d] for d in (0, 1)]
        (top, left), (bottom, right) = [s // 2 for s in spans], [s - s // 2 for s in spans]
        return top, bottom, left, right
    if isinstance(value, str):
        raise ShapeError(f"{operation}: padding is {value!r}; use 'same', 'valid' or numbers")
    vertical, horizontal = pair(operation, "padding", value, 0)
    return vertical, vertical, horizontal, horizontal


def _require_dimensions(operation: str, counts: tuple[int, ...], **operands: Any) -> None:
    for name, x in operands.items():
        require_tensor(operation, name, x)
        if x.ndim not in counts:
            wanted = "four dimensions" if counts == (4,) else "(N, C, H, W) or (C, H, W)"
            raise ShapeError(
                f"{operation}: {name} has shape {x.shape}, not {wanted}; add the missing ones with "
                ".unsqueeze(0)"
            )


def _require_groups(operation: str, channels: int, w: tuple[int, ...], groups: int) -> None:
    if w[0] % groups or channels != w[1] * groups:
        raise ShapeError(
            f"{operation}: {channels} channels and filters of shape {w} do not fit with "
            f"groups={groups}; filters are (O, channels / groups, P, Q) with O a multiple of groups"
        )


def _require_fit(operation: str, size: tuple[int, ...], axes: tuple[Axis, Axis]) -> None:
    """Raise unless the filters, spread by their dilation, fit the padded image."""
    if not (axes[0].taps and axes[1].taps):
        raise ShapeError(f"{operation}: filters have no taps; give them a size of at least 1")
    if not (axes[0].out and axes[1].out):
        spans = tuple((a.taps - 1) * a.tap + 1 for a in axes)
        raise ShapeError(
            f"{operation}: filters spanning {spans} do not fit images of {tuple(size)} with "
            f"padding {(-axes[0].start, -axes[1].start)}; pad more or use smaller filters"
        )


def _countable(
    operation: str, size: Pair, taps: Pair, stride: Pair, around: Padding, dilation: Pair
) -> tuple[Pair, Pair]:
    """Stride and dilation as kernels can count with them.

    Where an axis has one output or filters one tap there, the distance to the next means nothing,
    however far; all others lie within the padded image, which may not be too large.
    """
    whole = size[0] + around[0] + around[1], size[1] + around[2] + around[3]
    require_countable(operation, *whole)
    return (
        (min(stride[0], max(1, whole[0])), min(stride[1], max(1, whole[1]))),
        (dilation[0] if taps[0] > 1 else 1, dilation[1] if taps[1] > 1 else 1),
    )


@lru_cache(maxsize=1024)
def _parameters(
    x: tuple[int, ...], w: tuple[int, ...], stride: Pair, padding: Any, dilation: Pair, groups: int
) -> tuple[Pair, Padding, Pair]:
    """Stride, padding and dilation of conv2d, checked against the shapes of its operands."""
    _require_groups("conv2d", x[1], w, groups)
    size, taps = (x[2], x[3]), (w[2], w[3])
    if 0 in size:
        raise ShapeError(f"conv2d: images of {size} have no pixels; only a batch may be empty")
    around = _padding("conv2d", padding, taps, stride, dilation)
    _require_fit("conv2d", size, axes_of(size, taps, stride, around, dilation))
    stride, dilation = _countable("conv2d", size, taps, stride, around, dilation)
    return stride, around, dilation


def _of_parts(product: Callable[..., Any], x: Any, w: Any, *settings: Any) -> Any:
    """A product of complex operands, made of products of their parts."""
    a, b, c, d = x.real, x.imag, w.real, w.imag
    ac, bd, ad, bc = (product(p, q, *settings) for p, q in ((a, c), (b, d), (a, d), (b, c)))
    return _from_parts(ac - bd, ad + bc)


@composite(method=False)
def conv2d(
    x: Any,
    w: Any,
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlate images with filters.

        out[n,o,i,j] = sum_{c,p,q} x[n, c, i*stride + p*dilation - padding, ...] * w[o,c,p,q]

    Args:    x (N,C,H,W) or (C,H,W);  w (O,C/groups,P,Q);  stride, padding, dilation in pixels, one
             number or one for each axis; padding may be "same" (for stride 1) or "valid". With
             groups, the filters of each equal part of O see the same part of C only.
    Returns: (N, O, (H + 2*padding - dilation*(P-1) - 1)//stride + 1, ...), without N if x has none.
    Raises:  ShapeError if channels and groups do not match, the filters do not fit, or images have
             no pixels.
    Source:  the register tile of matrix products over a padded patch of the image, read in place;
             for 3x3 filters of many channels in float32, Winograd's F(2x2, 3x3) (Lavin and Gray
             2015), whose rounding error is about twice as large.

    >>> ct.conv2d(ct.ones(1, 1, 3, 3), ct.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    _require_dimensions("conv2d", (3, 4), x=x)
    _require_dimensions("conv2d", (4,), w=w)
    same_dtype("conv2d", x, w)
    if x.dtype.kind == "c":
        return _of_parts(conv2d, x, w, stride, padding, dilation, groups)
    if x.ndim == 3:
        single = conv2d(x.reshape((1, *x.shape)), w, stride, padding, dilation, groups)
        return single.reshape(single.shape[1:])
    groups = whole("conv2d", "groups", groups, 1)
    steps, spread = pair("conv2d", "stride", stride, 1), pair("conv2d", "dilation", dilation, 1)
    around = padding if isinstance(padding, str) else pair("conv2d", "padding", padding, 0)
    return _conv2d(
        x, w, *_parameters(x._value.shape, w._value.shape, steps, around, spread, groups), groups
    )


def conv2d_backward_data(
    y: Any,
    w: Any,
    size: Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """The gradient of `conv2d` to its images of height and width `size`, from that of its output.

    Args:    y (N,O,I,J), w and the rest as in conv2d.
    Returns: (N, C, *size).
    Raises:  ShapeError if y is not what conv2d gives for images of that size.
    """
    name = "conv2d_backward_data"
    _require_dimensions(name, (4,), y=y, w=w)
    groups = whole(name, "groups", groups, 1)
    stride, dilation = pair(name, "stride", stride, 1), pair(name, "dilation", dilation, 1)
    size = pair(name, "size", size, 0)
    around = _padding(name, padding, w.shape[2:], stride, dilation)
    _require_groups(name, w.shape[1] * groups, w.shape, groups)
    rows, cols = axes_of(size, w.shape[2:], stride, around, dilation)
    if y.shape[1:] != (w.shape[0], rows.out, cols.out):
        raise ShapeError(
            f"{name}: y has shape {y.shape}, but images of {size} and filters {w.shape} give "
            f"(N, {w.shape[0]}, {rows.out}, {cols.out})"
        )
    stride, dilation = _countable(name, size, w.shape[2:], stride, around, dilation)
    return _backward_data(y, w, size, stride, around, dilation, groups)


def conv2d_backward_weight(
    y: Any,
    x: Any,
    taps: Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """The gradient of `conv2d` to its filters of height and width `taps`, from that of its output.

    Args:    y (N,O,I,J), x (N,C,H,W) and the rest as in conv2d.
    Returns: (O, C/groups, *taps).
    Raises:  ShapeError if y is not what conv2d gives for x.
    """
    name = "conv2d_backward_weight"
    _require_dimensions(name, (4,), y=y, x=x)
    groups = whole(name, "groups", groups, 1)
    stride, dilation = pair(name, "stride", stride, 1), pair(name, "dilation", dilation, 1)
    taps = pair(name, "taps", taps, 1)
    around = _padding(name, padding, taps, stride, dilation)
    rows, cols = axes_of(x.shape[2:], taps, stride, around, dilation)
    if (y.shape[0], *y.shape[2:]) != (x.shape[0], rows.out, cols.out):
        raise ShapeError(
            f"{name}: y has shape {y.shape}, but x {x.shape} and filters of {taps} give "
            f"({x.shape[0]}, O, {rows.out}, {cols.out})"
        )
    if y.shape[1] % groups or x.shape[1] % groups:
        raise ShapeError(
            f"{name}: {y.shape[1]} and {x.shape[1]} channels are no multiples of groups={groups}"
        )
    stride, dilation = _countable(name, x.shape[2:], taps, stride, around, dilation)
    return _backward_weight(y, x, taps, stride, around, dilation, groups)


@composite(method=False)
def conv_transpose2d(
    x: Any,
    w: Any,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Any:
    """Transposed convolution: the gradient of `conv2d` to its images, as a layer.

    Args:    x (N,O,I,J) or (O,I,J);  w (O,C/groups,P,Q);  output_padding: rows and columns added at
             the end, less than stride or dilation; the rest as in conv2d.
    Returns: (N, C, (I-1)*stride - 2*padding + dilation*(P-1) + output_padding + 1, ...), without N
             if x has none.
    Raises:  ShapeError if channels and groups do not match, the output would be empty, or images
             have no pixels.

    >>> ct.conv_transpose2d(ct.ones(1, 1, 2, 2), ct.ones(1, 1, 2, 2))
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    name = "conv_transpose2d"
    _require_dimensions(name, (3, 4), x=x)
    _require_dimensions(name, (4,), w=w)
    same_dtype(name, x, w)
    settings = (stride, padding, output_padding, groups, dilation)
    if x.dtype.kind == "c":
        return _of_parts(conv_transpose2d, x, w, *settings)
    if x.ndim == 3:
        single = conv_transpose2d(x.reshape((1, *x.shape)), w, *settings)
        return single.reshape(single.shape[1:])
    groups = whole(name, "groups", groups, 1)
    steps, spread = pair(name, "stride", stride, 1), pair(name, "dilation", dilation, 1)
    around = pair(name, "padding", padding, 0)
    extra = pair(name, "output_padding", output_padding, 0)
    _require_transposable(name, x, w, groups, extra, steps, spread)
    size = tuple(
        (x.shape[2 + d] - 1) * steps[d] - 2 * around[d] + spread[d] * (w.shape[2 + d] - 1)
        + extra[d] + 1
        for d in (0, 1)
    )  # fmt: skip
    if min(size) < 1:
        raise ShapeError(f"{name}: the output would have size {size}; use less padding")
    # Images that large give as many outputs as x has, and more where output_padding makes room for
    # another stride: zeros there add nothing.
    axes = axes_of(size, w.shape[2:], steps, (around[0],) * 2 + (around[1],) * 2, spread)
    more = [a.out - n for a, n in zip(axes, x.shape[2:], strict=True)]
    if any(more):
        x = pad(x, ((0, 0), (0, 0), (0, more[0]), (0, more[1])))
    return conv2d_backward_data(x, w, size, steps, around, spread, groups)


def _require_transposable(
    name: str, x: Any, w: Any, groups: int, extra: Sequence[int], steps: Sequence[int],
    spread: Sequence[int],
) -> None:  # fmt: skip
    """Raise ShapeError for what `conv_transpose2d` cannot take."""
    if x.shape[1] != w.shape[0] or w.shape[0] % groups:
        raise ShapeError(
            f"{name}: {x.shape[1]} channels and filters of shape {w.shape} do not fit with "
            f"groups={groups}; filters are (channels, C / groups, P, Q)"
        )
    if any(e >= max(s, d) for e, s, d in zip(extra, steps, spread, strict=True)):
        raise ShapeError(
            f"{name}: output_padding {extra} must be less than stride {steps} or dilation {spread}"
        )
    if 0 in x.shape[2:] or 0 in w.shape[2:]:
        raise ShapeError(
            f"{name}: images of {x.shape[2:]} and filters of {w.shape[2:]}; both need a size of at "
            "least 1, only a batch may be empty"
        )
