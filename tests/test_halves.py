"""Floats of 16 bits on the host: what bfloat16 answers, its limits, and casts of arrays."""

import copy
import pickle
import sys
import types

import numpy as np
import pytest

import cltensor as ct
from cltensor import halves
from cltensor.dtypes import as_dtype
from cltensor.errors import DependencyError, DTypeError
from cltensor.halves import HOST, bfloat16, cast_array, limits_of, to_array


def test_bfloat16_answers_as_a_dtype_does():
    assert (bfloat16.name, bfloat16.kind, bfloat16.itemsize) == ("bfloat16", "f", 2)
    assert (str(bfloat16), repr(bfloat16)) == ("bfloat16", "dtype(bfloat16)")
    assert bfloat16 == "bfloat16"
    assert bfloat16 == HOST
    assert bfloat16 != np.dtype("float16")
    assert np.dtype("float32") != bfloat16
    assert bfloat16 in {bfloat16}
    assert bfloat16.newbyteorder("<") is bfloat16
    assert pickle.loads(pickle.dumps(bfloat16)) is copy.deepcopy(bfloat16) is bfloat16


def test_what_names_it():
    foreign = types.SimpleNamespace(name="bfloat16")
    for spec in ("bfloat16", bfloat16, HOST, foreign):
        assert as_dtype(spec) is ct.bfloat16
    for spec in ("bfloat", np.dtype("V2"), np.dtype([("bfloat", np.uint16)])):
        with pytest.raises(DTypeError):
            as_dtype(spec)


def test_limits():
    found = limits_of(bfloat16)
    assert found.max == -found.min == to_array(np.array(0x7F7F, np.uint16).view(HOST))
    assert found.tiny == found.smallest_normal == np.finfo(np.float32).tiny
    assert found.smallest_subnormal == to_array(np.array(1, np.uint16).view(HOST))
    assert (found.eps, found.bits, found.nmant) == (2.0**-7, 16, 7)
    assert limits_of(np.dtype("float16")).max == 65504


def test_each_number_comes_back():
    bits = np.arange(1 << 16, dtype=np.uint16)
    numbers = to_array(bits.view(HOST))
    assert numbers.dtype == np.float32
    back = cast_array(numbers, bfloat16)
    kept = ~np.isnan(numbers)
    np.testing.assert_array_equal(back.view(np.uint16)[kept], bits[kept])
    assert np.isnan(to_array(back)[~kept]).all()
    assert to_array(np.ones(2, np.int8)).dtype == np.int8


@pytest.mark.parametrize(
    ("number", "rounded"),
    [
        (1.0, 1.0), (1 + 2.0**-8, 1.0), (1 + 3 * 2.0**-8, 1 + 2.0**-6), (1.00391, 1 + 2.0**-7),
        (-0.1, -0.10009765625), (3.4e38, np.inf), (-1e39, -np.inf), (2.0**-134, 0.0),
        (2.0**-133, 2.0**-133), (-0.0, -0.0), (np.inf, np.inf), (np.nan, np.nan),
    ],
)  # fmt: skip
def test_rounding(number, rounded):
    with np.errstate(over="ignore"):
        found = cast_array(np.array(number), bfloat16)
    assert (found.dtype, found.shape) == (HOST, ())
    np.testing.assert_array_equal(to_array(found), np.float32(rounded))
    assert np.signbit(to_array(found)) == np.signbit(rounded)


def test_casts_to_and_from_other_dtypes():
    whole = np.arange(6).reshape(2, 3)
    halved = cast_array(whole, bfloat16)
    assert halved.shape == (2, 3)
    assert cast_array(halved, np.dtype("int8")).tolist() == whole.tolist()
    assert cast_array(halved[:, ::2], np.dtype("float64")).tolist() == [[0, 2], [3, 5]]


def test_numpy_takes_it_with_a_package_only(device, monkeypatch):
    x = ct.tensor([1.5, -2.0], dtype="bfloat16")
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(DependencyError, match=r"^numpy: .*use \.float\(\) first.*\[bfloat16\]"):
        x.numpy()
    assert np.asarray(x, dtype=np.float32).tolist() == x.tolist() == [1.5, -2.0]
    package = types.SimpleNamespace(bfloat16=np.dtype("float16"))  # one of as many bits
    monkeypatch.setitem(sys.modules, "ml_dtypes", package)
    assert x.numpy().dtype == np.float16
    assert halves.ml_array("numpy", cast_array(np.ones(2), bfloat16)).dtype == np.float16


def test_arrays_of_ml_dtypes(device):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    x = ct.tensor([1.5, 2.1], dtype="bfloat16")
    array = x.numpy()
    assert array.dtype == ml_dtypes.bfloat16
    for y in (ct.tensor(array), ct.from_numpy(array), ct.tensor([1.5, 2.1], dtype=array.dtype)):
        assert y.dtype == ct.bfloat16
        assert y.tolist() == x.tolist() == [1.5, 2.09375]
