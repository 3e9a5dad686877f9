"""PyTorch's paths: modules that are here under another path, and what is said of those that are
not here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = __name__.partition(".")[0]

_GPU = "every GPU is an OpenCL device; ask ct.accelerator or ct.cuda"
_HUB = "a hub is code for PyTorch; ct.models.list_models() names what there is"
_LAUNCH = "python -m cltensor.launch -n 4 program.py starts processes"
_JIT = "ct.jit records what a call launches and replays it"
_ONE = (
    "ct.distributed has collectives and ct.nn.parallel.DistributedDataParallel; docs/distributed.md"
)
_ONE_DEVICE = "a model is on one device; nn.parallel has what programs of one GPU ask for"
_OPERATION = "a new operation is a ct.autograd.Function"
_PROFILER = "ct.profiler.profile measures a run"
_QUANTIZED = "there are no quantized tensors; ct.autocast stores float16 or bfloat16"
_SPARSE = "sparse tensors are not there; use dense ones"
_QUEUE = "a device has one queue, in order; leave streams out"
_STATE = "save a model's state_dict with ct.save"

#: What is not here, by PyTorch's path from the package on, and the way out.
ABSENT = {
    "_C": "it is private to PyTorch",
    "_dynamo": _JIT,
    "_inductor": _JIT,
    "ao": _QUANTIZED,
    "autograd.gradcheck": "gradcheck is a function of ct.autograd",
    "autograd.forward_ad": "derivatives go backward; ct.func.jvp gives the same numbers",
    "classes": "nothing is compiled from C++",
    "cpu": "name a device, ct.device('cpu'), or ask ct.accelerator",
    "cuda.CUDAGraph": _JIT,
    "cuda.ExternalStream": _QUEUE,
    "cuda.Stream": _QUEUE,
    "cuda.comm": _ONE_DEVICE,
    "cuda.current_stream": _QUEUE,
    "cuda.default_stream": _QUEUE,
    "cuda.graph": _JIT,
    "cuda.make_graphed_callables": _JIT,
    "cuda.nccl": _ONE,
    "cuda.nvtx": "ct.profiler.record_function names a part of a run",
    "cuda.profiler": _PROFILER,
    "cuda.set_stream": _QUEUE,
    "cuda.stream": _QUEUE,
    "distributed._tensor": _ONE,
    "distributed.checkpoint": _ONE,
    "distributed.device_mesh": _ONE,
    "distributed.elastic": _ONE,
    "distributed.fsdp": _ONE,
    "distributed.init_device_mesh": _ONE,
    "distributed.launch": _LAUNCH,
    "distributed.nn": _ONE,
    "distributed.pipelining": _ONE,
    "distributed.run": _LAUNCH,
    "distributed.tensor": _ONE,
    "export": _STATE,
    "futures": "use Python's concurrent.futures",
    "fx": f"there are no graphs of Python code; {_JIT}",
    "hub.download_url_to_file": "get the file, and load it with ct.weights.load",
    "hub.get_dir": "published weights are kept in the cache folder; python -m cltensor cache",
    "hub.help": _HUB,
    "hub.list": _HUB,
    "hub.set_dir": "CLTENSOR_CACHE names the cache folder",
    "jit": f"there is no TorchScript; {_JIT}",
    "mps": _GPU,
    "mtia": _GPU,
    "multiprocessing.reductions": "a tensor that is sent to a process arrives as a copy",
    "nested": "pad sequences with nn.utils.rnn.pad_sequence, and mask what is padded",
    "nn.attention.flex_attention": "scaled_dot_product_attention takes a mask of numbers",
    "nn.intrinsic": _QUANTIZED,
    "nn.parallel.comm": _ONE_DEVICE,
    "nn.qat": _QUANTIZED,
    "nn.quantizable": _QUANTIZED,
    "nn.quantized": _QUANTIZED,
    "overrides": "subclasses of Tensor do not take operations over; write functions of tensors",
    "package": _STATE,
    "qint32": _QUANTIZED,
    "qint8": _QUANTIZED,
    "quantize_per_tensor": _QUANTIZED,
    "quasirandom": "draw the points with SciPy's stats.qmc.Sobol, and give them to ct.tensor",
    "quint8": _QUANTIZED,
    "quantization": _QUANTIZED,
    "serialization": "ct.save and ct.load are there",
    "sparse": _SPARSE,
    "sparse_coo": _SPARSE,
    "sparse_coo_tensor": f"{_SPARSE}, filled by index_put_ with accumulate=True",
    "sparse_csr_tensor": _SPARSE,
    "spmm": f"{_SPARSE}, with mm",
    "storage": "elements are shown to other libraries by numpy() and DLPack",
    "utils.benchmark": "time calls with timeit, and end each with ct.device().synchronize()",
    "utils.bottleneck": _PROFILER,
    "utils.collect_env": "python -m cltensor info tells of devices and versions",
    "utils.cpp_extension": f"nothing is compiled from C++; {_OPERATION}",
    "utils.flop_counter": _PROFILER,
    "utils.mobile_optimizer": _STATE,
    "utils.data.datapipes": "ct.utils.data has Dataset, IterableDataset and DataLoader",
    "xpu": _GPU,
}

#: Paths of modules that lie above the package of that path, which does not import them.
LATER = {
    "distributed.algorithms": "nn.comm_hooks",
    "distributed.algorithms.ddp_comm_hooks": "nn.comm_hooks",
    "distributed.algorithms.ddp_comm_hooks.default_hooks": "nn.comm_hooks",
    "distributed.optim": "optim.zero",
    "distributed.optim.zero_redundancy_optimizer": "optim.zero",
}

#: Methods of tensors that are not here.
ABSENT_METHODS = {
    **dict.fromkeys(("coalesce", "sparse_mask", "sparse_resize_", "to_sparse"), _SPARSE),
    **dict.fromkeys(("to_sparse_coo", "to_sparse_csr", "to_sparse_csc"), _SPARSE),
    **dict.fromkeys(("dequantize", "int_repr", "q_scale", "q_zero_point"), _QUANTIZED),
}


def place(package: str, modules: dict[str, Any]) -> None:
    """Let programs import `modules`, by their paths from `package` on, and name them there, where
    no other thing has the name: so `from torch.nn.modules.conv import Conv2d` stays as it is.

    Paths below a module of one file come to `Absent` afterwards, as if it were a package.
    """
    for name, module in modules.items():
        above, _, last = f"{package}.{name}".rpartition(".")
        sys.modules[f"{package}.{name}"] = module
        vars(sys.modules[above]).setdefault(last, module)
    vars(sys.modules[package]).setdefault("__path__", [])


def way(path: str) -> str | None:
    """What is said of a path, with or without the package in front; None where nothing is known."""
    parts = path.removeprefix(f"{PACKAGE}.").split(".")
    if parts[0] == "Tensor":
        return ABSENT_METHODS.get(parts[-1])
    if parts[-1].startswith("_foreach_"):
        return "go through the tensors one by one; a step of an optimizer of ct.optim is one launch"
    heads = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((ABSENT[head] for head in heads if head in ABSENT), None)


class _Elsewhere(Loader):
    """Gives a module that places itself when it is imported."""

    def __init__(self, where: str) -> None:
        self._where = where

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Import it."""
        module = import_module(self._where)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run; what it is stays as it was."""
        module.__spec__ = self._spec


class Absent:
    """The last of Python's finders: says of a module that is not here what is, instead."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises ModuleNotFoundError, with the way out, for a path of ABSENT or below one."""
        if (where := LATER.get(name.removeprefix(f"{PACKAGE}."))) is not None:
            return ModuleSpec(name, _Elsewhere(f"{PACKAGE}.{where}"))
        if name.startswith(f"{PACKAGE}.") and (found := way(name)):
            raise ModuleNotFoundError(f"No module named {name!r}: {found}", name=name)
        return None


sys.meta_path.append(Absent)
