"""PyTorch's switch for products of less than float32's precision, of which there are none here."""

from __future__ import annotations

from cltensor.core.composite import composite
from cltensor.errors import SettingError

_PRECISIONS = ("highest", "high", "medium")


class _State:
    precision = "highest"


@composite(method=False)
def set_float32_matmul_precision(precision: str) -> None:
    """Remember "highest", "high" or "medium". Products of float32 are computed in float32 whatever
    it says: the last two allow less precision, and need not get it.

    Raises:  SettingError for another word.
    """
    if precision not in _PRECISIONS:
        raise SettingError(
            f"set_float32_matmul_precision: {precision!r} is none of {', '.join(_PRECISIONS)}"
        )
    _State.precision = precision


@composite(method=False)
def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told last."""
    return _State.precision
