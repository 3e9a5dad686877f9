"""Operators that move elements or say where they are, and what has no inputs."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import numpy as np

from cltensor.dtypes import float32, int64
from cltensor.nn import functional as F
from cltensor.onnx.functions import main as ct
from cltensor.onnx.narrow import Narrow
from cltensor.onnx.table import (
    Array,
    Asked,
    Element,
    Elements,
    Ints,
    Numbers,
    Value,
    ended,
    operator,
)


@operator("Identity")
def _identity(x: Value):
    return x


@operator("Constant", since=1)
def _constant(
    *, value: Elements | None = None, value_float: float | None = None,
    value_floats: list[float] | None = None, value_int: int | None = None,
    value_ints: list[int] | None = None,
):  # fmt: skip
    floats = value_float if value_float is not None else value_floats
    ints = value_int if value_int is not None else value_ints
    if value is not None:
        return value
    if floats is None and ints is None:
        raise ValueError("a constant without a value")
    return np.array(floats, np.float32) if floats is not None else np.array(ints, np.int64)


@operator("Shape")
def _shape(x: Value, *, start: int = 0, end: int | None = None):
    return np.array(tuple(x.shape)[start:end], np.int64)


@operator("Size")
def _size(x: Value):
    return np.array(math.prod(x.shape), np.int64)


@operator("ConstantOfShape")
def _constant_of_shape(shape: Ints, *, value: Elements | None = None, device: Asked):
    one = np.zeros(1, np.float32) if value is None else value
    return ct.broadcast_to(ct.tensor(one.reshape(()), device=device), tuple(shape)).clone()


@operator("EyeLike")
def _eye_like(x, *, dtype: Element | None = None, k: int = 0):
    rows, columns = x.shape
    ones = ct.ones((rows, columns), dtype=x.dtype if dtype is None else dtype, device=x.device)
    return ct.tril(ct.triu(ones, k), k)


@operator("Reshape")
def _reshape(x: Value, shape: Ints, *, allowzero: bool = False):
    if isinstance(x, Narrow):
        return Narrow(x.kind, _reshape(x.codes, shape, allowzero=allowzero))
    if not allowzero:
        shape = [x.shape[i] if n == 0 else n for i, n in enumerate(shape)]
    return ct.reshape(x, tuple(shape))


@operator("Flatten")
def _flatten(x, *, axis: int = 1):
    axis = axis + x.ndim if axis < 0 else axis
    return ct.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


@operator("Squeeze")
def _squeeze_at(x, *, axes: list[int] | None = None):
    return _squeeze(x, axes)


@operator("Squeeze", since=13)
def _squeeze(x, axes: Ints | None = None):
    if axes is None:
        return ct.squeeze(x)
    if any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"axes {axes} of shape {tuple(x.shape)} are not all 1")
    return ct.squeeze(x, tuple(axes)) if axes else x


@operator("Unsqueeze")
def _unsqueeze_at(x, *, axes: list[int]):
    return _unsqueeze(x, axes)


@operator("Unsqueeze", since=13)
def _unsqueeze(x, axes: Ints):
    ndim = x.ndim + len(axes)
    for axis in sorted(a + ndim if a < 0 else a for a in axes):
        x = ct.unsqueeze(x, axis)
    return x


@operator("Transpose")
def _transpose(x: Value, *, perm: list[int] | None = None):
    if isinstance(x, Narrow):
        return Narrow(x.kind, _transpose(x.codes, perm=perm))
    return ct.permute(x, tuple(range(x.ndim))[::-1] if perm is None else tuple(perm))


@operator("Expand", since=8)
def _expand(x, shape: Ints):
    return ct.broadcast_to(x, np.broadcast_shapes(tuple(x.shape), tuple(shape)))


@operator("Tile")
def _tile(x, repeats: Ints):
    return ct.tile(x, tuple(repeats))


@operator("Concat")
def _concat(*xs, axis: int):
    return ct.cat(list(xs), axis)


@operator("Split")
def _split_at(x, *, split: list[int] | None = None, axis: int = 0, outputs: Asked):
    return _split_equal(x, split, axis, outputs)


@operator("Split", since=13)
def _split(x, split: Ints | None = None, *, axis: int = 0, num_outputs: int | None = None,
           outputs: Asked):  # fmt: skip
    return _split_equal(x, split, axis, num_outputs or outputs)


def _split_equal(x: Any, sizes: list[int] | None, axis: int, count: int) -> tuple[Any, ...]:
    """Parts of `sizes`, or so many of one size, the last one smaller."""
    total = x.shape[axis]
    if sizes is None:
        each = -(-total // count)
        sizes = [min(each, max(total - i * each, 0)) for i in range(count)]
    if sum(sizes) != total or min(sizes, default=0) < 0:
        raise ValueError(f"parts {sizes} of {total} elements")
    starts = accumulate(sizes, initial=0)
    return tuple(ct.narrow(x, axis, s, n) for s, n in zip(starts, sizes, strict=False))


@operator("Slice")
def _slice_at(x, *, starts: list[int], ends: list[int], axes: list[int] | None = None):
    return _slice(x, starts, ends, axes)


@operator("Slice", since=10)
def _slice(x, starts: Ints, ends: Ints, axes: Ints | None = None, steps: Ints | None = None):
    return _cut(x, slices(x.shape, starts, ends, axes, steps))


def _cut(x: Any, key: tuple[slice, ...]) -> Any:
    backward = tuple(axis for axis, part in enumerate(key) if part.step < 0)
    if not backward:
        return x[key]
    # Elements from the last to the first are those of the tensor turned around.
    turned = []
    for part, n in zip(key, x.shape, strict=True):
        if part.step > 0:
            turned.append(part)
        else:
            start, stop, step = part.indices(n)
            turned.append(slice(n - 1 - start, n - 1 - stop, -step))
    return ct.flip(x, backward)[tuple(turned)]


def slices(
    shape: Any, starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None
) -> tuple[slice, ...]:
    """The key of a Slice. Ends may be as far outside as they like."""
    key = [slice(None, None, 1)] * len(shape)
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        n = shape[axis]
        if step < 0 and end < -n:  # before the first
            end = -n - 1
        key[axis] = slice(start, None if step < 0 and end < -n else end, step)
    return tuple(key)


@operator("Pad")
def _pad_by(x, *, mode: str = "constant", pads: list[int], value: float = 0.0):
    return padded(x, pads, None, mode, value)


@operator("Pad", since=11)
def _pad(x, pads: Ints, constant_value: Array | None = None, axes: Ints | None = None, *,
         mode: str = "constant"):  # fmt: skip
    value = 0 if constant_value is None or not constant_value.size else constant_value.item()
    return padded(x, pads, axes, mode, value)


def padded(x: Any, pads: list[int], axes: list[int] | None, mode: str, value: Any) -> Any:
    """`x` with elements before and behind those of each axis; fewer than none cut some off."""
    axes = list(range(x.ndim)) if axes is None else [a % x.ndim for a in axes]
    if len(pads) != 2 * len(axes):
        raise ValueError(f"{len(pads)} paddings for {len(axes)} axes")
    before, behind = [0] * x.ndim, [0] * x.ndim
    for i, axis in enumerate(axes):
        before[axis], behind[axis] = pads[i], pads[i + len(axes)]
    for axis, (low, high) in enumerate(zip(before, behind, strict=True)):
        if low < 0 or high < 0:
            start, cut = max(-low, 0), max(-low, 0) + max(-high, 0)
            x = ct.narrow(x, axis, start, x.shape[axis] - cut)
    before, behind = [max(n, 0) for n in before], [max(n, 0) for n in behind]
    if mode == "constant":
        flat = [n for pair in zip(before[::-1], behind[::-1], strict=True) for n in pair]
        return F.pad(x, tuple(flat), "constant", value) if any(flat) else x
    kinds = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}
    for axis, (low, high) in enumerate(zip(before, behind, strict=True)):
        if low or high:
            places = np.pad(np.arange(x.shape[axis]), (low, high), kinds[mode])  # type: ignore[call-overload]
            x = ct.index_select(x, axis, ct.tensor(places, device=x.device))
    return x


@operator("CenterCropPad", since=18)
def _center_crop_pad(x, shape: Ints, *, axes: list[int] | None = None):
    for axis, n in zip(range(x.ndim) if axes is None else axes, shape, strict=True):
        have = x.shape[axis]
        if n < have:
            x = ct.narrow(x, axis, (have - n) // 2, n)
        elif n > have:
            low = (n - have) // 2
            x = padded(x, [low, n - have - low], [axis], "constant", 0)
    return x


@operator("DepthToSpace")
def _depth_to_space(x, *, blocksize: int, mode: str = "DCR"):
    n, c, h, w = x.shape
    b = blocksize
    if mode == "DCR":
        x = ct.permute(ct.reshape(x, (n, b, b, c // b**2, h, w)), (0, 3, 4, 1, 5, 2))
    else:
        x = ct.permute(ct.reshape(x, (n, c // b**2, b, b, h, w)), (0, 1, 4, 2, 5, 3))
    return ct.reshape(x, (n, c // b**2, h * b, w * b))


@operator("SpaceToDepth")
def _space_to_depth(x, *, blocksize: int, mode: str = "DCR"):
    n, c, h, w = x.shape
    b = blocksize
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    x = ct.permute(ct.reshape(x, (n, c, h // b, b, w // b, b)), order)
    return ct.reshape(x, (n, c * b**2, h // b, w // b))


@operator("Trilu", since=14)
def _trilu(x, k: Ints | None = None, *, upper: bool = True):
    return (ct.triu if upper else ct.tril)(x, k[0] if k else 0)


@operator("ReverseSequence")
def _reverse_sequence(x, sequence_lens, *, batch_axis: int = 1, time_axis: int = 0):
    steps = ct.arange(x.shape[time_axis], device=x.device)
    lengths = ct.unsqueeze(sequence_lens, 1)
    places = ct.where(steps < lengths, lengths - 1 - steps, steps)  # batch, time
    places = places if batch_axis < time_axis else places.T
    rest = tuple(n if i in (batch_axis, time_axis) else 1 for i, n in enumerate(x.shape))
    return ct.take_along_dim(x, ct.broadcast_to(ct.reshape(places, rest), x.shape), time_axis)


@operator("Upsample")
def _upsample_by(x, *, scales: list[float], mode: str = "nearest"):
    from cltensor.onnx.operators.resize import upsampled

    return upsampled(x, scales, mode)


@operator("Upsample", since=9)
def _upsample(x, scales: Numbers, *, mode: str = "nearest"):
    return _upsample_by(x, scales=scales, mode=mode)


ended("Upsample", 10)


def _window(size: list[int], periodic: bool, dtype: Any, device: Any, parts: Any) -> Any:
    """A sum of cosines, with `parts` by how often each turns."""
    n = size[0]
    angle = ct.arange(n, dtype=float32, device=device) * (2 * math.pi / (n if periodic else n - 1))
    return ct.astype(sum(p * ct.cos(i * angle) for i, p in enumerate(parts)), dtype)


@operator("HannWindow", since=17)
def _hann(size: Ints, *, output_datatype: Element = float32, periodic: bool = True, device: Asked):
    return _window(size, periodic, output_datatype, device, (0.5, -0.5))


@operator("HammingWindow", since=17)
def _hamming(size: Ints, *, output_datatype: Element = float32, periodic: bool = True,
             device: Asked):  # fmt: skip
    return _window(size, periodic, output_datatype, device, (25 / 46, -21 / 46))


@operator("BlackmanWindow", since=17)
def _blackman(size: Ints, *, output_datatype: Element = float32, periodic: bool = True,
              device: Asked):  # fmt: skip
    return _window(size, periodic, output_datatype, device, (0.42, -0.5, 0.08))


def _random(draw: Any, shape: Any, dtype: Any, seed: float | None, device: Any) -> Any:
    generator = None
    if seed is not None:
        from cltensor.ops.random.generator import Generator

        generator = Generator(device)
        generator.manual_seed(int(np.float32(seed).view(np.uint32)))
    return draw(tuple(shape), dtype=dtype, device=device, generator=generator)


@operator("RandomNormal")
def _random_normal(*, shape: list[int], dtype: Element = float32, mean: float = 0.0,
                   scale: float = 1.0, seed: float | None = None, device: Asked):  # fmt: skip
    return mean + scale * _random(ct.randn, shape, dtype, seed, device)


@operator("RandomNormalLike")
def _random_normal_like(x, *, dtype: Element | None = None, mean: float = 0.0,
                        scale: float = 1.0, seed: float | None = None):  # fmt: skip
    return mean + scale * _random(ct.randn, x.shape, dtype or x.dtype, seed, x.device)


@operator("RandomUniform")
def _random_uniform(*, shape: list[int], dtype: Element = float32, low: float = 0.0,
                    high: float = 1.0, seed: float | None = None, device: Asked):  # fmt: skip
    return low + (high - low) * _random(ct.rand, shape, dtype, seed, device)


@operator("RandomUniformLike")
def _random_uniform_like(x, *, dtype: Element | None = None, low: float = 0.0,
                         high: float = 1.0, seed: float | None = None):  # fmt: skip
    return low + (high - low) * _random(ct.rand, x.shape, dtype or x.dtype, seed, x.device)


@operator("Bernoulli", since=15)
def _bernoulli(x, *, dtype: Element | None = None, seed: float | None = None):
    drawn = _random(ct.rand, x.shape, float32, seed, x.device)
    return ct.astype(drawn < x, dtype or x.dtype)


@operator("Multinomial")
def _multinomial(x, *, dtype: Element | None = None, sample_size: int = 1,
                 seed: float | None = None):  # fmt: skip
    drawn = ct.multinomial(ct.softmax(x, -1), sample_size, replacement=True)
    return ct.astype(drawn, dtype or np.dtype("int32")) if dtype != int64 else drawn
