"""Linear maps."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.op import same_dtype
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.linalg import matmul as linalg


@composite(method=False)
def linear(input: Any, weight: Any, bias: Any = None) -> Tensor:
    """input @ weight.T + bias.

    Args:    input (..., I); weight (O, I); bias (O,) or None.
    Returns: (..., O).
    Raises:  ShapeError, DTypeError if the sizes or the dtypes of input and weight differ.

    >>> F.linear(ct.tensor([[1.0, 2.0]]), ct.tensor([[3.0, 4.0]]), ct.tensor([0.5]))
    tensor([[11.5000]])
    """
    given, wanted = input._value.shape, weight._value.shape
    if not given or len(wanted) != 2 or given[-1] != wanted[1]:
        raise ShapeError(
            f"linear: an input of shape {tuple(input.shape)} does not fit a weight of shape "
            f"{tuple(weight.shape)}; the last size of both must be the same"
        )
    dtype = weight._value.dtype
    if input._value.dtype is not dtype or (bias is not None and bias._value.dtype is not dtype):
        same_dtype("linear", input, weight, *([] if bias is None else [bias]))
    out = linalg.linear(input, weight)
    return out if bias is None else out + bias


def _linear_batched(input: Any, weight: Any, bias: Any = None) -> Any:
    """`linear` inside vmap, where it may not read the dtypes in the short way."""
    same_dtype("linear", input, weight, *([] if bias is None else [bias]))
    out = linalg.linear(input, weight)
    return out if bias is None else out + bias


linear.batched = _linear_batched  # type: ignore[attr-defined]


@composite(method=False)
def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Tensor:
    """input1 @ weight[o] @ input2 for each output o, plus bias[o].

    Args:    input1 (..., I); input2 (..., J); weight (O, I, J); bias (O,) or None.
    Returns: (..., O).
    Raises:  ShapeError if the sizes do not fit.

    >>> F.bilinear(ct.ones(2, 3), ct.ones(2, 4), ct.ones(5, 3, 4)).shape
    Size([2, 5])
    """
    if (
        input1.shape[:-1] != input2.shape[:-1]
        or weight.ndim != 3
        or weight.shape[1:] != (*input1.shape[-1:], *input2.shape[-1:])
    ):
        raise ShapeError(
            f"bilinear: inputs of shapes {tuple(input1.shape)} and {tuple(input2.shape)} do not "
            f"fit a weight of shape {tuple(weight.shape)}; it takes (..., I), (..., J), (O, I, J)"
        )
    outputs, first, second = weight.shape
    rows = input1.reshape(-1, first) if input1.size else input1.reshape(0, first)
    half = linalg.matmul(rows, weight.permute(1, 0, 2).reshape(first, outputs * second))
    half = half.reshape(rows.shape[0], outputs, second)
    out = (half * input2.reshape(rows.shape[0], 1, second)).sum(-1, dtype=half.dtype)
    out = out.reshape(*input1.shape[:-1], outputs)
    return out if bias is None else out + bias
