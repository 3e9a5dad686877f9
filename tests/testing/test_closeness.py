"""Whether values are near, and what is said where they are not."""

import pytest

import cltensor as ct


def test_assert_close():
    x = ct.tensor([1.0, 2.0])
    ct.testing.assert_close(x, x + 1e-6)
    ct.testing.assert_close({"a": [x, 2]}, {"a": (x, 2)})
    odd = ct.tensor([ct.nan, ct.inf])
    ct.testing.assert_close(odd, odd.clone(), equal_nan=True)
    ct.testing.assert_close(x, x + 0.5, rtol=0, atol=0.6)
    ct.testing.assert_close(ct.tensor([True]), ct.tensor([True]))
    ct.testing.assert_close(x.to(ct.bfloat16), (x + 0.001).to(ct.bfloat16))


@pytest.mark.parametrize(
    ("kind", "expected", "options", "message"),
    [
        (ct.tensor, [1.0, 2.5], {}, r"1 of 2 elements differ; the most at \(1,\): 2\.0 and 2\.5"),
        (ct.tensor, [1.0], {}, r"the shapes are \(2,\) and \(1,\)"),
        (ct.tensor, [1, 2], {}, "the dtypes are float32 and int64"),
        (ct.tensor, [1.0, ct.nan], {}, "1 of 2 elements differ"),
        (ct.tensor, [1.0, 2.5], {"msg": "mine"}, "^mine$"),
        (ct.tensor, [1.0, 2.5], {"msg": lambda text: f"so: {text}"}, "^so: assert_close: 1 of"),
        (list, [1.0, 2.0], {}, "one is a tensor and one is not"),
    ],
)
def test_assert_close_says_what_differs(kind, expected, options, message):
    with pytest.raises(AssertionError, match=message):
        ct.testing.assert_close(ct.tensor([1.0, 2.0]), kind(expected), **options)


def test_assert_close_names_the_place():
    with pytest.raises(AssertionError, match=r"\(at \['a'\]\[1\]\)"):
        ct.testing.assert_close({"a": [1, 2]}, {"a": [1, 3]})
    with pytest.raises(AssertionError, match="the lengths are 1 and 2"):
        ct.testing.assert_close([1], [1, 2])
    with pytest.raises(AssertionError, match=r"the keys are \['a'\], expected \['b'\]"):
        ct.testing.assert_close({"a": 1}, {"b": 1})
    with pytest.raises(ValueError, match="rtol and atol belong together"):
        ct.testing.assert_close(1, 1, rtol=0.1)
