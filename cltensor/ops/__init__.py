"""Operations on Tensors; each module declares those of one kind."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


@cache
def modules() -> tuple[ModuleType, ...]:
    """All modules of this package, in the order of their names."""
    here = Path(__file__).parent
    paths = sorted(path.relative_to(here).with_suffix("") for path in here.rglob("*.py"))
    return tuple(
        import_module(".".join((__name__, *path.parts))) for path in paths if path.name[0] != "_"
    )
