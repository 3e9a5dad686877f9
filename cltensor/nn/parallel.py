"""PyTorch's names for a module on several devices: `nn.DataParallel` and its parts, here on one
device, and `nn.parallel.DistributedDataParallel`, in several processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import modules as _modules
from typing import Any

from cltensor.core import trees
from cltensor.core.paths import place
from cltensor.core.tensor import Tensor
from cltensor.errors import DeviceError
from cltensor.nn import comm_hooks
from cltensor.nn.ddp import DistributedDataParallel
from cltensor.nn.module import Module
from cltensor.nn.pipeline import DevicePipeline, RankPipeline
from cltensor.nn.tensor_parallel import (
    ColumnParallelLinear,
    RowParallelLinear,
    tensor_parallel,
)
from cltensor.ops.shape.join import concatenate, stack

__all__ = [
    "ColumnParallelLinear",
    "DataParallel",
    "DevicePipeline",
    "DistributedDataParallel",
    "RankPipeline",
    "RowParallelLinear",
    "data_parallel",
    "gather",
    "parallel_apply",
    "replicate",
    "scatter",
    "scatter_kwargs",
    "tensor_parallel",
]


def _one_device(operation: str, name: str, devices: Sequence[Any] | None) -> None:
    if devices is not None and len(devices) > 1:
        raise DeviceError(
            f"{operation}: {name} are {list(devices)}, but a module is on one device; name one, or "
            "leave them out"
        )


class DataParallel(Module):
    """`module` on the device that it is on; its parameters' names begin with "module.".

    Args:    device_ids: at most one device (all of a machine with one GPU); output_device and dim
             are accepted as PyTorch's, since one device needs neither.
    Raises:  DeviceError for several devices.

    >>> nn.DataParallel(nn.Linear(2, 1))(ct.ones(3, 2)).shape
    Size([3, 1])
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        _one_device("DataParallel", "device_ids", device_ids)
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*args, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """What the module gives for `inputs`, a tensor or a tuple of arguments, on its one device.

    Args:    as DataParallel's; module_kwargs: further arguments, by name.
    Raises:  DeviceError for several devices.
    """
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    return DataParallel(module, device_ids, output_device, dim)(*given, **(module_kwargs or {}))


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> list[Any]:
    """The share of each device: of the one, all of `inputs`, with the tensors in them there.

    Args:    inputs: a tensor, or tuples, lists and dicts of tensors and other values.
    Raises:  DeviceError for several devices.
    """
    _one_device("scatter", "target_gpus", target_gpus)

    def moved(x: Any) -> Any:
        return x.to(target_gpus[0]) if isinstance(x, Tensor) else x

    return [trees.mapped(moved, inputs) for _ in target_gpus]


def scatter_kwargs(
    inputs: tuple[Any, ...], kwargs: Mapping[str, Any] | None, target_gpus: Sequence[Any],
    dim: int = 0,
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:  # fmt: skip
    """`scatter` of positional arguments and of those by name."""
    return (
        tuple(scatter(inputs, target_gpus, dim)),
        tuple(scatter(dict(kwargs or {}), target_gpus, dim)),
    )


def gather(outputs: Sequence[Any], target_device: Any, dim: int = 0) -> Any:
    """The results of all replicas as one, on a device: tensors joined along `dim`, those without
    axes into a vector; tuples, lists and dicts member by member."""
    leaves, builds = zip(*map(trees.flatten, outputs), strict=True)
    return builds[0]([_joined(parts, target_device, dim) for parts in zip(*leaves, strict=True)])


def _joined(parts: Sequence[Any], device: Any, dim: int) -> Any:
    if not all(isinstance(part, Tensor) for part in parts):
        if any(part is not None for part in parts):
            raise TypeError(
                f"gather: {[type(part).__name__ for part in parts]} cannot be joined; give tensors"
            )
        return None
    moved = [part.to(device) for part in parts]
    return concatenate(moved, dim) if moved[0].ndim else stack(moved)


def replicate(network: Module, devices: Sequence[Any], detach: bool = False) -> list[Module]:
    """The network for each device: for the one, itself. Raises DeviceError for several."""
    _one_device("replicate", "devices", devices)
    return [network for _ in devices]


def parallel_apply(
    modules: Sequence[Module],
    inputs: Sequence[Any],
    kwargs_tup: Sequence[Mapping[str, Any]] | None = None,
    devices: Sequence[Any] | None = None,
) -> list[Any]:
    """What each module gives for its arguments (a tuple, or one), one after the other.

    Raises ValueError where there are not as many arguments, or devices, as modules.
    """
    named = [{} for _ in modules] if kwargs_tup is None else kwargs_tup
    counts = {len(modules), len(inputs), len(named), len(modules if devices is None else devices)}
    if len(counts) > 1:
        raise ValueError(
            f"parallel_apply: {len(modules)} modules, {len(inputs)} inputs, {len(named)} kwargs; "
            "give as many of each"
        )
    given = [x if isinstance(x, (tuple, list)) else (x,) for x in inputs]
    return [m(*args, **kw) for m, args, kw in zip(modules, given, named, strict=True)]


#: The parts of the wrapper that programs name.
ddp_comm_hooks = comm_hooks

#: Programs also write `from cltensor.nn.parallel.scatter_gather import gather`.
_PARTS = ("data_parallel", "distributed", "parallel_apply", "replicate", "scatter_gather")
place(__name__, dict.fromkeys(_PARTS, _modules[__name__]))
