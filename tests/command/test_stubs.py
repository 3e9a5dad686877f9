"""The generated stubs: that they are up to date, whole and true, and what a type checker finds with
them in users' programs, whichever way cltensor is installed."""

import ast
import inspect
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import numpy as np
import operands
import pytest

import cltensor as ct
from cltensor.core.composite import is_public
from cltensor.core.methods import Methods
from cltensor.errors import CLTensorError

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # the generator is part of the checkout, not of the package

from cltensor.command import stubs  # noqa: E402

PROGRAM = ROOT / "tests" / "typed_program.py"
#: A mistake a line.
WRONG = """\
import cltensor as ct
from cltensor import nn
x = ct.zeros(2, 3)
x.no_such_method()
ct.no_such_function(x)
ct.sum(x, nonsense=1)
x.sum(dim="first")
x.sum(1, True, 3)
ct.exp("text")
x + "text"
x @ 3
x.add_(1, out=x)
text: str = x.mean()
number: int = x.argmax()
pair: tuple[ct.Tensor, ct.Tensor] = x.max()
values, indices, more = x.sort(1)
nn.Linear(3)
"""


@pytest.mark.parametrize("name", stubs.STUBS)
def test_stubs_are_up_to_date(name):
    written = (stubs.PACKAGE / name).read_text(encoding="utf-8")
    assert stubs.STUBS[name]() == written, "run python -m cltensor.command.stubs"


def names_in(body):
    """The public names that the statements of a stub define."""
    found = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            found.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname for alias in node.names if alias.asname}
    return found


def test_every_public_name_is_there():
    tree = ast.parse((stubs.PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    assert set(ct.__all__) | {"__version__"} <= names_in(tree.body)
    tree = ast.parse((stubs.PACKAGE / "core/methods.pyi").read_text(encoding="utf-8"))
    (methods,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert names_in(methods.body) == {n for n, v in vars(Methods).items() if callable(v)}


def test_tables_of_the_generator_name_what_there_is():
    public = {name for name in ct.__all__ if is_public(getattr(ct, name))}
    assert public | {f"{name}_" for name in public} >= set(stubs.SPECIAL) | stubs.VARYING


def calls():
    """(name, function, arguments) of the public functions that fit one tensor or known ones."""
    known = {name: lambda name=name: operands.arguments(name) for name, *_ in operands.functions()}
    for name in ct.__all__:
        function = getattr(ct, name)
        if is_public(function):
            needed = [
                p
                for p in inspect.signature(function).parameters.values()
                if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
            ]
            if name in known:
                yield name, function, known[name]
            elif [p.name for p in needed] in (["x"], ["tensors"]):
                x = [ct.ones(2, 3)]
                yield name, function, lambda x=x, n=needed[0].name: x if n == "x" else (x,)


def test_results_are_of_the_types_that_the_stubs_name(device):
    tried = 0
    for name, function, arguments in calls():
        result = stubs.Declaration(name, function, stubs.Types()).forms()[0][1]
        try:
            given = arguments()
            inspect.signature(function).bind(*given)
        except TypeError:  # tests/operands.py lacks it, as another test says
            continue
        try:
            found = function(*given)
        except CLTensorError:  # not for float32
            continue
        tried += 1
        kinds = {"Tensor": ct.Tensor, "_int": int, "_bool": bool, "tuple[Tensor, ...]": tuple}
        if result.startswith("return_types."):
            kinds[result] = tuple
        assert isinstance(found, kinds.get(result, object)), f"{name} gives {found!r}: {result}"
        if isinstance(found, tuple) or not isinstance(found, ct.Tensor):
            assert result != "Tensor", name
        assert result != "Any" or name in stubs.VARYING, name
    assert tried > 120


def test_in_place_methods_give_their_tensor(device):
    for name in ("add_", "zero_", "exp_", "clamp_", "squeeze_", "__iadd__", "__ipow__"):
        declared = stubs.Declaration(name, getattr(ct.Tensor, name), stubs.Types(), method=True)
        assert declared.result == "Self"
    x = ct.ones(2)
    assert x.add_(1) is x
    with pytest.raises(TypeError, match=r"^add_: there is no keyword 'out'"):
        x.add_(1, out=x)
    assert x.tolist() == [2, 2]


def test_every_keyword_of_the_stubs_is_taken(device):
    x = ct.tensor([[3.0, 1.0], [2.0, 4.0]])
    for keywords in ({"axis": 1, "keepdims": True}, {"dim": 1, "keepdim": True}):
        assert x.sum(**keywords).tolist() == ct.sum(x, **keywords).tolist() == [[4], [6]]
    assert ct.sum(input=x, dim=0).tolist() == [5, 5]
    assert x.permute(dims=(1, 0)).tolist() == x.permute(axes=(1, 0)).tolist() == x.T.tolist()
    assert ct.flip(x, dims=0).tolist() == [[2, 4], [3, 1]]
    assert ct.zeros(size=(2, 1)).shape == (2, 1)
    assert x.max(axis=1).tolist() == x.max(dim=1).values.tolist() == [3, 4]


def test_the_program_runs(device, capsys):
    program = runpy.run_path(str(PROGRAM))
    assert program["tensors"]().tolist() == [[0, 0]]
    np.testing.assert_allclose(program["gradients"]().tolist(), [5.92827] * 3, rtol=1e-5)
    assert 0 <= program["train"]() <= 1
    assert capsys.readouterr().out.startswith("0.000 [[0.0, 0.0]] 14 (2, 3) float32 ")


# ----------------------------------------------------------------------------- a type checker


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, to build from."""
    copy = tmp_path_factory.mktemp("stubs") / "checkout"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "venv")
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """A call of mypy on a program for an interpreter; gives what it printed."""
    pytest.importorskip("mypy", reason="needs the extra 'dev'")
    cache = tmp_path_factory.mktemp("mypy")

    def check(program, python):
        command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary"]
        command += ["--python-executable", python, "--cache-dir", cache, program]
        environment = {k: v for k, v in os.environ.items() if k not in ("MYPYPATH", "PYTHONPATH")}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=cache, env=environment, check=False
        )
        assert done.stderr == ""
        return done.stdout

    return check


def installed(checkout, folder, hook):
    """The interpreter of an environment with the wheel that `hook` of the build makes."""
    pytest.importorskip("setuptools", reason="needs the extra 'test'")
    code = f"import sys; from setuptools import build_meta as b; b.{hook}(sys.argv[1])"
    wheels = folder / "wheels"
    wheels.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, wheels],
        capture_output=True, text=True, cwd=checkout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    venv.create(folder / "venv", symlinks=os.name != "nt")
    scripts, python = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    scheme = {"base": str(folder / "venv"), "platbase": str(folder / "venv")}
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    (wheel,) = wheels.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    (site / "numpy.pth").write_text(str(Path(np.__file__).parent.parent))
    return folder / "venv" / scripts / python


@pytest.mark.slow
@pytest.mark.parametrize("hook", ["build_editable", "build_wheel"])
def test_mypy_finds_the_types_of_an_installed_package(checkout, mypy, tmp_path, hook):
    python = installed(checkout, tmp_path, hook)
    assert mypy(PROGRAM, python) == ""
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    found = [line for line in mypy(wrong, python).splitlines() if ": error: " in line]
    lines = [int(line.removeprefix(str(wrong)).split(":")[1]) for line in found]
    assert sorted(set(lines)) == list(range(4, 1 + len(WRONG.splitlines())))
