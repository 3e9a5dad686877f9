"""Tensors inside vmap: what they show, and what they refuse."""

import copy
import pickle

import numpy as np
import pytest

import cltensor as ct
from cltensor.core.batched import (
    Batched,
    Unbatched,
    beside,
    in_front,
    of_whole,
    whole_of,
    wrapped,
)
from cltensor.func import vmap


def inside(function, *args, **how):
    """What `function` finds inside vmap; it returns no tensor."""
    found = []

    def call(*given):
        found.append(function(*given))
        return given[0]

    vmap(call, **how)(*args)
    return found[0]


x = ct.arange(24, dtype="float32").reshape(2, 3, 4)


def test_it_shows_one_example():
    def look(a):
        assert isinstance(a, ct.Tensor)
        assert a.shape == (3, 4)
        assert (a.ndim, a.size, len(a), a.numel(), a.nbytes) == (2, 12, 3, 12, 48)
        assert (a.dtype, a.device, a.strides) == (x.dtype, x.device, (4, 1))
        assert a.offset == a.storage_offset() == 0
        assert a.is_contiguous()
        assert not a.T.is_contiguous()
        assert a.is_leaf
        assert not a.requires_grad
        assert a.grad is None
        assert not a.realize().is_pending
        assert [row.shape for row in a] == [(4,)] * 3
        return repr(a)

    assert inside(look, x) == "tensor(inside vmap, batch (2,), each like (3, 4))"


REFUSED = {
    "item": lambda a: a.sum().item(),
    "float": lambda a: float(a[0, 0]),
    "index": lambda a: [1, 2][a[0, 0].long()],
    "bool": lambda a: bool(a.any()),
    "if": lambda a: 1 if a[0, 0] > 0 else 2,
    "in": lambda a: 3.0 in a,
    "numpy": lambda a: a.numpy(),
    "array": lambda a: np.asarray(a),
    "tolist": lambda a: a.tolist(),
    "buffer": lambda a: a.buffer,
    "pickle": pickle.dumps,
    "deepcopy": copy.deepcopy,
    "data": lambda a: setattr(a, "data", ct.zeros(3, 4)),
    "window": lambda a: a.window((1,), (1,), 0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_its_elements_cannot_be_had(name):
    with pytest.raises(ct.VmapError, match="inside vmap"):
        vmap(REFUSED[name])(x)


@pytest.mark.parametrize("call", [
    lambda a: a.requires_grad_(),
    lambda a: setattr(a, "requires_grad", True),
    lambda a: a.register_hook(print),
    lambda a: a.retain_grad(),
    lambda a: a.sum().backward(),
    lambda a: setattr(a, "grad", a),
])  # fmt: skip
def test_it_collects_no_gradient(call):
    with pytest.raises(ct.GradientError, match=r"inside vmap.*ct\.func\.grad"):
        vmap(call)(x)


def test_it_is_of_no_use_afterwards():
    kept = inside(lambda a: a, x)
    with pytest.raises(ct.VmapError, match="kept until after it"):
        kept + 1
    with pytest.raises(ct.VmapError, match="kept until after it"):
        vmap(lambda a: a + kept[0, 0])(x)


def test_a_copy_is_one_example():
    np.testing.assert_array_equal(vmap(copy.copy)(x).numpy(), x.numpy())


def test_batches_are_in_the_order_of_their_levels():
    def both(a, b):
        merged = wrapped(wrapped(x, b.numbers), a.numbers)
        assert isinstance(merged, Batched)
        assert merged.numbers == a.numbers + b.numbers
        assert (merged.batch, merged.shape) == ((3, 2), (4,))
        return merged

    got = vmap(lambda a: vmap(lambda b: both(a, b))(ct.zeros(2)))(ct.zeros(3))
    np.testing.assert_array_equal(got.numpy(), x.movedim(0, 1).numpy())


def test_dimensions_in_front():
    def look(a):
        (number,) = a.numbers
        assert in_front(a, (number,)).shape == (2, 3, 4)
        assert in_front(a, (number,), rank=3).shape == (2, 1, 3, 4)
        assert in_front(ct.zeros(5), (number,), [2]).shape == (2, 5)
        assert in_front(ct.zeros(5), (number,)).shape == (1, 5)
        assert whole_of(a) is a.whole
        assert beside(ct.zeros(5), [a]).shape == (5,)
        assert beside(ct.zeros(5), [a]).batch == (2,)
        assert beside(a, 1) is a
        return of_whole(lambda a, b: (a.shape, b.shape), a, ct.zeros(5))

    assert inside(look, x) == ((2, 3, 4), (2, 5))
    assert whole_of(x) is x
    assert beside(x, 1) is x


def test_it_says_what_was_asked_for():
    with pytest.raises(Unbatched, match="its buffer is asked of a tensor inside vmap"):
        vmap(lambda a: a.buffer)(x)
    with pytest.raises(ct.VmapError, match=r"\.item\(\) asks for the element"):
        vmap(lambda a: a.sum().item())(x)
    with pytest.raises(ct.VmapError, match=r"use ct\.where instead of if"):
        vmap(lambda a: a if a.sum() else -a)(x)


def test_a_notebook_shows_the_repr_of_one_inside_vmap():
    seen = []
    ct.func.vmap(lambda a: seen.append((a._repr_html_(), repr(a))) or a)(ct.ones(2, 3))
    assert seen == [(None, "tensor(inside vmap, batch (2,), each like (3,))")]
