"""What Python and the driver cost apart from the work: one operation on 64 elements."""

from typing import Any

import cltensor as ct
from benchmarks.case import Case, Library

FAMILY = "launch"
_INNER = 100


def _record(lib: Library):
    """The expression is made and dropped; the rivals, which compute at once, compute it."""
    x, y = lib.normal(64), lib.normal(64)

    def call():
        for _ in range(_INNER):
            x + y

    return call


def _record_with_gradient(lib: Library):
    x, y = lib.require_grad(lib.normal(64)), lib.require_grad(lib.normal(64))

    def call():
        for _ in range(_INNER):
            x + y

    return call


def _compute(lib: Library):
    x, y = lib.normal(64), lib.normal(64)

    def call():
        for _ in range(_INNER):
            lib.settle(x + y)

    return call


def _wait(lib: Library):
    x, y = lib.normal(64), lib.normal(64)

    def call():
        for _ in range(_INNER):
            lib.settle(x + y)
            lib.finish()

    return call


def _replay(lib: Library):
    """Each sum is launched on its own; what is left of that in a recording is the launch."""
    x, y = lib.normal(64), lib.normal(64)

    @ct.jit
    def add(x: Any, y: Any):
        for _ in range(_INNER):
            x = x + y
            lib.settle(x)
        return x

    def call():
        add(x, y)

    return call


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        Case(FAMILY, "record add", _record, inner=_INNER),
        Case(
            FAMILY, "record add, gradient", _record_with_gradient, inner=_INNER, rivals=("torch",)
        ),
        Case(FAMILY, "add, launched", _compute, inner=_INNER),
        Case(FAMILY, "add, replayed by jit", _replay, inner=_INNER, rivals=()),
        Case(FAMILY, "add, waited for", _wait, inner=_INNER),
    ]
