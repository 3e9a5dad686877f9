"""ZeroRedundancyOptimizer: each rank has the optimizer's state of its share of the parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from sys import modules as _modules
from typing import Any

from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.core.tensor import Tensor
from cltensor.distributed.flat import Flat
from cltensor.distributed.groups import ProcessGroup, in_group
from cltensor.distributed.objects import gather_object
from cltensor.errors import StateError
from cltensor.lazy.grids import parts_at_once
from cltensor.ops.create import zeros
from cltensor.optim.optimizer import Optimizer

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer(Optimizer):
    """An optimizer of another class whose state is shared out among the ranks (ZeRO, stage 1): each
    moves its share of the parameters, and sends them to the others. All ranks have equal
    parameters and gradients, as DistributedDataParallel sees to.

    Args:    params: as of optimizers; optimizer_class: the class, whose options follow by name;
             process_group: None for all ranks. parameters_as_bucket_view and overlap_with_ddp
             ask for nothing.
    Source:  Rajbhandari et al. 2020.

    In two ranks, and what rank 0 has then:

        weights = [nn.Parameter(ct.ones(2)), nn.Parameter(ct.ones(1))]
        optimizer = ct.optim.ZeroRedundancyOptimizer(weights, ct.optim.SGD, lr=0.5)
        sum(w.sum() for w in weights).backward()
        optimizer.step()
        [w.tolist() for w in weights]  # [[0.5, 0.5], [0.5]]
        [w.numel() for w in optimizer.optim.param_groups[0]["params"]]  # [2]
    """

    def __init__(
        self,
        params: Any,
        optimizer_class: Callable[..., Optimizer],
        process_group: ProcessGroup | None = None,
        parameters_as_bucket_view: bool = False,
        overlap_with_ddp: bool = False,
        **defaults: Any,
    ) -> None:
        self._group = in_group("ZeroRedundancyOptimizer", process_group)
        probe = optimizer_class([zeros(1).requires_grad_()], **defaults)
        self._loads = [0] * self._group.size()
        #: The parameters of each rank by group, and, of this one's, the group of its optimizer.
        self._shares: list[list[list[Tensor]]] = []
        self._own: list[dict[str, Any] | None] = []
        self.optim: Optimizer | None = None
        self._make = lambda groups: optimizer_class(groups, **defaults)
        self._flats: list[tuple[int, Flat]] | None = None
        self._collected: dict[str, Any] | None = None
        super().__init__(params, probe.defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """See Optimizer; its parameters are shared out as well."""
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        shares: list[list[Tensor]] = [[] for _ in self._loads]
        ranks = {}
        for param in sorted(group["params"], key=lambda p: -p.nbytes):
            rank = self._loads.index(min(self._loads))
            self._loads[rank] += param.nbytes
            ranks[id(param)] = rank
        for param in group["params"]:
            shares[ranks[id(param)]].append(param)
        self._shares.append(shares)
        mine = shares[self._group.rank()]
        own = {**group, "params": mine} if mine else None
        if own is not None:
            own.pop("param_names", None)
            if self.optim is None:
                self.optim = self._make([own])
            else:
                self.optim.add_param_group(own)
            own = self.optim.param_groups[-1]
        self._own.append(own)
        self._flats = None

    @property
    def state(self) -> dict[Tensor, dict[str, Any]]:
        """The state of this rank's share; see Optimizer."""
        return {} if self.optim is None else self.optim.state

    @state.setter
    def state(self, state: dict[Tensor, dict[str, Any]]) -> None:
        if self.optim is not None:
            self.optim.state = state

    def _move_all(self) -> None:
        """Move this rank's share, and have everybody's afterwards."""
        for group, own in zip(self.param_groups, self._own, strict=True):
            if own is not None:
                skipped = ("params", "param_names")
                own.update({key: x for key, x in group.items() if key not in skipped})
        if self.optim is not None:
            self.optim.step()
        self._share()

    def _share(self) -> None:
        """Send the parameters to the ranks that did not move them."""
        if self._flats is None:
            self._flats = list(self._parts())
        for work in [flat.broadcast(self._group, rank) for rank, flat in self._flats]:
            work.wait()

    def _parts(self) -> Iterator[tuple[int, Flat]]:
        """What each rank sends at once, as its optimizer lays it out."""
        for shares in self._shares:
            for rank, params in enumerate(shares):
                together: dict[str, list[Tensor]] = {}
                for param in params:
                    together.setdefault(param.dtype.name, []).append(param)
                for alike in together.values():
                    most = parts_at_once(alike[0].device)
                    for at in range(0, len(alike), most):
                        yield rank, Flat(alike[at : at + most])

    # -- saving and loading ----------------------------------------------------------------

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Have the state of all ranks in rank `to` of the group, for `state_dict` there. All ranks
        call this."""
        mine = None if self.optim is None else self.optim.state_dict()["state"]
        every: list[Any] = [None] * self._group.size()
        gather_object(mine or {}, every, group=self._group, group_dst=to)
        if self._group.rank() != to:
            return
        state = {}
        params = [param for group in self.param_groups for param in group["params"]]
        for rank, found in enumerate(every):
            numbers = list(self._numbers_of(rank))
            for place, entry in found.items():
                device = params[numbers[place]].device
                state[numbers[place]] = {
                    key: x.to(device) if isinstance(x, Tensor) else x for key, x in entry.items()
                }
        self._collected = {"state": dict(sorted(state.items()))}

    def _numbers_of(self, rank: int) -> Iterator[int]:
        """The numbers of a rank's parameters among all of them."""
        first = 0
        for group, shares in zip(self.param_groups, self._shares, strict=True):
            mine = {id(param) for param in shares[rank]}
            yield from (first + k for k, p in enumerate(group["params"]) if id(p) in mine)
            first += len(group["params"])

    def state_dict(self) -> dict[str, Any]:
        """The state of all ranks, as the optimizer's own class gives it in one process.

        Raises:  StateError before `consolidate_state_dict`, or in another rank.
        """
        if self._collected is None:
            raise StateError(
                "ZeroRedundancyOptimizer.state_dict: this rank has its own share only; call "
                "consolidate_state_dict(to=this rank) in all ranks first"
            )
        groups, first = [], 0
        for group in self.param_groups:
            count = len(group["params"])
            groups.append({**group, "params": list(range(first, first + count))})
            first += count
        return {**self._collected, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over this rank's share of a state_dict of all ranks, as `state_dict` gives it."""
        saved, groups = state_dict["state"], state_dict["param_groups"]
        counts = [len(group["params"]) for group in groups]
        wanted = [len(group["params"]) for group in self.param_groups]
        if counts != wanted:
            raise StateError(
                f"ZeroRedundancyOptimizer.load_state_dict: groups of {counts} parameters were "
                f"saved, the optimizer has {wanted}"
            )
        for group, given in zip(self.param_groups, groups, strict=True):
            group.update({key: x for key, x in given.items() if key != "params"})
        if self.optim is None:
            return
        numbers = list(self._numbers_of(self._group.rank()))
        own = self.optim.state_dict()
        state = {place: saved[n] for place, n in enumerate(numbers) if n in saved}
        self.optim.load_state_dict({"state": state, "param_groups": own["param_groups"]})
        inner = iter(self.optim.param_groups)
        self._own = [None if each is None else next(inner) for each in self._own]


_here = _modules[__name__]
_place("cltensor.distributed", {"optim": _here, "optim.zero_redundancy_optimizer": _here})
_suggest(_here)
