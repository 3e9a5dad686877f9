"""Expressions with reductions inside: which loop over a row computes what.

A softmax or a layer norm reduces each row and combines the result with the row's elements again.
While a row is in cache, going over it once more costs little, so such an expression is one kernel:
a loop per depth of nested reductions, and a last one for what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cltensor.dtypes import SHORT
from cltensor.lazy.codegen import Code, Entry, Fold, Geometry, Given, Node, Parts
from cltensor.lazy.operands import BROADCAST, EXPENSIVE, Operand, Store, variable
from cltensor.lazy.reducecode import Accumulator, groups_for, merge_order
from cltensor.lazy.walks import PLAIN, Walk
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Launcher, build
from cltensor.runtime.source import render

#: Longest row of which expensive intermediate results are kept from one loop to the next.
KEPT_LENGTH = 4096


class Saved(NamedTuple):
    """An intermediate result that one loop keeps for later ones: in an array, or where the last
    loop stores `place`, which brings that memory into the cache while the processor computes."""

    ctype: str
    name: str
    place: str


class Loop(NamedTuple):
    """One pass over a row: statements, reductions, results to keep and, in the last, to store.

    before: statements that need only what earlier loops reduced to; ready: on a GPU, what earlier
    loops kept (on a CPU `lines` read it); operands: what `loads` read.
    """

    before: list[str]
    ready: list[Saved]
    operands: list[Operand]
    lines: list[str]
    folds: list[Accumulator]
    keep: list[str]
    stores: list[Store]

    @property
    def loads(self) -> list[str]:
        """The statements that read an element of each operand."""
        return [x.read(f"{x.name}_p[0{x.inner}]") for x in self.operands]

    @property
    def groups(self) -> int:
        """How many vectors of partial results, since one sum waits for the one before."""
        return groups_for(self.lines)


class RowCode(Code):
    """Code whose entries may be reductions over the innermost dimension, arranged in loops."""

    def __init__(
        self,
        device: Device,
        entries: Sequence[Entry],
        geometry: Geometry,
        wide: bool,
        short: bool,
        walk: Walk = PLAIN,
    ) -> None:
        super().__init__(entries, geometry, wide, walk=walk)
        self._entries = entries
        #: Whether work-items of a GPU have all of a row in registers.
        self.held = short and not device.is_cpu and not self.is_long
        count = len(entries)
        operands = iter(self.operands)
        texts = iter(self.lines)
        stores = {store.name: store for store in self.stores}
        self._stage = [0] * count
        self._row = [False] * count
        self._text: list[str] = [""] * count
        self._load: list[Operand | None] = [None] * count
        along: dict[int, Store] = {}
        for slot, entry in enumerate(entries):
            if isinstance(entry, Node):
                refs = [r for r in entry.refs if r >= 0]
                self._stage[slot] = max((self._stage[r] for r in refs), default=0)
                self._row[slot] = all(self._row[r] for r in refs)
            elif isinstance(entry, Fold):
                self._stage[slot] = self._stage[entry.ref] + 1
                self._row[slot] = True
            else:
                self._load[slot] = operand = next(operands)
                self._row[slot] = operand.flags[-1] == BROADCAST
            if isinstance(entry, Node | Fold):
                self._text[slot] = next(texts)
                store = stores.get(self.names[slot])
                if store is not None and not store.per_row:
                    along[slot] = store
                # Only what is one number for each row can be stored once for each row.
                assert store is None or self._row[slot] or not store.per_row
        last = max(self._stage) + 1
        wanted = [
            [e.ref for s, e in enumerate(entries) if isinstance(e, Fold) and self._stage[s] == k]
            for k in range(1, last)
        ]
        wanted.append(list(along))
        needed = [self._below(slots) for slots in wanted]
        kept = self._kept(needed, device.is_cpu and short)
        self.saved = self._places(list(kept), along)
        self.loops: list[Loop] = []
        for k, slots in enumerate(wanted):
            fresh = [slot for slot, loop in kept.items() if loop == k]
            ready = frozenset(slot for slot, loop in kept.items() if loop < k)
            before, keep = self._before(k), [self.names[slot] for slot in fresh]
            found, reads, lines = self._body([*slots, *fresh], ready)
            folds = self._folds(k + 1) if k < last - 1 else []
            here = [] if k < last - 1 else list(along.values())
            self.loops.append(Loop(before, found, reads, lines, folds, keep, here))

    @property
    def row_stores(self) -> list[Store]:
        """The stores of one number for each row."""
        return [store for store in self.stores if store.per_row]

    def _ctype(self, slot: int) -> str:
        """The C type of what an entry computes with."""
        entry = self._entries[slot]
        assert not isinstance(entry, Parts | Given)
        return variable(entry.dtype if isinstance(entry, Node | Fold) else entry)

    def _dtype(self, slot: int) -> np.dtype:
        entry = self._entries[slot]
        assert isinstance(entry, Node | Fold)
        return entry.dtype

    def _below(self, slots: Sequence[int], stop: frozenset[int] = frozenset()) -> set[int]:
        """The entries that change along a row and that `slots` are computed from."""
        found: set[int] = set()
        pending = list(slots)
        while pending:
            slot = pending.pop()
            if slot in found or self._row[slot]:
                continue
            found.add(slot)
            entry = self._entries[slot]
            if isinstance(entry, Node) and slot not in stop:
                pending += [r for r in entry.refs if r >= 0]
        return found

    def _kept(self, needed: list[set[int]], slow: bool) -> dict[int, int]:
        """The entries that a loop keeps for later ones, and which computes them: the slow ones of a
        CPU, or all that more than one needs where they stay in registers."""
        slots = self._expensive(needed) if slow else range(len(self._entries)) if self.held else ()
        using = {slot: [k for k, found in enumerate(needed) if slot in found] for slot in slots}
        return {slot: loops[0] for slot, loops in using.items() if len(loops) > 1}

    def _expensive(self, needed: list[set[int]]) -> list[int]:
        """The slow entries that more than one loop needs."""
        return [
            slot
            for slot, entry in enumerate(self._entries)
            if isinstance(entry, Node)
            and sum(slot in slots for slots in needed) > 1
            and EXPENSIVE.search(self._text[slot])
        ]

    def _places(self, kept: list[int], along: dict[int, Store]) -> list[Saved]:
        """Where to keep each of `kept`, given what is stored along rows."""
        if self.held:
            return [Saved(self._ctype(slot), self.names[slot], "") for slot in kept]
        free = [store for slot, store in along.items() if slot not in kept]
        found = []
        for slot in kept:
            dtype = self._dtype(slot)
            ctype, place = variable(dtype), None if dtype in SHORT else along.get(slot)
            if place is None:
                place = next((store for store in free if store.ctype == ctype), None)
                free = [store for store in free if store is not place]
            found.append(Saved(ctype, self.names[slot], place.name if place else ""))
        return found

    def _before(self, stage: int) -> list[str]:
        return [
            self._text[s] if self._load[s] is None else self._read(s)
            for s, entry in enumerate(self._entries)
            if self._row[s] and self._stage[s] == stage and not isinstance(entry, Fold)
        ]

    def _body(
        self, wanted: Sequence[int], ready: frozenset[int]
    ) -> tuple[list[Saved], list[Operand], list[str]]:
        """(kept, operands, statements) that compute `wanted`, of which earlier loops kept the
        `ready` ones."""
        slots = sorted(self._below(wanted, ready))
        found = [
            Saved(self._ctype(s), self.names[s], "") for s in slots if self.held and s in ready
        ]
        if self.held:
            slots = [s for s in slots if s not in ready]
        operands = [x for s in slots if (x := self._load[s]) is not None]
        lines = [
            f"const {variable(self._dtype(s))} {self.names[s]} = {self.names[s]}_row[at];"
            if s in ready
            else self._text[s]
            for s in slots
            if self._load[s] is None
        ]
        return found, operands, lines

    def _folds(self, stage: int) -> list[Accumulator]:
        return [
            Accumulator(
                self.names[slot],
                variable(entry.dtype),
                entry.reduction.start_of(entry.dtype),
                self.names[entry.ref],
                entry.reduction.combine,
            )
            for slot, entry in enumerate(self._entries)
            if isinstance(entry, Fold) and self._stage[slot] == stage
        ]

    def _read(self, slot: int) -> str:
        x = self._load[slot]
        assert x is not None
        return x.read(f"{x.name}_p[0{x.inner}]")


def row_kernel(
    device: Device,
    entries: Sequence[Entry],
    space: Geometry,
    wide: bool,
    short: bool,
    walk: Walk,
    team: int,
) -> Launcher:
    """Build the kernel that evaluates `entries`, reductions over rows among them, elsewhere than on
    CPUs with `team` work-items for a row. short: whether a row can be kept meanwhile. It takes how
    many rows there are, how many of them a work-item takes, and what the code does."""
    code = RowCode(device, entries, space, wide, short, walk)
    source = render(
        device, "rows", code=code, length=KEPT_LENGTH, merge_order=merge_order, team=team
    )
    kernel = build(device, "rows", source, "the generated expression in rows.cl")
    return kernel.by_name(("rows", "per_item", *code.parameters))
