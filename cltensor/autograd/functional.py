"""PyTorch's older functions of derivatives (`ct.autograd.functional`): of tensors or tuples of
them, whose results are without a graph unless `create_graph` asks for one."""

from __future__ import annotations

from collections.abc import Callable
from sys import modules as _modules
from typing import Any

from cltensor.autograd import transforms
from cltensor.core.mode import enable_grad, no_grad
from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.errors import GradientError, ShapeError

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Inputs = Any


def _run(create_graph: bool, compute: Callable[[], Any]) -> Any:
    """compute(), with or without the graph that leads to the inputs."""
    with enable_grad() if create_graph else no_grad():
        return compute()


def _tuple(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def _argnums(inputs: Any) -> Any:
    """The places of `inputs` among the arguments: those of a tuple, or the one of a tensor."""
    return tuple(range(len(inputs))) if isinstance(inputs, tuple) else 0


def _direction(operation: str, v: Any, like: Any) -> Any:
    """v, or 1 where it was left out and `like` is one number."""
    if v is not None:
        return v
    if not isinstance(like, Tensor) or like.size != 1:
        raise ShapeError(f"{operation}: v is needed where the result is not a single element")
    return like.detach() * 0 + 1


def _strictly(operation: str, strict: bool, func: Callable[..., Any]) -> Callable[..., Any]:
    """`func`; with strict, one that refuses results which do not depend on its inputs."""
    if not strict:
        return func

    def checked(*inputs: Any) -> Any:
        found = func(*inputs)
        if any(isinstance(x, Tensor) and x.node is None for x in _tuple(found)):
            raise GradientError(
                f"{operation}: a result does not depend on the inputs; pass strict=False"
            )
        return found

    return checked


def vjp(
    func: Callable[..., Any],
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(func(*inputs), the product of v with its Jacobian, like `inputs`).

    >>> ct.autograd.functional.vjp(lambda x: x**2, ct.tensor(3.0), ct.tensor(1.0))[1]
    tensor(6.)
    """

    def compute() -> tuple[Any, Any]:
        checked = _strictly("vjp", strict, func)
        value, back = transforms.vjp(checked, *_tuple(inputs))
        found = back(_direction("vjp", v, value))
        return value, found if isinstance(inputs, tuple) else found[0]

    return _run(create_graph, compute)


def jvp(
    func: Callable[..., Any],
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(func(*inputs), the product of its Jacobian with v, like the value).

    >>> ct.autograd.functional.jvp(lambda x: x**2, ct.tensor(3.0), ct.tensor(1.0))[1]
    tensor(6.)
    """

    def compute() -> tuple[Any, Any]:
        tangent = _tuple(_direction("jvp", v, inputs))
        return transforms.jvp(func, _tuple(inputs), tangent, strict=strict)

    return _run(create_graph, compute)


def jacobian(
    func: Callable[..., Any],
    inputs: Inputs,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func`: for a result of shape r and an input of shape a a tensor (*r, *a);
    a tuple for each result, or input, of several.

    vectorize: PyTorch's way of computing, of no effect. strategy: "reverse-mode" or "forward-mode".

    >>> ct.autograd.functional.jacobian(lambda x: x**2, ct.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f"jacobian: strategy is {strategy!r}; use 'reverse-mode' or 'forward-mode'"
        )
    kind = transforms.jacrev if strategy == "reverse-mode" else transforms.jacfwd
    checked = _strictly("jacobian", strict, func)
    return _run(create_graph, lambda: kind(checked, _argnums(inputs))(*_tuple(inputs)))


def hessian(
    func: Callable[..., Any],
    inputs: Inputs,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function of one number: a tensor (*a, *a), or for several inputs
    a tuple of tuples.

    >>> ct.autograd.functional.hessian(lambda x: (x**3).sum(), ct.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    first = transforms.grad(_number("hessian", func), _argnums(inputs))
    return jacobian(first, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _number(operation: str, func: Callable[..., Any]) -> Callable[..., Any]:
    """`func`, whose result of one element is without dimensions."""

    def scalar(*inputs: Any) -> Any:
        found = func(*inputs)
        if not isinstance(found, Tensor) or found.size != 1:
            raise ShapeError(f"{operation}: the function returns {found!r}, not a single element")
        return found.reshape(())

    return scalar


def hvp(
    func: Callable[..., Any],
    inputs: Inputs,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """(func(*inputs), the product of its Hessian with v, like `inputs`).

    >>> ct.autograd.functional.hvp(lambda x: (x**3).sum(), ct.tensor([1.0, 2.0]), ct.ones(2))[1]
    tensor([ 6., 12.])
    """
    gradient = transforms.grad_and_value(_number("hvp", func), _argnums(_tuple(inputs)))

    def compute() -> tuple[Any, Any]:
        tangent = _tuple(_direction("hvp", v, inputs))
        _, found, value = transforms.jvp(
            gradient, _tuple(inputs), tangent, strict=strict, has_aux=True
        )
        return value, found if isinstance(inputs, tuple) else found[0]

    return _run(create_graph, compute)


#: The Hessian is symmetric where the second derivatives are continuous.
vhp = hvp

_name_all(globals(), __all__)

_suggest(_modules[__name__])
