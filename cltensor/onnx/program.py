"""A graph of a file made ready to run: each node with its function, and what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import CLTensorError, DataError
from cltensor.onnx.functions import main as ct
from cltensor.onnx.narrow import Narrow
from cltensor.onnx.table import Entry

#: The most elements of an array of sizes that NumPy computes with, in place of the device.
SMALL = 1024


class Constant:
    """A tensor that the file gives, by its place among the members of the module."""

    __slots__ = ("at", "narrow")

    def __init__(self, at: int, narrow: Any = None) -> None:
        self.at, self.narrow = at, narrow


class Surroundings(Protocol):
    """The module that runs a program."""

    source: str
    training: bool

    def member(self, at: int) -> Tensor:
        """The tensor of a Constant."""

    def on_host(self, at: int) -> np.ndarray:
        """Its elements."""

    def is_small(self, at: int) -> bool:
        """Whether it holds few elements, and no floats."""


class Call:
    """A run of the module: where it computes."""

    def __init__(self, module: Surroundings, device: Any) -> None:
        self.module, self.device = module, device

    def tensor(self, value: Any) -> Any:
        """A value as the device has it: arrays become tensors, of lists each member."""
        if isinstance(value, Constant):
            found = self.module.member(value.at)
            return found if value.narrow is None else Narrow(value.narrow, found)
        if isinstance(value, np.ndarray):
            return ct.tensor(value, device=self.device)
        if isinstance(value, Narrow) and not isinstance(value.codes, Tensor):
            return Narrow(value.kind, ct.tensor(value.codes, device=self.device))
        if isinstance(value, list):
            return [self.tensor(v) for v in value]
        return value

    def array(self, value: Any) -> np.ndarray:
        """The elements of a value on the host."""
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, Constant) and value.narrow is None:
            return self.module.on_host(value.at)
        value = self.tensor(value)
        if not isinstance(value, Tensor):
            raise DataError(f"it takes a tensor, and is given {_shown(value)}")
        return value.detach().numpy()

    def small(self, value: Any) -> np.ndarray | None:
        """The elements of what is known on the host anyway, and worth no kernel."""
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, Constant) and value.narrow is None and self.module.is_small(value.at):
            return self.module.on_host(value.at)
        return None

    def argument(self, value: Any, how: str) -> Any:
        """A value as an operator asks for it, see `table`."""
        if value is None:
            return None
        if how == "Value":
            return self.tensor(value)
        if how == "Ints":
            return [int(n) for n in self.array(value).ravel()]
        if how == "Numbers":
            return [float(n) for n in self.array(value).ravel()]
        if how == "Array":
            return self.array(value)
        found = self.tensor(value)
        if not isinstance(found, Tensor):
            raise DataError(f"it takes a tensor, and is given {_shown(found)}")
        return found


def _shown(value: Any) -> str:
    if isinstance(value, Narrow):
        return f"one of {value.kind}"
    return "a sequence" if isinstance(value, list) else f"a {type(value).__name__}"


class Step:
    """A node ready to run. bodies: its graphs by attribute; drops: names nobody reads behind it."""

    def __init__(
        self, node: Any, entry: Entry, keywords: dict[str, Any], bodies: dict[str, Program]
    ) -> None:
        self.node, self.entry, self.keywords, self.bodies = node, entry, keywords, bodies
        self.hows = [entry.how(place) for place in range(len(node.inputs))]
        self.drops: list[str] = []

    def run(self, call: Call, values: dict[str, Any]) -> Any:
        """What the operator gives for the values of its inputs."""
        entry, given = self.entry, [values[n] if n else None for n in self.node.inputs]
        if entry.host is not None and not self.bodies:
            arrays = [None if v is None else call.small(v) for v in given]
            if arrays and all(
                a is not None or v is None for a, v in zip(arrays, given, strict=True)
            ):
                found = entry.host(*arrays, **self.keywords)
                if found is not NotImplemented:
                    return _as_values(found)
        keywords = dict(self.keywords)
        for name, program in self.bodies.items():
            keywords[name] = _bound(program, call, values)
        for name in entry.asked:
            keywords[name] = self._asked(name, call)
        pairs = zip(given, self.hows, strict=True)
        return entry.function(*[call.argument(v, how) for v, how in pairs], **keywords)

    def _asked(self, name: str, call: Call) -> Any:
        if name == "outputs":
            return len(self.node.outputs)
        return call.module.training if name == "training" else call.device


def _as_values(found: Any) -> Any:
    """NumPy's numbers are arrays without dimensions."""
    if isinstance(found, (tuple, list)):
        return tuple(np.asarray(f) for f in found)
    return np.asarray(found)


class Calling:
    """A node that is a function of the file's own."""

    def __init__(self, node: Any, program: Program) -> None:
        self.node, self.program = node, program
        self.bodies: dict[str, Program] = {}
        self.drops: list[str] = []

    def run(self, call: Call, values: dict[str, Any]) -> Any:
        """What the function gives; inputs that are left out are None in it."""
        given = [values[n] if n else None for n in self.node.inputs]
        missing = len(self.program.inputs) - len(given)
        return tuple(self.program.run(call, [*given, *[None] * missing], {}))


def _bound(program: Program, call: Call, around: dict[str, Any]) -> Callable[..., Any]:
    """A graph inside a node as a function of its inputs."""

    def body(*given: Any) -> tuple[Any, ...]:
        return tuple(call.tensor(value) for value in program.run(call, given, around))

    return body


class Program:
    """Steps in their order. constants: by the names that the graph gives them."""

    def __init__(
        self, inputs: Sequence[str], outputs: Sequence[str], captures: Sequence[str],
        constants: dict[str, Constant], steps: Sequence[Step | Calling],
    ) -> None:  # fmt: skip
        self.inputs, self.outputs, self.captures = list(inputs), list(outputs), list(captures)
        self.constants, self.steps = constants, list(steps)
        last: dict[str, Step | Calling] = {}
        for step in self.steps:
            for name in (*step.node.inputs, *step.node.outputs):
                last[name] = step
            for body in step.bodies.values():
                last |= dict.fromkeys(body.captures, step)
        for name, step in last.items():
            if name and name not in self.outputs and name not in constants:
                step.drops.append(name)

    def run(self, call: Call, given: Sequence[Any], around: dict[str, Any]) -> list[Any]:
        """The outputs for the values of the inputs; `around`: those of the graph around."""
        if len(given) != len(self.inputs):
            raise DataError(f"its graph takes {len(self.inputs)} inputs, and is given {len(given)}")
        values: dict[str, Any] = {name: around[name] for name in self.captures}
        values |= self.constants
        values |= zip(self.inputs, given, strict=True)
        for step in self.steps:
            try:
                found = step.run(call, values)
            except CLTensorError as error:
                note = f"in {step.node} of {call.module.source}"
                if note not in getattr(error, "__notes__", ()):
                    error.add_note(note)
                raise
            except _FAULTS as error:
                raise DataError(
                    f"{call.module.source}: {step.node} cannot be run: {error}"
                ) from error
            outputs = step.node.outputs
            several = found if isinstance(found, tuple) else (found,)
            if len(several) < len(outputs):
                raise DataError(
                    f"{call.module.source}: {step.node} gives {len(several)} results, and "
                    f"{len(outputs)} are asked for"
                )
            for name, value in zip(outputs, several, strict=False):
                if name:
                    values[name] = value
            for name in step.drops:
                values.pop(name, None)
        return [values[name] for name in self.outputs]


#: What a node that makes no sense may raise in its function.
_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
