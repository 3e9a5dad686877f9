"""How the source of generated kernels reads and writes elements: one, or neighbours as a vector."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cltensor.dtypes import C_NAMES, SHORT, arithmetic

#: Stride of an operand along a dimension, as far as the source must know it.
BROADCAST, UNIT, STRIDED = 0, 1, 2

#: Functions that take a CPU many times as long as a sum.
EXPENSIVE = re.compile(r"\b(exp|log|tanh|pow|sqrt|rsqrt|sin|cos|tan|erf|expm1|log1p|ct_\w+)\(")
#: Functions that are long when written out, as compilers do for each call.
_LONG = re.compile(
    r"\b(pow|sin|cos|tan|erf|expm1|log1p|ct_(?!wide|b?float16|exp_nonpositive)\w+|cx_\w+)\("
)


def variable(dtype: np.dtype) -> str:
    """The C type of a variable that holds an element of `dtype`."""
    return C_NAMES[arithmetic(dtype)]


def loaded(ctype: str, place: str) -> str:
    """C for the element of C type `ctype` at `place`, as it is computed with."""
    return f"ct_wide({place})" if ctype in _SHORT_NAMES else place


def narrowed(ctype: str, value: str) -> str:
    """C for `value`, as computed, as an element of C type `ctype`."""
    return f"{ctype}_of({value})" if ctype in _SHORT_NAMES else value


_SHORT_NAMES = {C_NAMES[dtype]: None for dtype in SHORT}


def vector(ctype: str, width: int) -> str:
    """The C type of `width` neighbours of C type `ctype` in memory; of 1, that of an element."""
    if width == 1:
        return ctype
    if ctype in _SHORT_NAMES:
        return f"ushort{width}"
    return f"{ctype[:-1]}{2 * width}" if ctype.endswith("2") else f"{ctype}{width}"


def lane(ctype: str, name: str, number: int, width: int) -> str:
    """C for one of the elements of the vector `name`."""
    if width == 1:
        return name
    if ctype.endswith("2"):
        return f"{name}.s{2 * number:x}{2 * number + 1:x}"
    part = f"{name}.s{number}"
    return f"(({ctype}){{{part}}})" if ctype in _SHORT_NAMES else part


def is_long(lines: Sequence[str]) -> bool:
    """Whether a compiler makes so much of `lines` that they are better not written out for each
    of several neighbours."""
    found = [len(EXPENSIVE.findall(line)) for line in lines]
    return sum(found) > 3 or any(_LONG.search(line) for line in lines)


class Operand(NamedTuple):
    """A leaf of the expression as the kernel reads it. ctype: of the elements in memory; flat:
    whether its base is where the work-item's elements are, without the innermost coordinate.
    """

    name: str
    ctype: str
    flags: tuple[int, ...]
    flat: bool = False

    def read(self, place: str) -> str:
        """The statement that reads the element at `place`."""
        ctype = "float" if self.ctype in _SHORT_NAMES else self.ctype
        return f"const {ctype} {self.name} = {loaded(self.ctype, place)};"

    def taken(self, number: int, width: int, turn: int | str = "") -> str:
        """The statement that reads one of the neighbours which `loads` brought."""
        if self.flags[-1] == UNIT:
            return self.read(lane(self.ctype, f"{self.name}_v{turn}", number, width))
        strided = width > 1 and self.flags[-1] == STRIDED
        return self.read(f"{self.name}_v{turn}_{number}" if strided else f"{self.name}_v{turn}")

    def loads(self, width: int, turn: int | str = "") -> list[tuple[str, str, str]]:
        """(C type, name, place) of what is loaded for `width` neighbours from the one on that the
        coordinates say: a vector where they are dense, one element where they are all the same."""
        name, axis = f"{self.name}_v{turn}", len(self.flags) - 1
        if self.flags[-1] == UNIT and width > 1:
            ctype = vector(self.ctype, width)
            return [(ctype, name, f"*(__global const {ctype}*)({self.name}_p{self.inner})")]
        if self.flags[-1] != STRIDED or width == 1:
            return [(self.ctype, name, f"{self.name}_p[0{self.inner}]")]
        places = [f"(c{axis} + {k}) * {self.name}_s{axis}" for k in range(width)]
        return [(self.ctype, f"{name}_{k}", f"{self.name}_p[{at}]") for k, at in enumerate(places)]

    def term(self, axis: int) -> str:
        """What dimension `axis` adds to the element index ("" for a broadcast one)."""
        flag = self.flags[axis]
        if flag == BROADCAST:
            return ""
        return f" + c{axis}" if flag == UNIT else f" + c{axis} * {self.name}_s{axis}"

    def base(self, axes: Sequence[int]) -> str:
        """The element index that dimensions `axes` and the offset give."""
        return f"{self.name}_o" + "".join(self.term(axis) for axis in axes)

    def along(self, linear: str, kept: Sequence[bool]) -> str:
        """The element index of the `linear`-th element of the reduced range, where that is the
        innermost dimension and another: without the coordinate along the innermost one."""
        inner = len(kept) - 1
        (outer,) = [axis for axis in range(inner) if not kept[axis]]
        fixed = "".join(self.term(axis) for axis in range(inner) if kept[axis])
        step = {BROADCAST: "0", UNIT: "1"}.get(self.flags[outer], f"{self.name}_s{outer}")
        return f"{self.name}_o{fixed} + {linear} + c{outer} * ({step} - n{inner})"

    @property
    def inner(self) -> str:
        """What the innermost dimension adds."""
        return "" if self.flat else self.term(len(self.flags) - 1)

    @property
    def stride_names(self) -> list[str]:
        """Names of the stride arguments, in order."""
        return [f"{self.name}_s{d}" for d, flag in enumerate(self.flags) if flag == STRIDED]


class Store(NamedTuple):
    """A node of the expression that the kernel writes, contiguous over the iteration space or,
    if per_row, over its rows.

    place is the name of the operand whose elements it replaces, or its own for a new buffer.
    """

    name: str
    ctype: str
    place: str
    per_row: bool

    def write(self, place: str) -> str:
        """The statement that writes the node to `place`."""
        return f"{place} = {narrowed(self.ctype, self.name)};"

    def vector(self, width: int) -> str:
        """The C type of so many of its elements."""
        return vector(self.ctype, width)

    def gather(self, number: int, width: int) -> str:
        """The statement that makes the node one of the elements of a vector."""
        if width == 1:
            return self.write(f"{self.name}_w")
        if self.ctype in _SHORT_NAMES:
            return f"{self.name}_w.s{number} = {narrowed(self.ctype, self.name)}.bits;"
        return f"{lane(self.ctype, f'{self.name}_w', number, width)} = {self.name};"
