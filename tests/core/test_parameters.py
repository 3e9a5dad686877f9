import inspect

import pytest

import cltensor as ct
from cltensor.core.parameters import Described, Parameters


def everything(a, b=1, *rest, c: int, d=None, **more):
    return a, b, rest, c, d, more


@pytest.mark.parametrize("function", [everything, lambda: 0, lambda x, *xs: 0, lambda *, k=2: 0])
def test_parameters_are_those_that_inspect_finds(function):
    found, kinds = Parameters(function), inspect.Parameter
    want = inspect.signature(function).parameters.values()
    assert found.names == tuple([p.name for p in want if p.kind is not kinds.VAR_KEYWORD])
    assert found.defaults == {p.name: p.default for p in want if p.default is not kinds.empty}
    assert found.takes_any == any(p.kind is kinds.VAR_KEYWORD for p in want)
    assert found.several == next((p.name for p in want if p.kind is kinds.VAR_POSITIONAL), None)


def test_a_signature_is_made_when_somebody_asks():
    asked = []

    def describe():
        asked.append(1)
        return inspect.signature(lambda z: z)

    def shown(*args):
        return args

    shown.__wrapped__ = Described(everything, describe)
    assert not asked
    assert str(inspect.signature(shown)) == "(z)"
    assert asked
    assert inspect.unwrap(shown) is everything


def test_signatures_of_public_functions_show_what_they_take():
    assert "out" in inspect.signature(ct.logsumexp).parameters
    assert "requires_grad" in inspect.signature(ct.zeros).parameters
    assert "out" not in inspect.signature(ct.Tensor.add_).parameters
    assert next(iter(inspect.signature(ct.Tensor.add_).parameters)) == "self"
