"""Steps of programs drawn at random (reproducible_programs.py): each takes the tensor that there is
and gives another. What it draws depends on the seed, and on shape and dtype of what it is given,
alone.
"""

from math import prod

import reproducible_formulas as known

import cltensor as ct
import cltensor.nn.functional as F
from cltensor import nn

MOST = 6000  # elements
_KINDS = ("max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool")
POOLS = {d: {kind: getattr(F, f"{kind}{d}d") for kind in _KINDS} for d in (1, 2, 3)}


def kept(x):
    """Not more elements than a test may take."""
    return x if x.numel() <= MOST else x.reshape(-1)[:MOST]


def shaped(x, *shape):
    """Elements of x in a shape, over and over where there are too few."""
    flat, n = x.reshape(-1), prod(shape)
    if flat.shape[0] < n:
        flat = flat.repeat(-(-n // flat.shape[0]))
    return flat[:n].reshape(*shape)


def elementwise(draw, x):
    for _ in range(draw.size(1, 4)):
        if x.is_complex():
            x = draw.formula(known.COMPLEX, x)
        elif draw.chance(0.6):
            x = draw.formula(known.UNARY, x)
        else:
            x = draw.formula(known.BINARY, x, y=draw.like(x))
    return x


def doubtful(draw, x):
    return draw.formula(known.DOUBTFUL, x)


def broadcast(draw, x):
    other = [n if draw.chance(0.5) else 1 for n in x.shape]
    return draw.formula(known.BROADCAST, x, y=draw.leaf(*other[draw.size(0, len(other)) :]))


def views(draw, x):
    if not x.ndim:
        return x.expand(draw.size(1, 5))
    return draw.formula(known.VIEWS, x, AXIS=draw.size(0, x.ndim - 1))


def in_place(draw, x):
    y = x * 1 if draw.chance(0.5) else x.clone()
    for _ in range(draw.size(1, 3)):
        part = y[draw.size(0, y.shape[0] - 1)] if y.ndim and draw.chance(0.5) else y
        part = part[::2] if part.ndim and draw.chance(0.4) else part
        draw.formula(known.IN_PLACE, part, y=draw.like(part))
    return y


def fold(draw, x):
    if not x.ndim:
        return x
    axes = tuple(sorted({draw.size(0, x.ndim - 1) for _ in range(draw.size(1, x.ndim))}))
    return draw.formula(known.COMPLEX_FOLDS if x.is_complex() else known.FOLDS, x, AXES=axes)


def large_fold(draw, x):
    shape = draw.one((5, 1300), (1300, 5), (3, 400, 4), (2, 2, 1100), (4099,), (40, 11, 13))
    return fold(draw, shaped(x, *shape) * draw.leaf(*shape))


def along(draw, x):
    if not x.ndim or x.is_complex():
        return x
    axis = draw.size(0, x.ndim - 1)
    if x.shape[axis] < 2:
        x = ct.cat([x, x * 0.5], axis)
    return draw.formula(known.ALONG, x, AXIS=axis)


def product(draw, x):
    b, m, n = draw.size(1, 4), draw.size(1, 21), draw.size(1, 21)
    k = draw.one(1, 3, 7, 16, 17, 33, 70, 257)
    return draw.formula(known.PRODUCTS, shaped(x, b, m, k), b=b, m=m, n=n, k=k, leaf=draw.leaf)


def convolution(draw, x):
    d, groups = draw.one(1, 1, 2, 2, 2, 3), draw.one(1, 1, 1, 2, 3)
    inside, outside = groups * draw.size(1, 4), groups * draw.size(1, 4)
    size = [draw.size(5, (24, 9, 6)[d - 1]) for _ in range(d)]
    window = [draw.size(1, 3) for _ in range(d)]
    x = shaped(x, draw.size(1, 3), inside, *size)
    options = {name: draw.size(1, 2) for name in ("stride", "dilation")}
    options |= {"padding": draw.size(0, 1), "groups": groups}
    bias = draw.leaf(outside) if draw.chance(0.5) else None
    transposed, name = draw.chance(0.35), f"conv{d}d"
    if transposed:
        window, name = [inside, outside // groups, *window], f"conv_transpose{d}d"
    else:
        window = [outside, inside // groups, *window]
    draw.log.append(f"{name} of {tuple(x.shape)}, {window}, {options}")
    return getattr(F, name)(x, draw.leaf(*window), bias, **options)


def pool(draw, x):
    d = draw.one(1, 2, 2, 3)
    x = shaped(x, 2, draw.size(1, 3), *[draw.size(4, 8) for _ in range(d)])
    formulas = [*known.POOLS, *(known.PLANE_POOLS if d == 2 else ())]
    return draw.formula(
        formulas, x, LINEAR=("linear", "bilinear", "trilinear")[d - 1], POOL=POOLS[d]
    )


def norm(draw, x):
    n, c, length = draw.size(2, 9), 2 * draw.size(1, 4), draw.one(2, 5, 16, 37)
    mean, var = draw.tensor(c) * 1, draw.tensor(c).abs() + 0.5
    names = {"c": c, "length": length, "mean": mean, "var": var, "leaf": draw.leaf}
    out = draw.formula(known.NORMS, shaped(x, n, c, length), **names)
    draw.outs += [mean, var]
    return out


def indices(draw, x):
    n, m, count = draw.size(2, 12), draw.size(1, 7), draw.one(5, 40, 130)
    names = {"places": draw.integers(n, count), "grid": draw.integers(n, 23, m)}
    names |= {"rows": draw.leaf(count, m), "cells": draw.leaf(23, m)}
    names |= {"starts": draw.ordered(count, 3), "order": draw.permutation(n)}
    return draw.formula(known.INDICES, shaped(x, n, m), **names)


def loss(draw, x):
    n, c = draw.size(2, 30), draw.one(3, 5, 90, 700)
    if draw.chance(0.5):
        names = {"labels": draw.integers(c, n), "weight": draw.tensor(c).abs()}
        return draw.formula(known.LABEL_LOSSES, shaped(x, n, c), **names)
    return draw.formula(known.LOSSES, shaped(x, n, 5), y=draw.tensor(n, 5))


def layer(draw, x):
    n, steps = draw.size(1, 5), draw.size(1, 6)
    size, hidden = draw.size(1, 9), draw.one(1, 3, 8, 17, 20)
    kind = draw.one(*known.RECURRENT, *known.CELLS, *known.ATTENTIVE)
    given = size if "SIZE" in kind.text else 8
    x = shaped(x, n, given) if "Cell" in kind.text else shaped(x, steps, n, given)
    module = draw.module(kind, SIZE=(size, hidden))
    out = module(x, x, x) if "Multihead" in kind.text else module(x)
    return out[0] if isinstance(out, tuple) else out


def attention(draw, x):
    length, other = draw.one(1, 7, 40), draw.one(1, 9, 33)
    size, hidden = draw.size(1, 9), draw.one(1, 3, 8, 17)
    k, v = draw.leaf(2, 2, other, size), draw.leaf(2, 2, other, hidden)
    names = {"k": k, "v": v, "mask": draw.leaf(length, other)}
    return draw.formula(known.ATTENTION, shaped(x, 2, 2, length, size), **names)


def chance(draw, x):
    return draw.formula(known.CHANCES, x, s=tuple(x.shape))


def optimizer(draw, x):
    size = draw.one(5, 6, 9)
    weights = [draw.tensor(4, size), draw.tensor(4)]
    weights = [nn.Parameter(w.detach().clone()) for w in weights]
    moves = draw.formula(known.OPTIMIZERS, x, p=weights)
    given = shaped(x.detach(), 7, size)
    for _ in range(2):
        moves.zero_grad()
        F.linear(given, *weights).square().mean().backward()
        if draw.chance(0.3):
            draw.outs.append(nn.utils.clip_grad_norm_(weights, 0.5))
        moves.step()
    draw.outs += [w.detach().clone() for w in weights]
    return shaped(x, 7, size) @ weights[0].detach().T


#: Each as often as it stands here.
STEPS = [elementwise] * 4 + [views] * 2 + [fold] * 2 + [along] * 2 + [product] * 2
STEPS += [convolution] * 2 + [indices] * 2 + [layer] * 2
STEPS += [broadcast, in_place, large_fold, pool, norm, loss, attention, chance, optimizer]
FOR_COMPLEX = [elementwise] * 3 + [broadcast, views, in_place, fold, large_fold, product]
FOR_COMPLEX += [convolution]
