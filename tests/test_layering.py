"""Imports point down: a module imports only from the layers below it, or from its own. And the
tests mirror the package: each module has a file of tests of its name."""

import ast
from pathlib import Path

import cltensor

PACKAGE = Path(cltensor.__file__).parent
LAYERS = [
    # A Device owns its pool and a Buffer knows its device, so these two share a layer.
    ["version", "errors", "dtypes", "folders", "device", "memory", "host", "devicenames"],
    ["names", "mode", "changes", "graph_hooks", "suggestions", "size"],
    ["binaries", "commands", "program", "replay", "tuning", "grids"],
    ["codegen", "reducecode", "rowcode", "values", "fusion"],
    ["writes"],
    ["text", "op", "methods", "operators", "differentiable", "tensor", "composite", "return_types"],
    ["ops"],
    ["autograd"],
    ["inplace", "creation", "guards", "call_arguments", "recorded", "jit", "explain", "testing"],
    ["cuda", "backends", "nn"],
    ["optim", "data", "models", "files", "weights", "nesting", "checkpoint"],
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


#: Modules without a file of tests of their own, and why.
TESTED_ELSEWHERE = {"__main__": "test_cli starts it"}
#: Files of tests that belong to no single module, and what they hold.
OF_NO_MODULE = {
    "test_benchmarks": "the package benchmarks",
    "test_derivatives": "the rules of all elementwise operations and reductions, several at a time",
    "test_examples": "the programs in examples/",
    "test_jit_property": "jit, with programs drawn at random",
    "test_models": "what all networks must do",
    "test_layering": "the order of the modules, and their files of tests",
    "test_packaging": "what the archives hold",
    "test_beside_torch": "custom functions, beside PyTorch",
    "test_gradient_ownership": "gradients share their elements with nothing else",
    "test_inplace_property": "drawn programs with changes in place, recorded, beside PyTorch",
    "test_optim_property": "drawn training with all optimizers, beside PyTorch",
    "test_threads": "threads that compute and write at the same time",
    "test_views_property": "drawn programs of views and writes, beside NumPy",
    "test_stubs": "the stubs that cltensor/command/stubs.py writes, and what type checkers make of them",
}


def file_of(path):
    """The file of tests that a module should have: ops/ is left out, other folders are kept."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[1:] if parts[0] == "ops" else parts
    return "test_" + "_".join(part.strip("_") for part in parts)


def gathers_names(path):
    """Whether a module defines nothing of its own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return not any(isinstance(n, (ast.FunctionDef, ast.ClassDef)) for n in ast.walk(tree))


def test_tests_mirror_the_package():
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    names, excused = {}, set()
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if inside in TESTED_ELSEWHERE:
            excused.add(inside)
            continue
        gathers = path.name == "__init__.py" and path.parent != PACKAGE and gathers_names(path)
        if not gathers:
            names.setdefault(file_of(path), []).append(inside)
    assert {n: modules for n, modules in names.items() if n not in files} == {}
    assert {n: modules for n, modules in names.items() if len(modules) > 1} == {}
    assert files - set(names) == set(OF_NO_MODULE)
    assert excused == set(TESTED_ELSEWHERE)
