"""Nestings taken apart and put together, as PyTorch's."""

from collections import OrderedDict, defaultdict, deque
from typing import NamedTuple

import pytest

import cltensor as ct
from cltensor.utils import _pytree as tree


class Pair(NamedTuple):
    a: object
    b: object


TREE = {
    "b": [1, (2, None)],
    "a": Pair(3, OrderedDict(x=4, y=[])),
    "c": deque([5], maxlen=3),
    "d": defaultdict(list, {"k": 6}),
    "e": (),
}
LEAVES = [1, 2, None, 3, 4, 5, 6]


def test_there_and_back():
    leaves, spec = tree.tree_flatten(TREE)
    assert leaves == LEAVES == tree.tree_leaves(TREE)
    assert (spec.num_leaves, spec.num_children) == (7, 5)
    again = tree.tree_unflatten(leaves, spec)
    assert again == TREE == spec.unflatten(leaves)
    assert [type(x) for x in again.values()] == [type(x) for x in TREE.values()]
    assert again["c"].maxlen == 3
    assert again["d"]["new"] == []
    assert tree.tree_structure(again["a"]) == tree.tree_structure(TREE["a"])
    assert tree.tree_structure([1]) != tree.tree_structure((1,))
    with pytest.raises(ValueError, match="tree_unflatten: 2 leaves for a nesting of 7"):
        tree.tree_unflatten([1, 2], spec)
    with pytest.raises(TypeError, match="treespec is a list"):
        tree.tree_unflatten([1], [1])


def test_as_pytorch():
    pytree = pytest.importorskip("torch.utils._pytree")
    leaves, spec = pytree.tree_flatten(TREE)
    assert leaves == LEAVES
    assert pytree.tree_unflatten(leaves, spec) == TREE


def test_maps():
    x, y = {"a": ct.ones(2), "b": [ct.zeros(1)]}, {"a": 2.0, "b": [3.0]}
    found = tree.tree_map(lambda t, k: t + k, x, y)
    assert found["a"].tolist() == [3, 3]
    assert found["b"][0].tolist() == [3]
    assert tree.tree_map(lambda t, part: part, [0], [(1, 2)]) == [(1, 2)]
    assert tree.tree_map(len, [(1, 2)], is_leaf=lambda t: isinstance(t, tuple)) == [2]
    assert tree.tree_map_only(int, str, [1, "a", 2.5]) == ["1", "a", 2.5]
    assert tree.tree_map_only(lambda t: t == 1, str, [1, 2]) == ["1", 2]
    seen = []
    assert tree.tree_map_(seen.append, TREE) is TREE
    assert seen == LEAVES
    assert tree.tree_any(lambda t: t is None, TREE)
    assert not tree.tree_all(lambda t: t is None, TREE)
    for other in ([1], {"a": 1}, {"a": 1, "c": 2}, {"a": 1, "b": 2}):
        with pytest.raises(ValueError, match="tree_map: .* give nestings of one form"):
            tree.tree_map(lambda a, b: a, x, other)


def test_a_class_of_ones_own(monkeypatch):
    monkeypatch.setattr(tree, "_KINDS", dict(tree._KINDS))

    class Box:
        def __init__(self, inside, name):
            self.inside, self.name = inside, name

    def apart(box):
        return (box.inside,), box.name

    def together(members, name):
        return Box(*members, name)

    tree.register_pytree_node(Box, apart, together)
    found = tree.tree_map(lambda x: x + 1, [Box((1, 2), "n")])[0]
    assert (found.inside, found.name) == ((2, 3), "n")
    with pytest.raises(ValueError, match="register_pytree_node: Box is taken apart already"):
        tree.register_pytree_node(Box, apart, together)
