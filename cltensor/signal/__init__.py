"""Signal processing, under PyTorch's names (`ct.signal`)."""

from cltensor.signal import windows

__all__ = ["windows"]
