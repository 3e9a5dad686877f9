"""Imports point down, from floor to floor, and run in no circle. And the tests mirror the package:
each module has a file of tests of its name, in a folder of the same name."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import cltensor
from cltensor.core.composite import is_public

#: The most lines of a file and of a function.
MOST_OF_FILE, MOST_OF_FUNCTION = 450, 60
PACKAGE = Path(cltensor.__file__).parent
TESTS = Path(__file__).parent
#: The folders and the modules at the root, lowest first: each imports from its own floor, or below.
FLOORS = [
    ["version", "errors", "halves", "dtypes"],
    ["runtime"],
    ["lazy"],
    ["core"],
    ["ops", "return_types"],
    ["autograd", "profiler"],
    ["replay", "testing"],
    ["distributed"],
    ["nn", "observe", "backends", "fft", "library", "linalg", "masked", "signal", "special"],
    [
        "accelerator",
        "amp",
        "compiler",
        "cuda",
        "hub",
        "multiprocessing",
        "random",
        "types",
    ],
    ["optim", "data", "models", "io", "distributions"],
    ["array_api", "func", "onnx", "text", "utils", "vision"],
    ["selftest"],
    ["command", "launch"],
]
RANK = {name: rank for rank, floor in enumerate(FLOORS) for name in floor}
#: They write the stubs of the whole package, or try all of it as a user does.
NEED_ALL = ("cltensor.command.stubs", "cltensor.command.annotations", "cltensor.selftest.")
ABOVE_ALL = {"__init__", "__main__", ""}  # the package itself and its entry point


def room(path):
    """The floor's entry that a module file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def name_of(path):
    """The dotted name of a module file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py")}


def imports(path):
    """Modules of cltensor that a file imports anywhere, for its types too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [n if n in MODULES else node.module for n in names]
        else:
            names = []
        yield from (name for name in names if name in MODULES)


def test_every_module_has_a_floor():
    assert {room(p) for p in MODULES.values()} - set(RANK) == ABOVE_ALL - {""}


def test_imports_point_down():
    upward = [
        f"{name} imports {found}"
        for name, path in MODULES.items()
        if room(path) not in ABOVE_ALL
        for found in imports(path)
        if not (name.startswith(NEED_ALL) and found == "cltensor")
        and (room(MODULES[found]) in ABOVE_ALL or RANK[room(MODULES[found])] > RANK[room(path)])
    ]
    assert upward == []


def circle(graph):
    """The names on one circle of the graph, or none."""
    done, open_ = set(), []

    def visit(name):
        if name in open_:
            return open_[open_.index(name) :]
        if name in done:
            return []
        open_.append(name)
        for found in sorted(graph[name]):
            if (on := visit(found)) and on:
                return on
        open_.pop()
        done.add(name)
        return []

    return next((on for name in sorted(graph) if (on := visit(name))), [])


def test_imports_run_in_no_circle():
    # A package imports its own modules; they may not import it.
    graph = {n: {f for f in imports(p) if f != n} for n, p in MODULES.items()}
    assert circle(graph) == []
    rooms = {}
    for name, path in MODULES.items():
        if room(path) not in ABOVE_ALL:
            found = {room(MODULES[f]) for f in graph[name]} - {room(path), "__init__"}
            rooms.setdefault(room(path), set()).update(found)
    assert circle(rooms) == []


def test_an_operation_is_imported_under_its_own_name_or_a_private_one():
    """A public name of a module that declares operations is one of the namespace."""
    leaked = [
        f"{name_of(path)}: {alias.name} as {alias.asname}"
        for path in sorted((PACKAGE / "ops").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
        and not alias.asname.startswith("_")
        and is_public(getattr(sys.modules[str(node.module)], alias.name, None))
    ]
    assert not leaked


def test_importing_opens_no_device(run_python):
    code = "import sys, cltensor; print('pyopencl' in sys.modules, 'mako' in sys.modules)"
    assert run_python(code).stdout.split() == ["False", "False"]


def test_every_template_has_a_folder_of_its_kind():
    names = [path.name for path in (PACKAGE.parent / "cl_kernels").rglob("*.cl")]
    assert len(names) == len(set(names)), "two templates of one name: kernels are looked up by it"
    assert not list((PACKAGE.parent / "cl_kernels").glob("*.cl"))


#: Modules without a file of tests of their own, and why.
TESTED_ELSEWHERE = {"__main__": "command/test_cli starts it"}
#: Files of tests that belong to no single module, and what they hold.
OF_NO_MODULE = {
    "test_benchmarks": "the package benchmarks",
    "test_beside_torch": "custom functions, beside PyTorch",
    "test_batchnorm_property": "drawn programs of layers of batch norm",
    "fuzz/test_files": "damaged files of every kind that is read",
    **{
        f"fuzz/test_{kind}": "operations of drawn shapes and dtypes, beside NumPy"
        for kind in ("index", "linalg", "pointwise", "reduce", "shape")
    },
    "test_deterministic": "losses, attention and networks of the same bits everywhere",
    "test_derivatives": "the rules of all elementwise operations and reductions, several at a time",
    "test_examples": "the programs in examples/",
    "test_finetune_example": "the program in examples/ that trains a last layer",
    "test_from_pytorch": "the recipes of docs/from-pytorch.md",
    "test_gradient_ownership": "whose elements gradients are",
    "test_inplace_property": "drawn programs of changes in place",
    "test_reproducibility": "the same bits on every implementation",
    "test_reproducible_property": "the same bits of drawn programs",
    "test_interrupts": "Ctrl-C before any line",
    "test_isa": "kernels for GPUs in the instructions of GPUs",
    "test_jit_attributes": "recorded calls and the objects of the library that they read",
    "test_jit_property": "drawn programs of recorded calls",
    "test_live_example": "the view of a run in examples/",
    "test_launch_counts": "the launches of a step of training",
    "test_layering": "the order of the modules, and their files of tests",
    "test_docstrings": "the examples in docstrings",
    "test_docs": "the guides in docs/, and docs/site/",
    "test_notebooks": "the notebooks in examples/",
    "test_optim_property": "drawn programs of optimizers",
    "test_parallel_examples": "the programs in examples/ for several processes",
    "test_packaging": "what the archives hold",
    "test_real_weights": "networks with published weights, from packages",
    "test_visit": "the program of a first visit to a machine",
    "test_played": "a GPU of given limits, played by the driver at hand",
    "test_refusing": "a GPU that refuses what drivers of GPUs do",
    "test_rules": "the rules of all other operations, at odd, broadcast and empty shapes",
    "test_example_recipes": "examples/recipe.py and augmenting.py",
    "test_small_examples": "the short programs in examples/",
    "test_subset_property": "operations of which some operands are batches, beside a loop",
    "test_text_examples": "the programs in examples/ that learn from a text",
    "onnx/test_published": "networks of ONNX files, from packages, beside onnxruntime",
    "test_threads": "threads that compute, write, build and record at the same time",
    "test_views_property": "drawn programs of views and writes",
    "test_vmap_property": "drawn functions of examples, beside a loop over them",
}


def file_of(path):
    """The file of tests that a module should have."""
    inside = path.relative_to(PACKAGE).with_suffix("")
    if inside.name == "__init__":
        inside = inside.parent if inside.parent != Path() else Path("init")
    return inside.parent / f"test_{inside.name.strip('_')}"


def gathers_names(path):
    """Whether a module defines nothing of its own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return not any(isinstance(n, (ast.FunctionDef, ast.ClassDef)) for n in ast.walk(tree))


def test_tests_mirror_the_package():
    files = {path.relative_to(TESTS).with_suffix("") for path in TESTS.rglob("test_*.py")}
    wanted, excused = {}, set()
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).with_suffix("").as_posix()
        if inside in TESTED_ELSEWHERE:
            excused.add(inside)
            continue
        if not (path.name == "__init__.py" and path.parent != PACKAGE and gathers_names(path)):
            wanted.setdefault(file_of(path), []).append(inside)
    assert {str(n): modules for n, modules in wanted.items() if n not in files} == {}
    assert {str(n): modules for n, modules in wanted.items() if len(modules) > 1} == {}
    assert {str(f) for f in files - set(wanted)} == set(OF_NO_MODULE)
    assert excused == set(TESTED_ELSEWHERE)


def examples_of(function):
    """The lines of a docstring from its examples on, and the empty one before: they are read
    without the function."""
    text = (ast.get_docstring(function) or "").split("\n")
    first = next((i for i, line in enumerate(text) if line.startswith(">>>")), len(text) + 1)
    return text[first - 1 :]


def test_files_and_functions_are_short():
    folders = ("cltensor", "tests", "benchmarks", "examples")
    paths = [p for name in folders for p in (TESTS.parent / name).rglob("*.py")]
    assert len(paths) > len(MODULES)
    long = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > MOST_OF_FILE:
            long.append(f"{path}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = node.end_lineno - node.lineno + 1 - len(examples_of(node))
                if lines > MOST_OF_FUNCTION:
                    long.append(f"{path}: {node.name} has {lines} lines")
    assert long == [], "find what in it has a name of its own, and give it a place of its own"


def test_documents_name_files_that_exist():
    root = TESTS.parent
    documents = [*root.glob("*.md"), *(root / "docs").glob("*.md")]
    named = {
        (document.name, name)
        for document in documents
        for name in re.findall(
            r"[\w.]+(?:/\w+)+\.(?:py|pyi|cl|md|json)\b", document.read_text("utf-8")
        )
    }
    assert len(named) > 10
    places = (root, PACKAGE, root / "docs")
    assert [n for n in sorted(named) if not any((p / n[1]).exists() for p in places)] == []


def test_the_selection_for_oclgrind_names_tests():
    # Each of its lines must, or moving a test takes its kernels out of the memory checks.
    command = [sys.executable, str(TESTS / "run_oclgrind.py"), "--collect-only"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
