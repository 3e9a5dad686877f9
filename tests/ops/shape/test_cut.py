"""Slices, parts and diagonals: what they hold, and that they share it."""

import numpy as np
import pytest
from arrays import check, counted

import cltensor as ct
from cltensor.errors import ShapeError

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")


def test_splitting():
    a = counted(7, 4)
    x = ct.tensor(a)
    for got, want in [
        (ct.split(x, 3), [a[:3], a[3:6], a[6:]]),
        (ct.split(x, [2, 0, 5]), [a[:2], a[:0], a[2:]]),
        (ct.split(x, 2, axis=-1), [a[:, :2], a[:, 2:]]),
        (ct.chunk(x, 3), [a[:3], a[3:6], a[6:]]),
        (ct.chunk(x, 9), [a[i : i + 1] for i in range(7)]),
        (ct.unbind(x, 1), list(a.T)),
    ]:
        assert len(got) == len(want)
        for part, expected in zip(got, want, strict=True):
            check(part, expected)
            assert part.buffer is x.buffer


@pytest.mark.parametrize("k", [-2, -1, 0, 2, 4])
def test_diagonals(k):
    a = counted(2, 3, 5)
    x = ct.tensor(a)
    check(ct.diagonal(x, k, 1, 2), np.diagonal(a, k, 1, 2))
    check(x.diagonal(k), np.diagonal(a, k))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ct.split(x, [1, 5], 1), "split: sizes"),
        (lambda x: ct.split(x, 0), "split: parts of size 0"),
        (lambda x: ct.chunk(x, 0), "chunk: chunks is 0"),
        (lambda x: ct.diagonal(x, 0, 1, 1), "diagonal: axes 1 and 1"),
        (lambda x: x.narrow(1, 2, 2), "narrow: 2 to 4 is outside"),
    ],
)
def test_bad_input_names_the_operation_and_the_sizes(call, message):
    x = ct.tensor(counted(2, 3, 4))
    with pytest.raises(ShapeError, match=message):
        call(x)
    check(x, counted(2, 3, 4))
