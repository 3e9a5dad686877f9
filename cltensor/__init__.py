"""Deep learning on any device that speaks OpenCL.

``import cltensor as ct``: tensors with NumPy's manners that record for differentiation,
layers and optimizers under PyTorch's names. Importing makes no context and needs no device.
"""

from cltensor import autograd, data, inplace, models, nn, op, operators, optim, testing, weights
from cltensor.autograd import (
    Function,
    Variable,
    enable_grad,
    grad,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from cltensor.checkpoint import load, save
from cltensor.creation import (
    TYPES,
    arange,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    rand,
    rand_like,
    randn,
    randn_like,
    tensor,
    type_of,
    zeros,
    zeros_like,
)
from cltensor.device import Device, devices, set_default_device
from cltensor.device import get as device
from cltensor.dtypes import (
    bool_,
    float16,
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
from cltensor.errors import (
    CLTensorError,
    DataError,
    DependencyError,
    DeviceError,
    DTypeError,
    GradientError,
    IndexingError,
    KernelError,
    OutOfMemoryError,
    SettingError,
    ShapeError,
    StateError,
)
from cltensor.explain import explain
from cltensor.jit import jit
from cltensor.memory import empty_cache, memory_summary, reset_peak_memory
from cltensor.ops.activation import gelu, silu, softplus
from cltensor.ops.conv import conv2d, conv_transpose2d
from cltensor.ops.create import (
    dim,
    element_size,
    from_numpy,
    is_floating_point,
    meshgrid,
    new_empty,
    new_full,
    new_ones,
    new_tensor,
    new_zeros,
    numel,
    to,
    type_as,
)
from cltensor.ops.index import getitem, index_select, masked_select, nonzero, take
from cltensor.ops.join import (
    cat,
    concat,
    pad,
    repeat,
    repeat_interleave,
    roll,
    stack,
    tile,
    tril,
    triu,
)
from cltensor.ops.linalg import addmm, bmm, dot, matmul, mm, mv, outer
from cltensor.ops.pointwise import abs_ as abs
from cltensor.ops.pointwise import (
    acos,
    acosh,
    add,
    asin,
    asinh,
    astype,
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
    clone,
    contiguous,
    copysign,
    cos,
    cosh,
    divide,
    eq,
    erf,
    exp,
    exp2,
    expm1,
    floor,
    floor_divide,
    fmod,
    greater,
    greater_equal,
    hypot,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    masked_fill,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    positive,
    pow,
    reciprocal,
    relu,
    remainder,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
    where,
)
from cltensor.ops.pointwise import round_ as round
from cltensor.ops.pool import avg_pool2d, max_pool2d
from cltensor.ops.random import (
    Generator,
    bernoulli,
    get_rng_state,
    manual_seed,
    normal,
    randint,
    randperm,
    set_rng_state,
    uniform,
)
from cltensor.ops.reduce import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    equal,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    norm,
    prod,
    softmax,
    std,
    sum,
    var,
)
from cltensor.ops.scan import cumsum
from cltensor.ops.scatter import gather, index_add, one_hot, scatter_add, take_along_axis
from cltensor.ops.shape import (
    broadcast_to,
    chunk,
    diagonal,
    expand,
    expand_as,
    expand_dims,
    flatten,
    flip,
    matrix_transpose,
    moveaxis,
    movedim,
    narrow,
    permute,
    permute_dims,
    reshape,
    split,
    squeeze,
    swapaxes,
    t,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
    unstack,
    view_as,
)
from cltensor.ops.sort import argsort, sort, topk
from cltensor.tensor import Tensor
from cltensor.version import __version__

# PyTorch's shorter and older names.
mul, sub, div, true_divide, neg = multiply, subtract, divide, divide, negative
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
clamp, view, type = clip, reshape, type_of
half, double, short, long = float16, float64, int16, int64

FloatTensor, DoubleTensor, HalfTensor = (TYPES[f"{k}Tensor"] for k in ("Float", "Double", "Half"))
LongTensor, IntTensor, ShortTensor = (TYPES[f"{k}Tensor"] for k in ("Long", "Int", "Short"))
CharTensor, ByteTensor, BoolTensor = (TYPES[f"{k}Tensor"] for k in ("Char", "Byte", "Bool"))

op.refuse_others(globals())
operators.install(globals())
inplace.install(globals())

# These shadow built-ins, so they come last: nothing below may need the originals.
float, int, bool = float32, int32, bool_
