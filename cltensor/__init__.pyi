"""The namespace cltensor. Written by `python -m cltensor.command.stubs`."""

import builtins
from builtins import str as layout
from builtins import str as memory_format
from collections.abc import Sequence
from typing import Any, TypeAlias, overload

import numpy
from numpy import dtype as dtype

from cltensor import accelerator as accelerator
from cltensor import amp as amp
from cltensor import array_api as array_api
from cltensor import autograd as autograd
from cltensor import backends as backends
from cltensor import compiler as compiler
from cltensor import cuda as cuda
from cltensor import data as data
from cltensor import distributed as distributed
from cltensor import distributions as distributions
from cltensor import fft as fft
from cltensor import func as func
from cltensor import hub as hub
from cltensor import library as library
from cltensor import linalg as linalg
from cltensor import masked as masked
from cltensor import models as models
from cltensor import multiprocessing as multiprocessing
from cltensor import nn as nn
from cltensor import onnx as onnx
from cltensor import optim as optim
from cltensor import profiler as profiler
from cltensor import random as random
from cltensor import return_types
from cltensor import signal as signal
from cltensor import special as special
from cltensor import testing as testing
from cltensor import text as text
from cltensor import utils as utils
from cltensor import vision as vision
from cltensor.amp import autocast as autocast
from cltensor.amp import get_autocast_dtype as get_autocast_dtype
from cltensor.amp import is_autocast_enabled as is_autocast_enabled
from cltensor.autograd.anomaly import is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled
from cltensor.autograd.anomaly import is_anomaly_enabled as is_anomaly_enabled
from cltensor.autograd.creation import TensorType
from cltensor.autograd.derivatives import grad as grad
from cltensor.autograd.function import Function as Function
from cltensor.autograd.record import Variable as Variable
from cltensor.autograd.vmap import vmap as vmap
from cltensor.compiler import compile as compile
from cltensor.core.mode import enable_grad as enable_grad
from cltensor.core.mode import inference_mode as inference_mode
from cltensor.core.mode import is_grad_enabled as is_grad_enabled
from cltensor.core.mode import no_grad as no_grad
from cltensor.core.mode import set_grad_enabled as set_grad_enabled
from cltensor.core.printing import set_printoptions as set_printoptions
from cltensor.core.size import Size as Size
from cltensor.core.tensor import Tensor as Tensor
from cltensor.errors import CLTensorError as CLTensorError
from cltensor.errors import DataError as DataError
from cltensor.errors import DependencyError as DependencyError
from cltensor.errors import DeterminismError as DeterminismError
from cltensor.errors import DeviceError as DeviceError
from cltensor.errors import DistributedError as DistributedError
from cltensor.errors import DTypeError as DTypeError
from cltensor.errors import GradientError as GradientError
from cltensor.errors import IndexingError as IndexingError
from cltensor.errors import KernelError as KernelError
from cltensor.errors import LinAlgError as LinAlgError
from cltensor.errors import MissingFileError as MissingFileError
from cltensor.errors import OutOfMemoryError as OutOfMemoryError
from cltensor.errors import SettingError as SettingError
from cltensor.errors import ShapeError as ShapeError
from cltensor.errors import StateError as StateError
from cltensor.errors import VmapError as VmapError
from cltensor.halves import _BFloat16
from cltensor.io import weights as weights
from cltensor.io.checkpoint import load as load
from cltensor.io.checkpoint import save as save
from cltensor.io.dlpack import from_dlpack as from_dlpack
from cltensor.observe.explain import explain as explain
from cltensor.ops.facts import Storage
from cltensor.ops.random.generator import Generator as Generator
from cltensor.replay.jit import jit as jit
from cltensor.runtime.device import Device as Device
from cltensor.runtime.device import DeviceSpec
from cltensor.runtime.device import device as device
from cltensor.runtime.device import devices as devices
from cltensor.runtime.device import get_default_device as get_default_device
from cltensor.runtime.device import set_default_device as set_default_device
from cltensor.runtime.kernel import Live
from cltensor.runtime.memory import empty_cache as empty_cache
from cltensor.runtime.memory import memory_summary as memory_summary
from cltensor.runtime.memory import reset_peak_memory as reset_peak_memory

_DType: TypeAlias = Any
_Number: TypeAlias = builtins.float | numpy.number[Any] | numpy.bool_ | Live
_bool: TypeAlias = builtins.bool
_complex: TypeAlias = builtins.complex
_float: TypeAlias = builtins.float
_int: TypeAlias = builtins.int

__all__: list[str]
__version__: str
BFloat16Tensor: TensorType
BoolTensor: TensorType
ByteTensor: TensorType
CharTensor: TensorType
DoubleTensor: TensorType
FloatTensor: TensorType
HalfTensor: TensorType
IntTensor: TensorType
LongTensor: TensorType
ShortTensor: TensorType
bfloat16: _BFloat16
bool: numpy.dtype[Any]
bool_: numpy.dtype[Any]
cdouble: numpy.dtype[Any]
cfloat: numpy.dtype[Any]
channels_last: str
channels_last_3d: str
complex128: numpy.dtype[Any]
complex64: numpy.dtype[Any]
contiguous_format: str
double: numpy.dtype[Any]
e: _float
float: numpy.dtype[Any]
float16: numpy.dtype[Any]
float32: numpy.dtype[Any]
float64: numpy.dtype[Any]
half: numpy.dtype[Any]
inf: _float
int: numpy.dtype[Any]
int16: numpy.dtype[Any]
int32: numpy.dtype[Any]
int64: numpy.dtype[Any]
int8: numpy.dtype[Any]
long: numpy.dtype[Any]
nan: _float
newaxis: None
pi: _float
preserve_format: str
short: numpy.dtype[Any]
strided: str
uint16: numpy.dtype[Any]
uint32: numpy.dtype[Any]
uint64: numpy.dtype[Any]
uint8: numpy.dtype[Any]

@overload
def abs(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def absolute(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def absolute(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def acos(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def acosh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def add(
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    alpha: _float | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def add(
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    alpha: _float | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def addbmm(
    c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor: ...
@overload
def addbmm(
    input: Tensor,
    a: Tensor,
    other: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def addcdiv(
    x: Tensor, tensor1: Any, tensor2: Any, value: _float = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def addcdiv(
    input: Tensor, tensor1: Any, tensor2: Any, fill_value: _float = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def addcmul(
    x: Tensor, tensor1: Any, tensor2: Any, value: _float = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def addcmul(
    input: Tensor, tensor1: Any, tensor2: Any, fill_value: _float = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def addmm(
    c: Tensor,
    a: Tensor,
    b: Tensor,
    beta: _float = 1,
    alpha: _float = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def addmm(
    input: Tensor,
    a: Tensor,
    other: Tensor,
    beta: _float = 1,
    alpha: _float = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def addmv(
    c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor: ...
@overload
def addmv(
    input: Tensor,
    a: Tensor,
    other: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def addr(
    c: Tensor,
    vec1: Tensor,
    vec2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def addr(
    input: Tensor,
    vec1: Tensor,
    vec2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def adjoint(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def adjoint(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def alias_copy(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def alias_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def all(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def all(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def allclose(
    x: Tensor, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False
) -> _bool: ...
@overload
def allclose(
    input: Tensor,
    other: Tensor,
    rtol: _float = 1e-05,
    atol: _float = 1e-08,
    equal_nan: _bool = False,
) -> _bool: ...
@overload
def amax(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def amax(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def amin(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def amin(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def aminmax(
    x: Tensor, *, axis: _int | None = None, keepdims: _bool = False
) -> return_types.aminmax: ...
@overload
def aminmax(
    input: Tensor, *, dim: _int | None = None, keepdim: _bool = False
) -> return_types.aminmax: ...
@overload
def angle(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def any(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def any(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def arange(
    start: _float | None = None,
    stop: _float | None = None,
    step: _float = 1,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def arccos(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arccos(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arccosh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arccosh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arcsin(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arcsin(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arcsinh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arcsinh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arctan(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arctan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arctan2(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arctan2(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def arctanh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def arctanh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def are_deterministic_algorithms_enabled() -> _bool: ...
@overload
def argmax(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmax(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmin(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argmin(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argsort(
    x: Tensor,
    axis: _int = -1,
    descending: _bool = False,
    stable: _bool = True,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argsort(
    input: Tensor,
    dim: _int = -1,
    descending: _bool = False,
    stable: _bool = True,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def argwhere(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def argwhere(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def as_strided(
    x: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    storage_offset: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def as_strided(
    input: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    storage_offset: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def as_strided_copy(
    x: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    storage_offset: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def as_strided_copy(
    input: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    storage_offset: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def as_strided_scatter(
    x: Tensor,
    src: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    storage_offset: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def as_strided_scatter(
    input: Tensor,
    src: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    storage_offset: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def as_tensor(
    data: Any,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def asarray(
    data: Any,
    dtype: _DType = None,
    device: Any = None,
    copy: _bool | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def asin(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def asinh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def astype(x: Tensor, dtype: _DType, *, out: Tensor | None = None) -> Tensor: ...
@overload
def astype(input: Tensor, dtype: _DType, *, out: Tensor | None = None) -> Tensor: ...
@overload
def atan(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def atan2(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def atan2(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def atanh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def atleast_1d(*tensors: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def atleast_1d(*, tensors: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def atleast_2d(*tensors: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def atleast_2d(*, tensors: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def atleast_3d(*tensors: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def atleast_3d(*, tensors: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def avg_pool2d(
    x: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    ceil_mode: _bool = False,
    count_include_pad: _bool = True,
    divisor_override: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def avg_pool2d(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    ceil_mode: _bool = False,
    count_include_pad: _bool = True,
    divisor_override: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def baddbmm(
    c: Tensor, a: Tensor, b: Tensor, *, beta: Any = 1, alpha: Any = 1, out: Tensor | None = None
) -> Tensor: ...
@overload
def baddbmm(
    input: Tensor,
    a: Tensor,
    other: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor: ...
def bartlett_window(
    window_length: _int,
    periodic: _bool = True,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def bernoulli(
    p: Tensor | _Number,
    size: Sequence[_int] | None = None,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    scale: _float = 1.0,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def bincount(
    x: Tensor, weights: Tensor | None = None, minlength: _int = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bincount(
    input: Tensor, weights: Tensor | None = None, minlength: _int = 0, *, out: Tensor | None = None
) -> Tensor: ...
def binomial(
    count: Tensor, prob: Tensor, generator: Generator | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_and(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_and(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_invert(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_invert(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_left_shift(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_left_shift(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_not(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bitwise_or(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_or(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_right_shift(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_right_shift(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_xor(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def bitwise_xor(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
def blackman_window(
    window_length: _int,
    periodic: _bool = True,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def block_diag(*tensors: Tensor, out: Tensor | None = None) -> Tensor: ...
@overload
def block_diag(*, tensors: Tensor, out: Tensor | None = None) -> Tensor: ...
@overload
def bmm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def broadcast_shapes(*shapes: _int | Sequence[_int]) -> Size: ...
@overload
def broadcast_shapes(*, shapes: _int | Sequence[_int]) -> Size: ...
@overload
def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]: ...
@overload
def broadcast_tensors(*, tensors: Any) -> tuple[Any, ...]: ...
@overload
def broadcast_to(x: Tensor, shape: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def broadcast_to(input: Tensor, shape: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def bucketize(
    a: Tensor | _Number,
    boundaries: Tensor,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def bucketize(
    input: Tensor | _Number,
    boundaries: Tensor,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def can_cast(from_: Any, to: Any) -> _bool: ...
@overload
def cartesian_prod(*tensors: Tensor, out: Tensor | None = None) -> Tensor: ...
@overload
def cartesian_prod(*, tensors: Tensor, out: Tensor | None = None) -> Tensor: ...
@overload
def cat(tensors: Sequence[Tensor], axis: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cat(tensors: Sequence[Tensor], dim: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
def cdist(
    x1: Tensor,
    x2: Tensor,
    p: _float = 2.0,
    compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary",
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ceil(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor: ...
@overload
def chain_matmul(*, matrices: Tensor, out: Tensor | None = None) -> Tensor: ...
@overload
def cholesky(A: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cholesky(input: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor: ...
def cholesky_inverse(L: Tensor, upper: _bool = False, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cholesky_solve(
    B: Tensor, L: Tensor, upper: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cholesky_solve(
    other: Tensor, L: Tensor, upper: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def chunk(x: Tensor, chunks: _int, axis: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def clamp(x: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def clamp(
    input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def clamp_max(x: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def clamp_min(x: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def clip(x: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def clip(
    input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def clone(x: Tensor, *, memory_format: Any = None, out: Tensor | None = None) -> Tensor: ...
@overload
def clone(input: Tensor, *, memory_format: Any = None, out: Tensor | None = None) -> Tensor: ...
def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor: ...
@overload
def combinations(
    x: Tensor, r: _int = 2, with_replacement: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def combinations(
    input: Tensor, r: _int = 2, with_replacement: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
def complex(real: Any, imag: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def concat(
    tensors: Sequence[Tensor], axis: _int | None = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def concat(
    tensors: Sequence[Tensor], dim: _int | None = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def concatenate(
    tensors: Sequence[Tensor], axis: _int | None = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def concatenate(
    tensors: Sequence[Tensor], dim: _int | None = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def conj(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def conj(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def conj_physical(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def constant_pad_nd(
    x: Tensor, pad: Sequence[_int], value: _float = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def constant_pad_nd(
    input: Tensor, pad: Sequence[_int], fill_value: _float = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def contiguous(x: Tensor, *, memory_format: Any = None, out: Tensor | None = None) -> Tensor: ...
@overload
def contiguous(
    input: Tensor, *, memory_format: Any = None, out: Tensor | None = None
) -> Tensor: ...
@overload
def conv2d(
    x: Tensor,
    w: Tensor,
    stride: _int | Sequence[_int] = 1,
    padding: _int | str | Sequence[_int] = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def conv2d(
    input: Tensor,
    w: Tensor,
    stride: _int | Sequence[_int] = 1,
    padding: _int | str | Sequence[_int] = 0,
    dilation: _int | Sequence[_int] = 1,
    groups: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def conv_transpose2d(
    x: Tensor,
    w: Tensor,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def conv_transpose2d(
    input: Tensor,
    w: Tensor,
    stride: _int | Sequence[_int] = 1,
    padding: _int | Sequence[_int] = 0,
    output_padding: _int | Sequence[_int] = 0,
    groups: _int = 1,
    dilation: _int | Sequence[_int] = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def copysign(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def copysign(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def corrcoef(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def corrcoef(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cos(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cosh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def count_nonzero(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def count_nonzero(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cov(
    x: Tensor,
    *,
    correction: _int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cov(
    input: Tensor,
    *,
    correction: _int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cross(
    x: Tensor, other: Tensor, dim: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cross(
    input: Tensor, other: Tensor, dim: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cross(
    x: Tensor, other: Tensor, axis: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cummax(x: Tensor, axis: _int) -> return_types.cummax: ...
@overload
def cummax(input: Tensor, dim: _int) -> return_types.cummax: ...
@overload
def cummin(x: Tensor, axis: _int) -> return_types.cummin: ...
@overload
def cummin(input: Tensor, dim: _int) -> return_types.cummin: ...
@overload
def cumprod(
    x: Tensor, axis: _int | None = None, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cumprod(
    input: Tensor, dim: _int | None = None, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cumsum(
    x: Tensor, axis: _int | None = None, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cumsum(
    input: Tensor, dim: _int | None = None, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def cumulative_trapezoid(
    y: Tensor,
    input: Tensor | None = None,
    *,
    dx: Any = None,
    dim: _int = -1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def cumulative_trapezoid(
    y: Tensor,
    x: Tensor | None = None,
    *,
    dx: Any = None,
    axis: _int = -1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def data_ptr(x: Tensor) -> _int: ...
@overload
def data_ptr(input: Tensor) -> _int: ...
@overload
def deg2rad(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def det(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def det(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def detach_copy(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def detach_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def diag(x: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def diag(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def diag_embed(
    x: Tensor, offset: _int = 0, dim1: _int = -2, dim2: _int = -1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diag_embed(
    input: Tensor, offset: _int = 0, dim1: _int = -2, dim2: _int = -1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagflat(x: Tensor, offset: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def diagflat(input: Tensor, offset: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def diagonal(
    x: Tensor, offset: _int = 0, axis1: _int = 0, axis2: _int = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagonal(
    input: Tensor, offset: _int = 0, axis1: _int = 0, axis2: _int = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagonal_copy(
    x: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagonal_copy(
    input: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def diagonal_scatter(
    x: Tensor,
    src: Tensor,
    offset: _int = 0,
    dim1: _int = 0,
    dim2: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def diagonal_scatter(
    input: Tensor,
    src: Tensor,
    offset: _int = 0,
    dim1: _int = 0,
    dim2: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def diff(
    x: Tensor,
    n: _int = 1,
    dim: _int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def diff(
    input: Tensor,
    n: _int = 1,
    dim: _int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def diff(
    x: Tensor,
    n: _int = 1,
    axis: _int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def digamma(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def dim(x: Tensor) -> _int: ...
@overload
def dim(input: Tensor) -> _int: ...
@overload
def dist(x: Tensor, other: Tensor, p: _float = 2, *, out: Tensor | None = None) -> Tensor: ...
@overload
def dist(input: Tensor, other: Tensor, p: _float = 2, *, out: Tensor | None = None) -> Tensor: ...
@overload
def div(
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def div(
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def divide(
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def divide(
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def dot(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def dsplit(x: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]: ...
@overload
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]: ...
def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor: ...
@overload
def einsum(*args: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def einsum(*, args: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def element_size(x: Tensor) -> _int: ...
@overload
def element_size(input: Tensor) -> _int: ...
@overload
def empty(
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def empty(
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def empty_like(
    x: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def empty_like(
    input: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def empty_permuted(
    size: Sequence[_int],
    physical_layout: Sequence[_int],
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def empty_strided(
    size: Sequence[_int],
    stride: Sequence[_int],
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def eq(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def eq(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def equal(x: Tensor, other: Tensor) -> _bool: ...
@overload
def equal(input: Tensor, other: Tensor) -> _bool: ...
@overload
def erf(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def erfc(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def erfinv(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def exp(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def exp2(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def expand(x: Tensor, *shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def expand(input: Tensor, *shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def expand(x: Tensor, *, shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def expand(input: Tensor, *, shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def expand_as(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def expand_as(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def expand_copy(
    x: Tensor, size: Sequence[_int], *, implicit: _bool = False, out: Tensor | None = None
) -> Tensor: ...
@overload
def expand_copy(
    input: Tensor, size: Sequence[_int], *, implicit: _bool = False, out: Tensor | None = None
) -> Tensor: ...
@overload
def expand_dims(
    x: Tensor, axis: _int | tuple[_int, ...], *, out: Tensor | None = None
) -> Tensor: ...
@overload
def expand_dims(
    input: Tensor, dim: _int | tuple[_int, ...], *, out: Tensor | None = None
) -> Tensor: ...
@overload
def expm1(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def eye(
    n: _int,
    m: _int | None = None,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    k: _int = 0,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def fill(x: Tensor, value: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def fill(input: Tensor, fill_value: Any, *, out: Tensor | None = None) -> Tensor: ...
def finfo(dtype: _DType = None) -> Any: ...
@overload
def fix(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def fix(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def flatten(
    x: Tensor, start_axis: _int = 0, end_axis: _int = -1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def flatten(
    input: Tensor, start_dim: _int = 0, end_dim: _int = -1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def flip(x: Tensor, *axis: _int | Sequence[_int] | None, out: Tensor | None = None) -> Tensor: ...
@overload
def flip(
    input: Tensor, *axis: _int | Sequence[_int] | None, out: Tensor | None = None
) -> Tensor: ...
@overload
def flip(x: Tensor, *, axis: _int | Sequence[_int] | None, out: Tensor | None = None) -> Tensor: ...
@overload
def flip(
    input: Tensor, *, dims: _int | Sequence[_int] | None, out: Tensor | None = None
) -> Tensor: ...
@overload
def fliplr(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def fliplr(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def flipud(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def flipud(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def float_power(
    a: Tensor | _Number, exponent: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def float_power(
    input: Tensor | _Number, exponent: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def floor(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def floor_divide(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def floor_divide(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def fmax(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def fmax(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def fmin(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def fmin(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def fmod(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def fmod(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def frac(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def frexp(x: Tensor) -> return_types.frexp: ...
@overload
def frexp(input: Tensor) -> return_types.frexp: ...
def from_numpy(
    array: numpy.ndarray[Any, Any],
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def full(
    size: Any,
    value: _complex,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def full(
    size: Any,
    fill_value: _complex,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def full_like(
    x: Tensor,
    value: _complex,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def full_like(
    input: Tensor,
    fill_value: _complex,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def gather(
    x: Tensor, axis: _int, index: Any, *, sparse_grad: _bool = False, out: Tensor | None = None
) -> Tensor: ...
@overload
def gather(
    input: Tensor, dim: _int, index: Any, *, sparse_grad: _bool = False, out: Tensor | None = None
) -> Tensor: ...
@overload
def gcd(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def gcd(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def ge(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def ge(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def gelu(x: Tensor, approximate: str = "none", *, out: Tensor | None = None) -> Tensor: ...
@overload
def gelu(input: Tensor, approximate: str = "none", *, out: Tensor | None = None) -> Tensor: ...
@overload
def geqrf(A: Tensor) -> return_types.geqrf: ...
@overload
def geqrf(input: Tensor) -> return_types.geqrf: ...
@overload
def ger(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def ger(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def get_default_dtype() -> numpy.dtype[Any]: ...
def get_deterministic_debug_mode() -> _int: ...
@overload
def get_device(x: Tensor) -> _int: ...
@overload
def get_device(input: Tensor) -> _int: ...
def get_float32_matmul_precision() -> str: ...
def get_num_interop_threads() -> _int: ...
def get_num_threads() -> _int: ...
def get_rng_state() -> tuple[_int, _int]: ...
@overload
def getitem(x: Tensor, key: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def getitem(input: Tensor, key: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def gradient(
    x: Tensor,
    *,
    spacing: Any = None,
    dim: _int | Sequence[_int] | None = None,
    edge_order: _int = 1,
) -> tuple[Any, ...]: ...
@overload
def gradient(
    input: Tensor,
    *,
    spacing: Any = None,
    dim: _int | Sequence[_int] | None = None,
    edge_order: _int = 1,
) -> tuple[Any, ...]: ...
@overload
def gradient(
    x: Tensor,
    *,
    spacing: Any = None,
    axis: _int | Sequence[_int] | None = None,
    edge_order: _int = 1,
) -> tuple[Any, ...]: ...
@overload
def greater(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def greater(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def greater_equal(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def greater_equal(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
def grid_sampler_2d(
    input: Tensor,
    grid: Tensor,
    interpolation_mode: _int,
    padding_mode: _int,
    align_corners: _bool,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def grid_sampler_3d(
    input: Tensor,
    grid: Tensor,
    interpolation_mode: _int,
    padding_mode: _int,
    align_corners: _bool,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def gt(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def gt(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
def hamming_window(
    window_length: _int,
    periodic: _bool = True,
    alpha: _float = 0.54,
    beta: _float = 0.46,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def hann_window(
    window_length: _int,
    periodic: _bool = True,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hardswish(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def hardswish(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def hash_tensor(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = ...,
    keepdims: _bool = False,
    mode: _int = 0,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def hash_tensor(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = ...,
    keepdim: _bool = False,
    mode: _int = 0,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def heaviside(
    x: Tensor | _Number, values: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def heaviside(
    input: Tensor | _Number, values: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def histc(
    x: Tensor, bins: _int = 100, min: _float = 0, max: _float = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def histc(
    input: Tensor, bins: _int = 100, min: _float = 0, max: _float = 0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def histogram(
    x: Tensor,
    bins: Any,
    *,
    range: Sequence[_float] | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
) -> return_types.histogram: ...
@overload
def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: Sequence[_float] | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
) -> return_types.histogram: ...
@overload
def histogramdd(
    x: Tensor,
    bins: Any,
    range: Sequence[_float] | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
) -> return_types.histogramdd: ...
@overload
def histogramdd(
    input: Tensor,
    bins: Any,
    range: Sequence[_float] | None = None,
    weight: Tensor | None = None,
    density: _bool = False,
) -> return_types.histogramdd: ...
@overload
def hsplit(x: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]: ...
@overload
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]: ...
def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor: ...
@overload
def hypot(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def hypot(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def i0(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def i0(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def igamma(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def igamma(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def igammac(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def igammac(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
def iinfo(dtype: _DType) -> Any: ...
@overload
def imag(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def imag(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def index_add(
    x: Tensor,
    axis: _int,
    index: Any,
    source: Tensor,
    alpha: _float = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def index_add(
    input: Tensor,
    dim: _int,
    index: Any,
    source: Tensor,
    alpha: _float = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def index_copy(
    x: Tensor, axis: _int, index: Any, source: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def index_copy(
    input: Tensor, dim: _int, index: Any, source: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def index_fill(
    x: Tensor, axis: _int, index: Any, value: Any, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def index_fill(
    input: Tensor, dim: _int, index: Any, fill_value: Any, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def index_put(
    x: Tensor, indices: Any, values: Any, accumulate: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def index_put(
    input: Tensor,
    indices: Any,
    values: Any,
    accumulate: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def index_reduce(
    x: Tensor,
    axis: _int,
    index: Any,
    source: Tensor,
    reduce: str,
    *,
    include_self: _bool = True,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def index_reduce(
    input: Tensor,
    dim: _int,
    index: Any,
    source: Tensor,
    reduce: str,
    *,
    include_self: _bool = True,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def index_select(x: Tensor, axis: _int, index: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def index_select(input: Tensor, dim: _int, index: Any, *, out: Tensor | None = None) -> Tensor: ...
def initial_seed() -> _int: ...
@overload
def inner(a: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def inverse(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def is_complex(x: Tensor) -> _bool: ...
@overload
def is_complex(input: Tensor) -> _bool: ...
@overload
def is_conj(x: Tensor) -> _bool: ...
@overload
def is_conj(input: Tensor) -> _bool: ...
def is_deterministic_algorithms_warn_only_enabled() -> _bool: ...
@overload
def is_floating_point(x: Tensor) -> _bool: ...
@overload
def is_floating_point(input: Tensor) -> _bool: ...
@overload
def is_nonzero(x: Tensor) -> _bool: ...
@overload
def is_nonzero(input: Tensor) -> _bool: ...
@overload
def is_pinned(x: Tensor) -> _bool: ...
@overload
def is_pinned(input: Tensor) -> _bool: ...
@overload
def is_same_size(x: Tensor, other: Tensor) -> _bool: ...
@overload
def is_same_size(input: Tensor, other: Tensor) -> _bool: ...
@overload
def is_signed(x: Tensor) -> _bool: ...
@overload
def is_signed(input: Tensor) -> _bool: ...
def is_tensor(obj: Any) -> _bool: ...
def is_warn_always_enabled() -> _bool: ...
@overload
def isclose(
    x: Tensor,
    other: Tensor,
    rtol: _float = 1e-05,
    atol: _float = 1e-08,
    equal_nan: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def isclose(
    input: Tensor,
    other: Tensor,
    rtol: _float = 1e-05,
    atol: _float = 1e-08,
    equal_nan: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def isfinite(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isfinite(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def isin(
    elements: Any,
    test_elements: Any,
    *,
    assume_unique: _bool = False,
    invert: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def isinf(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isinf(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isnan(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isnan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isneginf(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isposinf(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isreal(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def isreal(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def istft(
    x: Tensor,
    n_fft: _int,
    hop_length: _int | None = None,
    win_length: _int | None = None,
    window: Any = None,
    center: _bool = True,
    normalized: _bool = False,
    onesided: _bool | None = None,
    length: _int | None = None,
    return_complex: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def istft(
    input: Tensor,
    n_fft: _int,
    hop_length: _int | None = None,
    win_length: _int | None = None,
    window: Any = None,
    center: _bool = True,
    normalized: _bool = False,
    onesided: _bool | None = None,
    length: _int | None = None,
    return_complex: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def kaiser_window(
    window_length: _int,
    periodic: _bool = True,
    beta: _float = 12.0,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def kron(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def kthvalue(
    x: Tensor, k: _int, axis: _int = -1, keepdims: _bool = False
) -> return_types.kthvalue: ...
@overload
def kthvalue(
    input: Tensor, k: _int, dim: _int = -1, keepdim: _bool = False
) -> return_types.kthvalue: ...
@overload
def lcm(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def lcm(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def ldexp(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def le(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def le(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def lerp(x: Tensor, end: Any, weight: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def lerp(
    input: Tensor, end: Any, weight: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def less(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def less(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def less_equal(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def less_equal(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def lexsort(keys: Any, axis: _int = -1, *, out: Tensor | None = None) -> Tensor: ...
@overload
def lexsort(keys: Any, dim: _int = -1, *, out: Tensor | None = None) -> Tensor: ...
@overload
def lgamma(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def linspace(
    start: _float,
    stop: _float,
    steps: _int,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def log(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log10(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log1p(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log1p_exp(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log1p_exp(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log2(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def log_softmax(
    x: Tensor, axis: _int = -1, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def log_softmax(
    input: Tensor, dim: _int = -1, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logaddexp(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logaddexp(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logaddexp2(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logaddexp2(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logcumsumexp(x: Tensor, axis: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logcumsumexp(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logdet(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logdet(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logical_and(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logical_and(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logical_not(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logical_or(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logical_or(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logical_xor(
    a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logical_xor(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def logit(x: Tensor, eps: _float | None = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def logit(input: Tensor, eps: _float | None = None, *, out: Tensor | None = None) -> Tensor: ...
def logspace(
    start: _float,
    stop: _float,
    steps: _int,
    base: _float = 10.0,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def logsumexp(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def logsumexp(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def lt(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def lt(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def lu(
    A: Tensor, pivot: _bool = True, get_infos: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def lu(
    input: Tensor, pivot: _bool = True, get_infos: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def lu_solve(
    b: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def lu_solve(
    other: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: _bool = True, unpack_pivots: _bool = True
) -> return_types.lu_unpack: ...
def manual_seed(seed: _int) -> Generator: ...
@overload
def masked_fill(x: Tensor, mask: Tensor, value: Any, *, out: Tensor | None = None) -> Tensor: ...
@overload
def masked_fill(
    input: Tensor, mask: Tensor, fill_value: Any, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def masked_scatter(
    x: Tensor, mask: Tensor, source: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def masked_scatter(
    input: Tensor, mask: Tensor, source: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def masked_select(x: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matmul(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_exp(A: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_exp(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_power(A: Tensor, n: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_power(input: Tensor, n: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_transpose(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def matrix_transpose(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(x: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None) -> return_types.max: ...
@overload
def max(
    input: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None
) -> return_types.max: ...
@overload
def max(x: Tensor, dim: _int, keepdims: _bool = False, *, out: Any = None) -> return_types.max: ...
@overload
def max(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def max(
    input: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def max(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdims: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def max(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def max_pool2d(
    x: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    dilation: _int | Sequence[_int] = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
    *,
    out: Any = None,
) -> Any: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: _int | Sequence[_int],
    stride: _int | Sequence[_int] | None = None,
    padding: _int | Sequence[_int] = 0,
    dilation: _int | Sequence[_int] = 1,
    ceil_mode: _bool = False,
    return_indices: _bool = False,
    *,
    out: Any = None,
) -> Any: ...
@overload
def maximum(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def maximum(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def mean(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def mean(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def median(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def median(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def median(
    x: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None
) -> return_types.median: ...
@overload
def median(
    input: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None
) -> return_types.median: ...
@overload
def median(
    x: Tensor, dim: _int, keepdims: _bool = False, *, out: Any = None
) -> return_types.median: ...
@overload
def median(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def median(
    input: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def median(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdims: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def meshgrid(*xs: Any, indexing: str = "ij") -> Sequence[Any]: ...
@overload
def meshgrid(*, xs: Any, indexing: str = "ij") -> Sequence[Any]: ...
@overload
def min(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def min(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def min(x: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None) -> return_types.min: ...
@overload
def min(
    input: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None
) -> return_types.min: ...
@overload
def min(x: Tensor, dim: _int, keepdims: _bool = False, *, out: Any = None) -> return_types.min: ...
@overload
def min(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def min(
    input: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdim: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def min(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    keepdims: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def min(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def min(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def minimum(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def minimum(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def mish(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mish(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mode(x: Tensor, axis: _int = -1, keepdims: _bool = False) -> return_types.mode: ...
@overload
def mode(input: Tensor, dim: _int = -1, keepdim: _bool = False) -> return_types.mode: ...
@overload
def moveaxis(
    x: Tensor,
    source: _int | Sequence[_int],
    destination: _int | Sequence[_int],
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def moveaxis(
    input: Tensor,
    source: _int | Sequence[_int],
    destination: _int | Sequence[_int],
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def movedim(
    x: Tensor,
    source: _int | Sequence[_int],
    destination: _int | Sequence[_int],
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def movedim(
    input: Tensor,
    source: _int | Sequence[_int],
    destination: _int | Sequence[_int],
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def msort(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mul(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mul(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def multinomial(
    x: Tensor,
    num_samples: _int,
    replacement: _bool = False,
    generator: Generator | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def multinomial(
    input: Tensor,
    num_samples: _int,
    replacement: _bool = False,
    generator: Generator | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def multiply(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def multiply(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def mv(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mv(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mvlgamma(x: Tensor, p: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def mvlgamma(input: Tensor, p: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nan_to_num(
    x: Tensor,
    nan: _float | None = None,
    posinf: _float | None = None,
    neginf: _float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nan_to_num(
    input: Tensor,
    nan: _float | None = None,
    posinf: _float | None = None,
    neginf: _float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nanmean(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nanmean(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nanmedian(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nanmedian(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nanmedian(
    x: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None
) -> return_types.nanmedian: ...
@overload
def nanmedian(
    input: Tensor, dim: _int, keepdim: _bool = False, *, out: Any = None
) -> return_types.nanmedian: ...
@overload
def nanmedian(
    x: Tensor, axis: _int, keepdims: _bool = False, *, out: Any = None
) -> return_types.nanmedian: ...
@overload
def nanquantile(
    x: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nanquantile(
    input: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nanquantile(
    x: Tensor,
    q: Any,
    axis: _int | None = None,
    keepdims: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nansum(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nansum(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def narrow(
    x: Tensor, axis: _int, start: _int, length: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def narrow(
    input: Tensor, dim: _int, start: _int, length: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def narrow_copy(
    x: Tensor, dim: _int, start: _int, length: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def narrow_copy(
    input: Tensor, dim: _int, start: _int, length: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def narrow_copy(
    x: Tensor, axis: _int, start: _int, length: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def native_batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: _bool,
    momentum: _float,
    eps: _float,
) -> tuple[Any, Any, Any]: ...
@overload
def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: _bool,
    momentum: _float,
    eps: _float,
) -> tuple[Any, Any, Any]: ...
@overload
def native_group_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    N: _int,
    C: _int,
    HxW: _int,
    group: _int,
    eps: _float,
) -> tuple[Any, Any, Any]: ...
@overload
def native_group_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    N: _int,
    C: _int,
    HxW: _int,
    group: _int,
    eps: _float,
) -> tuple[Any, Any, Any]: ...
@overload
def native_layer_norm(
    x: Tensor,
    normalized_shape: Sequence[_int],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: _float,
) -> tuple[Any, Any, Any]: ...
@overload
def native_layer_norm(
    input: Tensor,
    normalized_shape: Sequence[_int],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: _float,
) -> tuple[Any, Any, Any]: ...
@overload
def ne(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def ne(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def neg(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def negative(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def negative(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nelement(x: Tensor) -> _int: ...
@overload
def nelement(input: Tensor) -> _int: ...
@overload
def new(
    x: Tensor,
    *data: Any,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new(
    input: Tensor,
    *data: Any,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new(
    x: Tensor,
    *,
    data: Any,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new(
    input: Tensor,
    *,
    data: Any,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_empty(
    x: Tensor,
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_empty(
    input: Tensor,
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_empty(
    x: Tensor,
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_empty(
    input: Tensor,
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_empty_strided(
    x: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_empty_strided(
    input: Tensor,
    size: Sequence[_int],
    stride: Sequence[_int],
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_full(
    x: Tensor,
    size: Any,
    value: _complex,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_full(
    input: Tensor,
    size: Any,
    fill_value: _complex,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_ones(
    x: Tensor,
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_ones(
    input: Tensor,
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_ones(
    x: Tensor,
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_ones(
    input: Tensor,
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_tensor(
    x: Tensor,
    data: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_tensor(
    input: Tensor,
    data: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_zeros(
    x: Tensor,
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_zeros(
    input: Tensor,
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_zeros(
    x: Tensor,
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def new_zeros(
    input: Tensor,
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def nextafter(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def nonzero(x: Tensor, as_tuple: _bool = False, *, out: Any = None) -> Any: ...
@overload
def nonzero(input: Tensor, as_tuple: _bool = False, *, out: Any = None) -> Any: ...
@overload
def nonzero_static(
    x: Tensor, *, size: _int, fill_value: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def nonzero_static(
    input: Tensor, *, size: _int, fill_value: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def norm(
    x: Tensor,
    p: Any = 2,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def norm(
    input: Tensor,
    p: Any = 2,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    dtype: _DType = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Sequence[_int] | None = None,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def not_equal(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def not_equal(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def numel(x: Tensor) -> _int: ...
@overload
def numel(input: Tensor) -> _int: ...
@overload
def one_hot(
    x: Tensor, num_classes: _int = -1, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def one_hot(
    input: Tensor, num_classes: _int = -1, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def ones(
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ones(
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ones_like(
    x: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ones_like(
    input: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def orgqr(input: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def ormqr(
    input: Tensor,
    tau: Tensor,
    other: Tensor,
    left: _bool = True,
    transpose: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def outer(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pad(
    x: Tensor, widths: _int | Sequence[Any], value: _float = 0.0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def pad(
    input: Tensor,
    widths: _int | Sequence[Any],
    fill_value: _float = 0.0,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def pca_lowrank(
    A: Tensor, q: _int | None = None, center: _bool = True, niter: _int = 2
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def pca_lowrank(
    input: Tensor, q: _int | None = None, center: _bool = True, niter: _int = 2
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def permute(x: Tensor, *axes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def permute(input: Tensor, *axes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def permute(x: Tensor, *, axes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def permute(input: Tensor, *, dims: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def permute(x: Tensor, *, axis: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def permute_copy(x: Tensor, dims: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def permute_copy(input: Tensor, dim: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def permute_copy(x: Tensor, axis: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def permute_dims(x: Tensor, axes: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def permute_dims(input: Tensor, dim: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def permute_dims(x: Tensor, axis: Sequence[_int], *, out: Tensor | None = None) -> Tensor: ...
@overload
def pin_memory(x: Tensor, device: Any = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pin_memory(input: Tensor, device: Any = None, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pinverse(A: Tensor, rcond: _float = 1e-15, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pinverse(input: Tensor, rcond: _float = 1e-15, *, out: Tensor | None = None) -> Tensor: ...
@overload
def poisson(
    x: Tensor, generator: Generator | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def poisson(
    input: Tensor, generator: Generator | None = None, *, out: Tensor | None = None
) -> Tensor: ...
def polar(abs: Any, angle: Any, *, out: Tensor | None = None) -> Tensor: ...
def polygamma(n: Any, input: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def positive(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def positive(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pow(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def pow(
    input: Tensor | _Number, exponent: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def prod(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def prod(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
def promote_types(type1: Any, type2: Any) -> numpy.dtype[Any]: ...
@overload
def put(
    x: Tensor, index: Any, source: Tensor, accumulate: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def put(
    input: Tensor,
    index: Any,
    source: Tensor,
    accumulate: _bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def put_along_axis(x: Tensor, indices: Any, values: Any, axis: _int | None) -> None: ...
@overload
def put_along_axis(input: Tensor, indices: Any, values: Any, dim: _int | None) -> None: ...
@overload
def qr(A: Tensor, some: _bool = True) -> return_types.qr: ...
@overload
def qr(input: Tensor, some: _bool = True) -> return_types.qr: ...
@overload
def quantile(
    x: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def quantile(
    input: Tensor,
    q: Any,
    dim: _int | None = None,
    keepdim: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def quantile(
    x: Tensor,
    q: Any,
    axis: _int | None = None,
    keepdims: _bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rad2deg(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def rand(
    *size: _int | tuple[_int, ...],
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rand(
    *,
    size: _int | tuple[_int, ...],
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rand_like(
    x: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rand_like(
    input: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def randint(
    low: _int = 0,
    high: _int | Sequence[_int] | None = None,
    size: Sequence[_int] | None = None,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def randint_like(
    x: Tensor,
    low: _int = 0,
    high: _int | None = None,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def randint_like(
    input: Tensor,
    low: _int = 0,
    high: _int | None = None,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def randn(
    *size: _int | tuple[_int, ...],
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def randn(
    *,
    size: _int | tuple[_int, ...],
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def randn_like(
    x: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def randn_like(
    input: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def randperm(
    n: _int,
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def range(
    start: _float = 0,
    stop: _float | None = None,
    step: _float = 1,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def ravel(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def ravel(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def real(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def real(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def reciprocal(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def relu(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def relu(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def remainder(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def remainder(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def renorm(
    x: Tensor, p: _float, dim: _int, maxnorm: _float, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def renorm(
    input: Tensor, p: _float, dim: _int, maxnorm: _float, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def renorm(
    x: Tensor, p: _float, axis: _int, maxnorm: _float, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def repeat(x: Tensor, *sizes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def repeat(input: Tensor, *sizes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def repeat(x: Tensor, *, sizes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def repeat(input: Tensor, *, sizes: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def repeat_interleave(
    x: Tensor,
    repeats: _int | Tensor = ...,
    axis: _int | None = None,
    *,
    output_size: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def repeat_interleave(
    input: Tensor,
    repeats: _int | Tensor = ...,
    dim: _int | None = None,
    *,
    output_size: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def reshape(x: Tensor, *shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def reshape(input: Tensor, *shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def reshape(x: Tensor, *, shape: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def reshape(
    input: Tensor, *, shape: _int | Sequence[_int], out: Tensor | None = None
) -> Tensor: ...
@overload
def reshape_as(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def reshape_as(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def resolve_conj(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def resolve_conj(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def resolve_neg(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def resolve_neg(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def result_type(tensor1: Any, tensor2: Any) -> numpy.dtype[Any]: ...
@overload
def roll(
    x: Tensor,
    shift: _int | Sequence[_int],
    axis: _int | Sequence[_int] | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def roll(
    input: Tensor,
    shift: _int | Sequence[_int],
    dims: _int | Sequence[_int] | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def rot90(
    x: Tensor, k: _int = 1, dims: Sequence[_int] = ..., *, out: Tensor | None = None
) -> Tensor: ...
@overload
def rot90(
    input: Tensor, k: _int = 1, dim: Sequence[_int] = ..., *, out: Tensor | None = None
) -> Tensor: ...
@overload
def rot90(
    x: Tensor, k: _int = 1, axis: Sequence[_int] = ..., *, out: Tensor | None = None
) -> Tensor: ...
@overload
def round(x: Tensor, *, decimals: _int | None = None, out: Tensor | None = None) -> Tensor: ...
@overload
def round(input: Tensor, *, decimals: _int | None = None, out: Tensor | None = None) -> Tensor: ...
def row_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor: ...
@overload
def rsqrt(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def rsub(
    x: Tensor, other: Tensor | _Number, alpha: _float = 1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def rsub(
    input: Tensor, other: Tensor | _Number, alpha: _float = 1, *, out: Tensor | None = None
) -> Tensor: ...
def scalar_tensor(
    s: _float,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def scatter(
    x: Tensor,
    axis: _int,
    index: Any,
    source: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def scatter(
    input: Tensor,
    dim: _int,
    index: Any,
    source: Any = None,
    *,
    fill_value: Any = None,
    reduce: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def scatter_add(
    x: Tensor, axis: _int, index: Any, source: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def scatter_add(
    input: Tensor, dim: _int, index: Any, source: Tensor, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def scatter_reduce(
    x: Tensor,
    axis: _int,
    index: Any,
    source: Tensor,
    reduce: str,
    *,
    include_self: _bool = True,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def scatter_reduce(
    input: Tensor,
    dim: _int,
    index: Any,
    source: Tensor,
    reduce: str,
    *,
    include_self: _bool = True,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def searchsorted(
    sorted_sequence: Tensor,
    x: Tensor | _Number,
    side: str | None = None,
    sorter: Tensor | None = None,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def searchsorted(
    sorted_sequence: Tensor,
    input: Tensor | _Number,
    side: str | None = None,
    sorter: Tensor | None = None,
    *,
    out_int32: _bool = False,
    right: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
def seed() -> _int: ...
@overload
def select(x: Tensor, axis: _int, index: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def select(input: Tensor, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def select_copy(x: Tensor, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def select_copy(input: Tensor, dim: _int, index: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def select_copy(x: Tensor, axis: _int, index: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def select_scatter(
    x: Tensor, src: Tensor, dim: _int, index: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def select_scatter(
    input: Tensor, src: Tensor, dim: _int, index: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def select_scatter(
    x: Tensor, src: Tensor, axis: _int, index: _int, *, out: Tensor | None = None
) -> Tensor: ...
def set_default_dtype(d: Any) -> None: ...
def set_default_tensor_type(t: Any) -> None: ...
def set_deterministic_debug_mode(debug_mode: _int | str) -> None: ...
def set_float32_matmul_precision(precision: str) -> None: ...
def set_flush_denormal(mode: _bool) -> _bool: ...
def set_num_interop_threads(threads: _int) -> None: ...
def set_num_threads(threads: _int) -> None: ...
def set_rng_state(state: Sequence[_int]) -> None: ...
@overload
def set_warn_always(b: _bool) -> None: ...
@overload
def set_warn_always(other: _bool) -> None: ...
@overload
def sgn(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sigmoid(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sign(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def signbit(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def silu(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def silu(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sin(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sinc(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sinh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def slice_scatter(
    x: Tensor,
    src: Tensor,
    dim: _int = 0,
    start: _int | None = None,
    end: _int | None = None,
    step: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: _int = 0,
    start: _int | None = None,
    end: _int | None = None,
    step: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def slice_scatter(
    x: Tensor,
    src: Tensor,
    axis: _int = 0,
    start: _int | None = None,
    end: _int | None = None,
    step: _int = 1,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def slogdet(A: Tensor) -> return_types.slogdet: ...
@overload
def slogdet(input: Tensor) -> return_types.slogdet: ...
@overload
def softmax(
    x: Tensor, axis: _int = -1, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def softmax(
    input: Tensor, dim: _int = -1, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def softplus(
    x: Tensor, beta: _float = 1.0, threshold: _float = 20.0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def softplus(
    input: Tensor, beta: _float = 1.0, threshold: _float = 20.0, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def sort(
    x: Tensor, dim: _int = -1, descending: _bool = False, stable: _bool = True, *, out: Any = None
) -> return_types.sort: ...
@overload
def sort(
    input: Tensor,
    dim: _int = -1,
    descending: _bool = False,
    stable: _bool = True,
    *,
    out: Any = None,
) -> return_types.sort: ...
@overload
def sort(
    x: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    descending: _bool = False,
    stable: _bool = True,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sort(
    input: Tensor,
    *,
    axis: _int | tuple[_int, ...] | None,
    descending: _bool = False,
    stable: _bool = True,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def split(x: Tensor, sizes: _int | Sequence[_int], axis: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def split(input: Tensor, sizes: _int | Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def split_copy(x: Tensor, split_size: _int, dim: _int = 0) -> tuple[Any, ...]: ...
@overload
def split_copy(input: Tensor, split_size: _int, dim: _int = 0) -> tuple[Any, ...]: ...
@overload
def split_copy(x: Tensor, split_size: _int, axis: _int = 0) -> tuple[Any, ...]: ...
@overload
def split_with_sizes(
    x: Tensor, split_sizes: Sequence[_int], axis: _int = 0
) -> tuple[Tensor, ...]: ...
@overload
def split_with_sizes(
    input: Tensor, split_sizes: Sequence[_int], dim: _int = 0
) -> tuple[Tensor, ...]: ...
@overload
def split_with_sizes_copy(
    x: Tensor, split_sizes: Sequence[_int], dim: _int = 0
) -> tuple[Any, ...]: ...
@overload
def split_with_sizes_copy(
    input: Tensor, split_sizes: Sequence[_int], dim: _int = 0
) -> tuple[Any, ...]: ...
@overload
def split_with_sizes_copy(
    x: Tensor, split_sizes: Sequence[_int], axis: _int = 0
) -> tuple[Any, ...]: ...
@overload
def sqrt(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def square(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def squeeze(
    x: Tensor, axis: _int | tuple[_int, ...] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def squeeze(
    input: Tensor, dim: _int | tuple[_int, ...] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def squeeze_copy(
    x: Tensor, dim: _int | tuple[_int, ...] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def squeeze_copy(
    input: Tensor, dim: _int | tuple[_int, ...] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def squeeze_copy(
    x: Tensor, axis: _int | tuple[_int, ...] | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def stack(tensors: Sequence[Tensor], axis: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def stack(tensors: Sequence[Tensor], dim: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def std(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def std(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def std(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdims: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def std_mean(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
) -> tuple[Any, Any]: ...
@overload
def std_mean(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
) -> tuple[Any, Any]: ...
@overload
def std_mean(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdims: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
) -> tuple[Any, Any]: ...
@overload
def stft(
    x: Tensor,
    n_fft: _int,
    hop_length: _int | None = None,
    win_length: _int | None = None,
    window: Any = None,
    center: _bool = True,
    pad_mode: str = "reflect",
    normalized: _bool = False,
    onesided: _bool | None = None,
    return_complex: _bool | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def stft(
    input: Tensor,
    n_fft: _int,
    hop_length: _int | None = None,
    win_length: _int | None = None,
    window: Any = None,
    center: _bool = True,
    pad_mode: str = "reflect",
    normalized: _bool = False,
    onesided: _bool | None = None,
    return_complex: _bool | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def storage(x: Tensor) -> Storage: ...
@overload
def storage(input: Tensor) -> Storage: ...
@overload
def storage_offset(x: Tensor) -> _int: ...
@overload
def storage_offset(input: Tensor) -> _int: ...
@overload
def stride(x: Tensor, axis: _int | None = None) -> _int | tuple[_int, ...]: ...
@overload
def stride(input: Tensor, dim: _int | None = None) -> _int | tuple[_int, ...]: ...
@overload
def sub(
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    alpha: _float | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sub(
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    alpha: _float | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def subtract(
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    alpha: _float | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def subtract(
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    alpha: _float | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sum(
    x: Tensor,
    axis: _int | tuple[_int, ...] | None = None,
    keepdims: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sum(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    keepdim: _bool = False,
    *,
    dtype: _DType = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def sum_to_size(x: Tensor, *size: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def sum_to_size(input: Tensor, *size: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def sum_to_size(x: Tensor, *, size: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def sum_to_size(input: Tensor, *, size: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def svd(A: Tensor, some: _bool = True, compute_uv: _bool = True) -> return_types.svd: ...
@overload
def svd(input: Tensor, some: _bool = True, compute_uv: _bool = True) -> return_types.svd: ...
@overload
def svd_lowrank(
    A: Tensor, q: _int | None = 6, niter: _int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def svd_lowrank(
    input: Tensor, q: _int | None = 6, niter: _int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]: ...
@overload
def swapaxes(x: Tensor, axis0: _int, axis1: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def swapaxes(input: Tensor, axis0: _int, axis1: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def swapdims(x: Tensor, axis0: _int, axis1: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def swapdims(input: Tensor, axis0: _int, axis1: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def t(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def t(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def t_copy(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def t_copy(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def take(
    x: Tensor, indices: Any, axis: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def take(
    input: Tensor, indices: Any, dim: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def take_along_axis(
    x: Tensor, indices: Any, axis: _int | None = -1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def take_along_axis(
    input: Tensor, indices: Any, dim: _int | None = -1, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def take_along_dim(
    x: Tensor, indices: Any, dim: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def take_along_dim(
    input: Tensor, indices: Any, dim: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def take_along_dim(
    x: Tensor, indices: Any, axis: _int | None = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def tan(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tanh(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def tensor(
    data: Any,
    dtype: _DType = None,
    device: Any = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def tensor_split(x: Tensor, indices_or_sections: Any, dim: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def tensor_split(input: Tensor, indices_or_sections: Any, dim: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def tensor_split(x: Tensor, indices_or_sections: Any, axis: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tensordot(
    input: Tensor, other: Tensor, dim: Any = 2, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def tensordot(a: Tensor, b: Tensor, axis: Any = 2, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tile(x: Tensor, *repetitions: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def tile(
    input: Tensor, *repetitions: _int | Sequence[_int], out: Tensor | None = None
) -> Tensor: ...
@overload
def tile(x: Tensor, *, repetitions: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def tile(input: Tensor, *, dims: _int | Sequence[_int], out: Tensor | None = None) -> Tensor: ...
@overload
def to(
    x: Tensor,
    *targets: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    other: Tensor | None = None,
    non_blocking: _bool = False,
    copy: _bool = False,
    memory_format: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def to(
    input: Tensor,
    *targets: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    other: Tensor | None = None,
    non_blocking: _bool = False,
    copy: _bool = False,
    memory_format: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def to(
    x: Tensor,
    *,
    targets: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    other: Tensor | None = None,
    non_blocking: _bool = False,
    copy: _bool = False,
    memory_format: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def to(
    input: Tensor,
    *,
    targets: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    other: Tensor | None = None,
    non_blocking: _bool = False,
    copy: _bool = False,
    memory_format: Any = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def topk(
    x: Tensor, k: _int, axis: _int = -1, largest: _bool = True, sorted: _bool = True
) -> return_types.topk: ...
@overload
def topk(
    input: Tensor, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True
) -> return_types.topk: ...
@overload
def trace(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def trace(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def transpose(
    x: Tensor,
    *axes: _int | Sequence[_int],
    axis0: _int | None = None,
    axis1: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def transpose(
    input: Tensor,
    *axes: _int | Sequence[_int],
    axis0: _int | None = None,
    axis1: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def transpose(
    x: Tensor,
    *,
    axes: _int | Sequence[_int],
    axis0: _int | None = None,
    axis1: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def transpose(
    input: Tensor,
    *,
    dim: _int | Sequence[_int],
    axis0: _int | None = None,
    axis1: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def transpose(
    x: Tensor,
    *,
    axis: _int | Sequence[_int],
    axis0: _int | None = None,
    axis1: _int | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def transpose_copy(x: Tensor, dim0: _int, dim1: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def transpose_copy(
    input: Tensor, dim0: _int, dim1: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def trapezoid(
    y: Tensor,
    input: Tensor | None = None,
    *,
    dx: Any = None,
    dim: _int = -1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def trapezoid(
    y: Tensor,
    x: Tensor | None = None,
    *,
    dx: Any = None,
    axis: _int = -1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def trapz(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: _int = -1, out: Tensor | None = None
) -> Tensor: ...
@overload
def trapz(
    y: Tensor,
    input: Tensor | None = None,
    *,
    dx: Any = None,
    dim: _int = -1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def trapz(
    y: Tensor,
    x: Tensor | None = None,
    *,
    dx: Any = None,
    axis: _int = -1,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def triangular_solve(
    b: Tensor,
    A: Tensor,
    upper: _bool = True,
    transpose: _bool = False,
    unitriangular: _bool = False,
) -> return_types.triangular_solve: ...
@overload
def triangular_solve(
    other: Tensor,
    input: Tensor,
    upper: _bool = True,
    transpose: _bool = False,
    unitriangular: _bool = False,
) -> return_types.triangular_solve: ...
@overload
def tril(x: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def tril(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
def tril_indices(
    row: _int,
    col: _int,
    offset: _int = 0,
    *,
    dtype: _DType = ...,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def triu(x: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
@overload
def triu(input: Tensor, diagonal: _int = 0, *, out: Tensor | None = None) -> Tensor: ...
def triu_indices(
    row: _int,
    col: _int,
    offset: _int = 0,
    *,
    dtype: _DType = ...,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def true_divide(
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def true_divide(
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def trunc(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def type(
    x: Tensor, dtype: _DType = None, non_blocking: _bool = False, *, out: Any = None
) -> Any: ...
@overload
def type(
    input: Tensor, dtype: _DType = None, non_blocking: _bool = False, *, out: Any = None
) -> Any: ...
@overload
def type_as(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def type_as(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
def typename(obj: Any) -> str: ...
@overload
def unbind(x: Tensor, axis: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def unbind(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def unbind_copy(x: Tensor, dim: _int = 0) -> tuple[Any, ...]: ...
@overload
def unbind_copy(input: Tensor, dim: _int = 0) -> tuple[Any, ...]: ...
@overload
def unbind_copy(x: Tensor, axis: _int = 0) -> tuple[Any, ...]: ...
@overload
def unflatten(
    x: Tensor, axis: _int, sizes: Sequence[_int], *, out: Tensor | None = None
) -> Tensor: ...
@overload
def unflatten(
    input: Tensor, dim: _int, sizes: Sequence[_int], *, out: Tensor | None = None
) -> Tensor: ...
@overload
def unfold(
    x: Tensor, dimension: _int, size: _int, step: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def unfold(
    input: Tensor, dimension: _int, size: _int, step: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def unfold_copy(
    x: Tensor, dimension: _int, size: _int, step: _int, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def unfold_copy(
    input: Tensor, dimension: _int, size: _int, step: _int, *, out: Tensor | None = None
) -> Tensor: ...
def uniform(
    low: _float,
    high: _float,
    size: Sequence[_int],
    dtype: _DType = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def unique(
    x: Tensor,
    sorted: _bool = True,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    dim: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def unique(
    input: Tensor,
    sorted: _bool = True,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    dim: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def unique(
    x: Tensor,
    sorted: _bool = True,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    axis: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def unique_consecutive(
    x: Tensor,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    dim: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def unique_consecutive(
    input: Tensor,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    dim: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def unique_consecutive(
    x: Tensor,
    return_inverse: _bool = False,
    return_counts: _bool = False,
    axis: _int | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
def unravel_index(indices: Tensor, shape: _int | Sequence[_int]) -> tuple[Tensor, ...]: ...
@overload
def unsafe_chunk(x: Tensor, chunks: _int, dim: _int = 0) -> tuple[Any, ...]: ...
@overload
def unsafe_chunk(input: Tensor, chunks: _int, dim: _int = 0) -> tuple[Any, ...]: ...
@overload
def unsafe_chunk(x: Tensor, chunks: _int, axis: _int = 0) -> tuple[Any, ...]: ...
@overload
def unsafe_split(
    x: Tensor, split_size: _int | Sequence[_int], dim: _int = 0
) -> tuple[Any, ...]: ...
@overload
def unsafe_split(
    input: Tensor, split_size: _int | Sequence[_int], dim: _int = 0
) -> tuple[Any, ...]: ...
@overload
def unsafe_split(
    x: Tensor, split_size: _int | Sequence[_int], axis: _int = 0
) -> tuple[Any, ...]: ...
@overload
def unsqueeze(x: Tensor, axis: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def unsqueeze(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def unsqueeze_copy(x: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def unsqueeze_copy(input: Tensor, dim: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def unsqueeze_copy(x: Tensor, axis: _int, *, out: Tensor | None = None) -> Tensor: ...
@overload
def unstack(x: Tensor, axis: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def unstack(input: Tensor, dim: _int = 0) -> tuple[Tensor, ...]: ...
@overload
def untyped_storage(x: Tensor) -> Storage: ...
@overload
def untyped_storage(input: Tensor) -> Storage: ...
def use_deterministic_algorithms(mode: _bool, warn_only: _bool = False) -> None: ...
@overload
def vander(
    x: Tensor, N: _int | None = None, increasing: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def vander(
    input: Tensor, N: _int | None = None, increasing: _bool = False, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def var(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def var(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def var(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdims: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def var_mean(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
) -> tuple[Any, Any]: ...
@overload
def var_mean(
    input: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdim: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
) -> tuple[Any, Any]: ...
@overload
def var_mean(
    x: Tensor,
    dim: _int | tuple[_int, ...] | None = None,
    unbiased: _bool | None = None,
    keepdims: _bool = False,
    *,
    correction: _float | None = None,
    axis: Any = ...,
) -> tuple[Any, Any]: ...
@overload
def vdot(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view(x: Tensor, *shape: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def view(input: Tensor, *shape: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def view(x: Tensor, *, shape: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def view(input: Tensor, *, shape: Any, out: Tensor | None = None) -> Tensor: ...
@overload
def view_as(x: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view_as(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view_as_complex(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view_as_complex(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view_as_real(x: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view_as_real(input: Tensor, *, out: Tensor | None = None) -> Tensor: ...
@overload
def view_copy(
    x: Tensor, size: Any = None, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def view_copy(
    input: Tensor, size: Any = None, dtype: _DType = None, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def vsplit(x: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]: ...
@overload
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]: ...
def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor: ...
@overload
def where(
    condition: Tensor | _Number,
    a: Tensor | _Number,
    b: Tensor | _Number,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def where(
    condition: Tensor | _Number,
    input: Tensor | _Number,
    other: Tensor | _Number,
    *,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def where(condition: Tensor | _Number) -> tuple[Tensor, ...]: ...
@overload
def xlogy(a: Tensor | _Number, b: Tensor | _Number, *, out: Tensor | None = None) -> Tensor: ...
@overload
def xlogy(
    input: Tensor | _Number, other: Tensor | _Number, *, out: Tensor | None = None
) -> Tensor: ...
@overload
def zeros(
    *size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def zeros(
    *,
    size: Any,
    dtype: _DType = None,
    device: DeviceSpec = None,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def zeros_like(
    x: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
@overload
def zeros_like(
    input: Tensor,
    dtype: _DType = None,
    device: DeviceSpec = None,
    *,
    requires_grad: _bool = False,
    out: Tensor | None = None,
) -> Tensor: ...
