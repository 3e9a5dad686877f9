"""Floats of 16 bits: every pattern, every rounding, sums and products of them."""

from __future__ import annotations

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, floats, near, numbers, true

HALVES = Family("halves")


def _bits(x: np.ndarray) -> np.ndarray:
    return x.view(np.uint32)


def _floats() -> np.ndarray:
    """Floats between, on and beyond the halves: neighbours of the middles between two."""
    patterns = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype("float32")
    middle = (patterns[1:] + patterns[:-1]) / 2
    found = np.concatenate(
        [middle, np.nextafter(middle, np.float32(0)), np.nextafter(middle, np.float32(1e9))]
    )
    edges = floats(65504, 65519.99, 65520, 1e9, 6e-8, 2.9e-8, 2.98e-8, 0)
    found = np.concatenate([found[found > 1e-7], edges])
    return np.concatenate([found, -found, floats(np.inf, -np.inf)])


@HALVES.check()
def every_float16_as_float32() -> None:
    x = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(np.float16)
    got = ct.tensor(x).float().numpy()
    want = x.astype("float32")
    number = ~np.isnan(want)
    true(bool(np.isnan(got[~number]).all()), "a NaN became a number")
    wrong = np.flatnonzero(number & (_bits(got) != _bits(want)))
    true(
        not wrong.size,
        f"{wrong.size} patterns differ, the first {want[wrong[:1]]}, {got[wrong[:1]]}",
    )


@HALVES.check()
def float32_rounds_to_float16() -> None:
    x = _floats()
    got = ct.tensor(x).half().numpy()
    with np.errstate(over="ignore"):
        want = x.astype("float16")
    wrong = np.flatnonzero(got.view(np.uint16) != want.view(np.uint16))
    first = wrong[:1]
    true(
        not wrong.size,
        f"{wrong.size} differ, the first {x[first]}: {got[first]}, not {want[first]}",
    )


@HALVES.check()
def float32_rounds_to_bfloat16() -> None:
    x = np.concatenate(
        [numbers(5000) * np.float32(10) ** numbers(5000, seed=2), [0, np.inf, -1e38]]
    )
    x = x.astype("float32")
    got = ct.tensor(x).bfloat16().float().numpy()
    raw = _bits(x).astype(np.uint64)
    rounded = (raw + 0x7FFF + ((raw >> 16) & 1)) & 0xFFFF0000
    want = rounded.astype(np.uint32).view(np.float32)
    wrong = np.flatnonzero(got != want)
    true(not wrong.size, f"{wrong.size} differ, the first {x[wrong[:1]]}: {got[wrong[:1]]}")


@HALVES.each("float16", "bfloat16")
def arithmetic(dtype: str) -> None:
    x, y = (numbers(257, seed=i) for i in range(2))
    a, b = ct.tensor(x).to(dtype), ct.tensor(y).to(dtype)
    x, y = a.float().numpy(), b.float().numpy()
    near((a * b + a).float(), x * y + x, 3e-2 if dtype == "bfloat16" else 4e-3)
    near(a.sum().float(), x.sum(), 2e-2)


@HALVES.each("float16", "bfloat16")
def products(dtype: str) -> None:
    a, b = (ct.tensor(numbers(33, 33, seed=i)).to(dtype) for i in range(2))
    want = a.float().numpy() @ b.float().numpy()
    near((a @ b).float(), want, 1e-2 if dtype == "bfloat16" else 2e-3)


@HALVES.check()
def softmax_and_convolution() -> None:
    x = numbers(5, 33, dtype="float16")
    wide = np.exp(x.astype("float64"))
    near(ct.tensor(x).softmax(1), wide / wide.sum(1, keepdims=True), 2e-3, "float16")
    image, w = numbers(1, 3, 7, 9, dtype="float16"), numbers(4, 3, 3, 3, dtype="float16")
    exact = F.conv2d(ct.tensor(image).float(), ct.tensor(w).float()).numpy()
    near(F.conv2d(ct.tensor(image), ct.tensor(w)), exact, 2e-3, "float16")
