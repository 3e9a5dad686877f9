"""PyTorch's places: `ct.utils.data` is `ct.data`; `ct.utils.checkpoint`, `ct.utils.tensorboard`."""

from sys import modules as _modules

from cltensor import data
from cltensor.autograd import checkpoint
from cltensor.core import hooks
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.data import collate, dataset, loader, sampler
from cltensor.utils import _pytree

__all__ = ["checkpoint", "data", "dlpack", "hooks", "model_zoo", "tensorboard"]

#: Programs also write `from cltensor.utils.data import DataLoader`, and so on for its modules.
_place(
    __name__,
    {
        "checkpoint": checkpoint,
        "data": data,
        "data._utils": data,
        "data._utils.collate": collate,
        "data.dataloader": loader,
        "data.dataset": dataset,
        "data.distributed": sampler,
        "data.sampler": sampler,
        "hooks": hooks,
    },
)
_suggest(_modules[__name__], later=("dlpack", "model_zoo", "tensorboard"))
