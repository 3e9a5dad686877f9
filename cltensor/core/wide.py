"""What computes in float32 when it is given floats of 16 bits, and rounds what it gives.

A generated kernel reads and rounds such elements itself (lazy/codegen.py). Kernels of templates do
not compute with them: their operations cast around them (`in_float32`), unless they only move
elements. A public function of several operations is one operation to its
caller, and rounds once: those of WIDE cast what they are given and what they give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce, wraps
from typing import Any

import numpy as np

from cltensor.core.parameters import Parameters
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, float32, promote

#: Composites of several operations that PyTorch has as one.
WIDE = frozenset(
    """
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d addbmm addcdiv addcmul addmm addmv
    addr affine_grid avg_pool1d avg_pool3d baddbmm bilinear binary_cross_entropy
    binary_cross_entropy_with_logits cdist celu conv1d conv3d conv_transpose1d conv_transpose3d
    corrcoef cosine_embedding_loss cosine_similarity cov cross_entropy cumulative_trapezoid dist dot
    elu embedding_bag fractional_max_pool2d fractional_max_pool3d gaussian_nll_loss gelu glu
    gradient grid_sample grid_sampler_2d grid_sampler_3d hardsigmoid hardswish hinge_embedding_loss
    histc histogram histogramdd huber_loss index_add index_reduce interpolate kl_div l1_loss lerp
    linear_cross_entropy local_response_norm log_softmax logaddexp logcumsumexp logit logsigmoid
    logsumexp lp_pool1d lp_pool2d lp_pool3d margin_ranking_loss matrix_exp matrix_norm mean mish
    mse_loss multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss multinomial
    mvlgamma nanmean nanquantile nansum nll_loss norm normalize pairwise_distance pdist
    poisson_nll_loss polygamma quantile renorm rrelu scatter_add scatter_reduce selu silu
    smooth_l1_loss soft_margin_loss softmax softmin softplus softsign std std_mean tanhshrink trace
    trapezoid triplet_margin_loss triplet_margin_with_distance_loss upsample upsample_bilinear
    upsample_nearest var var_mean vdot vecdot vector_norm
    """.split()
)
#: The same, whose results take the dtype of the first operand, whatever parameters are beside it.
NORMS = frozenset(
    """
    batch_norm group_norm instance_norm layer_norm native_batch_norm native_group_norm
    native_layer_norm rms_norm
    """.split()
)
#: Operands that are changed in place, and so are taken as they are.
_CHANGED = ("running_mean", "running_var")


def _is_short(x: Any) -> bool:
    """Whether x is a tensor of floats of 16 bits."""
    if not isinstance(x, Tensor):
        return False
    dtype = x.dtype
    return dtype is not float32 and dtype in SHORT  # looking into a set takes ten times as long


def _cast(x: Any, cast: Callable[..., Any]) -> Any:
    return cast(x, float32) if _is_short(x) else x


def narrowed(result: Any, dtype: np.dtype, cast: Callable[..., Any]) -> Any:
    """`result`, a tensor or a tuple, with `dtype` where it has float32."""
    if dtype not in SHORT:
        return result
    if isinstance(result, Tensor):
        return cast(result, dtype) if result.dtype is float32 else result
    if type(result) is tuple:
        return tuple([narrowed(member, dtype, cast) for member in result])
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*[narrowed(member, dtype, cast) for member in result])
    return result


def in_float32(run: Callable[..., Any], operations: Mapping[str, Any]) -> Callable[..., Any]:
    """`run`, which computes an operation, for floats of 16 bits too: by way of float32. The results
    take the dtype of the first of them. operations: where `astype` is found."""

    @wraps(run)
    def wide(*args: Any, **kwargs: Any) -> Any:
        for a in args:
            # The first two are of `_is_short`, written out: this is part of most operations.
            if isinstance(a, Tensor) and a.dtype is not float32 and _is_short(a):
                cast = operations["astype"].run
                found = run(*[_cast(x, cast) for x in args], **kwargs)
                return narrowed(found, a.dtype, cast)
        return run(*args, **kwargs)

    return wide


class Widening:
    """How a composite takes floats of 16 bits: in float32. Its results are rounded to what the
    operands promote to, or as its parameter `dtype` says."""

    def __init__(self, function: Callable[..., Any], operations: Mapping[str, Any]) -> None:
        names = Parameters(function).by_position
        self._place = names.index("dtype") if "dtype" in names else len(names)
        self._changed = {names.index(name) for name in _CHANGED if name in names}
        self._first_decides = function.__name__ in NORMS
        self._operations = operations

    def arguments(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], np.dtype] | None:
        """The arguments in float32, and the dtype of the results; None where nothing is to do."""
        for x in args:
            if _is_short(x):
                break
        else:
            if not any(map(_is_short, kwargs.values())):
                return None
        given = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
        found = [x.dtype for x in given if x.dtype.kind in "fc"]
        asked = kwargs.get("dtype") if self._place >= len(args) else args[self._place]
        if asked is not None:
            return None
        cast = self._operations["astype"]
        args = tuple([x if i in self._changed else _cast(x, cast) for i, x in enumerate(args)])
        kwargs = {name: x if name in _CHANGED else _cast(x, cast) for name, x in kwargs.items()}
        return args, kwargs, found[0] if self._first_decides else reduce(promote, found)
