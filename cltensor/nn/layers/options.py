"""Layers whose text lists some of their attributes."""

from __future__ import annotations

from cltensor.nn.module import Module


class WithOptions(Module):
    """A layer that shows the attributes named in `_shown` between its parentheses."""

    _shown: tuple[str, ...] = ()

    def extra_repr(self) -> str:
        """See Module."""
        values = [getattr(self, name) for name in self._shown]
        shown = [repr(v) if isinstance(v, str) else f"{v}" for v in values]
        return ", ".join([f"{n}={text}" for n, text in zip(self._shown, shown, strict=True)])
