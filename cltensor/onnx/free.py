"""Sizes that a file leaves free: a module runs at several, and its graphs must agree but for
constants that follow the sizes, which the file then computes.

A number follows the sizes where it is a sum of products of them with whole factors: found at some
points, and required to hold at others. What code decides by a size that was not tried stays unseen.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DataError
from cltensor.onnx.elements import Folder, array_of
from cltensor.onnx.functions import main as ct
from cltensor.onnx.record import Recorder

#: The most sizes that can be free: 2 ** n points are needed for n of them.
MOST = 4
#: The most whole numbers of a constant that are looked at one by one.
_FEW = 64
#: A sum: factors by the places of the sizes in their product.
Sum = Mapping[tuple[int, ...], int]


class Recording(NamedTuple):
    """What one run wrote: results are name, dtype and shape of each output."""

    graph: Recorder
    results: list[tuple[str, Any, tuple[Any, ...]]]


class Axes:
    """The axes that are free. dynamic_axes: as `export` takes it; names: those of the inputs."""

    def __init__(
        self, dynamic_axes: Mapping[str, Any] | None, names: Sequence[str], args: Sequence[Tensor]
    ) -> None:
        self.names, self.inputs = list(names), list(args)
        self.axes: dict[str, list[tuple[int, int]]] = {}
        self.of_outputs: dict[str, dict[int, str]] = {}
        for name, given in (dynamic_axes or {}).items():
            entries = given if isinstance(given, Mapping) else {a: f"{name}_{a}" for a in given}
            if name not in self.names:
                self.of_outputs[name] = {int(a): str(n) for a, n in entries.items()}
                continue
            place = self.names.index(name)
            for axis, size in entries.items():
                self._add(place, int(axis), str(size))
        if len(self.axes) > MOST:
            raise ValueError(
                f"onnx.export: dynamic_axes has {len(self.axes)} sizes; give {MOST} at most"
            )

    def _add(self, place: int, axis: int, size: str) -> None:
        x = self.inputs[place]
        if not -x.ndim <= axis < x.ndim or not x.shape[axis]:
            raise ValueError(
                f"onnx.export: dynamic_axes has axis {axis} of {self.names[place]!r}, whose shape "
                f"is {tuple(x.shape)}; give one of its axes that has elements"
            )
        found = self.axes.setdefault(size, [])
        if found and x.shape[axis] != self.sizes()[list(self.axes).index(size)]:
            raise ValueError(
                f"onnx.export: {size!r} in dynamic_axes is {self.sizes()[-1]} and "
                f"{x.shape[axis]} in args; give axes of other sizes other names"
            )
        found.append((place, axis % x.ndim))

    def sizes(self) -> list[int]:
        """The sizes that the arguments have."""
        return [self.inputs[a[0][0]].shape[a[0][1]] for a in self.axes.values()]

    def args(self, sizes: Sequence[int]) -> list[Tensor]:
        """The arguments in other sizes: their elements again and again."""
        found = [x.detach() for x in self.inputs]
        for size, places in zip(sizes, self.axes.values(), strict=True):
            for place, axis in places:
                x = found[place]
                order = ct.tensor(np.arange(size) % x.shape[axis], device=x.device)
                found[place] = ct.index_select(x, axis, order)
        return found

    def described(self, place: int) -> list[Any]:
        """The shape of an input, with names for the free sizes."""
        shape: list[Any] = list(self.inputs[place].shape)
        for size, places in self.axes.items():
            for at, axis in places:
                if at == place:
                    shape[axis] = size
        return shape

    def text(self, sizes: Sequence[int]) -> str:
        """What the sizes are, for a message."""
        return ", ".join(f"{n}={m}" for n, m in zip(self.axes, sizes, strict=True))

    def probes(self) -> list[Points]:
        """Points to try, in this order; those where a size of 1 is taken for broadcast are none."""
        base = [max(n, 2) for n in self.sizes()]
        up = [1] * len(base)
        down = [-1 if n > 7 else 1 for n in base]  # where a module takes no more than it was given
        third = [n + 3 * d for n, d in zip(base, down, strict=True)]
        half = [n // 2 if d < 0 else 2 * n for n, d in zip(base, down, strict=True)]

        def apart(sizes: Iterable[int], steps: list[int]) -> list[int]:  # no two are taken for one
            return [n + step * i for i, (n, step) in enumerate(zip(sizes, steps, strict=True))]

        near, far = apart((n + 3 for n in base), up), apart((2 * n + 1 for n in base), up)
        return [
            Points(base, up, near, far),
            Points([n + 1 for n in base], up, [n + 2 for n in near], [n + 6 for n in far]),
            Points(base, down, apart(third, down), apart(half, down)),
        ]


class Points:
    """Sizes at which a module runs: a base and its neighbours, which say what a number follows,
    then others, at which it must hold."""

    def __init__(self, base: list[int], steps: list[int], *others: list[int]) -> None:
        self.base, self.steps = base, steps
        n = len(base)
        self.subsets = [s for k in range(n + 1) for s in itertools.combinations(range(n), k)]
        near = [[b + steps[i] * (i in s) for i, b in enumerate(base)] for s in self.subsets]
        self.all = [*near, *others]
        self.makes_sense = all(m > 1 for point in self.all for m in point)

    def sum_of(self, values: Sequence[int]) -> Sum | None:
        """What the numbers, one for each point, follow; None where they do not."""
        near = dict(zip(self.subsets, values, strict=False))
        found: dict[tuple[int, ...], int] = {}
        for subset in self.subsets:
            slope = sum(
                (-1) ** (len(subset) - len(part)) * near[part] for part in _parts(subset)
            ) * math.prod(self.steps[i] for i in subset)  # fmt: skip
            for part in _parts(subset):
                rest = math.prod(-self.base[i] for i in subset if i not in part)
                found[part] = found.get(part, 0) + slope * rest
        found = {part: c for part, c in found.items() if c}
        holds = all(value_of(found, p) == v for p, v in zip(self.all, values, strict=True))
        return found if holds else None

    def shape_of(self, shapes: Sequence[tuple[int, ...]]) -> list[Sum] | None:
        """What shapes of one rank, one for each point, follow."""
        if len({len(s) for s in shapes}) != 1:
            return None
        found = [self.sum_of(sizes) for sizes in zip(*shapes, strict=True)]
        return None if None in found else found  # type: ignore[return-value]


def _parts(subset: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [p for k in range(len(subset) + 1) for p in itertools.combinations(subset, k)]


def value_of(s: Sum, sizes: Sequence[int]) -> int:
    """A sum at a point."""
    return sum(c * math.prod(sizes[i] for i in part) for part, c in s.items())


def is_fixed(s: Sum) -> bool:
    """Whether a sum follows no size."""
    return not any(s)


def joined(axes: Axes, record: Callable[[list[Tensor], bool], Recording]) -> Recording:
    """The graph for all sizes. record: gives that for arguments, with what is computed from new
    tensors alone as a constant, or (True) as nodes.

    Raises DataError where there is none, and what the module raises for sizes that it refuses.
    """
    first: Exception | None = None
    tries = [p for p in axes.probes() if p.makes_sense]
    for points, follows in itertools.product(tries, (False, True)):
        try:
            found = [record(axes.args(sizes), follows) for sizes in points.all]
            return _Joint(axes, points, found).joined()
        except Exception as error:  # what a module raises for a size is its own
            first = first or error
    assert first is not None
    first.add_note(f"while sizes were tried for dynamic_axes ({', '.join(axes.axes)})")
    raise first


class _Joint:
    """Several recordings becoming one."""

    def __init__(self, axes: Axes, points: Points, found: list[Recording]) -> None:
        self.axes, self.points, self.found = axes, points, found
        self.graph = found[0].graph
        self._made: dict[Any, str] = {}
        self._readers: dict[str, list[tuple[str, int]]] = {}

    def joined(self) -> Recording:
        """The recording with free sizes."""
        nodes = self._nodes()
        for node in nodes:
            for at, name in enumerate(node.input):
                self._readers.setdefault(name, []).append((node.op_type, at))
        same: dict[Any, str] = {}
        renamed: dict[str, str] = {}
        self.graph.nodes = []
        self.graph.shares = True
        for name in dict.fromkeys(n for node in nodes for n in node.input):
            if name in self.graph.initializers:
                renamed[name] = self._constant(name, same)
        for node in nodes:
            node.input[:] = [renamed.get(n, n) for n in node.input]
        self.graph.nodes += nodes
        return Recording(self.graph, [self._result(i) for i in range(len(self.found[0].results))])

    def _nodes(self) -> list[Any]:
        """The nodes, which must be the same for all sizes."""
        lists = [r.graph.nodes for r in self.found]
        for place, several in enumerate(itertools.zip_longest(*lists)):
            for node, sizes in zip(several, self.points.all, strict=True):
                if several[0] != node:
                    kinds = [n.op_type if n is not None else "nothing" for n in (several[0], node)]
                    raise DataError(
                        f"onnx.export: node {place} is {kinds[0]} for "
                        f"{self.axes.text(self.points.all[0])} and {kinds[1]}, or one of other "
                        f"attributes, for {self.axes.text(sizes)}; leave the axis out of "
                        "dynamic_axes, or have the module do the same for all sizes"
                    )
        return lists[0]

    def _constant(self, name: str, same: dict[Any, str]) -> str:
        """What stands for a constant."""
        messages = [r.graph.initializers[name] for r in self.found if name in r.graph.initializers]
        in_all = len(messages) == len(self.found)
        if in_all and all(m == messages[0] for m in messages):
            plain = copy.deepcopy(messages[0])
            plain.name = ""
            own = name if self.graph.is_member(name) else ""
            return same.setdefault((own, plain.SerializeToString(deterministic=True)), name)
        folder = Folder(None)
        arrays = [np.asarray(array_of(m, folder, name)) for m in messages]
        readers = self._readers[name]
        target = all(reader == ("Reshape", 1) for reader in readers)
        made = self._computed(arrays, target) if in_all else None
        if self.graph.is_member(name) or made is None:
            shown = [a.ravel()[:4].tolist() for a in arrays]
            raise DataError(
                f"onnx.export: {name}, which {readers[0][0]} reads, begins with {shown[0]} for "
                f"{self.axes.text(self.points.all[0])} and with {shown[-1]} for "
                f"{self.axes.text(self.points.all[-1])}, and is no sum of products of the sizes, "
                "range or triangle; leave the axis out of dynamic_axes"
            )
        return made

    # -- what follows the sizes ---------------------------------------------------------------

    def _computed(self, arrays: list[np.ndarray], target: bool) -> str | None:
        """The name of what the file computes in place of a constant; None for what it cannot.
        target: whether it is the shape of what Reshape gives."""
        g, dtype = self.graph, arrays[0].dtype
        shape = self.points.shape_of([a.shape for a in arrays])
        if shape is None:
            return None
        if all(is_fixed(s) for s in shape):
            sums = self._sums(arrays)
            if target and sums.count(None) == 1:  # what is left when all others are known
                sums[sums.index(None)] = {(): -1}
            if not sums or None in sums:
                return None
            name = self.ints([s for s in sums if s is not None])
            name = name if arrays[0].ndim else g.node("Squeeze", name, g.ints([0]))
            return name if dtype == np.int64 else g.node("Cast", name, to=_code(g, dtype))
        if any(a.size == 0 for a in arrays) or dtype.kind not in "biuf":
            return None
        first = arrays[0].reshape(-1)[0]
        if all(np.array_equal(a, np.full_like(a, first), equal_nan=True) for a in arrays):
            return g.node("Expand", g.constant(first), self.ints(shape))
        return self._range(arrays, shape) or self._triangle(arrays, shape)

    def _sums(self, arrays: list[np.ndarray]) -> list[Sum | None]:
        """What each number of a constant follows; empty where they are many, or no whole ones."""
        if arrays[0].ndim > 1 or arrays[0].size > _FEW or arrays[0].dtype.kind not in "iuf":
            return []
        if not all(np.isfinite(a).all() and (a == np.trunc(a)).all() for a in arrays):
            return []
        several = zip(*[a.ravel().tolist() for a in arrays], strict=True)
        return [self.points.sum_of([int(v) for v in each]) for each in several]

    def _range(self, arrays: list[np.ndarray], shape: list[Sum]) -> str | None:
        """Numbers that go up or down along one axis."""
        g, dtype = self.graph, arrays[0].dtype
        for axis in range(len(shape)):
            lines = [np.moveaxis(a, axis, -1).reshape(-1, a.shape[axis]) for a in arrays]
            if dtype.kind == "b" or any(r.shape[1] < 2 for r in lines):
                continue
            start, step = lines[0][0, 0].item(), (lines[0][0, 1] - lines[0][0, 0]).item()
            if (
                not math.isfinite(step)
                or step != int(step)
                or not all((r == start + step * np.arange(r.shape[1])).all() for r in lines)
            ):
                continue
            places = g.node(
                "Range", g.constant(np.int64(0)), self.scalar(shape[axis]), g.constant(np.int64(1))
            )
            found = g.node("Mul", places, g.constant(np.int64(step)))
            found = g.node("Cast", found, to=_code(g, dtype))
            found = g.node("Add", found, g.constant(start, dtype))
            after = len(shape) - 1 - axis
            if after:
                found = g.node("Unsqueeze", found, g.ints(list(range(1, after + 1))))
            return g.node("Expand", found, self.ints(shape))
        return None

    def _triangle(self, arrays: list[np.ndarray], shape: list[Sum]) -> str | None:
        """One number below a diagonal of the last two axes, and another above."""
        if len(shape) < 2:
            return None
        g, dtype = self.graph, arrays[0].dtype
        low, high = arrays[0][..., -1, 0].reshape(-1)[0], arrays[0][..., 0, -1].reshape(-1)[0]
        offset = int((arrays[0].reshape(-1, *arrays[0].shape[-2:])[0, 0] == low).sum()) - 1
        for a in arrays:
            if not (
                a == np.where(np.tri(a.shape[-2], a.shape[-1], offset, dtype=bool), low, high)
            ).all():
                return None
        zero, one = g.constant(np.int64(0)), g.constant(np.int64(1))
        rows = g.node("Range", zero, self.scalar(shape[-2]), one)
        columns = g.node("Range", zero, self.scalar(shape[-1]), one)
        rows = g.node("Unsqueeze", g.node("Add", rows, g.constant(np.int64(offset))), g.ints([1]))
        found = g.node("GreaterOrEqual", rows, columns)
        if dtype.kind != "b" or not low:
            pair = [g.constant(np.asarray(v, np.int64 if dtype.kind == "b" else dtype))
                    for v in (low, high)]  # fmt: skip
            found = g.node("Where", found, *pair)
            found = g.node("Cast", found, to=_code(g, dtype)) if dtype.kind == "b" else found
        return g.node("Expand", found, self.ints(shape)) if len(shape) > 2 else found

    def scalar(self, s: Sum) -> str:
        """The name of a sum as a number."""
        g = self.graph
        if is_fixed(s):
            return g.constant(np.int64(value_of(s, ())))
        return g.node("Squeeze", self._sum(s), g.ints([0]))

    def ints(self, sums: Sequence[Sum]) -> str:
        """The name of several as a vector."""
        g = self.graph
        parts: list[str] = []
        for fixed, group in itertools.groupby(sums, is_fixed):
            run = list(group)
            parts += [g.ints([value_of(s, ()) for s in run])] if fixed else map(self._sum, run)
        return parts[0] if len(parts) == 1 else g.node("Concat", *parts, axis=0)

    def _sum(self, s: Sum) -> str:
        """The name of a sum as a vector of one number."""
        key = tuple(sorted(s.items()))
        if key not in self._made:
            g, terms = self.graph, []
            for part, factor in key:
                names = [self._size(i) for i in part]
                names += [g.ints([factor])] if factor != 1 or not part else []
                term = names[0]
                for other in names[1:]:
                    term = g.node("Mul", term, other)
                terms.append(term)
            found = terms[0]
            for term in terms[1:]:
                found = g.node("Add", found, term)
            self._made[key] = found
        return self._made[key]

    def _size(self, place: int) -> str:
        """The name of a free size as a vector of one number."""
        if place not in self._made:
            at, axis = list(self.axes.axes.values())[place][0]
            name = self.axes.names[at]
            self._made[place] = self.graph.node("Shape", name, start=axis, end=axis + 1)
        return self._made[place]

    def _result(self, place: int) -> tuple[str, Any, tuple[Any, ...]]:
        name, dtype, _ = self.found[0].results[place]
        shapes = [r.results[place][2] for r in self.found]
        if len({len(shape) for shape in shapes}) != 1:
            raise DataError(
                f"onnx.export: {name!r} has another number of axes for other sizes; leave the axis "
                "out of dynamic_axes"
            )
        named = self.axes.of_outputs.get(name, {})
        sizes: list[Any] = []
        for axis, each in enumerate(zip(*shapes, strict=True)):
            own, s = named.get(axis, named.get(axis - len(shapes[0]))), self.points.sum_of(each)
            if s is None:  # that of a convolution, say, which has a rule of its own
                sizes.append(own)
            elif is_fixed(s):
                if own is not None:
                    raise ValueError(
                        f"onnx.export: dynamic_axes has axis {axis} of {name!r}, which is "
                        f"{value_of(s, ())} for all sizes; leave it out"
                    )
                sizes.append(value_of(s, ()))
            else:
                is_size = list(s.values()) == [1] and all(len(part) == 1 for part in s)
                sizes.append(self._text(s) if own is None or is_size else own)
        return name, dtype, tuple(sizes)

    def _text(self, s: Sum) -> str:
        names = list(self.axes.axes)
        terms = []
        for part, factor in sorted(s.items(), reverse=True):
            shown = [str(factor)] if factor != 1 or not part else []
            terms.append("*".join([*shown, *[names[i] for i in part]]))
        return " + ".join(terms)


def _code(g: Recorder, dtype: Any) -> int:
    return g.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
