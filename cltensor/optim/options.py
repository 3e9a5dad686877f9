"""Options of optimizers: numbers, and pairs of them, as whoever made the group gave them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cltensor.core.checks import number
from cltensor.errors import DTypeError


def check_numbers(optimizer: str, group: Mapping[str, Any], *names: str) -> None:
    """Raise DTypeError for an option that is no number."""
    for name in names:
        number(optimizer, name, group[name])


def check_betas(optimizer: str, betas: Any) -> None:
    """Raise DTypeError unless `betas` are two numbers, ValueError for one outside [0, 1)."""
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise DTypeError(f"{optimizer}: betas is {betas!r}; give two numbers, such as (0.9, 0.999)")
    for place, beta in enumerate(betas):
        if not 0 <= number(optimizer, f"betas[{place}]", beta) < 1:
            raise ValueError(f"{optimizer}: betas[{place}] is {beta}; it must be in [0, 1)")
