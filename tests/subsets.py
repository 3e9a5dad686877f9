"""Derivatives of a function of several operands, some of which are batches inside vmap, beside a
loop over the examples."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.func import grad, vjp, vmap

COUNT = 3


def _batched(rng: Any, x: Any) -> tuple[Any, int | None, list[Any]]:
    """Perhaps several like x along a drawn axis; the axis, None where it stays; the examples."""
    if rng.integers(2):
        return x, None, [x] * COUNT
    examples = [x]
    for _ in range(COUNT - 1):
        other = x.numpy()
        if x.dtype.kind == "f":
            other = rng.permutation(other.ravel()).reshape(other.shape) * rng.choice([-1, 1])
        examples.append(ct.tensor(other.astype(x.dtype), device=x.device))
    axis = int(rng.integers(x.ndim + 1))
    return ct.stack(examples, axis), axis, examples


def _compare(found: Any, wanted: Sequence[Any], tolerance: float, what: str) -> None:
    for place, x in enumerate(found):
        exact = np.stack([each[place].detach().numpy() for each in wanted])
        assert x.shape == exact.shape, what
        assert x.dtype == wanted[0][place].dtype, what
        scale = max(1.0, float(np.abs(exact.astype("float64")).max(initial=0)))
        np.testing.assert_allclose(
            x.detach().numpy(), exact, rtol=tolerance, atol=tolerance * scale, err_msg=what
        )


def check_subsets(
    rng: Any, function: Callable[..., Any], operands: Sequence[Any], tolerance: float = 1e-4,
    second: bool = True, fixed: Sequence[int] = (),
) -> None:  # fmt: skip
    """The result, the gradients, and the gradients of those, where a drawn subset of the operands
    and of the result's gradient are batches; also of a graph made outside vmap. fixed: the places
    of floats with no gradient."""
    places = [i for i, x in enumerate(operands) if x.dtype.kind == "f" and i not in fixed]
    out = function(*operands)
    g = ct.tensor(rng.normal(0, 1, tuple(out.shape)).astype(out.dtype), device=out.device)

    def of_floats(given: Sequence[Any], *some: Any) -> Any:
        given = list(given)
        for i, x in zip(places, some, strict=True):
            given[i] = x
        return function(*given)

    def both(*given: Any) -> Any:
        *rest, cotangent = given
        found, back = vjp(lambda *some: of_floats(rest, *some), *[rest[i] for i in places])
        return found, *back(cotangent)

    def slope(*given: Any) -> Any:
        _, *found = both(*given)
        parts = [(x * (1 + i) * ct.arange(x.size).reshape(x.shape).cos()).sum()
                 for i, x in enumerate(found)]  # fmt: skip
        return sum(parts[1:], parts[0])

    drawn = [_batched(rng, x) for x in (*operands, g)]
    if all(axis is None for _, axis, _ in drawn):
        drawn[-1] = ct.stack([g, 2 * g, -g]), 0, [g, 2 * g, -g]
    given, axes, examples = zip(*drawn, strict=True)
    rows = list(zip(*examples, strict=True))
    what = f"axes {axes}"
    _compare(vmap(both, in_dims=axes)(*given), [both(*row) for row in rows], tolerance, what)
    if second:
        whole = grad(slope, argnums=(*places, len(operands)))
        found = vmap(whole, in_dims=axes)(*given)
        _compare(found, [whole(*row) for row in rows], tolerance * 10, f"second order, {what}")
    several = ct.stack([g, 2 * g, -g])
    _, back = vjp(lambda *some: of_floats(operands, *some), *[operands[i] for i in places])
    _compare(vmap(back)(several), [back(x) for x in several.unbind()], tolerance, "graph outside")
    if second:
        _, back = vjp(lambda *some: vjp(lambda *x: of_floats(operands, *x), *some)[1](g),
                      *[operands[i] for i in places])  # fmt: skip
        cotangents = [ct.stack([x, x.cos(), -2 * x]) for x in [operands[i] for i in places]]
        found = vmap(lambda *x: back(x))(*cotangents)
        wanted = [back(x) for x in zip(*[c.unbind() for c in cotangents], strict=True)]
        _compare(found, wanted, tolerance * 10, "second order, graph outside")
