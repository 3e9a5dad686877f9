"""`ct.utils._pytree`: nestings of containers taken apart and put together, under PyTorch's names.

Tuples (named ones too), lists, deques and dicts (ordered and default ones too) have members;
everything else, None included, is a leaf.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from sys import modules as _modules
from typing import Any

from cltensor.core.suggestions import suggest as _suggest

__all__ = [
    "TreeSpec",
    "register_pytree_node",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]

PyTree = Any
IsLeaf = Callable[[Any], bool] | None
#: What takes a container apart, into its members and what else it is; and what puts it together.
_Kind = tuple[Callable[[Any], tuple[list[Any], Any]], Callable[[Iterable[Any], Any], Any]]


def _of_dict(d: Any) -> tuple[list[Any], Any]:
    return list(d.values()), list(d)


_KINDS: dict[type, _Kind] = {
    tuple: (lambda t: (list(t), None), lambda members, _: tuple(members)),
    list: (lambda t: (list(t), None), lambda members, _: list(members)),
    deque: (lambda t: (list(t), t.maxlen), deque),
    dict: (_of_dict, lambda members, keys: dict(zip(keys, members, strict=True))),
    OrderedDict: (_of_dict, lambda members, keys: OrderedDict(zip(keys, members, strict=True))),
    defaultdict: (
        lambda d: (list(d.values()), (d.default_factory, list(d))),
        lambda members, of: defaultdict(of[0], zip(of[1], members, strict=True)),
    ),
}


def _is_named(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_make")


def _kind(tree: Any) -> _Kind | None:
    kind = type(tree)
    if _is_named(kind):
        return lambda t: (list(t), None), lambda members, _: kind._make(members)
    return _KINDS.get(kind)


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any],
    **names: Any,
) -> None:
    """Take instances of a class apart from now on.

    Args:    flatten_fn: an instance -> its members, and what else it is (compared by ==);
             unflatten_fn: these two -> an instance; names: PyTorch's, which change nothing.
    Raises:  ValueError if the class is taken apart already.
    """
    if cls in _KINDS or _is_named(cls):
        raise ValueError(f"register_pytree_node: {cls.__name__} is taken apart already")

    def apart(x: Any) -> tuple[list[Any], Any]:
        members, rest = flatten_fn(x)
        return list(members), rest

    _KINDS[cls] = apart, unflatten_fn


@dataclass(frozen=True)
class TreeSpec:
    """What a nesting is without its leaves: the type of its container (None: it is a leaf), what
    belongs to that beside the members, and these."""

    type: Any
    context: Any
    children_specs: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        """How many leaves there are."""
        return 1 if self.is_leaf() else sum(child.num_leaves for child in self.children_specs)

    @property
    def num_children(self) -> int:
        """How many members the container has."""
        return len(self.children_specs)

    def is_leaf(self) -> bool:
        """Whether it is no container."""
        return self.type is None

    def unflatten(self, leaves: Iterable[Any]) -> PyTree:
        """See tree_unflatten."""
        return tree_unflatten(leaves, self)


def _flatten(tree: PyTree, leaves: list[Any], is_leaf: IsLeaf) -> TreeSpec:
    kind = None if is_leaf is not None and is_leaf(tree) else _kind(tree)
    if kind is None:
        leaves.append(tree)
        return TreeSpec(None, None, ())
    members, rest = kind[0](tree)
    specs = tuple([_flatten(member, leaves, is_leaf) for member in members])
    return TreeSpec(type(tree), rest, specs)


def tree_flatten(tree: PyTree, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """The leaves in order, and what `tree_unflatten` makes such a nesting of.

    Args:    is_leaf: what is a leaf though it is a container.
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """The nesting with these leaves.

    Raises:  ValueError for another number of leaves.
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"tree_unflatten: treespec is a {type(treespec).__name__}; tree_flatten gives one"
        )
    found = list(leaves)
    if len(found) != treespec.num_leaves:
        raise ValueError(
            f"tree_unflatten: {len(found)} leaves for a nesting of {treespec.num_leaves}"
        )
    return _build(treespec, iter(found))


def _build(spec: TreeSpec, leaves: Any) -> Any:
    if spec.is_leaf():
        return next(leaves)
    members = [_build(child, leaves) for child in spec.children_specs]
    if _is_named(spec.type):
        return spec.type._make(members)
    return _KINDS[spec.type][1](members, spec.context)


def _up_to(tree: PyTree, spec: TreeSpec) -> list[Any]:
    """What stands in `tree` where `spec` has leaves."""
    if spec.is_leaf():
        return [tree]
    kind = _kind(tree) if type(tree) is spec.type else None
    members, rest = kind[0](tree) if kind is not None else ([], None)
    if kind is None or len(members) != spec.num_children or rest != spec.context:
        raise ValueError(
            f"tree_map: {tree!r} stands where the first nesting has a {spec.type.__name__} of "
            f"{spec.num_children} members; give nestings of one form"
        )
    pairs = zip(members, spec.children_specs, strict=True)
    return [leaf for member, child in pairs for leaf in _up_to(member, child)]


def tree_map(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None
) -> PyTree:
    """The nesting of func(leaf, and what stands there in each of `rests`).

    Raises:  ValueError where one of `rests` has not the form of `tree`.
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [_up_to(rest, spec) for rest in rests]
    return _build(spec, iter([func(*row) for row in zip(leaves, *others, strict=True)]))


def tree_map_(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: IsLeaf = None
) -> PyTree:
    """Call func for each leaf; the nesting as it is."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(
    type_or_types_or_pred: Any, func: Any, tree: PyTree, is_leaf: IsLeaf = None
) -> PyTree:
    """The nesting of func(leaf), with the leaves of other types (or for which a function answers
    False) as they are."""
    wanted = type_or_types_or_pred
    if isinstance(wanted, (type, tuple)):
        return tree_map(lambda x: func(x) if isinstance(x, wanted) else x, tree, is_leaf=is_leaf)
    return tree_map(lambda x: func(x) if wanted(x) else x, tree, is_leaf=is_leaf)


def tree_leaves(tree: PyTree, is_leaf: IsLeaf = None) -> list[Any]:
    """The leaves in order."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: PyTree, is_leaf: IsLeaf = None) -> TreeSpec:
    """What the nesting is without its leaves."""
    return tree_flatten(tree, is_leaf)[1]


def tree_all(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether pred(leaf) holds for all leaves."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: PyTree, is_leaf: IsLeaf = None) -> bool:
    """Whether pred(leaf) holds for any leaf."""
    return any(map(pred, tree_leaves(tree, is_leaf)))


_suggest(_modules[__name__])
