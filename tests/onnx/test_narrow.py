import numpy as np
import pytest

import cltensor as ct
from cltensor.onnx.narrow import NARROW

ml_dtypes = pytest.importorskip("ml_dtypes")
THEIRS = {
    17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz",
    23: "float4_e2m1fn", 24: "float8_e8m0fnu", 27: "float6_e2m3fn", 28: "float6_e3m2fn",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(THEIRS))
def test_codes_stand_for_the_numbers_of_ml_dtypes(code):
    kind = NARROW[code]
    dtype = np.dtype(getattr(ml_dtypes, THEIRS[code]))
    codes = np.arange(1 << kind.bits, dtype=np.uint8)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            kind.values.astype(np.float32), codes.view(dtype).astype(np.float32)
        )


@pytest.mark.parametrize("code", [17, 18, 19, 20, 23])
def test_rounding_is_that_of_ml_dtypes(code):
    kind = NARROW[code]
    dtype = np.dtype(getattr(ml_dtypes, THEIRS[code]))
    edges = kind.finite
    middle = (edges[1:] + edges[:-1]) / 2
    x = np.concatenate([edges, middle, middle * 1.001, middle * 0.999, [np.nan, np.inf]])
    x = np.concatenate([x, -x]).astype(np.float32)
    with np.errstate(all="ignore"):
        wanted = x.astype(dtype).astype(np.float32)
    codes = kind.encoded(ct.tensor(x), saturate=False).numpy()
    known = ~np.isnan(x) if code == 23 else np.ones_like(x, bool)
    np.testing.assert_array_equal(kind.values[codes].astype(np.float32)[known], wanted[known])


def test_integers_are_packed_several_to_a_byte():
    kind = NARROW[22]
    unpacked = kind.unpacked(np.array([0xF1, 0x07], np.uint8), (3,))
    assert unpacked.codes.tolist() == [1, 15, 7]
    assert kind.values[unpacked.codes].tolist() == [1, -1, 7]
    assert kind.encoded(ct.tensor([-1.0, 7.9])).tolist() == [15, 7]
    four = NARROW[25].unpacked(np.array([0b11100100], np.uint8), (4,))
    assert four.codes.tolist() == [
        0,
        1,
        2,
        3,
    ]
