"""Mixed precision: which dtype `autocast` has functions compute in, whatever floats they are given.

Functions of LOWER take floats of 16 bits and give them; their sums are float32 inside, as always.
Those of SINGLE compute in float32 and give it. All others go by the dtypes of their operands.
What such a function calls computes as it is given.
Source: the lists of PyTorch 2.13, "Automatic Mixed Precision package", those of CUDA.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from cltensor.core.hooks import watchers
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, float32

#: Products and convolutions.
LOWER = frozenset(
    """
    addbmm addmm addmv addr baddbmm bmm chain_matmul conv1d conv2d conv3d conv_transpose1d
    conv_transpose2d conv_transpose3d einsum linear matmul mm multi_dot mv prelu
    scaled_dot_product_attention
    """.split()
)
#: What loses digits, or leaves the range of 16 bits.
SINGLE = frozenset(
    """
    acos asin binary_cross_entropy_with_logits cdist cosh cosine_embedding_loss
    cosine_similarity cross_entropy cumprod cumsum dist erfinv exp expm1 gaussian_nll_loss
    group_norm hinge_embedding_loss huber_loss kl_div l1_loss layer_norm log log10 log1p log2
    log_softmax logsumexp margin_ranking_loss mse_loss multi_margin_loss
    multilabel_margin_loss multilabel_soft_margin_loss nll_loss norm normalize pdist
    poisson_nll_loss pow prod reciprocal renorm rms_norm rsqrt sinh smooth_l1_loss
    soft_margin_loss softmax softmin softplus sum tan triplet_margin_loss vector_norm
    """.split()
)


class _Casting(threading.local):
    """The dtype for products of each kind of device ("gpu", "cpu") where `autocast` is on, in this
    thread; None where it is nowhere."""

    dtypes: Mapping[str, np.dtype] | None = None


casting = _Casting()


def _watch(operands: Any) -> None:
    """Nothing: while there is one who watches, operations look at their names (see Op)."""


def switch(dtypes: Mapping[str, np.dtype] | None) -> Mapping[str, np.dtype] | None:
    """Compute as `dtypes` says from now on, in this thread; returns what it was before."""
    before, casting.dtypes = casting.dtypes, dtypes or None
    if before is None and dtypes:
        watchers.append(_watch)
    elif before is not None and not dtypes:
        watchers.remove(_watch)
    return before


def kept(call: Callable[[], Any]) -> Callable[[], Any]:
    """`call`, which computes as it is said now, whenever it is called."""
    return partial(_under, casting.dtypes, call)


def as_given(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """function(*args, **kwargs), computed as it is given."""
    if casting.dtypes is None:
        return function(*args, **kwargs)
    return _under(None, partial(function, *args, **kwargs))


def _under(dtypes: Mapping[str, np.dtype] | None, call: Callable[[], Any]) -> Any:
    before = switch(dtypes)
    try:
        return call()
    finally:
        switch(before)


def casts(name: str) -> Callable[[Any], Any] | None:
    """What a function of that name does with each of its operands; None: nothing."""
    return lowered if name in LOWER else widened if name in SINGLE else None


def widened(x: Any) -> Any:
    """x as float32, if it is of 16 bits on a device where `autocast` is on."""
    if isinstance(x, Tensor) and x.dtype in SHORT and dtype_of(x) is not None:
        return x.to(float32)
    return _members(widened, x)


def lowered(x: Any) -> Any:
    """x in the dtype of products, if it holds float32 or 16 bits where `autocast` is on."""
    if isinstance(x, Tensor):
        wanted = dtype_of(x)
        if wanted is not None and x.dtype != wanted and (x.dtype == float32 or x.dtype in SHORT):
            return x.to(wanted)
        return x
    return _members(lowered, x)


def _members(cast: Callable[[Any], Any], x: Any) -> Any:
    """x, or a list or tuple of operands with each of them cast."""
    if type(x) in (list, tuple) and any(isinstance(member, Tensor) for member in x):
        return type(x)([cast(member) for member in x])
    return x


def dtype_of(x: Tensor) -> np.dtype | None:
    """The dtype for products on the device of x, if `autocast` is on there."""
    return None if casting.dtypes is None else casting.dtypes.get(x.device.kind)
