"""How other libraries take a Tensor: DLPack, and the namespace of the Python array API standard.

What answers lies above (`io.dlpack`, `array_api`) and is imported when it is first asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar


class Interchange:
    """Mixin with the members by which other libraries take a Tensor."""

    __slots__ = ()

    #: The module of the package that has that name; set in cltensor/__init__.py.
    _module: ClassVar[Callable[[str], Any]]

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """The namespace of the Python array API standard, `cltensor.array_api`.

        Raises ValueError for a version of the standard that it does not follow.
        """
        return Interchange._module("array_api").of_version(api_version)

    def __dlpack__(
        self, /, *, stream: Any = None, max_version: tuple[int, int] | None = None,
        dl_device: Any = None, copy: bool | None = None,
    ) -> Any:  # fmt: skip
        """A DLPack capsule with a copy of the elements in the host's memory."""
        return Interchange._module("io.dlpack").to_dlpack(
            self, stream, max_version, dl_device, copy
        )

    def __dlpack_device__(self, /) -> tuple[int, int]:
        """Where `__dlpack__` gives the elements: in the host's memory."""
        return Interchange._module("io.dlpack").HOST
