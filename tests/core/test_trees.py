"""Nested structures taken apart."""

from collections import OrderedDict, defaultdict, namedtuple

from cltensor.core.trees import flatten, mapped

Pair = namedtuple("Pair", "first second")


def test_every_kind_is_made_again():
    tree = (1, [2, {"a": 3, "b": (4,)}], Pair(5, OrderedDict(c=6)), ())
    leaves, build = flatten(tree)
    assert leaves == [1, 2, 3, 4, 5, 6]
    assert build(leaves) == tree
    made = mapped(lambda x: -x, tree)
    assert made == (-1, [-2, {"a": -3, "b": (-4,)}], Pair(-5, OrderedDict(c=-6)), ())
    assert type(made[2]) is Pair
    assert type(made[2].second) is OrderedDict


def test_a_dict_with_a_default_keeps_it():
    made = mapped(lambda x: -x, defaultdict(lambda: 5, a=1))
    assert (made, made["b"]) == ({"a": -1, "b": 5}, 5)


def test_a_leaf_alone():
    leaves, build = flatten("text")
    assert leaves == ["text"]
    assert build([7]) == 7
