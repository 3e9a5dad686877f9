"""The nearest name, for whoever mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def no_attribute(owner: str, name: str, names: Iterable[str]) -> AttributeError:
    """The error for an attribute that `owner` has not, with the nearest of `names`."""
    near = get_close_matches(name, [n for n in names if not n.startswith("_")], n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    return AttributeError(f"{owner} has no attribute {name!r}{hint}")
