"""Casts saturate, wrap and copy only what changes."""

from math import inf as INF
from math import nan as NAN

import numpy as np
import pytest
from elementwise import (
    FLOATS,
    INTEGERS,
    UNSIGNED,
)

import cltensor as ct


def test_casts_and_copies_share_only_when_nothing_changes(device):
    x = ct.tensor([1.0, 2.0])
    assert x.to("float32") is x
    assert x.contiguous() is x
    assert x.clone() is not x
    copied = x.clone()
    copied[0] = 9.0
    assert x.numpy().tolist() == [1, 2]
    turned = ct.arange(6).reshape(2, 3).T
    assert not turned.is_contiguous()
    assert turned.contiguous().is_contiguous()
    np.testing.assert_array_equal(turned.contiguous().numpy(), np.arange(6).reshape(2, 3).T)


def test_casts_between_integers_wrap_and_from_floats_saturate(device):
    wide = ct.tensor([300, -1, -129])
    assert wide.to("uint8").tolist() == [44, 255, 127]
    assert wide.to("int8").tolist() == [44, -1, 127]
    assert ct.tensor([300.0, -1.5, NAN, -INF]).to("int8").tolist() == [127, -1, 0, -128]
    assert ct.tensor([0.5, NAN, 0.0, -0.0]).to("bool").tolist() == [True, True, False, False]
    assert ct.abs(ct.tensor([-128], dtype="int8")).tolist() == [-128]
    assert (-ct.tensor([1], dtype="uint8")).tolist() == [255]


@pytest.mark.parametrize("target", INTEGERS + UNSIGNED)
def test_casts_saturate_and_nan_becomes_zero(device, target):
    limits = np.iinfo(target)
    x = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e10, -1e10, 300, -300, 2.9, -2.9, 0.0])
    x = x.astype("float32")
    expected = [0 if v != v else int(max(limits.min, min(limits.max, v))) for v in x.tolist()]
    assert ct.tensor(x).to(target).numpy().tolist() == expected


@pytest.mark.parametrize("source", ["bool", *INTEGERS, *UNSIGNED, *FLOATS])
def test_casts_to_every_type(device, deferred, source):
    names = ["bool", *INTEGERS, *UNSIGNED, *(FLOATS if device.fp64 else FLOATS[:1])]
    if source not in names:
        pytest.skip(f"'{device}' has no {source}")
    x = np.array([0, 1, 2, 100], "float32").astype(source)
    tensor = ct.tensor(x)
    for part in (names[:6], names[6:]):
        casts = [tensor.to(target) for target in part]
        root = ct.isnan(casts[0])
        for c in casts[1:]:
            root = root | ct.isnan(c)
        root.realize()  # one kernel computes them all
        assert not any(c.is_pending for c in casts)
        for target, result in zip(part, casts, strict=True):
            np.testing.assert_array_equal(result.numpy(), x.astype(target), f"{source} {target}")


def test_narrowing_integers_wraps_as_in_numpy(device):
    x = np.array([300, -1, 1 << 40, (1 << 31) + 5])
    for target in ("int8", "uint8", "int32", "uint32", "bool"):
        assert ct.tensor(x).to(target).numpy().tolist() == x.astype(target).tolist()


def test_products_with_numbers_made_complex(skeleton, deterministic):
    """The imaginary part of a real number is multiplied as any other, not left out."""
    if not skeleton.fp64:
        pytest.skip(
            f"'{skeleton}' has no functions of complex numbers that are the same everywhere"
        )
    v = np.array([0.0, -0.0, 1, -4, np.inf, -np.inf, np.nan, 1e-40, 3e38], np.float32)
    x, y = np.repeat(v, 9), np.tile(v, 9)
    whole = ct.complex(ct.tensor(y), ct.tensor(x[::-1].copy()))
    zero = np.zeros_like(x)
    for a, found in (
        ((y, x[::-1]), ct.tensor(x) * whole),
        ((y, zero), ct.tensor(x).to(ct.complex64) * ct.tensor(y).to(ct.complex64)),
    ):
        with np.errstate(all="ignore"):
            wanted = np.stack([x * a[0] - zero * a[1], x * a[1] + zero * a[0]], axis=1)
        found = found.numpy().view(np.float32).reshape(-1, 2)
        assert (np.isnan(found) == np.isnan(wanted)).all()
        same = found.view(np.int32) == wanted.view(np.int32)
        assert (same | np.isnan(wanted)).all()
