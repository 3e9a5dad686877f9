"""Operations on Tensors and Variables, and their installation as methods and operators."""

from importlib import import_module
from typing import Any

from cltensor import operators

_MODULES = ("pointwise", "reduce", "shape", "join", "create", "linalg", "conv", "pool", "index", "sort", "random")
EXPORTS: dict[str, Any] = {}
import importlib.util
for _name in _MODULES:
    if importlib.util.find_spec(f"cltensor.ops.{_name}") is None: continue
    try: _module = import_module(f"cltensor.ops.{_name}")
    except ImportError as e: print("skip", _name, e); continue
    for _key, _item in vars(_module).items():
        _home = getattr(_item, "__module__", None)
        if callable(_item) and not _key.startswith("_") and (_home == _module.__name__ or type(_item).__name__ == "Op"):
            EXPORTS[_key.rstrip("_")] = _item
operators.METHODS = [m for m in operators.METHODS if m in EXPORTS]
operators.install({**EXPORTS, "matmul": EXPORTS.get("matmul")})
