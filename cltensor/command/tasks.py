"""What the tuner measures: typical calls for each kind of kernel and size class, with their results
as NumPy gives them.

A class of the kernels for GPUs depends on how many compute units there are, so sizes are looked for
that belong to it on the device at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT
from cltensor.ops import create
from cltensor.ops.conv.choose import run_forward, run_weight
from cltensor.ops.elementwise.activation import relu
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.tiles import size_class
from cltensor.ops.reduce import fold as reduce
from cltensor.runtime.device import Device


class Call(NamedTuple):
    """One computation, and what gives its result."""

    run: Callable[[], Tensor]
    expected: Callable[[], np.ndarray]


class Task(NamedTuple):
    """What to measure for one row."""

    kind: str
    dtype: np.dtype
    size_class: str
    #: Made when the task begins, since arrays are large.
    calls: Callable[[], Sequence[Call]]


#: Sizes of calls by size class, each as arguments of a method of `_Maker`.
Sizes = Mapping[str, Sequence[tuple[Any, ...]]]


def tasks(device: Device, dtype: np.dtype) -> Iterator[Task]:
    """All that can be measured on `device` for `dtype`."""
    maker = _Maker(device, dtype)
    for kind, sizes, make in _families(device, dtype, maker):
        for name, examples in sizes.items():
            yield Task(kind, dtype, name, partial(_calls, make, examples))


def _families(
    device: Device, dtype: np.dtype, maker: _Maker
) -> Iterator[tuple[str, Sizes, Callable[..., Call]]]:
    """By kind of kernel: sizes, and what makes a call of them."""
    own = device.is_cpu
    suffix = "cpu" if own else "gpu"
    if dtype in SHORT:  # of which everything else is computed as of float32
        yield f"pointwise_{suffix}", _LENGTHS, maker.chain
        return
    if own:
        yield "gemm_cpu", _PRODUCTS, maker.product
        yield "gemm_thin_cpu", _THIN_PRODUCTS, maker.product
    else:
        yield "gemm_gpu", products(device, dtype), maker.product
        yield "gemm_thin_gpu", _thin(device), maker.product
    yield f"pointwise_{suffix}", _LENGTHS, maker.chain
    yield f"reduce_{suffix}", _REDUCTIONS, maker.reduction
    if own:
        yield "conv_cpu", _CONVOLUTIONS, maker.convolution
        yield "conv_depth", _DEPTHWISE, maker.convolution
        yield "conv_wino", _WINOGRAD if dtype == np.float32 else {}, maker.convolution
    else:
        for gradient, kind in enumerate(("conv_gpu", "conv_grad_gpu")):
            yield kind, convolutions(device, dtype, bool(gradient)), maker.convolution


def _calls(make: Callable[..., Call], sizes: Sequence[Any]) -> list[Call]:
    return [make(*size) for size in sizes]


#: Sizes m, n, k and whether a and b are transposed views, by size class.
_PRODUCTS: Sizes = {
    "thin": [(256, 10, 784, False, False), (10, 784, 256, True, False)],
    "deep": [(64, 576, 8192, False, True), (256, 128, 4096, True, False)],
    "small": [(128, 128, 128, False, False), (64, 256, 784, False, True)],
    "large": [(512, 512, 512, False, False), (768, 512, 640, True, False)],
}
_THIN_PRODUCTS: Sizes = {
    "row": [(1024, 1, 1024, False, False), (256, 4, 784, False, False)],
    "column": [(1024, 1, 1024, True, False), (1, 1000, 512, False, False)],
}
_LENGTHS: Sizes = {"small": [(4096,), (40000,)], "medium": [(1 << 20,)], "large": [(10_000_000,)]}
#: Shape and axis.
_REDUCTIONS: Sizes = {
    "row": [((2048, 1000), 1), ((1 << 21,), 0), ((64, 64, 256), 2)],
    "column": [((2048, 1000), 0), ((64, 64, 256), 1), ((1024, 4096), 0)],
}
#: Shapes of images and filters, stride, and whether the filters' gradient is wanted.
_CONVOLUTIONS: Sizes = {
    "image": [
        ((32, 3, 32, 32), (32, 3, 3, 3), 1, False),
        ((16, 64, 16, 16), (128, 64, 1, 1), 1, False),
        ((32, 6, 14, 14), (16, 6, 5, 5), 1, False),
        ((16, 32, 32, 32), (64, 32, 3, 3), 2, False),
    ],
    "filter": [
        ((32, 3, 32, 32), (32, 3, 3, 3), 1, True),
        ((32, 64, 16, 16), (64, 64, 3, 3), 1, True),
    ],
}
_DEPTHWISE: Sizes = {
    "all": [
        ((16, 64, 16, 16), (64, 1, 3, 3), 1, False),
        ((16, 64, 32, 32), (64, 1, 3, 3), 2, False),
        ((16, 64, 14, 14), (64, 1, 5, 5), 1, False),
    ]
}
_WINOGRAD: Sizes = {
    "image": [
        ((16, 64, 16, 16), (64, 64, 3, 3), 1, False),
        ((16, 128, 8, 8), (128, 128, 3, 3), 1, False),
        ((8, 32, 32, 32), (64, 32, 3, 3), 1, False),
    ],
    "image_few": [((16, 16, 32, 32), (16, 16, 3, 3), 1, False)],
    "image_5x5": [((16, 32, 16, 16), (32, 32, 5, 5), 1, False)],
    "filter": [
        ((16, 64, 16, 16), (64, 64, 3, 3), 1, True),
        ((32, 128, 8, 8), (64, 128, 3, 3), 1, True),
    ],
    "filter_few": [((32, 16, 32, 32), (16, 16, 3, 3), 1, True)],
    "filter_5x5": [((32, 32, 16, 16), (32, 32, 5, 5), 1, True)],
}
#: Sides of products, in the order in which they are looked at, and the widest to be measured.
_SIDES = range(32, 4097, 32)
#: Channels in and out, images, and sides of images that convolutions have which neither few
#: channels nor Winograd's minimal filtering take from the tiles of matrix products: forward they
#: have a stride.
_LAYERS = [
    (channels, filters, images, side)
    for channels, filters in ((64, 64), (64, 128), (128, 128), (32, 64), (48, 48))
    for side in (56, 28, 14, 8, 32, 16, 4)
    for images in (1, 2, 4, 8, 16, 32)
]
_TAPS, _STRIDE = 3, 2
_SLICE = 256  # pixels of a sum of the filters' gradient, as in conv/implicit.py


def products(device: Device, dtype: np.dtype) -> Sizes:
    """Products of each class of gemm_gpu that there are on `device`."""
    by_class: dict[str, list[int]] = {}
    for side in _SIDES:
        name = size_class(device, "gemm_gpu", dtype, side, side)
        by_class.setdefault(name, []).append(side)
    found = {}
    for name, sides in by_class.items():
        # The largest class has no end.
        most = sides[-1] if sides[-1] < _SIDES[-1] else min(sides[-1], sides[0] * 3 // 2)
        near = [side for side in sides if side <= most]
        some, more = near[len(near) // 2], near[-1]
        examples = [
            (more, more, more, False, False), (some, more, more, True, False),
            (some, some, 2 * some, False, True),
        ]  # fmt: skip
        found[name] = [
            each for each in examples
            if size_class(device, "gemm_gpu", dtype, *each[:2]) == name
        ]  # fmt: skip
    return found


def _thin(device: Device) -> Sizes:
    """Long operands of which every unit gets its share."""
    rows = 256 * max(4, device.compute_units)
    return {
        "row": [(rows, 1, 1024, False, False), (rows // 4, 4, 784, False, False)],
        "column": [(rows, 1, 1024, True, False), (1, rows, 512, False, False)],
    }


def convolutions(device: Device, dtype: np.dtype, gradient: bool) -> Sizes:
    """Convolutions of each class of their kernels that there are on `device`, rather large ones."""
    kind = "conv_grad_gpu" if gradient else "conv_gpu"
    by_class: dict[str, list[tuple[int, ...]]] = {}
    for layer in _LAYERS:
        channels, filters, images, side = layer
        out = side if gradient else side // _STRIDE
        pixels, columns = images * out * out, channels * _TAPS * _TAPS
        n, count = (columns, -(-pixels // _SLICE)) if gradient else (pixels, 1)
        name = size_class(device, kind, dtype, filters, n, count)
        by_class.setdefault(name, []).append(layer)

    def work(layer: tuple[int, ...]) -> int:
        channels, filters, images, side = layer
        return channels * filters * images * side * side

    found = {}
    for name, layers in by_class.items():
        layers.sort(key=work)
        chosen = dict.fromkeys([layers[len(layers) * 3 // 4], layers[len(layers) * 9 // 10]])
        found[name] = [
            (
                (images, channels, side, side),
                (filters, channels, _TAPS, _TAPS),
                1 if gradient else _STRIDE,
                gradient,
            )
            for channels, filters, images, side in chosen
        ]
    return found


class _Maker:
    """Makes calls of one dtype on one device, from one stream of numbers."""

    def __init__(self, device: Device, dtype: np.dtype) -> None:
        self.device = device
        self.dtype = dtype
        self.random = np.random.default_rng(0)

    def draw(self, *shape: int) -> tuple[Tensor, np.ndarray]:
        """Numbers in [-1, 1), on the device and as float64."""
        values = self.random.uniform(-1, 1, shape).astype(self.dtype)
        on_device = create.tensor(values, device=self.device)
        return on_device, values.astype("float64")

    def product(self, m: int, n: int, k: int, turn_a: bool, turn_b: bool) -> Call:
        """A product of matrices."""
        a, wide_a = self.draw(*((k, m) if turn_a else (m, k)))
        b, wide_b = self.draw(*((n, k) if turn_b else (k, n)))
        a, wide_a = (a.mT, wide_a.T) if turn_a else (a, wide_a)
        b, wide_b = (b.mT, wide_b.T) if turn_b else (b, wide_b)
        return Call(lambda: matmul(a, b), cache(lambda: wide_a @ wide_b))

    def chain(self, n: int) -> Call:
        """A few operations element by element."""
        (x, wide_x), (y, wide_y) = self.draw(n), self.draw(n)
        return Call(
            lambda: relu(x * y + x).realize(), lambda: np.maximum(wide_x * wide_y + wide_x, 0)
        )

    def reduction(self, shape: tuple[int, ...], axis: int) -> Call:
        """A sum."""
        x, wide = self.draw(*shape)
        return Call(lambda: reduce.sum(x, axis, False).realize(), lambda: wide.sum(axis=axis))

    def convolution(
        self, image: tuple[int, ...], filters: tuple[int, ...], stride: int, gradient: bool
    ) -> Call:
        """A convolution padded to keep the size at stride 1, plain or depthwise, or the gradient of
        its filters."""
        (x, wide_x), (w, wide_w) = self.draw(*image), self.draw(*filters)
        groups = image[1] // filters[1]
        taps = (filters[2], filters[3])
        pad = (taps[0] // 2, taps[0] // 2, taps[1] // 2, taps[1] // 2)
        how = ((stride, stride), pad, (1, 1), groups)
        padded = np.pad(wide_x, ((0, 0), (0, 0), pad[:2], pad[2:]))
        windows = np.lib.stride_tricks.sliding_window_view(padded, taps, (2, 3))
        windows = windows[:, :, ::stride, ::stride]
        if not gradient:
            form = "nchwpq,ocpq->nohw" if groups == 1 else "nohwpq,ocpq->nohw"
            expected = partial(np.einsum, form, windows, wide_w, optimize=True)
            return Call(lambda: run_forward(x, w, *how), cache(expected))
        y, wide_y = self.draw(image[0], filters[0], *windows.shape[2:4])
        expected = partial(np.einsum, "nohw,nchwpq->ocpq", wide_y, windows, optimize=True)
        return Call(lambda: run_weight(y, x, taps, *how), cache(expected))
