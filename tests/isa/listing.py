"""Listings of instructions: of what kinds they are, loop by loop."""

import re
from collections import Counter
from typing import NamedTuple

#: Kinds of instructions: the first pattern that fits the beginning of one tells.
_AMD = {
    "matrix unit": r"v_(s?mfma|s?wmma)_",
    "multiply-add": r"v_(pk_)?(fma|fmac|mac|mad|fmamk|fmaak)_(legacy_)?(mix_)?f",
    "two multiply-adds": r"v_dual_fm\w+ .*:: v_dual_fm",
    "load 16": r"(global|flat|buffer)_load_(dwordx4|b128)",
    "load": r"(global|flat|buffer)_load_",
    "store 16": r"(global|flat|buffer)_store_(dwordx4|b128)",
    "store": r"(global|flat|buffer)_store_",
    "local load 16": r"ds_(read|load)_b128|ds_(read|load)2_b64",
    "local load": r"ds_(read|load)",
    "local store": r"ds_(write|store)",
    "barrier": r"s_barrier",
    "wait": r"s_waitcnt.* ?vmcnt",
    "divide": r"v_(div_|rcp_iflag)",
    "vector": r"v_",
    "other": r"(s|ds|global|flat|buffer|scratch|image|exp)_",
}
_SASS = {
    "matrix unit": r"HMMA\b",
    "multiply-add": r"(FFMA|HFMA2|DFMA)\b",
    "load 16": r"LDG\S*\.128",
    "load": r"LDG",
    "store 16": r"STG\S*\.128",
    "store": r"STG",
    "local load 16": r"LDS\S*\.128",
    "local load": r"LDS",
    "local store": r"STS",
    "barrier": r"BAR",
    "divide": r"I2F\S*\.RP|MUFU\.RCP",
    "vector": r"(?!NOP)[A-Z]",
}
_PTX = {
    "matrix unit": r"mma\.sync",
    "multiply-add": r"(fma|mad)\S*\.f",
    "load 16": r"ld\.global\S*\.v4",
    "load": r"ld\.global",
    "store 16": r"st\.global\S*\.v4",
    "store": r"st\.global",
    "local load 16": r"ld\.shared\S*\.v4",
    "local load": r"ld\.shared",
    "local store": r"st\.shared",
    "barrier": r"bar",
    "divide": r"(div|rem)\.",
    "vector": r"[a-z]",
}
#: Kinds that take no turn of the units that multiply, where those are counted alone.
_BESIDE = (
    *("load 16", "load", "store 16", "store", "local load 16", "local load", "local store"),
    *("barrier", "wait", "other"),
)


class Loop(NamedTuple):
    """Instructions in order, by kind, and the loops among them; a kernel is one, too.

    apart: whether units of their own run what is not arithmetic, as AMD's do.
    """

    kinds: tuple[str, ...]
    inner: tuple["Loop", ...]
    apart: bool

    def count(self, *kinds):
        """How many instructions are of these kinds."""
        return sum(map(self.kinds.count, kinds))

    @property
    def multiply_adds(self):
        """How many there are."""
        return self.count("multiply-add") + 2 * self.count("two multiply-adds")

    @property
    def share(self):
        """Multiply-adds among the instructions that take the turn of one, in percent."""
        double = self.count("two multiply-adds")
        turns = len(self.kinds) + double - (self.count(*_BESIDE) if self.apart else 0)
        return 100 * self.multiply_adds / turns if turns else 0.0

    @property
    def hottest(self):
        """The innermost loop with the most multiply-adds; itself without loops that have any."""
        best = max(self.inner, key=lambda loop: loop.multiply_adds, default=self)
        return best.hottest if best is not self and best.multiply_adds else self

    @property
    def by_units(self):
        """The innermost loop with the most instructions of matrix units."""
        inner = [loop for loop in self.walk() if not loop.inner]
        return max(inner, key=lambda loop: loop.count("matrix unit"))

    @property
    def busiest(self):
        """The innermost loop that loads most; the whole where no loop loads."""
        innermost = [loop for loop in self.walk() if not loop.inner] or [self]
        best = max(innermost, key=lambda loop: loop.count("load") + 4 * loop.count("load 16"))
        return best if best.count("load", "load 16") else self

    @property
    def turns(self):
        """Instructions but those that AMD's scalar unit runs beside the others."""
        return len(self.kinds) - (self.count("other", "wait", "barrier") if self.apart else 0)

    @property
    def round_trips(self):
        """How often a turn waits for loads that were issued since it last waited."""
        trips, under_way = 0, False
        for kind in self.kinds:
            if kind.startswith("load"):
                under_way = True
            elif kind == "wait" and under_way:
                trips, under_way = trips + 1, False
        return trips

    def walk(self):
        """This loop and all within."""
        yield self
        for loop in self.inner:
            yield from loop.walk()


def of_amd(text):
    """The kernel in what clang wrote for AMD."""
    body = text.partition("; %bb.0")[2].partition(".Lfunc_end0")[0]
    return _kernel(body, _AMD, r"(\.LBB\w+):", r"s_(c?)branch\S*\s+(\.LBB\w+)", apart=True)


def of_sass(text):
    """The kernel in what nvdisasm wrote."""
    bare = re.sub(r"/\*[0-9a-f]{4,}\*/", "", text)
    bare = re.sub(r"^\s*@!?U?P\w+\s+", "?", bare, flags=re.M)
    return _kernel(bare, _SASS, r"(\.L_x_\d+):", r"(\??)BRA.*?(\.L_x_\d+)", apart=False)


def of_ptx(text):
    """The kernel in PTX."""
    bare = re.sub(r"^\s*@!?%p\d+\s+", "?", text.partition("{")[2], flags=re.M)
    return _kernel(bare, _PTX, r"(\$L__BB\w+):", r"(\??)bra\S*\s+(\$L__BB\w+)", apart=False)


class _Block(NamedTuple):
    """Instructions in a row, and the blocks that may come next: labels, or numbers of blocks."""

    kinds: list
    following: list


def _kernel(text, kinds, label, jump, apart):
    """The kernel in `text`; jump: its first group is empty for jumps without a condition."""
    patterns = {kind: re.compile(pattern) for kind, pattern in kinds.items()}
    blocks, labels = [_Block([], [])], {}

    def begin(falls_through):
        if falls_through:
            blocks[-1].following.append(len(blocks))
        blocks.append(_Block([], []))

    falls_through = True
    for line in text.splitlines():
        code = line.strip()
        at_label = re.match(label, code)
        if at_label:
            begin(falls_through)
            labels[at_label[1]], falls_through = len(blocks) - 1, True
            continue
        bare = code.lstrip("?")
        kind = next((kind for kind, pattern in patterns.items() if pattern.match(bare)), None)
        if kind is None or code.endswith(":"):
            continue
        blocks[-1].kinds.append(kind)
        jumps = re.match(jump, code)
        if jumps:
            blocks[-1].following.append(jumps[2])
            begin(bool(jumps[1]))
            falls_through = True
        elif re.match(r"s_endpgm|EXIT|ret", code):
            falls_through = False
    edges = [
        [labels.get(to, to) for to in block.following if labels.get(to, to) in range(len(blocks))]
        for block in blocks
    ]
    return _nested(blocks, set(range(len(blocks))), _loops(edges), apart)


def _loops(edges):
    """The blocks of each loop, by its first: what leads to a jump back to that without it."""
    backwards, state, stack = [], {}, [(0, iter(edges[0]))]
    state[0] = "open"
    while stack:
        block, following = stack[-1]
        to = next(following, None)
        if to is None:
            state[block] = "done"
            stack.pop()
        elif state.get(to) == "open":
            backwards.append((block, to))
        elif to not in state:
            state[to] = "open"
            stack.append((to, iter(edges[to])))
    before = [[] for _ in edges]
    for block, following in enumerate(edges):
        for to in following:
            before[to].append(block)
    found = {}
    for last, first in backwards:
        body, todo = found.setdefault(first, {first}), [last]
        while todo:
            block = todo.pop()
            if block not in body:
                body.add(block)
                todo += before[block]
    return list(found.values())


def _nested(blocks, body, loops, apart):
    """The loop of the blocks `body`, and those of `loops` that lie within."""
    within = [loop for loop in loops if loop < body]
    outermost = [loop for loop in within if not any(loop < other for other in within)]
    kinds = tuple([kind for block in sorted(body) for kind in blocks[block].kinds])
    inner = tuple([_nested(blocks, loop, within, apart) for loop in outermost])
    return Loop(kinds, inner, apart)


def summary(loop):
    """What a loop is made of, for people."""
    return ", ".join(f"{n} {kind}" for kind, n in Counter(loop.kinds).most_common())
