"""Samples of distributions with parameters, one element independent of another.

Each element takes as many random words as it needs from a stream of its own, so that methods with
rejection give the same bits on every device and for every number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cltensor import dtypes
from cltensor.core.batched import Batched, drawing, in_front, levels, opened, wrapped
from cltensor.core.batching import Batch
from cltensor.core.composite import composite
from cltensor.core.declare import pointwise
from cltensor.core.op import Op, broadcast_shapes, primitive, require_tensor, same_device
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, GradientError
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.random.draw import coefficients, with_flat_parameters
from cltensor.ops.random.generator import Generator, default_generator
from cltensor.ops.reduce.fold import sum
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.shape.view import broadcast_to
from cltensor.runtime.faults import PARAMETER, Site
from cltensor.runtime.kernel import Live, kernel

if TYPE_CHECKING:
    from cltensor.runtime.device import Device


def draw(
    kind: str,
    shape: Sequence[int],
    dtype: np.dtype,
    device: Device,
    generator: Generator | None,
    *parameters: Any,
    operation: str = "",
) -> Tensor:
    """A new Tensor of samples of `kind` as in sample.cl. Its parameters are numbers in range, or
    tensors, whose elements the kernel looks at. Inside `vmap`, what its `randomness` says."""
    if levels.open:
        numbers, sizes = drawing(operation or kind, *parameters)
        moved = [
            in_front(p, numbers, None, len(shape)) if isinstance(p, Batched) else p
            for p in parameters
        ]
        whole = (*sizes, *shape)
        with opened(()):
            drawn = draw(kind, whole, dtype, device, generator, *moved, operation=operation)
        return wrapped(drawn, numbers)
    shape = tuple(shape)
    if dtype in dtypes.SHORT:
        drawn = draw(
            kind, shape, dtypes.float32, device, generator, *parameters, operation=operation
        )
        return astype(drawn, dtype)
    result = Tensor.empty(shape, dtype, device)
    count = math.prod(shape)
    if count == 0:
        return result
    compute = dtypes.float64 if dtype == dtypes.float64 else dtypes.float32
    given: dict[str, Any] = {}
    tensors = [result]
    for name, value in zip("pq", (*parameters, 0.0), strict=False):
        if isinstance(value, Tensor):
            same_device(operation or kind, result, value)
            full = broadcast_to(astype(value.detach(), compute), shape).contiguous().realize()
            given |= {f"{name}_g": full.buffer, f"{name}_start": full.offset}
            tensors.append(full)
        else:
            given[f"{name}_k"] = float(value)
    # Asked for at the launch, so that a replay draws new numbers.
    stream = generator or default_generator
    counter, key = Live(lambda: stream.take(count)[1]), Live(stream.initial_seed)
    size, local, each = spread(device, count, grain=256)
    name = dtypes.C_NAMES[compute]
    run = kernel(
        device, "sample", kind=kind, T=dtypes.C_NAMES[dtype], C=name, many_p="p_g" in given,
        many_q="q_g" in given, index="long" if wide(*tensors) else "int", **coefficients(name),
    )  # fmt: skip
    if len(tensors) > 1:
        site = device.faults.region(Site(operation or kind, None, PARAMETER))
        given |= {"fault_g": device.faults.buffer, "site": site}
    run(
        (size,), (local,), y_g=result.buffer, count=count, each=each, counter=counter, key=key,
        **given,
    )  # fmt: skip
    return result


def _rates(operation: str, *tensors: Any) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and dtype of samples with these tensors for parameters."""
    for x in tensors:
        if x.dtype.kind != "f":
            raise DTypeError(
                f"{operation}: a parameter is {x.dtype.name}; give floating-point numbers, for "
                "example with .float()"
            )
    shape: tuple[int, ...] = ()
    for x in tensors:
        shape = broadcast_shapes(operation, shape, x.shape)
    return shape, dtypes.result_type(*[(x.dtype, not x.shape) for x in tensors])


@composite(method=False)
def poisson(x: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of the Poisson distribution with the rates x, of the dtype of x.

    Raises:  DTypeError for rates that are integers; ValueError, at the next read, for a rate that
             is negative or no number.
    Source:  Hoermann, "The transformed rejection method for generating Poisson random variables"
             (1993); products of uniform numbers for rates below 10.

    >>> ct.poisson(ct.zeros(2))
    tensor([0., 0.])
    """
    shape, dtype = _rates("poisson", x)
    return with_flat_parameters(draw("poisson", shape, dtype, x.device, generator, x), x)


@composite(method=False)
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` attempts succeed, each with the chance prob; both are of the dtype of the
    result, and broadcast.

    Raises:  DTypeError for integers; ValueError, at the next read, for a count that is negative or
             not whole, or a chance outside 0 to 1.
    Source:  Hoermann, "The generation of binomial random variates" (1993); waits between successes
             where fewer than 10 are expected.

    >>> ct.binomial(ct.tensor([5.0]), ct.tensor([1.0]))
    tensor([5.])
    """
    shape, dtype = _rates("binomial", count, prob)
    drawn = draw("binomial", shape, dtype, count.device, generator, count, prob)
    return with_flat_parameters(drawn, count, prob)


def _unknown(what: str) -> Any:
    raise GradientError(
        f"{what}: there is no second derivative of samples; ask for the first without create_graph"
    )


#: How a gamma sample y moves with its shape x at a fixed quantile: -(dP/dx) / p(y).
gamma_slope: Op = pointwise(
    "gamma_slope(x, y)", "ct_gamma_slope(x, y)", "float",
    dx=lambda g: _unknown("standard_gamma"), dy=lambda g: _unknown("standard_gamma"),
)  # fmt: skip
gamma_slope.public = False


def _standard_gamma(x: Tensor, generator: Generator | None = None) -> Tensor:
    shape, dtype = _rates("standard_gamma", x)
    return draw("gamma", shape, dtype, x.device, generator, x, operation="standard_gamma")


#: Numbers of the gamma distribution with shapes x and rate 1, above 0; differentiable by implicit
#: reparametrization (Figurnov, Mohamed and Mnih, "Implicit reparameterization gradients", 2018).
_gamma: Op = primitive(
    "standard_gamma(x, generator)", _standard_gamma,
    dx=lambda g, x, out: g * gamma_slope(x, out),
)  # fmt: skip


def standard_gamma(x: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of the gamma distribution with shapes x and rate 1, above 0."""
    require_tensor("standard_gamma", "x", x)
    if levels.open:
        numbers, sizes = drawing("standard_gamma", x)
        x = wrapped(in_front(x, numbers, sizes), numbers)
    return _gamma(x, generator)


@_gamma.batched
def _gamma_batched(op: Op, batch: Batch, x: Any, generator: Generator | None = None) -> Any:
    with opened(()):  # a draw for each element is one for each example
        return op(batch.full(x), generator)


def sample_dirichlet(x: Tensor, generator: Generator | None = None) -> Tensor:
    """Points of the Dirichlet distribution with concentrations x along the last axis: gamma samples
    over their sum, and differentiable as those."""
    require_tensor("sample_dirichlet", "x", x)
    gammas = standard_gamma(x, generator)
    return gammas / sum(gammas, -1, True)
