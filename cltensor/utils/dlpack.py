"""`utils.dlpack`: elements shared with other libraries without a copy."""

from typing import Any

from cltensor.core.tensor import Tensor
from cltensor.io.dlpack import from_dlpack

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """The capsule of a tensor, for another library's `from_dlpack`, which today takes the tensor
    itself as well. Raises as `Tensor.__dlpack__`."""
    return tensor.__dlpack__()
