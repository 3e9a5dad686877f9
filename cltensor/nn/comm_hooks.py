"""Communication hooks for DistributedDataParallel, under PyTorch's names: what travels in place of
the gradients as they are."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any

from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.distributed.collectives import summed
from cltensor.distributed.groups import ProcessGroup, in_group
from cltensor.distributed.reducing import LARGEST, Left
from cltensor.distributed.work import Future
from cltensor.dtypes import float16
from cltensor.halves import bfloat16
from cltensor.lazy.writes import write
from cltensor.nn.buckets import GradBucket
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import isfinite
from cltensor.ops.elementwise.select import clip, where

__all__ = ["Compression", "allreduce_hook", "bf16_compress_hook", "fp16_compress_hook"]


class Compression:
    """The state of `fp16_compress_hook` and `bf16_compress_hook`, in place of a process group.

    Args:    process_group: None for all ranks; use_error_feedback: whether what rounding took from
             a gradient, and from the sum, is added to the next one; that costs the memory of the
             gradients once more, and on the host that of a rank's part. What is too large for
             float16 is cut, and comes later.
    """

    def __init__(
        self, process_group: ProcessGroup | None = None, use_error_feedback: bool = True
    ) -> None:
        self.process_group, self.use_error_feedback = process_group, use_error_feedback
        self._left: dict[int, Tensor] = {}
        self._of_sums: dict[int, Left] = {}

    def of_sums(self, index: int) -> Left | None:
        """What is left of the sums of a bucket."""
        return self._of_sums.setdefault(index, Left()) if self.use_error_feedback else None

    def add_feedback(self, index: int, x: Tensor) -> Tensor:
        """x, a bucket's buffer, with what is left of the one before."""
        left = self._left.get(index)
        if not self.use_error_feedback or left is None or left.shape != x.shape:
            return x
        return x + left

    def keep(self, index: int, x: Tensor, sent: Tensor) -> None:
        """Note what of x was not sent."""
        if self.use_error_feedback:
            left = x - astype(sent, x.dtype)
            self._left[index] = where(isfinite(left), left, 0.0).realize()


def _group_of(state: Any) -> ProcessGroup:
    given = state.process_group if isinstance(state, Compression) else state
    return in_group("DistributedDataParallel", given)


def allreduce_hook(process_group: Any, bucket: GradBucket) -> Future:
    """What is done without a hook: the mean of all ranks."""
    group = _group_of(process_group)
    flat = bucket.buffer()
    write(flat._value, (flat * (1 / group.size()))._value, "allreduce_hook")
    return summed(group, bucket.name, flat).get_future()


def _compressed(state: Any, bucket: GradBucket, dtype: Any) -> Future:
    group, flat = _group_of(state), bucket.buffer()
    x = flat * (1 / group.size())
    if isinstance(state, Compression):
        x = state.add_feedback(bucket.index(), x)
    cut = clip(x, -LARGEST, LARGEST) if dtype is float16 else x
    sent, left = astype(cut, dtype).realize(), None
    if isinstance(state, Compression):
        state.keep(bucket.index(), x, sent)
        left = state.of_sums(bucket.index())

    def decompressed(reduced: Future) -> Tensor:
        flat.copy_(reduced.wait()[0])
        return flat

    return summed(group, bucket.name, sent, left).get_future().then(decompressed)


def fp16_compress_hook(state: Any, bucket: GradBucket) -> Future:
    """Half the bytes: gradients travel as float16, and are summed in float32.

    Args:    state: a process group, None for all ranks, or a `Compression`.
    """
    return _compressed(state, bucket, float16)


def bf16_compress_hook(state: Any, bucket: GradBucket) -> Future:
    """The same with bfloat16."""
    return _compressed(state, bucket, bfloat16)


_here = _modules[__name__]
_paths = ("algorithms", "algorithms.ddp_comm_hooks", "algorithms.ddp_comm_hooks.default_hooks")
_place("cltensor.distributed", dict.fromkeys(_paths, _here))
_suggest(_here)
