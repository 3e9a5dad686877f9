"""`nn.DataParallel`: PyTorch's name for a module that is spread over devices; here it is on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor.errors import DeviceError
from cltensor.nn.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """`module` on the device that it is on; its parameters' names begin with "module.".

    Args:    device_ids: at most one device (all of a machine with one GPU); output_device and dim
             are accepted as PyTorch's, since one device needs neither.
    Raises:  DeviceError for several devices.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise DeviceError(
                f"DataParallel: device_ids are {list(device_ids)}, but a module is on one device; "
                "name one, or leave them out"
            )
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


class DistributedDataParallel(Module):
    """Raises DeviceError: there is one process."""

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise DeviceError(
            "DistributedDataParallel: there is one process, and it needs none; use the module "
            "itself, or nn.DataParallel for its names of parameters"
        )
