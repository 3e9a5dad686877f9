"""Deep learning on any device that speaks OpenCL.

``import cltensor as ct``: tensors with PyTorch's names and NumPy's manners that record for
differentiation, layers and optimizers. Importing makes no context and needs no device.

The functions are those declared in `cltensor.ops` and `cltensor.autograd.creation`: what is
declared there is public here, and a method of Tensor where it takes one first.
"""

import math as _math
from importlib import import_module as _import_module
from sys import modules as _loaded
from types import ModuleType as _ModuleType

from cltensor import autograd
from cltensor import ops as _ops
from cltensor.autograd import Function, Variable, grad
from cltensor.autograd import creation as _creation
from cltensor.autograd import inplace as _inplace
from cltensor.autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from cltensor.autograd.creation import TYPES as _TYPES
from cltensor.autograd.vmap import vmap
from cltensor.core import composite as _composite
from cltensor.core import operators as _operators
from cltensor.core.interchange import Interchange as _Interchange
from cltensor.core.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.printing import set_printoptions
from cltensor.core.size import Size
from cltensor.core.suggestions import no_attribute as _no_attribute
from cltensor.core.tensor import Tensor
from cltensor.dtypes import (
    bfloat16,
    bool_,
    complex64,
    complex128,
    dtype,
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
    DeterminismError,
    DeviceError,
    DistributedError,
    DTypeError,
    GradientError,
    IndexingError,
    KernelError,
    LinAlgError,
    MissingFileError,
    OutOfMemoryError,
    SettingError,
    ShapeError,
    StateError,
    VmapError,
)
from cltensor.ops.random.generator import Generator
from cltensor.ops.random.sample import sample_dirichlet as _sample_dirichlet
from cltensor.ops.random.sample import standard_gamma as _standard_gamma
from cltensor.runtime.device import (
    Device,
    device,
    devices,
    get_default_device,
    set_default_device,
)
from cltensor.runtime.memory import empty_cache, memory_summary, reset_peak_memory
from cltensor.version import __version__

half, double, short, long = float16, float64, int16, int64
cfloat, cdouble = complex64, complex128
pi, e, inf, nan, newaxis = _math.pi, _math.e, _math.inf, _math.nan, None
#: PyTorch's orders of elements. Here there is one, row-major; another is accepted and not made.
contiguous_format, channels_last = "contiguous_format", "channels_last"
channels_last_3d = "channels_last_3d"
preserve_format, strided = "preserve_format", "strided"
memory_format = layout = str

_functions = _composite.gather([*_ops.modules(), _creation])
_operators.install(_functions)
_inplace.install(_functions)
_Interchange._module = lambda name: _import_module(f"cltensor.{name}")

# These shadow built-ins, so they come last: nothing below may need the originals.
globals().update({n: f for n, f in _functions.items() if getattr(f, "is_function", True)}, **_TYPES)
float, int, bool = float32, int32, bool_

#: Where what is imported when first used stands: no program needs all of it.
_later = {
    name: name
    for name in (
        "accelerator", "amp", "array_api", "backends", "compiler", "cuda", "data", "distributed",
        "distributions", "fft", "func", "hub", "library", "linalg", "masked", "models",
        "multiprocessing", "nn", "onnx", "optim", "profiler", "random", "signal", "special",
        "testing", "text", "utils", "vision",
    )
}  # fmt: skip
_later["weights"] = "io.weights"
_modules = {"autograd", *_later}
_later |= {
    "autocast": "amp",
    "compile": "compiler",
    "explain": "observe.explain",
    "from_dlpack": "io.dlpack",
    "get_autocast_dtype": "amp",
    "is_autocast_enabled": "amp",
    "jit": "replay.jit",
    "load": "io.checkpoint",
    "save": "io.checkpoint",
}
__all__ = sorted(
    _later.keys()
    | _modules
    | {n for n, value in globals().items() if n[0] != "_" and not isinstance(value, _ModuleType)}
)


_name_all(globals(), set(__all__) - _modules - _later.keys())


#: Functions that PyTorch has in a module of its own.
_place(__name__, {"functional": _loaded[__name__]})


def __dir__():
    return [*__all__, "__version__"]


def __getattr__(name):
    if name in _later:
        module = _import_module(f"cltensor.{_later[name]}")
        globals()[name] = module if name in _modules else getattr(module, name)
        _name_all(globals(), {name} - _modules)
        return globals()[name]
    raise _no_attribute("module 'cltensor'", name, __all__)
