"""SparseAdam, which there cannot be."""

from __future__ import annotations

from typing import Any


class SparseAdam:
    """Adam for sparse gradients in PyTorch. Here all gradients are dense.

    Raises:  NotImplementedError, always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "SparseAdam: it moves only what sparse gradients name, and all gradients are dense "
            "here; use Adam, and Embedding without sparse=True"
        )
