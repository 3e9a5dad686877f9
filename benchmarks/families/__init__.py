"""The families of cases, in the order in which they run."""

from benchmarks.case import Case
from benchmarks.families import (
    bandwidth,
    conv,
    fft,
    index,
    launch,
    linalg,
    matmul,
    norm,
    optimizer,
    pointwise,
    pool,
    random,
    reduction,
    scan,
    sort,
    special,
    startup,
    training,
)

_MODULES = (
    bandwidth,
    launch,
    pointwise,
    reduction,
    matmul,
    conv,
    fft,
    linalg,
    index,
    sort,
    scan,
    special,
    random,
    norm,
    pool,
    optimizer,
    training,
    startup,
)
FAMILIES = tuple(module.FAMILY for module in _MODULES)


def all_cases() -> list[Case]:
    """Every case of the suite."""
    return [case for module in _MODULES for case in module.cases()]
