"""SparseAdam, which there cannot be."""

from __future__ import annotations

from typing import Any


class SparseAdam:
    """Adam for sparse gradients in PyTorch. Here all gradients are dense.

    Raises:  NotImplementedError, always.

    >>> try:
    ...     ct.optim.SparseAdam([nn.Parameter(ct.ones(2))])
    ... except NotImplementedError as error:
    ...     print(str(error).partition("; ")[2])
    ...
    use Adam, and Embedding without sparse=True
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        raise NotImplementedError(
            "SparseAdam: it moves only what sparse gradients name, and all gradients are dense "
            "here; use Adam, and Embedding without sparse=True"
        )
