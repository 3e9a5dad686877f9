"""Keywords: every library's name for a parameter, and what is refused."""

import pytest

import cltensor as ct
from cltensor.names import ALIASES, canonical, parameter_of, twice


def test_a_keyword_means_the_parameter_that_is_there():
    assert parameter_of("sum", ("x", "axis", "keepdims"), "axis") == "axis"
    assert parameter_of("sum", ("x", "axis", "keepdims"), "dim") == "axis"
    assert parameter_of("sum", ("x", "axis", "keepdims"), "keepdim") == "keepdims"
    assert parameter_of("sum", ("x", "axis", "keepdims"), "input") == "x"
    assert parameter_of("permute", ("x", "axes"), "dims") == "axes"
    assert parameter_of("add", ("a", "b"), "other") == "b"
    with pytest.raises(TypeError, match="^sum: there is no keyword 'size'; it takes x, axis$"):
        parameter_of("sum", ("x", "axis"), "size")
    with pytest.raises(TypeError, match="there is no keyword 'other'"):
        parameter_of("sum", ("x", "axis"), "other")


def test_no_name_stands_for_itself():
    assert not [name for name, others in ALIASES.items() if name in others]


def test_keywords_get_the_names_of_parameters():
    parameters = ("x", "axis", "keepdims")
    given = canonical("sum", parameters, ("x",), {"dim": 1, "keepdim": True})
    assert given == {"axis": 1, "keepdims": True}
    assert canonical("sum", parameters, (), {}) == {}


@pytest.mark.parametrize(
    ("given", "keywords", "message"),
    [
        (("x",), {"x": 1}, "sum: 'x' is given twice; leave one out"),
        (("x",), {"input": 1}, r"sum: 'x' \(as 'input'\) is given twice"),
        ((), {"axis": 0, "dim": 1}, r"sum: 'axis' \(as 'dim'\) is given twice"),
    ],
)
def test_what_is_given_twice_is_refused(given, keywords, message):
    with pytest.raises(TypeError, match=message):
        canonical("sum", ("x", "axis"), given, keywords)
    assert isinstance(twice("sum", "dim", "axis"), TypeError)


def test_operations_take_the_names_of_all_three_libraries(device):
    x = ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    for keywords in ({"axis": 1, "keepdims": True}, {"dim": 1, "keepdim": True}):
        assert ct.sum(x, **keywords).tolist() == [[3], [7]]
        assert x.sum(**keywords).tolist() == [[3], [7]]
    assert ct.sum(input=x, dim=0).tolist() == [4, 6]
    assert ct.add(input=x, other=x).tolist() == ct.add(x1=x, x2=x).tolist() == [[2, 4], [6, 8]]
    with pytest.raises(TypeError, match=r"'axis' \(as 'dim'\) is given twice"):
        ct.sum(x, 0, dim=1)
