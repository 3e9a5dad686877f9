"""DistributedDataParallel: one model in all ranks, each with its share of the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from cltensor.autograd import no_grad
from cltensor.core.changes import never_replay
from cltensor.core.mode import mode
from cltensor.core.tensor import Tensor
from cltensor.distributed.collectives import broadcast
from cltensor.distributed.flat import Flat
from cltensor.distributed.groups import ProcessGroup, in_group
from cltensor.errors import DeviceError, DistributedError, GradientError
from cltensor.nn.buckets import CommHook, Named, Reducer
from cltensor.nn.module import Module

#: PyTorch's size of a bucket, in MB.
_CAP_MB = 25


class DistributedDataParallel(Module):
    """`module` in each rank of a process group: backward gives every parameter the mean of all
    ranks' gradients, which is that of the whole batch where the shares are equal.

    Parameters and buffers of the group's first rank are everybody's from the start. Gradients
    travel in buckets while backward goes on, and are views of the buckets afterwards. In a jitted
    function calls are made as without jit. Names of parameters begin with "module.".

    Args:    device_ids, output_device: at most one device, where the module is already;
             broadcast_buffers: whether buffers are those of the first rank before each forward
             pass; process_group: None for all ranks; bucket_cap_mb: the size of a bucket (25; the
             first has 1); find_unused_parameters: look which parameters each output depends on,
             where not all get a gradient; init_sync: False leaves the start to the program.
             dim, gradient_as_bucket_view, static_graph and check_reduction ask for nothing.
    Raises:  DistributedError without a process group, and where the ranks' models differ;
             GradientError for a module without parameters that require a gradient.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool = True,
        init_sync: bool = True,
        process_group: ProcessGroup | None = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = True,
        static_graph: bool = False,
    ) -> None:
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise DeviceError(
                f"DistributedDataParallel: device_ids are {list(device_ids)}, but a rank has its "
                "module on one device; name one, or leave them out"
            )
        group = in_group("DistributedDataParallel", process_group)
        params = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        if not params:
            raise GradientError(
                "DistributedDataParallel: the module has no parameter that requires a gradient; "
                "use it without"
            )
        cap = _CAP_MB if bucket_cap_mb is None else bucket_cap_mb
        if not cap > 0:
            raise ValueError(
                f"DistributedDataParallel: bucket_cap_mb is {bucket_cap_mb!r}; give more than 0"
            )
        self.module = module
        self.broadcast_buffers = broadcast_buffers
        self.find_unused_parameters = find_unused_parameters
        self.require_backward_grad_sync = True
        self._forward_syncs = True
        self._unguarded = _Parts(group, params, int(cap * (1 << 20)), find_unused_parameters)
        if init_sync:
            self._unguarded.send_all(module)

    @property
    def process_group(self) -> ProcessGroup:
        """Who takes part."""
        return self._unguarded.group

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        parts = self._unguarded
        reduces = mode.enabled and self.require_backward_grad_sync
        if reduces or self.broadcast_buffers:
            never_replay()
        if self.broadcast_buffers and self._forward_syncs:
            parts.send_buffers(self.module)
        outputs = self.module(*args, **kwargs)
        self.__dict__["_forward_syncs"] = reduces
        if reduces:
            parts.reducer.prepare(outputs)
        else:
            parts.reducer.pause()
        return outputs

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Within it, backward adds to this rank's own gradients alone; the next backward outside of
        it reduces their sums. The forward pass decides."""
        before = self.require_backward_grad_sync
        self.require_backward_grad_sync = False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def register_comm_hook(self, state: Any, hook: CommHook) -> None:
        """Have hook(state, bucket), in place of the mean, give the reduced buffer of each bucket,
        as a Future or a Work; see `comm_hooks.py`.

        Raises:  DistributedError for a second one.
        """
        reducer = self._unguarded.reducer
        if reducer.hook is not None:
            raise DistributedError(
                "DistributedDataParallel.register_comm_hook: there is a hook; register one at most"
            )
        reducer.state, reducer.hook = state, hook

    def join(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raises DistributedError: ranks take equally many steps."""
        raise DistributedError(
            "DistributedDataParallel.join: ranks take equally many steps; give them equally many "
            "batches, as utils.data.DistributedSampler does"
        )


class _Parts:
    """What belongs to the wrapper and to no recorded call: the reducer and the buffers' places."""

    def __init__(
        self, group: ProcessGroup, params: Sequence[Named], cap: int, find_unused: bool
    ) -> None:
        self.group = group
        self.own = group.copy()
        self.reducer = Reducer(params, self.own, cap, find_unused)
        self._flats: list[Flat] = []
        self._sent: list[int] = []

    def send_all(self, module: Module) -> None:
        """Have the first rank's parameters and buffers in all."""
        works = [
            broadcast(x, group=self.own, group_src=0, async_op=True)
            for x in (*module.parameters(), *module.buffers())
        ]
        for work in works:
            assert work is not None
            work.wait()

    def send_buffers(self, module: Module) -> None:
        """Have the first rank's buffers in all, by one call for each dtype."""
        buffers = list(module.buffers())
        sent = [id(x) for x in buffers]
        if sent != self._sent:
            self._flats, self._sent = flats(buffers), sent
        for work in [flat.broadcast(self.own, 0) for flat in self._flats]:
            work.wait()


def flats(tensors: Sequence[Tensor]) -> list[Flat]:
    """The tensors by dtype, in their order."""
    together: dict[str, list[Tensor]] = {}
    for x in tensors:
        together.setdefault(x.dtype.name, []).append(x)
    with no_grad():
        return [Flat(part) for part in together.values()]
