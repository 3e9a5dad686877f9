"""What is moved: to the device and back, within it, through views, into pieces and together."""

from __future__ import annotations

import numpy as np

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.selftest.checks import Family, numbers, same

COPIES = Family("copies and views")
_DTYPES = (
    *("bool", "uint8", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)


@COPIES.each(*_DTYPES)
def there_and_back(dtype: str) -> None:
    for sizes in ((), (1,), (0,), (257,), (3, 1, 5, 7)):
        x = numbers(*sizes, dtype=dtype)
        same(ct.tensor(x), x)


@COPIES.check()
def there_and_back_4_MiB_and_a_few_bytes() -> None:
    x = numbers((1 << 20) + 3)
    same(ct.tensor(x), x)
    same(ct.tensor(x)[5:-2], x[5:-2])


@COPIES.each("int8", "int16", "float32", "float64", "complex128")
def transposed(dtype: str) -> None:
    for sizes in ((33, 65), (1, 7), (129, 3)):
        x = numbers(*sizes, dtype=dtype)
        same(ct.tensor(x).T.contiguous(), x.T)
    x = numbers(3, 5, 7, 9, dtype=dtype)
    same(ct.tensor(x).permute(3, 1, 0, 2).contiguous(), x.transpose(3, 1, 0, 2))


@COPIES.each((2, 3, 0, 4, 1), (4, 3, 2, 1, 0), (1, 0, 2, 4, 3))
def five_axes(*order: int) -> None:
    x = numbers(3, 4, 5, 6, 7)
    same(ct.tensor(x).permute(*order).contiguous(), x.transpose(order))


@COPIES.check()
def slices_with_steps() -> None:
    x = numbers(17, 23)
    t = ct.tensor(x)
    for key in (np.s_[::2, 1::3], np.s_[3:3], np.s_[-4:, 5], np.s_[None, ..., 7:], np.s_[1]):
        same(t[key].contiguous(), x[key])
    same(t.flip(0, 1), x[::-1, ::-1])


@COPIES.check()
def writing_through_views() -> None:
    x = numbers(17, 23)
    t = ct.tensor(x)
    view = t[2::3].T
    view[1:5] = 9.0
    t[:, 4] += t[:, 5]
    x[2::3].T[1:5] = 9.0
    x[:, 4] += x[:, 5]
    same(t, x)
    same(view, x[2::3].T)


@COPIES.check()
def writing_over_what_is_read() -> None:
    x = numbers(1000)
    t = ct.tensor(x)
    t[1:] = t[:-1].clone()
    x[1:] = x[:-1].copy()
    same(t, x)
    t[::2] = t.flip(0)[::2]
    x[::2] = x[::-1][::2].copy()
    same(t, x)


@COPIES.each(0, 1, 2)
def joined(axis: int) -> None:
    sizes = [[4, 5, 6] for _ in range(3)]
    for part, size in zip(sizes, (1, 7, 3), strict=True):
        part[axis] = size
    xs = [numbers(*s) for s in sizes]
    same(ct.cat([ct.tensor(x) for x in xs], axis), np.concatenate(xs, axis))


@COPIES.check()
def stacked_and_split() -> None:
    xs = [numbers(5, 7, seed=i) for i in range(3)]
    stack = ct.stack([ct.tensor(x) for x in xs], 1)
    same(stack, np.stack(xs, 1))
    for part, x in zip(stack.unbind(1), xs, strict=True):
        same(part.contiguous(), x)


@COPIES.each("constant", "reflect", "replicate", "circular")
def padded(mode: str) -> None:
    x = numbers(2, 3, 7, 9)
    how = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    widths = ((0, 0), (0, 0), (3, 1), (2, 4))
    same(F.pad(ct.tensor(x), (2, 4, 3, 1), mode=mode), np.pad(x, widths, how[mode]))  # type: ignore[call-overload]


@COPIES.check()
def rolled_repeated_and_triangles() -> None:
    x = numbers(9, 13)
    t = ct.tensor(x)
    same(ct.roll(t, (2, -3), (0, 1)), np.roll(x, (2, -3), (0, 1)))
    same(t.repeat(2, 3), np.tile(x, (2, 3)))
    same(t.repeat_interleave(3, 1), np.repeat(x, 3, 1))
    same(ct.tril(t, 1), np.tril(x, 1))
    same(ct.triu(t, -2), np.triu(x, -2))


@COPIES.check()
def created() -> None:
    same(ct.arange(3, 1000, 7), np.arange(3, 1000, 7))
    same(ct.full((3, 5), 2.5), np.full((3, 5), 2.5, "float32"))
    same(ct.eye(7, 9), np.eye(7, 9, dtype="float32"))
    same(ct.zeros(1025, dtype="int16"), np.zeros(1025, "int16"))


@COPIES.check()
def windows_as_columns() -> None:
    x = numbers(2, 3, 7, 9)
    views = np.lib.stride_tricks.sliding_window_view(x, (3, 2), (2, 3))
    want = views.transpose(0, 1, 4, 5, 2, 3).reshape(2, 18, -1)
    same(F.unfold(ct.tensor(x), (3, 2)), want)
