"""PyTorch's module paths: here, or an error that names the way."""

import importlib
import re

import pytest

import cltensor as ct
from cltensor.core.paths import ABSENT, way

PLACES = {
    "amp.autocast_mode": "autocast",
    "amp.grad_scaler": "GradScaler",
    "autograd.grad_mode": "no_grad",
    "autograd.variable": "Variable",
    "backends.cudnn": "benchmark",
    "cuda.amp.grad_scaler": "GradScaler",
    "cuda.memory": "memory_allocated",
    "cuda.random": "manual_seed_all",
    "functional": "einsum",
    "multiprocessing.pool": "Pool",
    "nn.common_types": "_size_2_t",
    "nn.modules.adaptive": "AdaptiveLogSoftmaxWithLoss",
    "nn.modules.conv": "Conv2d",
    "nn.modules.pixelshuffle": "PixelShuffle",
    "nn.modules.upsampling": "Upsample",
    "nn.modules.utils": "_pair",
    "nn.parallel.data_parallel": "DataParallel",
    "nn.parallel.distributed": "DistributedDataParallel",
    "nn.parallel.scatter_gather": "gather",
    "nn.utils.stateless": "functional_call",
    "optim.adamw": "AdamW",
    "profiler.profiler": "profile",
    "types": "Number",
    "utils.checkpoint": "checkpoint",
    "utils.data._utils.collate": "default_collate",
    "utils.data.dataloader": "DataLoader",
    "utils.dlpack": "to_dlpack",
    "utils.hooks": "RemovableHandle",
    "utils.model_zoo": "load_url",
    "vision.utils": "make_grid",
}


@pytest.mark.parametrize(("path", "name"), PLACES.items())
def test_modules_have_pytorchs_paths_too(path, name):
    assert hasattr(importlib.import_module(f"cltensor.{path}"), name)
    above, _, last = f"cltensor.{path}".rpartition(".")
    assert hasattr(importlib.import_module(above), last)


def test_a_path_takes_no_name_away():
    assert callable(ct.nn.parallel.data_parallel)
    assert ct.utils.data.distributed.DistributedSampler is ct.utils.data.DistributedSampler


@pytest.mark.parametrize("path", sorted(ABSENT))
def test_what_is_absent_names_the_way(path):
    with pytest.raises(ModuleNotFoundError, match=re.escape(ABSENT[path])) as error:
        importlib.import_module(f"cltensor.{path}")
    assert error.value.name == f"cltensor.{path}"
    assert way(f"cltensor.{path}.below") == ABSENT[path]


def test_an_absent_attribute_names_the_way():
    with pytest.raises(AttributeError, match=r"^module 'cltensor' has .* 'fx': there are"):
        ct.fx  # noqa: B018
    with pytest.raises(AttributeError, match="'quantized': there are no quantized tensors"):
        ct.nn.quantized  # noqa: B018


def test_methods_and_private_functions_name_the_way():
    with pytest.raises(AttributeError, match="a tensor has .* 'to_sparse': sparse tensors are not"):
        ct.ones(2).to_sparse()
    with pytest.raises(AttributeError, match="'_foreach_add_': go through the tensors one by one"):
        ct._foreach_add_([ct.ones(2)], 1)
    with pytest.raises(AttributeError, match="'Stream': a device has one queue"):
        ct.cuda.Stream()
    with pytest.raises(AttributeError, match="'quasirandom': draw the points with SciPy"):
        ct.quasirandom  # noqa: B018


def test_a_path_that_nobody_has_is_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'cltensor.qqq'$"):
        importlib.import_module("cltensor.qqq")
    assert way("qqq.fx") is None
