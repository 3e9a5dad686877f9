"""`nn.modules.utils`: one number or several, for layers that programs write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cltensor.nn.state import consume_prefix_in_state_dict_if_present

__all__ = ["consume_prefix_in_state_dict_if_present"]


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """The function that gives n times a number, and what can be iterated over as a tuple.

    name: of the function.
    """

    def parse(x: Any) -> tuple[Any, ...]:
        return tuple(x) if isinstance(x, Iterable) else (x,) * n

    parse.__name__ = name
    return parse


_single, _pair = _ntuple(1, "_single"), _ntuple(2, "_pair")
_triple, _quadruple = _ntuple(3, "_triple"), _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: Sequence[Any], n: int) -> tuple[Any, ...]:
    """The members of t from the last to the first, each n times: padding as `F.pad` wants it."""
    return tuple(x for x in reversed(t) for _ in range(n))


def _list_with_default(out_size: Any, defaults: Sequence[int]) -> Any:
    """out_size with the last of `defaults` where it is None; a number stays one.

    Raises ValueError where there are not more defaults than sizes.
    """
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(
            f"_list_with_default: {len(defaults)} sizes for {len(out_size)} asked for; give more"
        )
    rest = defaults[-len(out_size) :]
    return [known if size is None else size for size, known in zip(out_size, rest, strict=True)]
