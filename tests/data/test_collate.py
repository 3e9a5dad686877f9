"""Joining items: PyTorch's types and structures, and what cannot be joined."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest

import cltensor as ct
from cltensor.data import default_collate, default_convert
from cltensor.data.collate import Placed, moved
from cltensor.errors import DataError


class Pair(NamedTuple):
    a: object
    b: object


def plain(batch):
    """A batch with tensors as (dtype, elements)."""
    if isinstance(batch, Pair):
        return Pair(*map(plain, batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(map(plain, batch))
    if isinstance(batch, dict):
        return type(batch)((key, plain(value)) for key, value in batch.items())
    return (batch.dtype.name, batch.tolist()) if hasattr(batch, "dtype") else batch


CASES = [
    ([1, 2], ("int64", [1, 2])),
    ([True, False], ("bool", [True, False])),
    ([1, 2.5], ("float32", [1.0, 2.5])),
    ([np.float32(1), np.float32(2)], ("float32", [1.0, 2.0])),
    ([np.array(3), np.array(4)], ("int64", [3, 4])),
    ([np.ones(2, np.uint8)] * 2, ("uint8", [[1, 1], [1, 1]])),
    (["a", "b"], ["a", "b"]),
    ([b"a", b"b"], [b"a", b"b"]),
    ([(1, "a"), (2, "b")], [("int64", [1, 2]), ("a", "b")]),
    ([[1, (2, 3)], [4, (5, 6)]], [("int64", [1, 4]), [("int64", [2, 5]), ("int64", [3, 6])]]),
    ([Pair(1, [2]), Pair(3, [4])], Pair(("int64", [1, 3]), [("int64", [2, 4])])),
    ([{"x": 1, "y": "a"}, {"y": "b", "x": 2}], {"x": ("int64", [1, 2]), "y": ["a", "b"]}),
    ([OrderedDict(x=1), OrderedDict(x=2)], OrderedDict(x=("int64", [1, 2]))),
    ([(), ()], []),
]


@pytest.mark.parametrize(("items", "wanted"), CASES)
def test_as_pytorch_joins(items, wanted):
    found = plain(default_collate(items))
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(("items", "wanted"), CASES)
def test_the_cases_are_right(items, wanted):
    torch = pytest.importorskip("torch")
    from torch.utils.data import default_collate as theirs

    def of_torch(batch):
        if isinstance(batch, torch.Tensor):
            return str(batch.dtype).removeprefix("torch."), batch.tolist()
        if isinstance(batch, Pair):
            return Pair(*map(of_torch, batch))
        if isinstance(batch, (list, tuple)):
            return type(batch)(map(of_torch, batch))
        if isinstance(batch, dict):
            return type(batch)((key, of_torch(value)) for key, value in batch.items())
        return batch

    assert of_torch(theirs(items)) == wanted


def test_floats_become_float64(fp64):
    assert plain(default_collate([0.1, 2])) == ("float64", [0.1, 2.0])
    assert plain(default_collate([(0.1, 1)])) == [("float64", [0.1]), ("int64", [1])]


def test_tensors_stay_on_their_device(other_device):
    found = default_collate([ct.ones(2, device=other_device), ct.zeros(2, device=other_device)])
    assert found.device is other_device
    assert found.tolist() == [[1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([None, None], "items of type NoneType cannot be joined into a batch; give a collate_fn"),
        ([(1, 2), (1,)], "items of 1 and 2 members cannot be joined"),
        ([np.ones(2), np.ones(3)], r"arrays of shapes \(2,\) and \(3,\) cannot be joined"),
        ([np.array(["a"])], "arrays of <U1 cannot be joined into a batch of tensors"),
        ([{"x": 1}, {"y": 1}], "items with different keys cannot be joined"),
        ([2**70, 1], "and others cannot be joined into a batch: not all are numbers"),
        ([1, "a"], "and others cannot be joined into a batch"),
    ],
)
def test_what_cannot_be_joined(items, message):
    with pytest.raises(DataError, match="DataLoader: .*" + message):
        default_collate(items)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_tensors_of_16_bits(device, dtype):
    joined = default_collate([ct.tensor([1.5, k], dtype=dtype) for k in range(3)])
    moved = getattr(joined, "array", joined)
    assert moved.shape == (3, 2)
    pairs = ct.data.TensorDataset(ct.ones(4, 2, dtype=dtype) * 1.5, ct.arange(4))
    for x, _ in ct.data.DataLoader(pairs, batch_size=2):
        assert x.dtype == dtype
        assert x.tolist() == [[1.5, 1.5]] * 2


def test_results_of_a_collate_fn_are_moved_only(device):
    class Fields:
        _fields = ("x",)

    array, tensor, fields = np.ones(2), ct.ones(2), Fields()
    same = moved((array, [tensor], fields), None)
    assert type(same) is tuple
    assert (same[0] is array, same[1][0] is tensor, same[2] is fields) == (True, True, True)
    made = moved({"x": Placed(array, device)}, None)
    assert isinstance(made["x"], ct.Tensor)
    assert made["x"].device is device


def test_arrays_become_tensors_and_nothing_is_joined():
    kept = ct.ones(1)
    given = {"a": np.arange(2), "b": (np.float32(1.5), "text", kept), "c": Pair(1, np.ones(1))}
    found = default_convert(given)
    assert found["a"].tolist() == [0, 1]
    assert found["a"].dtype == ct.int64
    assert found["b"][0].item() == 1.5
    assert found["b"][1:] == ["text", kept]
    assert type(found["c"]) is Pair
    assert isinstance(found["c"].b, ct.Tensor)
    assert default_convert(np.array(["text"])).tolist() == ["text"]
