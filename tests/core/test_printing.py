"""How arrays print, beside PyTorch where it is installed."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.core.printing import show_array

NAN, INF = np.nan, np.inf
TEXTS = [
    ([], "[]"),
    (np.zeros((2, 0, 3)), "[]"),
    (3.0, "3."),
    (7, "7"),
    (True, "True"),
    ([0.0, -0.0], "[ 0., -0.]"),
    ([1.0, 200.0], "[  1., 200.]"),
    ([0.5, 200.0], "[  0.5000, 200.0000]"),
    ([0.5, 600.0], "[5.0000e-01, 6.0000e+02]"),
    ([0.5, 20.0], "[ 0.5000, 20.0000]"),
    ([1e8, 1e8], "[100000000., 100000000.]"),
    ([2e8], "[2.0000e+08]"),
    ([1e-4], "[1.0000e-04]"),
    ([2e-4], "[0.0002]"),
    ([NAN], "[nan]"),
    ([NAN, 2.0, -INF], "[ nan,   2., -inf]"),
    ([NAN, 0.5], "[   nan, 0.5000]"),
    ([-5, 10], "[-5, 10]"),
    ([[True], [False]], "[[ True],\n [False]]"),
    ([[[1], [2]], [[3], [4]]], "[[[1],\n  [2]],\n\n [[3],\n  [4]]]"),
]


@pytest.mark.parametrize(("data", "text"), TEXTS, ids=[repr(t)[:30] for _, t in TEXTS])
def test_numbers(data, text):
    array = np.asarray(data)
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    assert show_array(array, "") == text


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_every_float_type_prints_alike(dtype):
    assert show_array(np.array([0.25, -3.0], dtype), "") == "[ 0.2500, -3.0000]"


def test_lines_after_the_first_start_behind_the_indent():
    array = np.arange(4).reshape(2, 2)
    assert show_array(array, "tensor(") == "[[0, 1],\n        [2, 3]]"
    long = show_array(np.arange(100, 130), " " * 7).split("\n")
    assert [line[:8] for line in long[1:]] == [" " * 8] * (len(long) - 1)
    assert max(map(len, long)) <= 80


def test_a_thousand_elements_are_shown_and_more_are_cut_to_their_edges():
    assert "..." not in show_array(np.zeros(1000), "")
    assert show_array(np.arange(1001), "") == "[   0,    1,    2,  ...,  998,  999, 1000]"
    rows = show_array(np.zeros((2, 600), int), "").split("\n")
    assert rows == ["[[0, 0, 0,  ..., 0, 0, 0],", " [0, 0, 0,  ..., 0, 0, 0]]"]


def test_what_is_not_shown_does_not_decide_the_format():
    array = np.ones(2000)
    array[1000] = 1e-7
    assert show_array(array, "").startswith("[1., 1., 1.,")
    array[1] = 1e-7
    assert show_array(array, "").startswith("[1.0000e+00, 1.0000e-07,")


def test_as_pytorch():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(2)
    for array in (
        random.standard_normal((3, 5)).astype(np.float32),
        random.standard_normal((40, 70)).astype(np.float32),
        random.integers(-99, 999, (2, 3, 4)),
        np.float32([[1e9, 1], [NAN, -INF]]),
        np.float32([1, 2, 3000]),
        np.arange(40, dtype=np.float32),
        random.random((2, 2)) < 0.5,
        np.array(2.5, np.float32),
    ):
        assert f"tensor({show_array(array, ' ' * 7)})" == repr(torch.tensor(array))


def test_printoptions():
    x = ct.tensor([1.23456, 2.0])
    try:
        ct.set_printoptions(precision=2)
        assert repr(x) == "tensor([1.23, 2.00])"
        ct.set_printoptions(sci_mode=True)
        assert repr(x) == "tensor([1.23e+00, 2.00e+00])"
        ct.set_printoptions(profile="default", threshold=3, edgeitems=1)
        assert repr(ct.arange(5)) == "tensor([0,  ..., 4])"
        with pytest.raises(ValueError, match="set_printoptions: profile is 'long'; use 'default'"):
            ct.set_printoptions(profile="long")
    finally:
        ct.set_printoptions(profile="default")
    assert repr(x) == "tensor([1.2346, 2.0000])"


def test_a_notebook_shows_a_table(device):
    table = ct.tensor([[1.5, -2.0], [0.25, 3.0]], requires_grad=True)._repr_html_()
    assert table == (
        "<table><tr><td>1.5000</td><td>-2.0000</td></tr><tr><td>0.2500</td><td>3.0000</td></tr>"
        f"</table>float32 (2, 2) on {device}, requires_grad"
    )
    assert ct.tensor([True, False])._repr_html_().startswith("<table><tr><td>True</td><td>False")
    assert "<td>3</td>" in ct.tensor(3)._repr_html_()
    wide = ct.arange(4000).reshape(2, 2000)._repr_html_()
    assert wide.count("<td>") == 2 * 7
    assert "<td>2</td><td>...</td><td>1997</td>" in wide
    deep = ct.zeros(1, 1, 2)._repr_html_()
    assert deep == f"<pre>[[[0., 0.]]]\nfloat32 (1, 1, 2) on {device}</pre>"
    assert ct.zeros(0)._repr_html_().startswith("<pre>[]")
    assert "<td>1.+2.j</td>" in ct.tensor([1 + 2j])._repr_html_()
