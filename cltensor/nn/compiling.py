"""The side of a Module that has its forward replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cltensor.core.names import named
from cltensor.replay.compiled import Compiled


def without_compiled(own: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a module but its compiled forward, which belongs to this very module."""
    return {name: value for name, value in own.items() if not isinstance(value, Compiled)}


class Compilable:
    """Mixin: the method `compile`."""

    if TYPE_CHECKING:

        def _note_change(self) -> None: ...

    @named
    def compile(
        self,
        *,
        fullgraph: bool = False,
        dynamic: bool | None = None,
        backend: Any = "inductor",
        mode: str | None = None,
        options: Any = None,
        disable: bool = False,
    ) -> None:
        """From now on, run forward from recorded launches where it can be; see `ct.compile`, whose
        arguments these are. A copy of the module is not compiled."""
        self._note_change()
        own = vars(self)
        if isinstance(own.get("forward"), Compiled):
            del own["forward"]
        if not disable:
            own["forward"] = Compiled(getattr(self, "forward"))  # noqa: B009
