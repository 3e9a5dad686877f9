"""`ct.explain`: which kernels a value or a call takes, and their source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from cltensor.core.tensor import Tensor
from cltensor.replay.jit import jit
from cltensor.runtime.events import Launched, ignore, listen
from cltensor.runtime.source import own_source


class Launch(NamedTuple):
    """One kernel launch: the kernel's name, its grid, and its source without the prelude."""

    name: str
    global_size: tuple[int, ...]
    local_size: tuple[int, ...]
    source: str


class Explanation(list[Launch]):
    """The launches in order; printed, a line each and then the source of every kernel once."""

    def __str__(self) -> str:
        numbers: dict[str, int] = {}
        lines = [f"{len(self)} launches"]
        for launch in self:
            number = numbers.setdefault(launch.source, len(numbers) + 1)
            grid = " x ".join(str(n) for n in launch.global_size)
            group = " x ".join(str(n) for n in launch.local_size)
            lines.append(f"  [{number}] {launch.name}: {grid} work-items in groups of {group}")
        for source, number in numbers.items():
            lines += ["", f"[{number}]", _tidy(source)]
        return "\n".join(lines)

    __repr__ = __str__


def _tidy(source: str) -> str:
    """The source without the blank lines that templates leave."""
    return "\n".join(line.rstrip() for line in source.split("\n") if line.strip())


def explain(subject: Any, *args: Any, **kwargs: Any) -> Explanation:
    """The kernels that compute `subject`, a tensor, or that the call subject(*args) launches.

    A pending tensor is computed, a function is called (a jitted one as if it were not); print the
    result to see the launches and the generated OpenCL C. A tensor that was computed already takes
    none.

    Raises TypeError when `subject` is neither a tensor nor callable.

    >>> len(ct.explain(ct.ones(4).exp() * 2 + 1))
    1
    """
    launches = Explanation()

    def note(event: Launched) -> None:
        kernel = event.kernel
        source = own_source(kernel.source)
        launches.append(Launch(kernel.name, event.global_size, event.local_size, source))

    listen(note)
    try:
        if isinstance(subject, Tensor):
            subject.realize()
        elif callable(subject):
            function: Callable[..., Any] = subject.function if isinstance(subject, jit) else subject
            _realize(function(*args, **kwargs))
        else:
            raise TypeError(
                f"explain: takes a tensor or a function, not a {type(subject).__name__}"
            )
    finally:
        ignore(note)
    return launches


def _realize(result: Any) -> None:
    if isinstance(result, Tensor):
        result.realize()
    elif isinstance(result, (tuple, list)):
        for member in result:
            _realize(member)
    elif isinstance(result, dict):
        _realize(list(result.values()))
