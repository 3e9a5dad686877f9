"""repeat_interleave: by one number, by a number for each place, and of indices."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, OutOfMemoryError, ShapeError
from cltensor.testing import gradcheck


def test_by_one_number(device):
    a = np.arange(12, dtype="float32").reshape(3, 4)
    x = ct.tensor(a)
    for repeats in (3, ct.tensor(3), ct.tensor([3], dtype="int32")):
        assert x.repeat_interleave(repeats, 1).tolist() == np.repeat(a, 3, 1).tolist()
        assert ct.repeat_interleave(x, repeats).tolist() == np.repeat(a, 3).tolist()
    assert ct.repeat_interleave(x, 0, dim=0).shape == (0, 4)
    assert ct.repeat_interleave(ct.tensor(3.0), 2, 0).tolist() == [3, 3]


def test_by_a_number_for_each_place(device):
    a = np.arange(6, dtype="float32").reshape(3, 2)
    x, counts = ct.tensor(a), ct.tensor([2, 0, 3])
    want = np.repeat(a, [2, 0, 3], 0).tolist()
    assert x.repeat_interleave(counts, dim=0).tolist() == want
    assert x.repeat_interleave(counts, dim=0, output_size=5).tolist() == want
    assert ct.repeat_interleave(x[:, 0], counts).tolist() == [0, 0, 4, 4, 4]
    assert ct.repeat_interleave(x[:0], ct.tensor([], dtype="int64"), 0).shape == (0, 2)


def test_the_gradient_adds_up_what_was_repeated(fp64):
    x = ct.tensor(np.arange(6.0).reshape(3, 2), requires_grad=True)
    assert gradcheck(lambda x: x.repeat_interleave(ct.tensor([2, 0, 3]), 0) ** 2, x)


def test_alone_it_says_how_often_each_index_comes(device):
    assert ct.repeat_interleave(ct.tensor([1, 2, 0])).tolist() == [0, 1, 1]
    assert ct.repeat_interleave(ct.tensor([1, 2], dtype="int32")).dtype == ct.int32
    # Indices may be more than such small numbers hold.
    assert ct.repeat_interleave(ct.ones(200, dtype="int8")).tolist() == list(range(200))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: ct.repeat_interleave(x), DTypeError, "repeats is float32"),
        (lambda x: ct.repeat_interleave(ct.ones(2, 2)), ShapeError, "give a vector"),
        (lambda x: ct.repeat_interleave(x, ct.tensor([1.0, 2, 3])), DTypeError, "is float32"),
        (lambda x: ct.repeat_interleave(x, ct.tensor([True] * 3)), DTypeError, "is bool"),
        (lambda x: ct.repeat_interleave(x, ct.tensor([1, 2])), ShapeError, "for 3 places"),
        (lambda x: ct.repeat_interleave(x, ct.tensor([[1, 2, 3]])), ShapeError, "for 3 places"),
        (lambda x: ct.repeat_interleave(x, ct.tensor([1, -2, 3])), ShapeError, "repeats has -2"),
        (lambda x: ct.repeat_interleave(x, ct.tensor(-1)), ShapeError, "repeats is -1"),
        (lambda x: ct.repeat_interleave(x, 2, output_size=5), ShapeError, "the repeats make 6"),
        (lambda x: ct.repeat_interleave(x, ct.tensor([1, 2**45, 0])), OutOfMemoryError, "places"),
    ],
)
def test_what_says_no_numbers_of_times_is_refused(device, call, error, message):
    with pytest.raises(error, match=f"^repeat_interleave: .*{message}"):
        call(ct.ones(3))
