"""Asking an operation's rules for gradients, with what a node saved for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from cltensor.autograd.saved import Packed
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, float32
from cltensor.errors import GradientError
from cltensor.lazy.values import Value
from cltensor.ops.elementwise.cast import astype

#: The elements of a tensor, as nodes keep them.
KEPT = (Value, Packed)


def by_rules(op: Op, wanted: Sequence[bool], known: dict[str, Any]) -> list[Any]:
    """What the rules of the wanted arguments give; a rule of several is called once."""
    if op.variadic:
        rule, _ = _rule(op, op.params[0])
        return [r if w else None for r, w in zip(rule(known), wanted, strict=True)]
    results: list[Any] = []
    shared: dict[Any, Any] = {}
    for found in _rules(op, wanted):
        if found is None:
            results.append(None)
            continue
        rule, place = found
        if place < 0:
            results.append(rule(known))
            continue
        if rule not in shared:
            shared[rule] = rule(known)
        results.append(shared[rule][place])
    return results


@lru_cache(16384)
def _rules(op: Op, wanted: tuple[bool, ...]) -> tuple[Any, ...]:
    """For each operand its rule and its place among the rule's results, None where not wanted."""
    found = [_rule(op, p) if w else None for p, w in zip(op.params, wanted, strict=False)]
    return tuple(found + [None] * (len(wanted) - len(found)))


def _rule(op: Op, argument: str) -> Any:
    rule = op.rules.get(argument)
    if rule is None:
        raise GradientError(
            f"backward: {op.name} has no derivative with respect to '{argument}'; detach it, or "
            "declare a rule"
        )
    return rule


def reads_complex(op: Op, saved: Sequence[Any]) -> bool:
    """Whether rules of `op` are to be turned (`Op.holomorphic`), as they read complex numbers."""
    return op.holomorphic and any(
        isinstance(s, complex)
        or (type(s) in KEPT and s.dtype.kind == "c")
        or (type(s) is tuple and reads_complex(op, s))
        for s in saved
    )


def in_float32(known: Any) -> Any:
    """What a rule gets for floats of 16 bits: itself in float32, or its members."""
    if isinstance(known, Tensor):
        return astype(known, float32) if known.dtype in SHORT else known
    if type(known) in (list, tuple):
        return type(known)([in_float32(member) for member in known])
    return known
