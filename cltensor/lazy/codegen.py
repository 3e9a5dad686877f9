"""From collected expressions to OpenCL C: formulas, iteration geometry, and the generated kernels.

A kernel walks an iteration space of few dimensions, collapsed as far as all its operands allow.
Sizes, strides and Python scalars are arguments; what is baked into the source is the structure:
formulas, types, rank, and for each operand and dimension whether the stride is 0, 1 or given.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from cltensor.dtypes import C_NAMES, SHORT, arithmetic
from cltensor.lazy.operands import (
    BROADCAST,
    STRIDED,
    UNIT,
    Operand,
    Store,
    is_long,
    loaded,
    narrowed,
    variable,
)
from cltensor.lazy.walks import PLAIN, TILE, Walk
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Launcher, build
from cltensor.runtime.source import render

_ids = count()

Shape = tuple[int, ...]


class Formula:
    """The C side of a pointwise operation: one expression over named parameters and the type T.

    text may differ by kind of the computing type: {"f": ..., "i": ..., "u": ..., "b": ...,
    "c": ...}. A complex number is a vector with the parts x and y.
    """

    __slots__ = ("id", "name", "params", "pieces")

    def __init__(self, name: str, params: Sequence[str], text: str | Mapping[str, str]) -> None:
        self.id = next(_ids)
        self.name = name
        self.params = tuple(params)
        texts = text if isinstance(text, Mapping) else dict.fromkeys("fiubc", text)
        pattern = re.compile(r"\b(" + "|".join([*params, "T"]) + r")\b")
        self.pieces = {kind: pattern.split(t) for kind, t in texts.items()}

    def c(self, domain: np.dtype, arguments: Sequence[str]) -> str:
        """The expression with `arguments` (C text) for the parameters and `domain` for T."""
        names = dict(zip(self.params, arguments, strict=True))
        names["T"] = C_NAMES[domain]
        pieces = self.pieces[domain.kind]
        return "".join(names[p] if i % 2 else p for i, p in enumerate(pieces))


class Reduction:
    """The C side of a reduction: `start` and how `acc` takes in one more `x`.

    start maps the accumulator's dtype to a C literal. With better, the reduction yields the index
    of the element for which `better(x, acc)` last held, the first of equals. With neither, it
    yields the mean and the sum of squared differences from it, in one pass.
    """

    __slots__ = ("better", "combine", "id", "kind", "name", "start")
    moves = False  # whether running statistics move along, see kinds.Mover

    def __init__(
        self, name: str, start: Mapping[str, str] | str, combine: str = "", better: str = ""
    ) -> None:
        self.id = next(_ids)
        self.name = name
        self.start = start
        self.combine = combine
        self.better = better
        self.kind = "fold" if combine else "best" if better else "moments"

    def start_of(self, dtype: np.dtype) -> str:
        """The C literal that the accumulator starts from."""
        if isinstance(self.start, str):
            number = self.start
            return f"({C_NAMES[dtype]})({number}, 0)" if dtype.kind == "c" else number
        if dtype.kind == "f":
            return self.start["f"]
        limits = np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
        value = limits.min if self.start["i"] == "min" else limits.max
        if value == np.iinfo(np.int64).min:
            return f"({value + 1}L - 1L)"  # C has no literal for the smallest long
        return f"(({C_NAMES[dtype]}){value}{'UL' if dtype.kind == 'u' else 'L'})"


@lru_cache(maxsize=16384)
def contiguous_strides(shape: Shape) -> Shape:
    """Row-major strides in elements."""
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= max(extent, 1)
    return tuple(reversed(strides))


class Geometry(NamedTuple):
    """A collapsed iteration space and how each operand walks through it."""

    sizes: Shape
    kept: tuple[bool, ...]
    flags: tuple[tuple[int, ...], ...]
    strides: tuple[int, ...]  # those whose flag is STRIDED, operand by operand


@lru_cache(maxsize=16384)
def geometry(
    shape: Shape, operands: tuple[tuple[Shape, Shape], ...], kept: tuple[bool, ...] | None = None
) -> Geometry:
    """Collapse `shape` for operands given as (shape, strides), broadcasting them to it.

    kept marks, for a reduction, the dimensions that stay; dimensions merge only with equals.
    """
    rank = len(shape)
    if kept is None:
        kept = (True,) * rank
    walks = []
    for operand_shape, strides in operands:
        lead = rank - len(operand_shape)
        walk = [0] * lead + [
            0 if extent == 1 else stride
            for extent, stride in zip(operand_shape, strides, strict=True)
        ]
        walks.append(walk)
    sizes: list[int] = []
    marks: list[bool] = []
    columns: list[tuple[int, ...]] = []
    for axis, (size, mark) in enumerate(zip(shape, kept, strict=True)):
        if size == 1:
            continue
        column = tuple(walk[axis] for walk in walks)
        if sizes and marks[-1] == mark and _follows(columns[-1], column, size):
            sizes[-1] *= size
            columns[-1] = column
            continue
        sizes.append(size)
        marks.append(mark)
        columns.append(column)
    if not sizes:
        sizes, marks, columns = [1], [kept[-1] if kept else True], [(0,) * len(walks)]
    flags, given = [], []
    for k in range(len(walks)):
        along = [column[k] for column in columns]
        flags.append(tuple(s if s in (BROADCAST, UNIT) else STRIDED for s in along))
        given += [s for s in along if s not in (BROADCAST, UNIT)]
    return Geometry(tuple(sizes), tuple(marks), tuple(flags), tuple(given))


def _follows(outer: Sequence[int], inner: Sequence[int], size: int) -> bool:
    """Whether a step along the outer dimension is `size` steps along the inner, for all."""
    return all(before == here * size for before, here in zip(outer, inner, strict=True))


#: Node.stored: not at all; in a buffer of its own, an element for each of the iteration space or
#: for each row of it; or in place of entry stored - IN_PLACE.
DROPPED, STORED, PER_ROW, IN_PLACE = 0, 1, 2, 3


class Node(NamedTuple):
    """One formula of an expression; refs are slots of earlier entries, -1 for the next scalar."""

    formula: Formula
    domain: np.dtype
    dtype: np.dtype
    stored: int
    refs: tuple[int, ...]


class Fold(NamedTuple):
    """A reduction inside an expression: of entry `ref` over the reduced dimensions."""

    reduction: Reduction
    dtype: np.dtype
    stored: int
    ref: int


class Parts(NamedTuple):
    """A leaf that lies in `pieces` separate buffers, one after the other, each from a multiple of
    `align` elements on."""

    dtype: np.dtype
    pieces: int
    align: int


class Given(NamedTuple):
    """What a kernel has computed when it begins with its store side."""

    dtype: np.dtype


Entry = Node | Fold | Parts | Given | np.dtype


#: Bytes of the vectors that loops over lanes shall become.
_VECTOR = 32


class Code:
    """Everything that a template needs to know of an expression over a geometry."""

    def __init__(
        self,
        entries: Sequence[Entry],
        geometry: Geometry,
        wide: bool,
        results: Sequence[int] = (-1,),
        walk: Walk = PLAIN,
    ) -> None:
        self.index = "long" if wide else "int"
        self.walk = walk
        self.rank = len(geometry.sizes)
        self.kept = geometry.kept
        self.operands: list[Operand] = []
        self.parts: list[tuple[Operand, int, int]] = []
        self.stores: list[Store] = []
        self.scalars: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.given: tuple[str, str] | None = None
        dtypes: list[np.dtype] = []
        names: list[str] = []
        for slot, entry in enumerate(entries):
            if isinstance(entry, Node | Fold):
                name = f"v{slot}"
                dtypes.append(entry.dtype)
                if isinstance(entry, Node):
                    self._node(name, entry, names, dtypes)
                else:
                    self.lines.append("")
                if entry.stored:
                    anew = entry.stored < IN_PLACE
                    place = name if anew else names[entry.stored - IN_PLACE]
                    per_row = entry.stored == PER_ROW
                    self.stores.append(Store(name, C_NAMES[entry.dtype], place, per_row))
            elif isinstance(entry, Given):
                name = f"x{slot}"
                dtypes.append(entry.dtype)
                self.given = (variable(entry.dtype), name)
            elif isinstance(entry, Parts):
                name = f"x{slot}"
                dtypes.append(entry.dtype)
                operand = Operand(name, C_NAMES[entry.dtype], (UNIT,))
                self.parts.append((operand, entry.pieces, entry.align))
            else:
                name = f"x{slot}"
                dtypes.append(entry)
                number = len(self.operands)
                flat = number < len(walk.flat) and walk.flat[number]
                flags = geometry.flags[number]
                self.operands.append(Operand(name, C_NAMES[entry], flags, flat))
            names.append(name)
        sizes = [arithmetic(d).itemsize for d in dtypes]
        sizes += [arithmetic(e.domain).itemsize for e in entries if isinstance(e, Node)]
        self.lanes = _VECTOR // max(sizes)
        #: Whether what it computes is better not written out several times.
        self.is_long = is_long(self.lines)
        if self.is_long:
            self.operands = [x._replace(flat=False) for x in self.operands]
        self.names = names
        self.results = [names[slot] for slot in results]

    def _node(
        self, name: str, node: Node, names: Sequence[str], dtypes: Sequence[np.dtype]
    ) -> None:
        computed = arithmetic(node.domain)
        domain = C_NAMES[computed]
        arguments = []
        for ref in node.refs:
            if ref < 0:
                scalar = f"k{len(self.scalars)}"
                self.scalars.append((domain, scalar))
                arguments.append(scalar)
            elif arithmetic(dtypes[ref]) == computed:
                arguments.append(names[ref])
            elif computed.kind != "c":
                arguments.append(f"(({domain}){names[ref]})")
            elif dtypes[ref].kind != "c":
                arguments.append(f"(({domain})({names[ref]}, CT_NOTHING))")
            else:
                arguments.append(f"(({domain})({names[ref]}.x, {names[ref]}.y))")
        text = node.formula.c(computed, arguments)
        if node.dtype.kind == "b":
            text = f"({text}) != 0"
        elif node.dtype in SHORT:  # rounded here, whether it is stored or goes into the next node
            ctype = C_NAMES[node.dtype]
            text = loaded(ctype, narrowed(ctype, text))
        self.lines.append(f"const {variable(node.dtype)} {name} = {text};")

    @property
    def outputs(self) -> list[Store]:
        """The stores that have a buffer of their own."""
        return [s for s in self.stores if s.place == s.name]

    @property
    def replaced(self) -> set[str]:
        """Names of the operands that stores replace; the kernel may not assume them constant."""
        return {s.place for s in self.stores if s.place != s.name}

    def place(self, store: Store) -> str:
        """The element, given the bases, that a store replaces."""
        operand = next(x for x in self.operands if x.name == store.place)
        return f"{operand.name}_p[0{operand.inner}]"

    @property
    def inner(self) -> int:
        """The innermost dimension."""
        return self.rank - 1

    @property
    def arguments(self) -> list[str]:
        """Names of the index-typed arguments after the fixed ones: sizes, offsets, strides."""
        names = [f"n{d}" for d in range(self.rank)]
        if self.walk.divides:
            names += [f"n{d}_{part}" for d in range(1, self.rank) for part in ("magic", "shift")]
        names += [f"{x.name}_o" for x in self.operands]
        for x in self.operands:
            names += x.stride_names
        for x, pieces, _ in self.parts:
            names += [f"{x.name}_o{k}" for k in range(pieces)]
            names += [f"{x.name}_n{k}" for k in range(pieces)]
        return names

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters of a kernel that has no others between these."""
        return (*self.buffers, *self.numbers)

    @property
    def buffers(self) -> list[str]:
        """Names of the pointers: outputs, operands, and parts of one."""
        names = [f"{s.name}_g" for s in self.outputs] + [f"{x.name}_g" for x in self.operands]
        return names + [f"{x.name}_g{k}" for x, pieces, _ in self.parts for k in range(pieces)]

    @property
    def numbers(self) -> list[str]:
        """Names of the sizes, offsets and strides, then of the scalars."""
        return [*self.arguments, *[name for _, name in self.scalars]]

    def axes(self, kept: bool) -> list[int]:
        """The kept, or the reduced, dimensions in order."""
        return [d for d in range(self.rank) if self.kept[d] == kept]

    @property
    def row_start(self) -> str:
        """The row-major index of a run along the innermost dimension over the iteration space."""
        text = "0"
        for d in range(self.inner):
            text = f"({text} + c{d}) * n{d + 1}"
        return text


class Side(NamedTuple):
    """The store side of a kernel that computes a Given: the expression that it goes on with.

    keep: whether the kernel also stores the Given itself; if not, heir is the output, if any, that
    is written in its place, where the kernel has one. arguments follow the kernel's own.
    """

    entries: Sequence[Entry]
    space: Geometry
    wide: bool
    walk: Walk
    keep: bool
    heir: int | None
    key: Hashable
    arguments: Sequence[Any]

    @property
    def code(self) -> Code:
        """What the template needs to know."""
        code = Code(self.entries, self.space, self.wide, walk=self.walk)
        if self.heir is not None:
            assert code.given is not None
            code.stores[self.heir] = code.stores[self.heir]._replace(place=code.given[1])
        return code


def pointwise_kernel(
    device: Device,
    entries: Sequence[Entry],
    space: Geometry,
    wide: bool,
    band: tuple[int, int],
    walk: Walk,
) -> Launcher:
    """Build the kernel that evaluates `entries` over `space` and writes the stored ones. It takes
    their number, how many a work-item takes, and what the code does. band: see
    grids.py."""
    code = Code(entries, space, wide, walk=walk)
    source = render(device, "pointwise", code=code, band=band)
    kernel = build(device, "pointwise", source, "the generated expression in pointwise.cl")
    return kernel.by_name(("n", "chunk", *code.parameters))


def tiles_kernel(
    device: Device, entries: Sequence[Entry], space: Geometry, walk: Walk, local: int
) -> Launcher:
    """As pointwise_kernel, by tiles, in groups of `local` work-items. It takes how many tiles there
    are, and what the code does."""
    code = Code(entries, space, False, walk=walk)
    source = render(device, "pointwise_tiles", code=code, lines=local // TILE)
    kernel = build(device, "pointwise_tiles", source, "the expression in pointwise_tiles.cl")
    return kernel.by_name(("tiles", *code.parameters))
