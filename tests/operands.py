"""Calls of the public functions that take further tensors beside the first."""

import inspect

import numpy as np

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.command.stubs import SPACES
from cltensor.core.op import Op

#: Names of parameters that take a tensor, perhaps beside a number, a list or None.
NAMES = {
    *("a", "b", "c", "w", "x", "condition", "mask", "index", "indices", "key", "source", "other"),
    *("min", "max", "target", "weight", "pos_weight", "bias", "running_mean", "running_var"),
}
#: A parameter of that name is none here.
_NONE = {"moveaxis", "movedim", "select", "select_copy", "select_scatter"}


def functions():
    """(name, function, parameters, positions of further tensors) of each; those of nn.functional
    are called F.<name>, those of other namespaces linalg.<name> and so on."""
    found = []
    spaces = [(f"{m.__name__.partition('.')[2]}.", m, m.__all__) for m in SPACES]
    for prefix, module, names in (("", ct, vars(ct)), ("F.", F, F.__all__), *spaces):
        for name in sorted(set(names) - _NONE):
            function = getattr(module, name)
            if isinstance(function, Op):
                parameters = function.params
            elif inspect.isfunction(function):
                found_parameters = inspect.signature(function).parameters.values()
                parameters = tuple(
                    [p.name for p in found_parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
                )
            else:
                continue
            slots = [i for i, p in enumerate(parameters) if i and p in NAMES]
            known = getattr(ct, name, None) is function  # imported from the main namespace
            if slots and name[0] != "_" and not (known and prefix):
                found.append((prefix + name, function, parameters, slots))
    return found


def _of_the_main_namespace():
    """Calls of its functions."""
    ones = ct.ones
    x, vector, labels = ones(2, 3), ones(3), ct.tensor([0, 2])
    image, filters, index = ones(1, 2, 5, 5), ones(4, 2, 3, 3), ct.zeros(2, 3, dtype="int64")
    return {
        "conv2d": (image, filters),
        "conv_transpose2d": (image, ones(2, 4, 3, 3)),
        "index_select": (x, 0, labels.clip(0, 1)),
        "take": (x, labels, 1),
        "take_along_axis": (x, index, 1),
        "gather": (x, 1, index),
        "index_add": (x, 0, ct.tensor([1, 0]), x),
        "scatter_add": (x, 1, index, x),
        "scatter": (x, 1, index, x),
        "index_fill": (x, 0, ct.tensor([1, 0]), 0.0),
        "index_copy": (x, 0, ct.tensor([1, 0]), x),
        "index_put": (x, (ct.tensor([1, 0]),), x),
        "index_reduce": (x, 0, ct.tensor([1, 0]), x, "prod"),
        "scatter_reduce": (x, 1, index, x, "amax"),
        "put": (x, index, x),
        "put_along_axis": (ones(2, 3), index, 0.0, 1),
        "take_along_dim": (x, index, 1),
        "masked_scatter": (x, x > 0, x),
        "tensor_split": (x, 1),
        "histc": (x, 4, 0.0, 9.0),
        "histogram": (x, 2, None, x),
        "histogramdd": (x, 2, None, labels.float()),
        "searchsorted": (vector, x),
        "trapezoid": (x, vector),
        "trapz": (x, vector),
        "cumulative_trapezoid": (x, vector),
        "lerp": (x, x, x),
        "special.betainc": (x, x, x),
        "masked_select": (x, x > 0),
        "masked_fill": (x, x > 0, 0.0),
        "where": (x > 0, x, x),
        "getitem": (x, labels.clip(0, 1)),
        "addmm": (ones(2, 2), x, ones(3, 2)),
        "addbmm": (ones(2, 2), ones(1, 2, 3), ones(1, 3, 2)),
        "addmv": (ones(2), x, vector),
        "addr": (x, ones(2), vector),
        "baddbmm": (ones(2, 2), ones(1, 2, 3), ones(1, 3, 2)),
        "ger": (vector, vector),
        "ormqr": (ones(3, 2), ones(2), ones(3, 2)),
        "bmm": (ones(1, 2, 3), ones(1, 3, 2)),
        "dot": (vector, vector),
        "vdot": (vector, vector),
        "matmul": (x, ones(3, 2)),
        "mm": (x, ones(3, 2)),
        "mv": (x, vector),
        "outer": (vector, vector),
        "clip": (x, x, x),
        "clamp": (x, x, x),
        "expand_as": (ones(1, 3), x),
        "view_as": (x, ones(3, 2)),
        "nextafter": (x, x),
    }


def _of_networks():
    """Calls of nn.functional."""
    ones = ct.ones
    x, vector, labels = ones(2, 3), ones(3), ct.tensor([0, 2])
    image, filters, index = ones(1, 2, 5, 5), ones(4, 2, 3, 3), ct.zeros(2, 3, dtype="int64")
    return {
        "native_batch_norm": (x, vector, vector, vector, vector, True, 0.1, 1e-5),
        "native_group_norm": (x, vector, vector, 2, 3, 1, 3, 1e-5),
        "native_layer_norm": (x, (3,), vector, vector, 1e-5),
        "F.bilinear": (x, x, ones(4, 3, 3), ones(4)),
        "F.conv1d": (ones(1, 2, 5), ones(4, 2, 3), ones(4)),
        "F.conv_tbc": (ones(5, 1, 2), ones(3, 2, 4), ones(4)),
        "F.conv3d": (ones(1, 2, 5, 5, 5), ones(4, 2, 3, 3, 3), ones(4)),
        "F.conv_transpose1d": (ones(1, 2, 5), ones(2, 4, 3), ones(4)),
        "F.conv_transpose3d": (ones(1, 2, 3, 3, 3), ones(2, 4, 3, 3, 3), ones(4)),
        "F.embedding": (labels, ones(3, 4)),
        "F.embedding_bag": (index, ones(3, 4)),
        "F.group_norm": (x, 3, vector, vector),
        "F.instance_norm": (ones(2, 3, 2), vector, vector, vector, vector),
        "F.max_unpool1d": (ones(1, 2, 3), ct.zeros(1, 2, 3, dtype="int64"), 1),
        "F.max_unpool2d": (ones(1, 1, 2, 3), ct.zeros(1, 1, 2, 3, dtype="int64"), 1),
        "F.max_unpool3d": (ones(1, 1, 2, 3, 1), ct.zeros(1, 1, 2, 3, 1, dtype="int64"), 1),
        "F.multi_head_attention_forward": (
            *[ones(2, 1, 4)] * 3,
            4,
            2,
            ones(12, 4),
            None,
            None,
            None,
            False,
            0.0,
            ones(4, 4),
            None,
        ),
        "F.prelu": (x, vector),
        "F.rms_norm": (x, (3,), vector),
        "F.scaled_dot_product_attention": (x, x, x),
        "F.batch_norm": (x, vector, vector, vector, vector, True),
        "F.conv2d": (image, filters, ones(4)),
        "F.conv_transpose2d": (image, ones(2, 4, 3, 3), ones(4)),
        "F.layer_norm": (x, (3,), vector, vector),
        "F.linear": (x, ones(4, 3), ones(4)),
    }


def _of_losses():
    """Calls of losses."""
    ones = ct.ones
    x, vector, labels = ones(2, 3), ones(3), ct.tensor([0, 2])
    index = ct.zeros(2, 3, dtype="int64")
    chances = x * 0.5
    return {
        "F.cosine_embedding_loss": (x, x, ones(2)),
        "F.gaussian_nll_loss": (x, x, x),
        "F.kl_div": (x, x),
        "F.linear_cross_entropy": (x, ones(4, 3), labels),
        "F.margin_ranking_loss": (x, x, x),
        "F.multi_margin_loss": (x, labels, 1, 1.0, vector),
        "F.multilabel_margin_loss": (x, index),
        "F.multilabel_soft_margin_loss": (x, x, vector),
        "F.hinge_embedding_loss": (x, x),
        "F.poisson_nll_loss": (x, x),
        "F.soft_margin_loss": (x, x),
        "F.binary_cross_entropy": (chances, chances, x),
        "F.binary_cross_entropy_with_logits": (x, x, x, None, None, "mean", x),
        "F.cross_entropy": (x, labels, vector),
        "F.nll_loss": (x, labels, vector),
        "F.huber_loss": (x, x, "mean", 1.0, x),
        "F.smooth_l1_loss": (x, x),
        "F.l1_loss": (x, x, None, None, "mean", x),
        "F.mse_loss": (x, x, None, None, "mean", x),
    }


def arguments(name):
    """Arguments that fit the function called `name`, with a tensor wherever one is taken."""
    for known in (_of_the_main_namespace(), _of_networks(), _of_losses()):
        if name in known:
            return known[name]
    n = ct.tensor(np.ones((2, 3), "int64"))
    return n, n  # of elementwise ones
