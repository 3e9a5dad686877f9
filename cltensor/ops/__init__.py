"""Operations on Tensors; each module declares those of one kind."""

from importlib import import_module
from pathlib import Path
from types import ModuleType


def modules() -> list[ModuleType]:
    """All modules of this package, in the order of their names."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return [import_module(f"{__name__}.{name}") for name in names if name[0] != "_"]
