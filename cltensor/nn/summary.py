"""`model.summary()`: the layers of a model, what they give, and how many weights they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cltensor.autograd import no_grad
from cltensor.core.names import named
from cltensor.core.tensor import Tensor
from cltensor.core.trees import flatten
from cltensor.ops.random.draw import randn


@dataclass(frozen=True)
class Row:
    """A module: its dotted name, how deep it lies, its class, the shapes of its first results (None
    if it was not called), and how many numbers it has in parameters, itself and below."""

    name: str
    depth: int
    kind: str
    output: str | None
    parameters: int


@dataclass(frozen=True)
class Summary:
    """What `summary` found; its text is a table.

    Attributes:  rows, one for each module; parameters, trainable and buffers, how many numbers
                 there are of each, shared ones once; nbytes, what parameters and buffers take.
    """

    rows: Sequence[Row]
    parameters: int
    trainable: int
    buffers: int
    nbytes: int

    def __str__(self) -> str:
        lines = [("layer", "output", "parameters")]
        for row in self.rows:
            name = row.name.rpartition(".")[2]
            title = f"{'  ' * row.depth}{name}: {row.kind}" if name else row.kind
            lines.append(
                (title, row.output or "-", f"{row.parameters:,}" if row.parameters else "-")
            )
        widths = [max(len(line[k]) for line in lines) for k in range(3)]
        text = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in lines]
        text.insert(1, "-" * len(text[0]))
        text += [text[1], f"{self.parameters:,} parameters, of these {self.trainable:,} trained"]
        if self.buffers:
            text.append(f"{self.buffers:,} numbers in buffers")
        text.append(f"{_size(self.nbytes)} of memory")
        return "\n".join(text)

    __repr__ = __str__


def _size(nbytes: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if nbytes < 1024:
            return f"{nbytes:,.0f} {unit}" if unit == "bytes" else f"{nbytes:.1f} {unit}"
        nbytes /= 1024
    return f"{nbytes:.1f} GiB"


def summary(
    model: Any, inputs: Sequence[Any], input_size: Any = None, depth: int | None = None
) -> Summary:
    """See Summarized.summary."""
    if input_size is not None:
        if inputs:
            raise TypeError("summary: give inputs, or their input_size, not both")
        if not isinstance(input_size, (tuple, list)):
            raise TypeError(
                f"summary: input_size is {input_size!r}; give the shape of a batch, as (1, 3, 32, "
                "32), or a list of shapes"
            )
        sizes = [input_size] if all(isinstance(n, int) for n in input_size) else input_size
        like = next(model.parameters(), None)
        device = None if like is None else like.device
        inputs = [randn(*size, device=device) for size in sizes]
    outputs = _outputs(model, inputs) if inputs else {}
    rows = [
        Row(name, level, type(module).__name__, outputs.get(module), _count(module.parameters()))
        for name, level, module in _members(model, "", 0)
        if depth is None or level <= depth
    ]
    parameters, buffers = list(model.parameters()), list(model.buffers())
    return Summary(
        rows,
        _count(parameters),
        _count(p for p in parameters if p.requires_grad),
        _count(buffers),
        sum(x.numel() * x.dtype.itemsize for x in (*parameters, *buffers)),
    )


def _count(tensors: Any) -> int:
    return sum(x.numel() for x in tensors)


def _members(module: Any, name: str, depth: int) -> Iterator[tuple[str, int, Any]]:
    yield name, depth, module
    for key, child in module.named_children():
        yield from _members(child, f"{name}.{key}" if name else key, depth + 1)


def _outputs(model: Any, inputs: Sequence[Any]) -> dict[Any, str]:
    """The shapes of the first results of each module, in evaluation and without a graph."""
    found: dict[Any, str] = {}

    def note(module: Any, args: Any, output: Any) -> None:
        shapes = [tuple(x.shape) for x in flatten(output)[0] if isinstance(x, Tensor)]
        found.setdefault(module, ", ".join(map(str, shapes)) or type(output).__name__)

    modes = [(module, module.training) for module in model.modules()]
    handles = [module.register_forward_hook(note) for module, _ in modes]
    try:
        model.eval()
        with no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    return found


class _Method:
    """A method that gives way to a module, parameter or buffer of its name."""

    def __init__(self, function: Any) -> None:
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, module: Any, owner: Any = None) -> Any:
        if module is None:
            return self.function
        name = self.function.__name__
        for kind in ("_parameters", "_modules", "_buffers"):
            if name in module.__dict__.get(kind, ()):
                return module.__dict__[kind][name]
        return self.function.__get__(module, owner)


class Summarized:
    """Mixin: the method `summary`."""

    @named
    def summary(self, *inputs: Any, input_size: Any = None, depth: int | None = None) -> Summary:
        """The layers of the model, for printing: `print(model.summary(input_size=(1, 3, 32, 32)))`.

        Args:    inputs: what the model is called with once, in evaluation, to see what each layer
                 gives;  input_size: the shape of random ones instead, or a list of shapes. Without
                 both, no results are shown;  depth: the deepest modules to show, 0 the model alone.
        Returns: a Summary, whose text is a table.
        """
        return summary(self, inputs, input_size, depth)

    if not TYPE_CHECKING:
        summary = _Method(summary)
