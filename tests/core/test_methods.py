"""The methods of Tensor that are functions: their pages, parameters and names."""

import copy
import inspect
import pickle
import pydoc
from operator import attrgetter

import pytest

import cltensor as ct
from cltensor.command.stubs import SPACES
from cltensor.core.composite import is_public
from cltensor.core.methods import Methods
from cltensor.errors import DTypeError

METHODS = sorted(name for name, value in vars(Methods).items() if callable(value))
FUNCTIONS = sorted(name for name in ct.__all__ if is_public(getattr(ct, name)))
FUNCTIONS += [f"{m.__name__.partition('.')[2]}.{name}" for m in SPACES for name in m.__all__]


def page(thing):
    """What help() shows, without the head line."""
    return pydoc.plain(pydoc.render_doc(thing)).partition("\n\n")[2].rstrip()


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_documented_and_shows_parameters(name):
    method = getattr(ct.Tensor, name)
    assert inspect.isroutine(method)
    assert inspect.getdoc(method)
    parameters = list(inspect.signature(method).parameters.values())
    assert parameters[0].kind is parameters[0].POSITIONAL_OR_KEYWORD
    assert parameters[-1].kind is not inspect.Parameter.VAR_KEYWORD
    if name.endswith("_"):
        assert parameters[0].name == "self"
        assert "out" not in [p.name for p in parameters]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_documented_and_shows_parameters(name):
    function = attrgetter(name)(ct)
    assert inspect.isroutine(function)
    assert function.__doc__
    assert function in [getattr(home, function.__name__, None) for home in (ct, *SPACES)]
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(function, protocol)) is function
    assert copy.copy(function) is copy.deepcopy(function) is function


def test_methods_are_pickled_by_name():
    for method in (ct.Tensor.add_, ct.Tensor.__radd__, ct.Tensor.float, ct.Tensor.exp):
        assert pickle.loads(pickle.dumps(method)) is method


def test_help_shows_a_function(device):
    assert page(ct.exp).startswith("exp(x, *, out=None)\n    exp(x), elementwise: `exp(x)`.")
    assert page(ct.sum).startswith("sum(x, axis=None, keepdims=False, *, dtype=None, out=None)\n")
    head = "".join(page(ct.mean).partition(")")[0].split())  # in several lines since Python 3.13
    assert head.startswith("mean(x:")
    assert "out:" in head
    assert page(ct.Tensor.add_).splitlines() == [
        "add_(self, b, *, alpha=None)",
        "    `add` in place: written where the elements are; returns self.",
    ]
    line, *rest = page(ct.ones(2).sum).splitlines()
    assert line.startswith("sum(axis=None, keepdims=False, *, dtype=None, out=None)")
    assert rest[0].startswith("    The sum over `axis`")
    assert "__subtract__" not in page(ct.Tensor)
    assert " |  exp(x, *, out=None)" in page(ct.Tensor)


def test_completion_offers_methods(device):
    names = dir(ct.ones(2))
    assert set(METHODS) <= set(names)
    assert {"shape", "grad", "backward", "T", "numpy"} <= set(names)


def test_an_operation_is_its_own_method(device):
    x = ct.tensor([1.0, 2.0])
    assert ct.Tensor.exp is ct.exp
    assert x.exp.__self__ is x
    assert x.neg().tolist() == ct.Tensor.neg(x).tolist() == [-1, -2]

    class Holder:
        plus = ct.add

    assert Holder.plus(x, 1).tolist() == [2, 3]
    with pytest.raises(DTypeError, match="add: cannot combine a tensor with a Holder"):
        Holder().plus(x)
