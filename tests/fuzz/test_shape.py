"""Views and rearrangements, chained as drawn."""

import numpy as np
from fuzzing import ALL, axes, elements, fuzz, pairs, same, shapes
from hypothesis import given
from hypothesis import strategies as st

import cltensor as ct


@st.composite
def _step(draw, shape):
    """(name, ours, theirs): a rearrangement of arrays of that shape, now and then a wrong one."""
    ndim = len(shape)
    name = draw(st.sampled_from((
        "reshape", "permute", "flip", "roll", "expand_dims", "swapaxes", "moveaxis", "tile",
        "repeat", "broadcast_to", "ravel", "triangle", "diagonal", "pad", "rot90",
    )))  # fmt: skip
    axis = draw(axes(ndim))
    if name == "reshape":
        count = int(np.prod(shape, dtype=int))
        new = draw(st.one_of(shapes(3), st.just((-1,)), st.just((count,)), st.just((1, -1, 1))))
        return name, lambda x: x.reshape(new), lambda a: a.reshape(new)
    if name == "permute":
        order = draw(st.permutations(range(ndim)))
        return name, lambda x: ct.permute(x, order), lambda a: a.transpose(order)
    if name == "flip":
        return name, lambda x: ct.flip(x, (axis,)), lambda a: np.flip(a, (axis,))
    if name == "roll":
        by = draw(st.integers(-7, 7))
        return name, lambda x: ct.roll(x, by, axis), lambda a: np.roll(a, by, axis)
    if name == "expand_dims":
        return name, lambda x: ct.unsqueeze(x, axis), lambda a: np.expand_dims(a, axis)
    other = draw(axes(ndim))
    if name == "swapaxes":
        return name, lambda x: ct.swapaxes(x, axis, other), lambda a: np.swapaxes(a, axis, other)
    if name == "moveaxis":
        return name, lambda x: ct.moveaxis(x, axis, other), lambda a: np.moveaxis(a, axis, other)
    if name == "tile":
        times = tuple(draw(st.lists(st.integers(0, 2), max_size=ndim + 1)))
        return name, lambda x: ct.tile(x, times), lambda a: np.tile(a, times)
    if name == "repeat":
        by = draw(st.integers(0, 3))
        return (name, lambda x: ct.repeat_interleave(x, by, axis),
                lambda a: np.repeat(a, by, axis))  # fmt: skip
    if name == "broadcast_to":
        front = draw(shapes(1))
        new = (*front, *[draw(st.sampled_from((3, n))) if n == 1 else n for n in shape])
        return name, lambda x: ct.broadcast_to(x, new), lambda a: np.broadcast_to(a, new)
    if name == "triangle":
        k = draw(st.integers(-3, 3))
        upper = draw(st.booleans())
        if ndim < 2:
            return name, lambda x: x, lambda a: a
        return (name, lambda x: (ct.triu if upper else ct.tril)(x, k),
                lambda a: (np.triu if upper else np.tril)(a, k))  # fmt: skip
    if name == "diagonal":
        k = draw(st.integers(-3, 3))
        return (name, lambda x: ct.diagonal(x, k, axis, other),
                lambda a: np.diagonal(a, k, axis, other))  # fmt: skip
    if name == "pad":
        width = draw(st.integers(0, 2))
        if not ndim:
            return name, lambda x: x, lambda a: a
        return (name, lambda x: ct.nn.functional.pad(x, (width, 1)),
                lambda a: np.pad(a, [(0, 0)] * (ndim - 1) + [(width, 1)]))  # fmt: skip
    if name == "rot90":
        k = draw(st.integers(-5, 5))
        return (name, lambda x: ct.rot90(x, k, (axis, other)),
                lambda a: np.rot90(a, k, (axis, other)))  # fmt: skip
    return name, ct.ravel, np.ravel


@fuzz
@given(st.data(), pairs(most=4))
def test_chains_of_rearrangements(data, pair):
    x, a = pair
    for _ in range(data.draw(st.integers(1, 4))):
        name, ours, theirs = data.draw(_step(a.shape))
        if name == "rot90" and a.ndim == 0:
            continue
        same(lambda ours=ours, x=x: ours(x), lambda theirs=theirs, a=a: theirs(a))
        try:
            a = theirs(a)
        except (ValueError, IndexError):
            return
        x = ours(x)
        if a.size > 3000 or a.ndim > 6:
            return


@fuzz
@given(st.data(), shapes(4), st.sampled_from(ALL), st.booleans())
def test_joining(data, shape, dtype, stack):
    axis = data.draw(axes(len(shape)))
    parts = []
    for _ in range(data.draw(st.integers(1, 3))):
        own = list(shape)
        if not stack and shape:
            own[data.draw(st.integers(0, len(shape) - 1)) if data.draw(st.integers(0, 5)) == 0
                else axis % len(shape)] = data.draw(st.sampled_from((0, 1, 2)))  # fmt: skip
        parts.append(data.draw(elements(tuple(own), dtype)))
    if not stack and (0,) in [p.shape for p in parts]:
        return  # which PyTorch, and so we, leave out whatever the others' shape
    ours, theirs = (ct.stack, np.stack) if stack else (ct.cat, np.concatenate)
    same(lambda: ours([ct.tensor(p) for p in parts], axis), lambda: theirs(parts, axis))


@fuzz
@given(st.data(), pairs(most=4), st.integers(1, 4))
def test_splitting(data, pair, parts):
    x, a = pair
    axis = data.draw(axes(a.ndim))
    if a.ndim and -a.ndim <= axis < a.ndim:
        same(lambda: list(ct.tensor_split(x, parts, axis)), lambda: np.array_split(a, parts, axis))
