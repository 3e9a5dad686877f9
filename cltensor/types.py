"""Types of arguments, under the names that PyTorch has for them."""

from __future__ import annotations

from collections.abc import Sequence

from cltensor.core.tensor import Tensor
from cltensor.runtime.device import DeviceSpec as Device

__all__ = ["Device", "Number", "Tensor"]

Number = int | float | bool
_size = Sequence[int]
