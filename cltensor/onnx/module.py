"""The Module that a file becomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn.module import Module
from cltensor.nn.parameter import Buffer, Parameter
from cltensor.onnx.build import Builder, Given
from cltensor.onnx.functions import main as ct
from cltensor.onnx.narrow import Narrow, NarrowType
from cltensor.onnx.program import SMALL, Call
from cltensor.onnx.structure import Model, Type
from cltensor.runtime.device import get


class GraphModule(Module):
    """What `ct.onnx.load` gives: called with the file's inputs, in their order or by their names,
    it gives its output, or a tuple of them.

    The file's tensors of floats, and its constants of more than one float, are parameters under the
    names that they have in the file (a point in one divides modules); statistics of batch
    normalization are buffers, and numbers that say how to compute, such as shapes, are none of its
    state. It begins in evaluation, which computes what the file says; after `train()` batch
    normalization and dropout work as layers in training do.

    >>> import io
    >>> file = io.BytesIO()
    >>> ct.onnx.export(nn.Linear(2, 3), ct.ones(4, 2), file, input_names=["features"])
    >>> model = ct.onnx.load(file.getvalue())
    >>> [*model.inputs], [name for name, _ in model.named_parameters()]
    (['features'], ['weight', 'bias'])
    """

    def __init__(self, source: str, model: Model, built: Builder, device: Any = None) -> None:
        super().__init__()
        self.source = source
        #: What the file says of its inputs and outputs, by name.
        self.inputs = {
            name: kind
            for name, kind in model.graph.inputs.items()
            if name not in model.graph.initializers
        }
        self.outputs = dict(model.graph.outputs)
        #: The versions of the operators, by domain.
        self.versions = dict(model.versions)
        self._program = built.program
        self._places: list[tuple[Module, str]] = []
        self._read: dict[int, tuple[Tensor, int, np.ndarray]] = {}
        self._device = get(device) if device is not None else None
        for given in built.given:
            self._places.append(self._place(given))
        self._floats = self._dtype()
        self.eval()

    def _place(self, given: Given) -> tuple[Module, str]:
        """Have a tensor of the file as a member; returns the module that has it, and its name."""
        tensor = ct.tensor(given.array, device=self._device)
        owner, name = (self, "") if not given.persistent else self._owner(given.name)
        if not name:
            owner, name = self, f"_constant{len(self._places)}"
        member = Parameter(tensor) if given.trains else Buffer(tensor, persistent=given.persistent)
        setattr(owner, name, member)
        return owner, name

    def _owner(self, name: str) -> tuple[Module, str]:
        """The module and the name in it of what the file calls `name`; no name where none fits."""
        *above, last = name.split(".")
        owner: Module = self
        for part in above:
            if part not in owner._modules:
                if not _is_free(owner, part):
                    return self, ""
                setattr(owner, part, Module())
            child = owner._modules[part]
            assert child is not None
            owner = child
        return (owner, last) if _is_free(owner, last) else (self, "")

    def member(self, at: int) -> Tensor:
        """The parameter or buffer at that place among those of the file."""
        owner, name = self._places[at]
        return getattr(owner, name)

    def on_host(self, at: int) -> np.ndarray:
        """The elements of a member, read again only where they have changed."""
        tensor = self.member(at)
        known = self._read.get(at)
        if known is None or known[0] is not tensor or known[1] != tensor._version:
            known = tensor, tensor._version, tensor.detach().numpy()
            self._read[at] = known
        return known[2]

    def is_small(self, at: int) -> bool:
        """Whether a member holds few elements, and no floats."""
        tensor = self.member(at)
        return tensor.size <= SMALL and tensor.dtype.kind in "biu"

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The file's output, or a tuple of them, for its inputs: tensors, or NumPy's arrays.

        Raises DTypeError or ShapeError for an input other than the file says.
        """
        given = self._bound(args, kwargs)
        device = next((x.device for x in given if isinstance(x, Tensor)), None) or self._where()
        call = Call(self, device)
        pairs = zip(given, self.inputs.items(), strict=True)
        now = self._dtype()
        values = []
        for x, (name, kind) in pairs:
            if kind.element is self._floats is not now:
                kind = replace(kind, element=now)
            values.append(_checked(self.source, x, name, kind, device))
        found = [call.tensor(v) for v in self._program.run(call, values, {})]
        return found[0] if len(found) == 1 else tuple(found)

    def _dtype(self) -> Any:
        """That of the first parameter: `half()` and the like change what inputs are taken."""
        return next((p.dtype for p in self.parameters()), None)

    def _where(self) -> Any:
        members = [*self.parameters(), *self.buffers()]
        return members[0].device if members else get(self._device)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        names = list(self.inputs)
        unknown = [name for name in kwargs if name not in names[len(args) :]]
        missing = [name for name in names[len(args) :] if name not in kwargs]
        optional = [n for n in missing if self.inputs[n].kind == "optional"]
        if unknown or len(args) > len(names) or set(missing) - set(optional):
            raise TypeError(
                f"{self.source}: it takes the inputs {names}, and is given {len(args)} by place "
                f"and {list(kwargs)} by name"
            )
        return [*args, *[kwargs.get(name) for name in names[len(args) :]]]

    def extra_repr(self) -> str:
        """What `print(module)` says of it."""
        return f"{self.source}, inputs={list(self.inputs)}, outputs={list(self.outputs)}"


def _is_free(owner: Module, name: str) -> bool:
    return bool(name) and not hasattr(owner, name)


def _checked(source: str, x: Any, name: str, kind: Type, device: Any) -> Any:
    """An input as a tensor of what the file says."""
    if kind.kind not in ("tensor", ""):
        return x
    if isinstance(x, Narrow) and x.kind is kind.element:
        return x
    if not isinstance(x, Tensor):
        x = ct.tensor(x, device=device)
    element = kind.element
    if element is not None and (isinstance(element, NarrowType) or x.dtype != element):
        raise DTypeError(
            f"{source}: input {name!r} takes {element.name}, and is given {x.dtype.name}"
        )
    wanted = kind.shape
    if wanted is not None and (
        len(wanted) != len(x.shape)
        or any(n is not None and n != m for n, m in zip(wanted, x.shape, strict=True))
    ):
        shown = tuple("any" if n is None else n for n in wanted)
        raise ShapeError(
            f"{source}: input {name!r} takes the shape {shown}, and is given {x.shape}"
        )
    return x
