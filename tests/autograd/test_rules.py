"""Rules asked for the gradients of some operands."""

import pytest
from leaves import leaf

import cltensor as ct
from cltensor.autograd.rules import by_rules
from cltensor.core.op import OPERATIONS, Op
from cltensor.errors import GradientError


@pytest.fixture
def made(monkeypatch):
    """Makes an operation that is in no list."""
    monkeypatch.setattr("cltensor.core.op.OPERATIONS", dict(OPERATIONS))
    return Op


def test_a_rule_of_several_operands_is_asked_once(device, made):
    asked = []

    def rule(g):
        asked.append(g)
        return g * 2, g * 3

    op = made("both(a, b)", lambda a, b: a + b, {"da_b": rule})
    g = ct.ones(2)
    assert [r.numpy().tolist() for r in by_rules(op, (True, True), {"g": g})] == [[2, 2], [3, 3]]
    assert by_rules(op, (False, True), {"g": g})[0] is None
    assert len(asked) == 2


def test_an_operand_without_a_rule_is_named(device, made):
    op = made("first(a, b)", lambda a, b: a + b, {"da": lambda g: g})
    with pytest.raises(GradientError, match="first has no derivative with respect to 'b'"):
        op(leaf([1.0]), leaf([1.0])).sum().backward()
