"""Derivatives as functions of functions: grad, vjp, jvp, and Jacobians made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from cltensor.autograd.calls import (
    ArgNums,
    Call,
    Forward,
    Function,
    by_arguments,
    with_keywords,
    zeros_like,
)
from cltensor.autograd.vmap import vmap
from cltensor.core.mode import is_grad_enabled
from cltensor.core.tensor import Tensor, show
from cltensor.core.trees import flatten
from cltensor.errors import DTypeError, GradientError, ShapeError
from cltensor.ops.create import eye
from cltensor.ops.elementwise.cast import full
from cltensor.ops.shape.view import movedim, reshape


def _value_and_grad(
    operation: str, function: Function, argnums: ArgNums, has_aux: bool, args: Any, kwargs: Any
) -> tuple[Any, Any, Any]:
    wanted, call = by_arguments(operation, argnums, args)
    run = Call(operation, with_keywords(function, kwargs), wanted, call, has_aux)
    if len(run.outputs) != 1 or run.outputs[0].size != 1 or run.outputs[0].ndim:
        shapes = [tuple(x.shape) for x in run.outputs]
        raise ShapeError(
            f"{operation}: the function returned tensors of shapes {shapes}; a gradient is that of "
            "one number, a tensor without dimensions: reduce it, or use vjp or jacrev"
        )
    value = run.outputs[0]
    if value.dtype.kind == "c":
        raise GradientError(
            f"{operation}: the function returned a {value.dtype.name}, whose gradient has a "
            "direction; return a real number, or use vjp"
        )
    seed = full((), 1, value.dtype, value.device)
    _, make = flatten(wanted)
    found = make(run.back([seed]))
    return run.shown(found), run.shown(run.build(run.outputs)), run.shown(run.aux)


def grad(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """The function that gives the gradient of `func`, which returns one number.

    Args:    argnums: which argument to differentiate by, or a tuple of them; each a tensor or a
             nested structure of them, and so is its gradient. has_aux: `func` returns a pair, and
             the second comes beside the gradient: (gradient, aux).
    Raises:  ShapeError for a result that is not one number; DTypeError for integers.

    >>> ct.func.grad(lambda x: x**3)(ct.tensor(2.0))
    tensor(12.)
    """

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, _, aux = _value_and_grad("grad", func, argnums, has_aux, args, kwargs)
        return (found, aux) if has_aux else found

    return wrapper


def grad_and_value(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """`grad` that gives the value too, as PyTorch orders them: (gradient, value), or
    (gradient, (value, aux)).

    >>> ct.func.grad_and_value(lambda x: x**3)(ct.tensor(2.0))
    (tensor(12.), tensor(8.))
    """

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, value, aux = _value_and_grad("grad_and_value", func, argnums, has_aux, args, kwargs)
        return found, ((value, aux) if has_aux else value)

    return wrapper


def value_and_grad(func: Function, argnums: ArgNums = 0, has_aux: bool = False) -> Function:
    """`grad` that gives the value too, as JAX orders them: (value, gradient), or
    ((value, aux), gradient).

    >>> ct.func.value_and_grad(lambda x: x**3)(ct.tensor(2.0))
    (tensor(8.), tensor(12.))
    """

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, value, aux = _value_and_grad("value_and_grad", func, argnums, has_aux, args, kwargs)
        return ((value, aux) if has_aux else value), found

    return wrapper


def _spread(function: Function, primals: Any) -> Any:
    return function(*primals)


def _like(operation: str, name: str, given: Any, wanted: Sequence[Tensor]) -> list[Tensor]:
    """The tensors of `given`, each of the shape of its counterpart."""
    found = flatten(given)[0]
    if len(found) != len(wanted):
        raise ShapeError(f"{operation}: {len(found)} {name} for {len(wanted)} tensors")
    for x, like in zip(found, wanted, strict=True):
        if not isinstance(x, Tensor) or x.shape != like.shape or x.dtype != like.dtype:
            raise ShapeError(
                f"{operation}: {show(x)} among the {name}; it goes with a tensor of shape "
                f"{tuple(like.shape)} and {like.dtype.name}"
            )
    return found


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of func(*primals), and the function that maps a cotangent, like the value, to its
    product with the Jacobian: a tuple with one entry for each of `primals`.

    Returns: (value, function), or (value, function, aux).

    >>> value, back = ct.func.vjp(lambda x, y: x * y, ct.tensor(3.0), ct.tensor(4.0))
    >>> back(ct.tensor(1.0))
    (tensor(4.), tensor(3.))
    """
    run = Call("vjp", func, primals, _spread, has_aux)
    _, make = flatten(primals)

    def back(*cotangents: Any) -> Any:
        tree = cotangents[0] if len(cotangents) == 1 else cotangents
        given = _like("vjp", "cotangents", tree, run.outputs)
        is_outer = is_grad_enabled() and any(c.requires_grad for c in given)
        found = make(run.back(given, record=is_outer))
        return found if is_outer else run.shown(found)

    value = run.shown(run.build(run.outputs))
    return (value, back, run.shown(run.aux)) if has_aux else (value, back)


def jvp(
    func: Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of func(*primals), and its derivative in the direction of `tangents`, by two
    passes backward.

    Args:    primals, tangents: tuples of the same structure. strict: refuse a function some of
             whose results do not depend on `primals`.
    Returns: (value, derivative), or (value, derivative, aux).

    >>> ct.func.jvp(lambda x: x**2, (ct.tensor(3.0),), (ct.tensor(1.0),))
    (tensor(9.), tensor(6.))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise DTypeError("jvp: primals and tangents are tuples, with one entry per argument")
    run = Call("jvp", func, primals, _spread, has_aux)
    if strict and any(x.node is None for x in run.outputs):
        raise GradientError("jvp: a result does not depend on the primals; pass strict=False")
    found = Forward(run)(_like("jvp", "tangents", tangents, run.leaves))
    value = run.shown(run.build(run.outputs))
    derivative = run.build(found)
    return (value, derivative, run.shown(run.aux)) if has_aux else (value, derivative)


def linearize(func: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of func(*primals), and the function of tangents, as many as primals, that gives the
    derivative in their direction: `jvp` for many directions, which calls `func` once.

    >>> value, derivative = ct.func.linearize(lambda x: x**2, ct.tensor(3.0))
    >>> derivative(ct.tensor(1.0)), derivative(ct.tensor(10.0))
    (tensor(6.), tensor(60.))
    """
    run = Call("linearize", func, primals, _spread, False)
    forward = Forward(run)

    def derivative(*tangents: Any) -> Any:
        return run.build(forward(_like("linearize", "tangents", tangents, run.leaves)))

    return run.shown(run.build(run.outputs)), derivative


def hvp(func: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """The gradient of a function of one number by its first argument, and the product of the
    Hessian with `tangents`; both as tuples of one entry, as in `jvp`.

    >>> gradient, product = ct.func.hvp(
    ...     lambda x: (x**3).sum(), (ct.tensor([1.0, 2.0]),), (ct.tensor([1.0, 0.0]),)
    ... )
    >>> gradient, product
    (tensor([ 3., 12.]), tensor([6., 0.]))
    """
    return jvp(grad(func), primals, tangents)


def _check_chunk(operation: str, chunk_size: int | None) -> None:
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        raise ShapeError(f"{operation}: chunk_size is {chunk_size!r}; give None or 1 or more")


def _jacobian(
    operation: str, func: Function, argnums: ArgNums, has_aux: bool, chunk_size: int | None,
    args: Any, kwargs: Any,
) -> tuple[Any, Any]:  # fmt: skip
    wanted, call = by_arguments(operation, argnums, args)
    run = Call(operation, with_keywords(func, kwargs), wanted, call, has_aux)
    blocks = (_by_rows if operation == "jacrev" else _by_columns)(run, chunk_size)
    _, make = flatten(wanted)
    return run.shown(run.build([make(row) for row in blocks])), run.shown(run.aux)


def _for_units(
    product: Callable[[Sequence[Tensor]], list[Tensor]],
    given: Sequence[Tensor],
    wanted: Sequence[Tensor],
    chunk_size: int | None,
) -> list[list[Tensor]]:
    """For each of `given` what a linear product gives for each unit vector in its place, the units
    in front of the dimensions of each of `wanted`. All units go through it at once."""
    blocks = []
    for k, x in enumerate(given):
        if not x.size:
            blocks.append([full((0, *y.shape), 0, y.dtype, y.device) for y in wanted])
            continue

        def by_unit(unit: Tensor, k: int = k, x: Tensor = x) -> list[Tensor]:
            others = [zeros_like(y) for y in given]
            others[k] = reshape(unit, x.shape)
            return product(others)

        units = eye(x.size, dtype=x.dtype, device=x.device)
        blocks.append(vmap(by_unit, chunk_size=chunk_size)(units))
    return blocks


def _by_rows(run: Call, chunk_size: int | None) -> list[list[Tensor]]:
    """For each output the derivative by each leaf: a backward pass for each of its elements."""
    found = _for_units(run.back, run.outputs, run.leaves, chunk_size)
    return [
        [reshape(g, (*y.shape, *x.shape)) for g, x in zip(rows, run.leaves, strict=True)]
        for y, rows in zip(run.outputs, found, strict=True)
    ]


def _by_columns(run: Call, chunk_size: int | None) -> list[list[Tensor]]:
    """The same, by a forward product for each element of each leaf."""
    found = _for_units(Forward(run), run.leaves, run.outputs, chunk_size)
    return [
        [
            reshape(movedim(columns[i], 0, -1), (*y.shape, *x.shape))
            for columns, x in zip(found, run.leaves, strict=True)
        ]
        for i, y in enumerate(run.outputs)
    ]


def _jacobian_function(
    operation: str, func: Function, argnums: ArgNums, has_aux: bool, chunk_size: int | None
) -> Function:
    _check_chunk(operation, chunk_size)

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        found, aux = _jacobian(operation, func, argnums, has_aux, chunk_size, args, kwargs)
        return (found, aux) if has_aux else found

    return wrapper


def jacrev(
    func: Function,
    argnums: ArgNums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
) -> Function:
    """The function that gives the Jacobian of `func`, by a backward pass for each element of its
    result: best where the result is small.

    Args:    argnums, has_aux: as of `grad`. chunk_size: how many of these passes go at once, each
             with memory of its own; all for None.
    Returns: for a result of shape r and an argument of shape a a tensor (*r, *a), in the structure
             of the result, and in each place that of the arguments.

    >>> ct.func.jacrev(lambda x: ct.stack([x.sum(), x.prod()]))(ct.tensor([2.0, 3.0]))
    tensor([[1., 1.],
            [3., 2.]])
    """
    return _jacobian_function("jacrev", func, argnums, has_aux, chunk_size)


def jacfwd(
    func: Function,
    argnums: ArgNums = 0,
    has_aux: bool = False,
    *,
    randomness: str = "error",
    chunk_size: int | None = None,
) -> Function:
    """`jacrev` by a forward product (see `jvp`) for each element of the arguments: best where those
    are small.

    randomness: PyTorch's; `func` is called once, so what it draws is the "same" for all elements.
    Raises ValueError for "different".

    >>> ct.func.jacfwd(lambda x: ct.stack([x, x**2, x**3]))(ct.tensor(2.0))
    tensor([ 1.,  4., 12.])
    """
    if randomness not in ("error", "same"):
        raise ValueError(
            f"jacfwd: randomness is {randomness!r}, but the function is called once for all "
            "elements; use 'same'"
        )
    return _jacobian_function("jacfwd", func, argnums, has_aux, chunk_size)


def hessian(func: Function, argnums: ArgNums = 0) -> Function:
    """The function that gives the second derivatives of `func`: jacfwd of jacrev.

    >>> ct.func.hessian(lambda x: (x**3).sum())(ct.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
