"""Layers that look rows up in a table."""

from __future__ import annotations

from typing import Any, Self

from cltensor.autograd import no_grad
from cltensor.core.checks import whole
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.functional.embed import require_dense
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class _Table(Module):
    """What both layers share: the table and the options of its rows."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        given: Any,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        self.num_embeddings = whole(kind, "num_embeddings", num_embeddings)
        self.embedding_dim = whole(kind, "embedding_dim", embedding_dim)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise ShapeError(
                    f"{kind}: padding_idx is {padding_idx}; the table has {num_embeddings} rows"
                )
            padding_idx %= num_embeddings
        require_dense(kind, sparse)
        self.padding_idx = padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        shape = (num_embeddings, embedding_dim)
        if given is not None and tuple(given.shape) != shape:
            raise ShapeError(f"{kind}: _weight has shape {tuple(given.shape)}; give {shape}")
        self.weight = Parameter(init.empty(shape, dtype, device) if given is None else given)
        if given is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new rows from the normal distribution; that of padding_idx is 0."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    def _more(self) -> list[str]:
        """What the texts of both say of lengths and gradients."""
        parts = [] if self.max_norm is None else [f"max_norm={self.max_norm}"]
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        return parts


def _rows_of(kind: str, embeddings: Any) -> tuple[int, int]:
    if embeddings.ndim != 2:
        raise ShapeError(
            f"{kind}.from_pretrained: embeddings have shape {tuple(embeddings.shape)}; give "
            "(rows, D)"
        )
    rows, size = embeddings.shape
    return rows, size


class Embedding(_Table):
    """The rows of a table by number.

    Args:    num_embeddings, embedding_dim: rows and their size; padding_idx: a row of zeros at
             first, without gradient; max_norm: longer rows are first made that long, in place, by
             the norm of type norm_type; scale_grad_by_freq: a row's gradient is divided by how
             often it is named.
    State:   weight (num_embeddings, embedding_dim), normally distributed at first.
    Raises:  TypeError for sparse=True: gradients are dense.

    >>> nn.Embedding(10, 3)(ct.tensor([[1, 2], [3, 1]])).shape
    Size([2, 2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
            sparse, _weight, device, dtype,
        )  # fmt: skip
        if _freeze:
            self.weight.requires_grad = False

    def forward(self, x: Any) -> Any:
        """(...) integers -> (..., embedding_dim)."""
        return F.embedding(
            x, self.weight, self.padding_idx, self.max_norm, self.norm_type,
            self.scale_grad_by_freq,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """See Module."""
        padding = [] if self.padding_idx is None else [f"padding_idx={self.padding_idx}"]
        sizes = [f"{self.num_embeddings}", f"{self.embedding_dim}"]
        return ", ".join([*sizes, *padding, *self._more()])

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """A layer whose table is the tensor `embeddings` (rows, D), which training leaves alone
        if `freeze`."""
        rows, size = _rows_of(cls.__name__, embeddings)
        return cls(
            rows, size, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings,
            freeze,
        )  # fmt: skip


class EmbeddingBag(_Table):
    """The sum, mean or maximum of the rows in each bag; see `functional.embedding_bag`.

    Args:    as for Embedding; mode: "sum", "mean" or "max"; include_last_offset: the offsets end
             with that of the end; padding_idx: a row that does not count.
    State:   weight (num_embeddings, embedding_dim), normally distributed at first.
    Raises:  TypeError for sparse=True: gradients are dense.

    >>> nn.EmbeddingBag(10, 3)(ct.tensor([1, 2, 3]), ct.tensor([0, 2])).shape
    Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq,
            sparse, _weight, device, dtype,
        )  # fmt: skip
        self.mode = mode
        self.include_last_offset = include_last_offset

    def forward(self, x: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        """(B, N), or (N,) and offsets (B,) -> (B, embedding_dim)."""
        return F.embedding_bag(
            x, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
            self.mode, False, per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """See Module."""
        padding = [] if self.padding_idx is None else [f"padding_idx={self.padding_idx}"]
        sizes = [f"{self.num_embeddings}", f"{self.embedding_dim}"]
        return ", ".join([*sizes, *self._more(), f"mode={self.mode!r}", *padding])

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """A layer whose table is the tensor `embeddings` (rows, D), which training leaves alone
        if `freeze`."""
        rows, size = _rows_of(cls.__name__, embeddings)
        made = cls(
            rows, size, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings,
            include_last_offset, padding_idx,
        )  # fmt: skip
        made.weight.requires_grad = not freeze
        return made
