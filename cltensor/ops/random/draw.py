"""Numbers of one distribution, and tensors of them, that are the same bits on every device.

Floating-point results are portable too: the kernel computes with plain multiplications and
additions in a fixed order, without contraction or library functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.batched import drawing, levels, wrapped
from cltensor.core.checks import MOST, number, whole, wholes
from cltensor.core.composite import composite, creator
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor, require_dtype
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import limits_of
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.select import where
from cltensor.ops.random.generator import Generator, default_generator
from cltensor.ops.shape.copy import spread
from cltensor.ops.shape.parts import view_as_complex
from cltensor.runtime.device import Device, DeviceSpec, get
from cltensor.runtime.kernel import Live, kernel

_MASK = (1 << 64) - 1

# Minimax polynomials: log(1+f)/f for 1+f in [sqrt(1/2), sqrt(2)], sin(pi/2 x)/x and cos(pi/2 x) in
# x^2 for |x| <= 1/2, e^x for |x| <= log(2)/2; relative errors 3e-8, 3e-9, 5e-11, 2e-8 (float) and
# 6e-17, 3e-18, 3e-20, 2e-17 (double).
# Written as decimal literals, because a fit at run time would differ between NumPy builds.
LOG = {
    "float": (
        "0.999999974 -0.499999964 0.333341933 -0.250013522 0.199559334 -0.165779929 0.149774013 "
        "-0.142692582 0.0853331308"
    ),
    "double": (
        "1.0 -0.49999999999999923 0.33333333333325909 -0.25000000000033597 0.20000000002056926 "
        "-0.16666666663491468 0.14285714065198033 -0.12499999996813993 0.11111122928547465 "
        "-0.10000012799803608 0.090905588635650671 -0.083326497130038599 0.076981390596095794 "
        "-0.071593077630025202 0.066169161037298387 -0.060449322486518761 0.060023626245968094 "
        "-0.067934849252535363 0.062497443299152098 -0.027579154885274429"
    ),
}
EXP = {
    "float": "1.0 1.0 0.5 0.16666415 0.04166635 0.008375126 0.0013941108",
    "double": (
        "1.0 1.0 0.5000000000000019 0.1666666666666668 0.0416666666664881 0.008333333333319601 "
        "0.0013888888952314775 0.00019841269890047113 2.4801485482328494e-5 2.755724091857897e-6 "
        "2.763263963904103e-7 2.5110037605963777e-8"
    ),
}
SIN = {
    "float": "1.57079632 -0.645963478 0.0796802176 -0.00460214921",
    "double": (
        "1.5707963267948966 -0.64596409750624432 0.079692626246043003 -0.004681754132340976 "
        "0.00016044115074219091 -3.5986433529823097e-6 5.633933781537854e-8"
    ),
}
COS = {
    "float": "1.0 -1.23370054 0.253669204 -0.0208600695 0.000903628066",
    "double": (
        "1.0 -1.2337005501361698 0.25366950790104671 -0.020863480763311209 "
        "0.00091926027418315572 -2.5202036770460258e-5 4.710609726757823e-7 -6.3212568696285884e-9"
    ),
}


def coefficients(compute: str) -> dict[str, tuple[str, ...]]:
    """The polynomials that portable.cl takes, in that type."""
    tables = {"log": LOG, "exp": EXP, "sin": SIN, "cos": COS}
    return {name: tuple(table[compute].split()) for name, table in tables.items()}


def fill(
    kind: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    device: DeviceSpec,
    generator: Generator | None,
    a: float | None = None,
    b: float | None = None,
) -> Tensor:
    """A new Tensor of random numbers; a and b are the kind's parameters as in random.cl. Complex
    ones have parts that are drawn each by itself. Inside `vmap`, what its `randomness` says."""
    numbers: tuple[int, ...] = ()
    if levels.open:
        numbers, sizes = drawing(kind)
        shape = (*sizes, *shape)
    return wrapped(_fill(kind, shape, dtype, device, generator, a, b), numbers)


def _fill(
    kind: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    device: DeviceSpec,
    generator: Generator | None,
    a: float | None,
    b: float | None,
) -> Tensor:
    if dtype.kind == "c":
        parts = _fill(kind, (*shape, 2), dtypes.real_of(dtype), device, generator, a, b)
        return view_as_complex(parts)
    on = get(device)
    require_dtype(kind, dtype, on)
    if dtype not in dtypes.SHORT:
        digits = 53 if dtype == dtypes.float64 and kind != "bernoulli" else 24
        return _filled(kind, shape, dtype, on, generator, digits, a, b)
    digits = limits_of(dtype).nmant + 1 if kind == "uniform" else 24
    drawn = astype(_filled(kind, shape, dtypes.float32, on, generator, digits, a, b), dtype)
    # A number next to the bound, which is no part of the range, may be rounded to it.
    return where(drawn < b, drawn, a) if kind == "uniform" else drawn


def _filled(
    kind: str,
    shape: tuple[int, ...],
    dtype: np.dtype,
    on: Device,
    generator: Generator | None,
    digits: int,
    a: float | None,
    b: float | None,
) -> Tensor:
    """See `fill`. digits: how many uniform numbers have."""
    result = Tensor.empty(shape, dtype, on)
    count = math.prod(shape)
    per = 2 if kind == "integers" or (dtype.itemsize == 8 and kind != "bernoulli") else 4
    blocks = -(-count // per)
    if count == 0:
        return result
    # Asked for at the launch, so that a replay draws new numbers.
    stream = generator or default_generator
    seed, first = Live(stream.initial_seed), Live(lambda: stream.take(blocks)[1])
    size, local, each = spread(on, blocks, grain=1024)
    compute = "double" if dtype == dtypes.float64 else "float"
    run = kernel(
        on,
        "random",
        kind=kind,
        T=dtypes.C_NAMES[dtype],
        per=per,
        digits=digits,
        index="int" if count < 1 << 31 else "long",
        **coefficients(compute),
    )
    parameters = {} if a is None or b is None else {"a": a, "b": b}
    run(
        (size,), (local,), y_g=result.buffer, count=count, blocks=blocks, each=each, **parameters,
        counter=first, stream=0, key=seed,
    )  # fmt: skip
    return result


#: Samples whose distribution has a parameter that requires a gradient: as in PyTorch, that is 0.
_of_parameter: Op = Op(
    "of_parameter(x, parameter)",
    lambda x, parameter: x.detach(),
    {
        "dx": lambda g: g,
        "dparameter": lambda parameter_shape, parameter_dtype, parameter_device: full(
            parameter_shape, 0, parameter_dtype, parameter_device
        ),
    },
    calls_operations=False,
)


def with_flat_parameters(samples: Tensor, *parameters: Any) -> Tensor:
    """`samples`, of which the parameters that require a gradient have one, zeros."""
    for parameter in parameters:
        if isinstance(parameter, Tensor) and parameter.requires_grad:
            samples = _of_parameter(samples, parameter)
    return samples


def _float(name: str, dtype: object) -> np.dtype:
    found = dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)
    if found.kind not in dtypes.FRACTIONAL:
        raise DTypeError(f"{name}: makes floating-point numbers, not {found.name}; use randint")
    return found


def sizes_of(name: str, size: Sequence) -> tuple[int, ...]:
    given = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    shape = wholes(name, "size", given, -MOST)
    if any(n < 0 for n in shape):
        raise ShapeError(f"{name}: shape {shape} has a negative size; sizes count elements")
    return shape


@creator
def rand(
    *size: int | tuple[int, ...],
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers spread evenly over [0, 1). Sizes as separate integers or one tuple.

    >>> ct.rand(2, 3).shape
    Size([2, 3])
    """
    return uniform(0.0, 1.0, sizes_of("rand", size), dtype, device, generator)


@composite(method=False)
def uniform(
    low: float,
    high: float,
    size: Sequence[int],
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers spread evenly over [low, high).

    >>> ct.zeros(3).uniform_(2.0, 3.0).min().item() >= 2
    True
    """
    found = _float("uniform", dtype)
    low, high = number("uniform", "low", low), number("uniform", "high", high)
    return fill("uniform", sizes_of("uniform", (size,)), found, device, generator, low, high)


@creator
def randn(
    *size: int | tuple[int, ...],
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers of the normal distribution with mean 0 and standard deviation 1; of complex numbers,
    each part has half the variance.

    Source:  Box and Muller, "A note on the generation of random normal deviates" (1958).

    >>> ct.randn(2, 3).shape
    Size([2, 3])
    """
    return normal(0.0, 1.0, sizes_of("randn", size), dtype, device, generator)


@creator
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Sequence[int] | None = None,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """Numbers of the normal distribution with that mean and standard deviation: numbers, with a
    size, or tensors, which broadcast to the shape of the result.

    Raises:  DTypeError for what is neither; ShapeError without a size; ValueError for a number std
             below 0.

    >>> ct.normal(0.0, 0.0, (2,))
    tensor([0., 0.])
    """
    for name, given in (("mean", mean), ("std", std)):
        if not isinstance(given, (Tensor, complex)):
            number("normal", name, given)
    if not isinstance(std, (Tensor, complex)) and std < 0:
        raise ValueError(f"normal: std is {std}; a standard deviation is at least 0")
    tensors = [x.detach() for x in (mean, std) if isinstance(x, Tensor)]
    if not tensors:
        if size is None:
            raise ShapeError("normal: no size given; write normal(mean, std, size), or tensors")
        found = _float("normal", dtype)
        shape = sizes_of("normal", (size,))
        if found.kind == "c":
            drawn = fill("normal", shape, found, device, generator, 0.0, 0.5**0.5)
            return drawn if (mean, std) == (0, 1) else drawn * std + mean
        mean, std = number("normal", "mean", mean), number("normal", "std", std)
        return fill("normal", shape, found, device, generator, mean, std)
    like = tensors[0] if len(tensors) == 1 else tensors[0] + tensors[1]
    drawn = normal(0.0, 1.0, like.shape, dtype or like.dtype, device or like.device, generator)
    plain_mean, plain_std = [x.detach() if isinstance(x, Tensor) else x for x in (mean, std)]
    return with_flat_parameters(drawn * plain_std + plain_mean, mean, std)


@creator
def randint(
    low: int = 0,
    high: int | Sequence[int] | None = None,
    size: Sequence[int] | None = None,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """Integers spread evenly over [low, high); randint(high, size) starts from 0.

    Raises:  ShapeError (a ValueError) for an empty range; DTypeError if the dtype cannot hold it.

    >>> ct.randint(5, 6, (2,))
    tensor([5, 5])
    """
    if not isinstance(high, (int, np.integer)):
        size = high if size is None else size
        low, high = 0, low
    if size is None:
        raise ShapeError("randint: no size given; write randint(low, high, size)")
    found = dtypes.default_int if dtype is None else dtypes.as_dtype(dtype)
    if found.kind == "f":
        return astype(randint(low, high, size, None, device, generator), found)
    low, high = [
        whole("randint", name, value, -MOST - 1, 1 << 64)
        for name, value in (("low", low), ("high", high))
    ]
    if low >= high:
        raise ShapeError(f"randint: the range [{low}, {high}) is empty; high must be above low")
    limits = np.iinfo(found) if found.kind in "iu" else None
    least, most = (limits.min, limits.max) if limits else (0, 1)
    if low < least or high - 1 > most:
        raise DTypeError(
            f"randint: [{low}, {high}) does not fit {found.name} "
            f"({least} to {most}); pass a wider dtype"
        )
    if found.kind == "b":
        return astype(randint(low, high, size, None, device, generator), found)
    # A range of 2^64 is written 0: the kernel then takes the word as it is.
    span = (high - low) & _MASK
    shape = sizes_of("randint", (size,))
    return fill("integers", shape, found, device, generator, span, low & _MASK)


@composite
def bernoulli(
    p: Tensor | float,
    size: Sequence[int] | None = None,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    scale: float = 1.0,
) -> Tensor:
    """`scale` with probability p, else 0: a number and a size, or a tensor of probabilities.

    >>> ct.bernoulli(ct.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    if isinstance(p, Tensor):
        if p.dtype.kind != "f":
            raise DTypeError(f"bernoulli: p is of {p.dtype.name}; give floating-point numbers")
        drawn = rand(p.shape, dtype=p.dtype, device=p.device, generator=generator)
        return with_flat_parameters(astype(drawn < p.detach(), dtype or p.dtype) * scale, p)
    number("bernoulli", "p", p)
    if size is None:
        raise ShapeError("bernoulli: no size given; write bernoulli(p, size), or give a tensor")
    found = dtypes.default_float if dtype is None else dtypes.as_dtype(dtype)
    if not 0 <= p <= 1:
        raise ShapeError(f"bernoulli: {p} is not a probability; give a number from 0 to 1")
    value = scale if dtypes.is_float(found) else int(scale)
    return fill("bernoulli", sizes_of("bernoulli", (size,)), found, device, generator, p, value)


def dropout_mask(
    shape: tuple[int, ...],
    p: float,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """What dropout multiplies with: 0 with probability p, else 1/(1-p)."""
    scale = 1.0 / (1.0 - p) if p < 1 else 0.0
    return bernoulli(1.0 - p, shape, dtype, device, generator, scale)


@creator
def rand_like(
    x: Tensor,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """`rand` with, unless given, the shape, dtype and device of x.

    >>> ct.rand_like(ct.zeros(2)).shape
    Size([2])
    """
    on = device or x.device
    return rand(x.shape, dtype=dtype or x.dtype, device=on, generator=generator)


@creator
def randn_like(
    x: Tensor,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """`randn` with, unless given, the shape, dtype and device of x.

    >>> ct.randn_like(ct.zeros(2)).shape
    Size([2])
    """
    on = device or x.device
    return randn(x.shape, dtype=dtype or x.dtype, device=on, generator=generator)


@creator
def randint_like(
    x: Tensor,
    low: int = 0,
    high: int | None = None,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """`randint` with, unless given, the shape, dtype and device of x.

    >>> ct.randint_like(ct.zeros(2), 1)
    tensor([0., 0.])
    """
    low, high = (0, low) if high is None else (low, high)
    kind = dtypes.as_dtype(dtype or x.dtype)
    made = randint(
        low, high, x.shape, kind if kind.kind in "iu" else None, device or x.device, generator
    )
    return astype(made, kind)
