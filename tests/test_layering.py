"""Imports point down: a module imports only from the layers below it, or from its own."""

import ast
from pathlib import Path

import cltensor

PACKAGE = Path(cltensor.__file__).parent
LAYERS = [
    # A Device owns its pool and a Buffer knows its device, so these two share a layer.
    ["errors", "dtypes", "device", "memory"],
    ["commands", "program", "replay", "codegen", "tuning", "grids", "values", "rowcode", "fusion"],
    ["text", "op", "operators", "tensor"],
    ["ops"],
    ["autograd", "creation", "explain", "jit", "testing"],
    ["nn"],
    ["optim", "data", "models", "weights"],
    ["icd", "tuner", "cli"],
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
ABOVE_ALL = {"__init__", "__main__", ""}  # the package itself and its entry point


def part(path):
    """The layer entry that a module file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path):
    """Parts of cltensor that a file imports anywhere outside `if TYPE_CHECKING`."""
    pending = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "cltensor":
            names = [f"cltensor.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module]
        else:
            names = []
        inside = [f"{name}." for name in names if f"{name}.".startswith("cltensor.")]
        yield from (name.split(".")[1] for name in inside)
        pending += ast.iter_child_nodes(node)


def modules():
    return [p for p in PACKAGE.rglob("*.py") if part(p) not in ABOVE_ALL]


def test_every_module_has_a_layer():
    assert {part(p) for p in modules()} - set(RANK) == set()


def test_imports_point_down():
    upward = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        for name in imports(path)
        if name in ABOVE_ALL or RANK[name] > RANK[part(path)]
    ]
    assert upward == []


def test_importing_opens_no_device(run_python):
    code = "import sys, cltensor; print('pyopencl' in sys.modules, 'mako' in sys.modules)"
    assert run_python(code).stdout.split() == ["False", "False"]
