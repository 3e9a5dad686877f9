"""PyTorch's places: `ct.utils.data` is `ct.data`; `ct.utils.checkpoint`, `ct.utils.tensorboard`."""

from sys import modules as _modules

from cltensor import data
from cltensor.autograd import checkpoint
from cltensor.core.suggestions import suggest as _suggest
from cltensor.data import dataset, loader, sampler
from cltensor.utils import _pytree

__all__ = ["checkpoint", "data", "tensorboard"]

#: Programs also write `from cltensor.utils.data import DataLoader`, and so on for its modules.
_modules.update(
    {
        f"{__name__}.data": data,
        f"{__name__}.data.dataset": dataset,
        f"{__name__}.data.dataloader": loader,
        f"{__name__}.data.sampler": sampler,
        f"{__name__}.data.distributed": sampler,
        f"{__name__}.checkpoint": checkpoint,
    }
)
vars(data).update(dataloader=loader, distributed=sampler)
_suggest(_modules[__name__], later=("tensorboard",))
