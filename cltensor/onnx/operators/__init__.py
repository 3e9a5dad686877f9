"""The operators of ONNX by kind; see `cltensor.onnx.table`."""

from functools import cache
from importlib import import_module
from pathlib import Path


@cache
def declare() -> None:
    """Fill the table."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name[0] != "_":
            import_module(f"{__name__}.{path.stem}")
