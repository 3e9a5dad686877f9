"""Nested tuples, lists and dicts of tensors, taken apart and put together again."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

Build = Callable[[Sequence[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Build]:
    """The leaves of `tree` in order, and what makes such a tree of as many others.

    Tuples (named ones too), lists and dicts have members; everything else is a leaf.
    """
    if isinstance(tree, dict):
        members = list(tree.values())
        keys, empty = list(tree), copy.copy(tree)  # of its kind, as a defaultdict with its default
        empty.clear()
        leaves, build = _all(members)
        return leaves, lambda found: filled(empty, zip(keys, build(found), strict=True))
    if isinstance(tree, (tuple, list)):
        made = getattr(type(tree), "_make", type(tree))
        leaves, build = _all(tree)
        return leaves, lambda found: made(build(found))
    return [tree], lambda found: found[0]


def _all(trees: Sequence[Any]) -> tuple[list[Any], Callable[[Sequence[Any]], list[Any]]]:
    parts = [flatten(tree) for tree in trees]
    ends, end = [], 0
    for leaves, _ in parts:
        end += len(leaves)
        ends.append(end)

    def build(found: Sequence[Any]) -> list[Any]:
        starts = [0, *ends][:-1]
        return [b(found[i:k]) for (_, b), i, k in zip(parts, starts, ends, strict=True)]

    return [leaf for leaves, _ in parts for leaf in leaves], build


def filled(empty: Any, entries: Any) -> Any:
    """A copy of an empty dict, of whatever kind, with `entries`."""
    made = copy.copy(empty)
    made.update(entries)
    return made


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """`tree` with function(leaf) for each leaf."""
    leaves, build = flatten(tree)
    return build([function(leaf) for leaf in leaves])
