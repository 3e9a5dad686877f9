"""Pictures of chains of operations that become kernels, drawn from `ct.explain`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import cltensor as ct

_INTRODUCTION = """\
# From a chain to a kernel

Operations wait until somebody needs their values; then the whole chain becomes one kernel, or as
few as it takes. On the left is what the program says, as the graph remembers it; on the right what
is launched, as `ct.explain` tells it. The pictures and the sources are made when these pages are.
"""
_HEIGHT, _WIDE, _GAP = 34, 190, 14


class Chain(NamedTuple):
    """What a picture shows: a title, the program, and a function that makes its result."""

    title: str
    code: str
    run: Callable[..., Any]


def _softmax(x: ct.Tensor) -> ct.Tensor:
    return ct.softmax(x * 0.5, axis=1)


CHAINS = (
    Chain(
        "An expression",
        "y = ct.exp(-x * x) * 2 + 1",
        lambda: ct.exp(-_given(512, 512) * _given(512, 512)) * 2 + 1,
    ),
    Chain(
        "An expression and a sum over it",
        "loss = ((x - target) ** 2).mean()",
        lambda: ((_given(512, 512) - _given(512, 512)) ** 2).mean(),
    ),
    Chain(
        "Reductions over short rows",
        "p = ct.softmax(x * 0.5, axis=1)",
        lambda: _softmax(_given(256, 100)),
    ),
    Chain(
        "A product and what is done to it",
        "h = ct.relu(x @ w + b)",
        lambda: ct.relu(_given(128, 256) @ _given(256, 64) + _given(64)),
    ),
)


def page() -> str:
    """The page: a picture and the kernels' sources for each chain."""
    return "\n".join([_INTRODUCTION, *map(_section, CHAINS)])


def _given(*shape: int) -> ct.Tensor:
    return ct.ones(*shape).requires_grad_()


def _section(chain: Chain) -> str:
    result = chain.run()
    operations = list(_operations(result))
    launches = ct.explain(result)
    kernels = [f"{each.name} ({' × '.join(map(str, each.global_size))})" for each in launches]
    parts = [f"\n## {chain.title}\n", f"```python\n{chain.code}\n```\n", _svg(operations, kernels)]
    for each in launches:
        lines = [line.rstrip() for line in each.source.split("\n") if line.strip()]
        parts += [f'\n??? note "The source of {each.name}"', "    ```c"]
        parts += [f"    {line}" for line in lines]
        parts.append("    ```")
    return "\n".join(parts)


def _operations(result: ct.Tensor) -> Iterator[str]:
    """The names of the operations behind `result`, each node once, the first one first."""
    found: dict[Any, None] = {}

    def visit(node: Any) -> None:
        if node is None or node in found or node.name() == "AccumulateGrad":
            return
        for before, _ in node.next_functions:
            visit(before)
        found[node] = None

    visit(result.grad_fn)
    return (re.sub(r"Backward\d*$", "", node.name()) for node in found)


def _svg(left: list[str], right: list[str]) -> str:
    """Boxes of `left` below each other, and an arrow to those of `right`."""
    height = max(len(left), len(right)) * (_HEIGHT + _GAP) + _GAP
    wide = 2 * _WIDE + 120
    boxes = [*_column(left, 0, height, "0.15"), *_column(right, _WIDE + 120, height, "0.4")]
    middle = height / 2
    arrow = (
        f'<path d="M {_WIDE + 20} {middle} h 70 m -10 -7 l 10 7 l -10 7" fill="none" '
        'stroke="currentColor" stroke-width="2"/>'
    )
    return (
        f'<svg viewBox="0 0 {wide} {height}" width="{wide}" role="img" '
        f'aria-label="{", ".join(left)} become {", ".join(right)}">{arrow}{"".join(boxes)}</svg>\n'
    )


def _column(names: list[str], x: float, height: float, shade: str) -> Iterator[str]:
    top = (height - len(names) * (_HEIGHT + _GAP) + _GAP) / 2
    for number, name in enumerate(names):
        y = top + number * (_HEIGHT + _GAP)
        yield (
            f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_HEIGHT}" rx="5" '
            f'fill="currentColor" fill-opacity="{shade}"/><text x="{x + _WIDE / 2}" '
            f'y="{y + _HEIGHT / 2 + 5}" text-anchor="middle" font-size="14" '
            f'fill="currentColor">{name}</text>'
        )
