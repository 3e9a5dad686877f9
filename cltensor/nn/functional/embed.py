"""Rows of a table by number."""

from __future__ import annotations

from typing import Any

from cltensor.core.composite import composite
from cltensor.core.mode import no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.index.pick import take_of
from cltensor.ops.index.scatter import index_add
from cltensor.ops.linalg.norms import norm
from cltensor.ops.reduce.fold import max_over


def _row(operation: str, padding_idx: int | None, rows: int) -> int | None:
    """padding_idx counted from the front."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ShapeError(f"{operation}: padding_idx is {padding_idx}; the table has {rows} rows")
    return padding_idx % rows


def require_dense(operation: str, sparse: bool) -> None:
    """Raise TypeError for sparse=True."""
    if sparse:
        raise TypeError(
            f"{operation}: sparse=True asks for sparse gradients, which are not supported; leave "
            "it out"
        )


def _shorten(weight: Tensor, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that `index` names in place, so that none is longer than max_norm."""
    with no_grad():
        length = norm(weight, norm_type, 1, True)
        named = _counts(index, weight) > 0
        long = (length > max_norm) & named.unsqueeze(1)
        weight.copy_(where(long, weight * (max_norm / (length + 1e-7)), weight))


def _counts(index: Any, weight: Any) -> Any:
    """How often `index` names each row."""
    zeros = full((weight.shape[0],), 0, weight.dtype, weight.device)
    flat = index.reshape(-1)
    return index_add(zeros, 0, flat, full(flat.shape, 1, weight.dtype, weight.device))


def _taken(
    operation: str, index: Any, weight: Any, padding_idx: int | None, by_frequency: bool
) -> Any:
    """The rows; where the gradient is another than theirs, it is made by what is detached."""
    if index.dtype.kind not in "iu":
        raise DTypeError(
            f"{operation}: input has dtype {index.dtype}; give numbers of rows, for example with "
            ".long()"
        )
    rows = take_of(operation, weight, index.reshape(-1), 0)
    share = None
    if by_frequency:
        share = (1 / clip(_counts(index, weight), 1)).detach()
        share = take_of(operation, share, index.reshape(-1), 0).unsqueeze(1)
    if padding_idx is not None:
        kept = (index.reshape(-1, 1) != padding_idx).to(weight.dtype)
        share = kept if share is None else share * kept
    if share is not None and rows.requires_grad:
        rows = rows * share + (rows * (1 - share)).detach()
    return rows


@composite(method=False)
def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight that input names.

    Args:    input (...): integers; weight (rows, D); padding_idx: a row without gradient; max_norm:
             longer rows among those named are first made that long, in place, by the norm of type
             norm_type; scale_grad_by_freq: a row's gradient is divided by how often it is named.
    Returns: (..., D).
    Raises:  TypeError for sparse=True: gradients are dense; ShapeError; IndexingError at the next
             read after a row out of range.

    >>> F.embedding(ct.tensor([1, 0]), ct.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    require_dense("embedding", sparse)
    if weight.ndim != 2:
        raise ShapeError(f"embedding: weight has shape {tuple(weight.shape)}; give (rows, D)")
    row = _row("embedding", padding_idx, weight.shape[0])
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    rows = _taken("embedding", input, weight, row, scale_grad_by_freq)
    return rows.reshape(*input.shape, weight.shape[1])


@composite(method=False)
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of weight in each bag of input.

    Args:    input (B, N), B bags of N; or (N,) with offsets (B,), where each bag begins
             (include_last_offset: and the last one ends); mode: "sum", "mean" or "max";
             per_sample_weights (as input): factors for mode "sum"; padding_idx: a row that does not
             count. The others are as for `embedding`.
    Returns: (B, D); 0 for an empty bag.
    Raises:  TypeError for sparse=True: gradients are dense; ShapeError, ValueError for arguments
             that do not fit.

    >>> F.embedding_bag(ct.tensor([[0, 1]]), ct.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[2., 3.]])
    """
    name = "embedding_bag"
    require_dense(name, sparse)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{name}: mode is {mode!r}; use 'sum', 'mean' or 'max'")
    if per_sample_weights is not None and mode != "sum":
        raise ValueError(f"{name}: per_sample_weights with mode {mode!r}; they are for 'sum'")
    if (input.ndim == 2) == (offsets is not None) or input.ndim not in (1, 2):
        raise ShapeError(
            f"{name}: input of shape {tuple(input.shape)} "
            f"{'without' if offsets is None else 'with'} offsets; give (B, N), or (N,) and offsets"
        )
    if max_norm is not None:
        _shorten(weight, input, max_norm, norm_type)
    row = _row(name, padding_idx, weight.shape[0])
    rows = _taken(name, input, weight, row, scale_grad_by_freq)
    flat = input.reshape(-1)
    bags, bag = _bags(input, offsets, include_last_offset)
    counted = full(flat.shape, 1, weight.dtype, weight.device)
    if row is not None:
        counted = (flat != row).to(weight.dtype)
    if mode == "max":
        return _largest(rows, bag, bags, counted)
    share = counted if per_sample_weights is None else counted * per_sample_weights.reshape(-1)
    zeros = full((bags, weight.shape[1]), 0, weight.dtype, weight.device)
    total = index_add(zeros, 0, bag, rows * share.unsqueeze(1))
    if mode == "sum":
        return total
    count = index_add(full((bags,), 0, weight.dtype, weight.device), 0, bag, counted)
    return total / clip(count, 1).unsqueeze(1)


def _bags(input: Any, offsets: Any, last: bool) -> tuple[int, Any]:
    """How many bags there are, and the bag of each element."""
    device = input.device
    if offsets is None:
        bags, n = input.shape
        return bags, arange(bags, device=device).repeat_interleave(n)
    bags = offsets.shape[0] - bool(last)
    at = arange(input.shape[0], device=device).unsqueeze(1)
    return bags, (astype(offsets, "int64")[:bags] <= at).sum(1) - 1


def _largest(rows: Any, bag: Any, bags: int, counted: Any) -> Any:
    """The largest of each bag: every bag beside all rows, of which those of others are least."""
    there = (bag == arange(bags, device=bag.device).unsqueeze(1)) & (counted > 0)
    if not rows.shape[0]:
        return full((bags, rows.shape[1]), 0, rows.dtype, rows.device)
    found = max_over(where(there.unsqueeze(2), rows.unsqueeze(0), float("-inf")), 1)
    return where(there.any(1, True), found, 0)
