"""What makes `ct.device` a class that is called for a device which exists already, as PyTorch's."""

from __future__ import annotations

from typing import Any


class Named(type):
    """A class whose instances, those of its subclasses, are found by name: called, it gives one."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        find = vars(cls).get("find")
        if find is None:  # a subclass, which makes one
            return super().__call__(*args, **kwargs)
        return find(_spec(*args, **kwargs))


def _spec(type: Any = None, index: Any = None, **kwargs: Any) -> Any:
    """The name in one piece."""
    if kwargs:
        keyword = next(iter(kwargs))
        raise TypeError(f"device: there is no keyword {keyword!r}; it takes type, index")
    if index is None:
        return type
    if not isinstance(type, str) or ":" in type:
        raise TypeError(f"device: an index {index!r} beside {type!r}; give a kind, as 'gpu'")
    return f"{type}:{index}"
