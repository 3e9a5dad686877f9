"""Optimizer: parameter groups, the state of every parameter, and the step around an update rule."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from cltensor.autograd import enable_grad, no_grad
from cltensor.core.changes import never_replay
from cltensor.core.names import check_hints
from cltensor.core.op import unrecorded
from cltensor.core.tensor import Tensor
from cltensor.errors import StateError
from cltensor.halves import cast_array
from cltensor.lazy.grids import parts_at_once
from cltensor.ops.create import tensor
from cltensor.optim.block import Block, movable
from cltensor.optim.hooks import (
    Hooked,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from cltensor.optim.members import Members, check_member, is_of
from cltensor.optim.options import Options, check_options, numbers_of, option, split_names
from cltensor.runtime.device import recording
from cltensor.runtime.kernel import Live

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]] | Iterable[dict[str, Any]]


class Optimizer(Hooked):
    """Base of all optimizers.

    A subclass defines `_update(block, values, state, grad)`: plain arithmetic on flat Tensors that
    returns the new values and sets the Tensors of `state` (named by `_state_names`, zero at first
    unless `_first` says otherwise). The gradient comes with its sign (maximize) and weight decay.
    The parameters of a group lie one after the other in one buffer (see `Block`), so a step is one
    launch for all of them, in place; complex ones are real there, twice as many. Numbers that
    change from step to step (lr, bias corrections) are `Live`: kernel arguments that are asked for
    at every launch, replayed ones included.

    Of PyTorch's options that say how a step is computed, foreach, fused and capturable are accepted
    and ask for nothing that is not done; differentiable=True raises TypeError.

    Args:    params: tensors, pairs of a name and a tensor, or dictionaries {"params": tensors,
             "lr": ..., ...}, one a group; defaults: the options that a group does not set itself.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1)
    >>> isinstance(optimizer, ct.optim.Optimizer), optimizer.param_groups[0]["lr"]
    (True, 0.1)
    """

    #: Options that are numbers of at least 0.
    _not_negative: tuple[str, ...] = ()
    #: Further options that decide which operations a step consists of.
    _switches: tuple[str, ...] = ("maximize",)
    #: Whether weight decay shrinks the weights (True), is added to the gradient (False), or is a
    #: matter of `_update` (None), where no option decoupled_weight_decay says it.
    _decoupled: bool | None = False
    #: Whether an element moves by what lies at its own place alone. If not, each parameter is a
    #: Tensor of its own shape in `_update`.
    _elementwise = True

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        super().__init__()
        self._name = type(self).__name__
        if isinstance(params, (Tensor, Mapping)):
            raise TypeError(
                f"{self._name}: params is a {type(params).__name__}; "
                "pass a list of tensors or of groups"
            )
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self._state: dict[Tensor, dict[str, Any]] = {}
        self._blocks: list[Block] = []
        #: The parameters in the blocks, each with its group, in the order in which they move: where
        #: some share elements it matters.
        self._order: list[tuple[int, int]] = []
        self._is_shown = False  # whether somebody may have the state, and change it
        entries: list[Any] = list(params)
        if not entries:
            raise ValueError(f"{self._name}: the parameter list is empty")
        if not isinstance(entries[0], dict):
            entries = [{"params": entries}]
        for entry in entries:
            self.add_param_group(entry)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group: {"params": tensors, option: value, ...}."""
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"{self._name}: a group is a dict with the key 'params'")
        params = param_group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        names, params = split_names(self._name, params, self.param_groups)
        known = {id(param) for param, _, _ in self._entries()}
        for param in params:
            check_member(self._name, param, self._elementwise)
            if id(param) in known:
                raise ValueError(f"{self._name}: a parameter appears twice")
            known.add(id(param))
        options = {**self.defaults, **param_group, "params": params, **names}
        check_hints(self._name, options)
        self._check_options(options)
        self.param_groups.append(options)
        for param in params:
            self._state[param] = {}

    @property
    def state(self) -> dict[Tensor, dict[str, Any]]:
        """The state by parameter: Tensors of its shape, which the steps change in place, and the
        count "step". It is the optimizer's own: a value that is replaced here is the one that the
        next step goes on from, and a parameter whose entry is taken out begins anew."""
        never_replay()
        if not self._is_shown:
            self._note_steps()
            self._is_shown = True
        return self._state

    @state.setter
    def state(self, state: dict[Tensor, dict[str, Any]]) -> None:
        if not isinstance(state, dict):
            raise TypeError(
                f"{self._name}: state is a {type(state).__name__}; assign a dict of dicts by "
                "parameter, {} to begin anew"
            )
        self._state, self._is_shown = state, True

    def _note_steps(self) -> None:
        """Write the counts of the blocks where the state says them."""
        if self._keeps_steps:
            for block in self._blocks:
                for entry in block.entries:
                    entry["step"] = block.steps
                    entry.update(block.numbers)

    def __getstate__(self) -> dict[str, Any]:
        if not self._is_shown:
            self._note_steps()
        kept = {key: value for key, value in self.__dict__.items() if key != "_hooks"}
        return {**kept, "_blocks": [], "_order": []}  # a copy lays its own parameters out

    def __setstate__(self, state: dict[str, Any]) -> None:
        Hooked.__init__(self)
        self.__dict__.update(state)

    def _check_options(self, group: dict[str, Any]) -> None:
        """Refuse options out of range; subclasses say which others."""
        check_options(self._name, group, self._not_negative)

    def _entries(self) -> Iterator[tuple[Tensor, dict[str, Any], dict[str, Any]]]:
        """(parameter, its state, its group) for every parameter."""
        recorder = recording.current
        if recorder is not None and not any(is_of(guard, self) for guard in recorder.guards):
            recorder.guards.append(Members(self))
        for group in self.param_groups:
            for param in group["params"]:
                entry = self._state.get(param)
                if entry is None:
                    entry = self._state[param] = {}
                yield param, entry, group

    #: Whether a parameter's state has the entry "step".
    _keeps_steps = False

    def _state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        """The names of the Tensors of state that a parameter of `group` has."""
        return ()

    def _states_of(self, group: dict[str, Any], param: Tensor) -> tuple[str, ...]:
        """The same where they depend on the parameter."""
        return self._state_names(group)

    def _shape(self, name: str, param: Tensor) -> tuple[int, ...] | None:
        """The shape of a Tensor of state, None for any."""
        return param.shape

    def _first(self, name: str, options: Options) -> float:
        """What the elements of a Tensor of state are before the first step."""
        return 0.0

    def _numbers(self, options: Options) -> dict[str, float]:
        """What else than "step" the host counts for each parameter, before the first step."""
        return {}

    def _count(self, block: Block) -> None:
        """Count one more step."""
        block.advance()

    def _prepared(self, block: Block, values: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Values and gradient after what the options maximize and weight_decay ask for."""
        group = block.options
        if group.get("maximize"):
            grad = -grad
        decoupled = group.get("decoupled_weight_decay", self._decoupled)
        if decoupled is None or not group.get("weight_decay"):
            return values, grad
        if decoupled:
            return values * Live(lambda: 1 - group["lr"] * group["weight_decay"]), grad
        return values, grad + option(group, "weight_decay") * values

    def _whole_update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        values, grad = self._prepared(block, values, grad)
        return self._update(block, values, state, grad)

    def _update(
        self, block: Block, values: Tensor, state: dict[str, Tensor], grad: Tensor
    ) -> Tensor:
        raise NotImplementedError(f"{self._name}: the class defines no _update()")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient by one step.

        Args:    closure: computes the loss again, gradients included.
        Returns: what the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        unrecorded(self._move_all)
        return loss

    def _move_all(self) -> None:
        moving, gradients = [], {}
        for member in self._entries():
            gradient = member[0].grad
            if gradient is not None:
                moving.append(member)
                gradients[id(member[0])] = gradient
        self._lay_out(moving)
        for block in self._blocks:
            self._move(block, [gradients[id(param)] for param in block.params])
        if self._is_shown:
            self._note_steps()

    def _form(self, group: dict[str, Any]) -> tuple[Any, ...]:
        """What of the options of `group` decides which operations a step consists of; all other
        numbers are `Live`."""
        decay = bool(group.get("weight_decay"))
        return (*self._state_names(group), decay, *map(group.__getitem__, self._switches))

    def _lay_out(self, moving: list[tuple[Tensor, dict[str, Any], dict[str, Any]]]) -> None:
        """See to it that the blocks hold the parameters that move, as the options say."""
        order = [(id(param), id(group)) for param, _, group in moving]
        if order != self._order or not all(map(self._is_laid_out, self._blocks)):
            never_replay()  # which would lay the first values out again
            self._arrange(moving)
            self._order = order

    def _is_laid_out(self, block: Block) -> bool:
        """Whether `block` holds what it did, and its options still ask for the same operations."""
        return block.is_whole() and self._is_in_use(block)

    def _is_in_use(self, block: Block) -> bool:
        """The same for a recorded step, which sees by itself where the parameters are."""
        same = block.form == self._form(block.group)
        return same and block in self._blocks and self._is_as_left(block)

    def _is_as_left(self, block: Block) -> bool:
        """Whether nobody replaced a part of the state of `block`."""
        return not self._is_shown or all(
            self._state.get(param) is entry
            and all(entry.get(name) is left[name] for name in left)
            and entry.get("step", block.steps) == block.steps
            and all(entry.get(name) == number for name, number in block.numbers.items())
            for param, entry, left in zip(block.params, block.entries, block.left, strict=True)
        )

    def _arrange(self, moving: list[tuple[Tensor, dict[str, Any], dict[str, Any]]]) -> None:
        """Lay out blocks of the parameters that move, with the state they have."""
        if not self._is_shown:  # else the state says them, or others that somebody wrote there
            self._note_steps()
        together: dict[Any, list[tuple[Tensor, dict[str, Any], dict[str, Any]]]] = {}
        moves = movable([param for param, _, _ in moving])
        for place, ((param, entry, group), can_move) in enumerate(zip(moving, moves, strict=True)):
            steps = self._steps_of(entry)
            known = tuple([name in entry for name in self._states_of(group, param)])
            first = self._numbers(numbers_of(group)).items()
            numbers = tuple([entry.get(*item) for item in first])
            alone = -1 if can_move and self._elementwise else place  # in a block of its own
            key = (id(group), param.device.name, param.dtype, steps, numbers, known, alone)
            together.setdefault(key, []).append((param, entry, group))
        blocks = []
        for key, members in together.items():
            most = parts_at_once(members[0][0].device)
            for at in range(0, len(members), most):
                blocks.append(self._block(members[at : at + most], key[3], key[-1] >= 0))
        self._blocks = blocks

    def _block(
        self,
        members: list[tuple[Tensor, dict[str, Any], dict[str, Any]]],
        steps: int,
        stays: bool,
    ) -> Block:
        group = members[0][2]
        params, kept = [param for param, _, _ in members], [entry for _, entry, _ in members]
        options = numbers_of(group)
        numbers = {name: kept[0].get(name, x) for name, x in self._numbers(options).items()}
        block = Block(params, kept, group, steps, stays, numbers)
        block.form, block.elementwise = self._form(group), self._elementwise
        for name in self._states_of(group, params[0]):
            if name not in kept[0]:
                block.began[name] = steps + 1
            known = [entry[name] for entry in kept] if name in kept[0] else None
            shape = None if self._elementwise else self._shape(name, params[0])
            block.state[name] = block.flat(known, self._first(name, options), shape)
            views = block.views(block.state[name])
            for entry, left, view in zip(kept, block.left, views, strict=True):
                entry[name] = left[name] = view
        return block

    def _steps_of(self, entry: dict[str, Any]) -> int:
        """How many steps a parameter with that state has taken (of SGD: 0, or some)."""
        return int(entry.get("step", bool(entry)))

    def _move(self, block: Block, gradients: list[Tensor]) -> None:
        recorder = block.values.device.recorder
        if recorder is None:
            self._count(block)
        else:
            recorder.host(partial(self._advance, block))
            recorder.guards.append(lambda: self._is_in_use(block))
        block.move(gradients, self._whole_update)

    def _advance(self, block: Block) -> None:
        """What a replayed step does besides its launches."""
        self._count(block)
        if self._is_shown:
            self._note_steps()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients, or set them to zero."""
        for param, _, _ in self._entries():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                with no_grad():
                    param.grad.zero_()

    # -- saving and loading ----------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state by number of the parameter, and the groups with numbers for parameters.

        {"state": {0: {"exp_avg": Tensor, ...}, ...},
         "param_groups": [{"lr": 0.001, ..., "params": [0, ...]}, ...]}
        """
        for hook in [*self._hooks["save_pre"]]:
            hook(self)
        groups, first = [], 0
        for group in self.param_groups:
            numbers = list(range(first, first + len(group["params"])))
            groups.append({**group, "params": numbers})
            first += len(numbers)
        never_replay()
        if not self._is_shown:
            self._note_steps()
        state = {n: dict(entry) for n, (_, entry, _) in enumerate(self._entries()) if entry}
        return self._passed("save_post", {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state_dict of the same kind of optimizer, PyTorch's included.

        Raises:  StateError if groups, counts or shapes differ; nothing is changed then.
        """
        operation = f"{self._name}.load_state_dict"
        if self._hooks["load_pre"]:
            state_dict = self._passed("load_pre", dict(state_dict))
        try:
            saved_groups, saved_state = state_dict["param_groups"], state_dict["state"]
        except (KeyError, TypeError) as error:
            raise StateError(
                f"{operation}: expected a dict with 'state' and 'param_groups'"
            ) from error
        if len(saved_groups) != len(self.param_groups):
            raise StateError(
                f"{operation}: {len(saved_groups)} parameter groups were saved, "
                f"the optimizer has {len(self.param_groups)}"
            )
        for number, (saved, group) in enumerate(zip(saved_groups, self.param_groups, strict=True)):
            if len(saved["params"]) != len(group["params"]):
                raise StateError(
                    f"{operation}: group {number} was saved with {len(saved['params'])} "
                    f"parameters, the optimizer's has {len(group['params'])}"
                )
        order = [number for saved in saved_groups for number in saved["params"]]
        state = {
            param: {
                key: self._restored(f"{operation}: parameter {number}", key, value, param, group)
                for key, value in saved_state.get(number, {}).items()
            }
            for number, (param, _, group) in zip(order, self._entries(), strict=True)
        }
        self._blocks, self._order = [], []
        self._state, self._is_shown = state, False
        self.param_groups = [
            {
                **self.defaults,
                **{key: group[key] for key in ("param_names",) if key in group},
                **copy.deepcopy(_without_params(saved)),
                "params": group["params"],
            }
            for saved, group in zip(saved_groups, self.param_groups, strict=True)
        ]
        for hook in [*self._hooks["load_post"]]:
            hook(self)

    def _restored(
        self, where: str, key: str, value: Any, param: Tensor, group: dict[str, Any]
    ) -> Any:
        """A saved entry on the device of its parameter; what is counted comes as numbers."""
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if key == "step" or key in self._numbers(numbers_of(group)):
            return float(value.item())
        if isinstance(value, (list, tuple)):
            return [self._restored(where, key, each, param, group) for each in value]
        array = value if isinstance(value, Tensor) else np.asarray(value)
        shape = self._shape(key, param)
        if shape is not None and tuple(array.shape) != tuple(shape):
            raise StateError(
                f"{where}: {key!r} has shape {tuple(array.shape)}, the parameter's is "
                f"{tuple(shape)}"
            )
        if isinstance(array, Tensor):
            return array.detach().astype(param.dtype).to(param.device).clone()
        return tensor(cast_array(array, param.dtype), device=param.device)

    def __repr__(self) -> str:
        lines = [f"{self._name} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {group[key]}" for key in sorted(_without_params(group))]
        return "\n".join([*lines, ")"])


def _without_params(group: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "params"}
