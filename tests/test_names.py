"""Keywords: by any usual name, once, and unknown ones listed, everywhere."""

import inspect

import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.names import ALIASES, canonical, parameter_of, twice
from cltensor.tensor import Tensor

#: Modules whose public functions and classes are called with a keyword that nobody has.
MODULES = {
    "ct": ct,
    "F": F,
    "nn": ct.nn,
    "nn.init": ct.nn.init,
    "nn.utils": ct.nn.utils,
    "optim": ct.optim,
    "optim.lr_scheduler": ct.optim.lr_scheduler,
    "data": ct.data,
    "autograd": ct.autograd,
    "testing": ct.testing,
}


def public(module):
    names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    for name in names:
        value = getattr(module, name)
        if not callable(value) or (isinstance(value, type) and issubclass(value, BaseException)):
            continue
        if getattr(value, "__module__", "cltensor").split(".")[0] == "cltensor":
            yield name, value


def everything():
    found = {}
    for prefix, module in MODULES.items():
        for name, value in public(module):
            if id(value) not in {id(v) for v in found.values()}:
                found[f"{prefix}.{name}"] = value
    return found


EVERYTHING = everything()
#: Methods that operations are made of; wrapping them would cost each of these time.
MACHINERY = {"as_strided", "empty", "from_numpy", "show"}
METHODS = [
    name
    for name in dir(Tensor)
    if name[0] != "_" and name not in MACHINERY and callable(getattr(Tensor, name))
]
#: What takes keywords that it does not know, and why.
TAKES_ANY = {
    "nn.Identity": "as PyTorch's, so that it can stand for any layer",
    "ct.Tensor": "every operation makes one",
    "ct.Size": "a tuple, which takes none",
    "ct.explain": "gives them to the function that is explained",
}


def has_parameters(function):
    parameters = inspect.signature(function).parameters.values()
    return any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)


def refused(function):
    return (
        "there is no keyword 'bogus'; it takes"
        if has_parameters(function)
        else "no keyword 'bogus'|unexpected keyword|takes no (keyword )?arguments"
    )


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - set(TAKES_ANY)))
def test_an_unknown_keyword_is_an_error_that_lists_the_accepted_ones(device, name):
    function = EVERYTHING[name]
    with pytest.raises(TypeError, match=refused(function)):
        function(bogus=1)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_so_it_is_for_methods(device, name, recorded):
    x = ct.ones(2, 2, requires_grad=recorded) * 1
    method = getattr(x, name)
    with pytest.raises(TypeError, match=refused(method)):
        method(bogus=1)


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
