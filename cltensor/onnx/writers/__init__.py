"""How calls of the library's functions become nodes, by kind; see `cltensor.onnx.record`."""

from functools import cache
from importlib import import_module
from pathlib import Path


@cache
def declare() -> None:
    """Fill the tables."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name[0] != "_":
            import_module(f"{__name__}.{path.stem}")
