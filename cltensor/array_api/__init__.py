"""The Python array API standard 2025.12: ``xp = cltensor.array_api``, or of any tensor
``x.__array_namespace__()``.

Names, arguments and promotion are the standard's; what computes is what computes everywhere else.
Its functions take every Tensor and give an `Array`, a Tensor whose operators follow the standard.
"""

from math import e, inf, nan, pi
from sys import modules as _modules
from types import ModuleType as _ModuleType

from cltensor.array_api import fft, linalg
from cltensor.array_api.array import Array
from cltensor.array_api.creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    full,
    full_like,
    linspace,
    meshgrid,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from cltensor.array_api.datatypes import (
    astype,
    can_cast,
    finfo,
    iinfo,
    isdtype,
    result_type,
)
from cltensor.array_api.elementwise import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    ceil,
    clip,
    conj,
    copysign,
    cos,
    cosh,
    divide,
    equal,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    hypot,
    imag,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    nextafter,
    not_equal,
    positive,
    pow,
    real,
    reciprocal,
    remainder,
    round,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
)
from cltensor.array_api.info import (
    __array_namespace_info__,
)
from cltensor.array_api.linalg import matmul, matrix_transpose, tensordot, vecdot
from cltensor.array_api.manipulation import (
    broadcast_arrays,
    broadcast_shapes,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    tile,
    unstack,
)
from cltensor.array_api.searching import (
    argmax,
    argmin,
    argsort,
    count_nonzero,
    nonzero,
    searchsorted,
    sort,
    take,
    take_along_axis,
    where,
)
from cltensor.array_api.sets import (
    isin,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
from cltensor.array_api.statistics import (
    all,
    any,
    cumulative_prod,
    cumulative_sum,
    diff,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from cltensor.core.suggestions import suggest as _suggest
from cltensor.dtypes import (
    bool_ as bool,
)
from cltensor.dtypes import (
    complex64,
    complex128,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from cltensor.version import __version__

newaxis = None
__array_api_version__ = "2025.12"
#: Those before it are parts of it.
_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
__all__ = sorted(name for name in globals() if name[0] != "_")
_suggest(_modules[__name__])


def of_version(api_version: str | None) -> _ModuleType:
    """This namespace. Raises ValueError if `api_version` is one that it does not follow."""
    if api_version not in (None, *_VERSIONS):
        raise ValueError(
            f"__array_namespace__: api_version is {api_version!r}; this one follows "
            f"{', '.join(_VERSIONS)}"
        )
    return _modules[__name__]
