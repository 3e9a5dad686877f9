"""All that a self-test does, in its order."""

from __future__ import annotations

from importlib import import_module

from cltensor.selftest.checks import Check, Family
from cltensor.selftest.families import MODULES

#: Modules before and behind those of the families: what compilers die of comes last.
_BEFORE = ("probes",)
_BEHIND = ("training", "speed", "bugs")


def plan(quick: bool = False) -> list[Check]:
    """The checks; `quick` leaves out those that take long, and all timing."""
    names = [
        *[f"cltensor.selftest.{name}" for name in _BEFORE],
        *[f"cltensor.selftest.families.{name}" for name in MODULES],
        *[f"cltensor.selftest.{name}" for name in _BEHIND],
    ]
    families = [
        v for name in names for v in vars(import_module(name)).values() if type(v) is Family
    ]
    checks = [check for family in families for check in family.checks]
    return [check for check in checks if check.brief or not quick]
