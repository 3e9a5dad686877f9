"""The kernels of a device that are kept in memory."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


class Kernels(dict[Hashable, Any]):
    """Built kernels by key, at most MOST of them, the least recently used going first.

    There are two generations: when this one holds half of MOST, it becomes the older one, and what
    was the older one before and has not been asked for since is let go. So a look-up stays that of
    a dict, and only `recall`, which follows a miss, knows of the older.
    """

    #: A kernel takes some 0.2 MiB in PoCL.
    MOST = 4096

    def __init__(self) -> None:
        self.older: dict[Hashable, Any] = {}

    def recall(self, key: Hashable) -> Any:
        """The kernel of `key` from either generation, now in this one; None if there is none."""
        found = self.get(key) or self.older.pop(key, None)
        if found is not None:
            self.admit(key, found)
        return found

    def admit(self, key: Hashable, kernel: Any) -> None:
        """Keep `kernel` under `key`."""
        if len(self) >= self.MOST // 2 and key not in self:
            self.older = dict(self)
            self.clear()
        self[key] = kernel
