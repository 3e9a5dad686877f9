"""What travels: a wheel and a source archive carry every module and every kernel template."""

import configparser
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import cltensor

ROOT = Path(__file__).parent.parent
SKIPPED = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "venv", "*.safetensors", "*.png"
)


def shipped():
    """The files of the checkout that a wheel must hold, by their path inside the wheel."""
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cltensor").rglob("*.py*")}
    modules = {name for name in modules if name.endswith((".py", ".pyi"))}
    kernels = [
        path for pattern in ("*/*.cl", "*.json") for path in ROOT.glob(f"cl_kernels/{pattern}")
    ]
    assert {"cltensor/__init__.pyi", "cltensor/core/methods.pyi"} <= modules
    inside = {f"cltensor/{k.relative_to(ROOT).as_posix()}" for k in kernels}
    return modules | {"cltensor/py.typed"} | inside


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """A wheel made from a source archive made from a copy of the checkout."""
    pytest.importorskip("build", reason="needs the extra 'test'")
    copy = tmp_path_factory.mktemp("packaging") / "checkout"
    shutil.copytree(ROOT, copy, ignore=SKIPPED)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", copy / "dist", copy]
    done = subprocess.run(command, capture_output=True, text=True, cwd=copy, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (copy / "dist").glob("*.whl")
    (sdist,) = (copy / "dist").glob("*.tar.gz")
    return wheel, sdist


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(archives):
    with zipfile.ZipFile(archives[0]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        entry = next(n for n in wheel.namelist() if n.endswith("entry_points.txt"))
        assert "cltensor = cltensor.command.cli:main" in wheel.read(entry).decode()
    assert len(list((ROOT / "cl_kernels").glob("*/*.cl"))) > 5
    assert names == shipped()


@pytest.mark.slow
def test_source_archive_holds_the_checkout(archives):
    with tarfile.open(archives[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    expected = {"LICENSE", "README.md", "pyproject.toml", "setup.cfg", "setup.py"}
    expected |= {"examples/mnist.py", "cltensor/command/stubs.py", "cltensor/core/methods.pyi"}
    expected |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("cl_kernels/*/*.cl")}
    expected |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/*.py")}
    assert expected <= names


def test_every_package_is_listed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    folders = {path.parent for path in (ROOT / "cltensor").rglob("__init__.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert set(setup["options"]["packages"].split()) == names


def test_versions_agree():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert cltensor.__version__ == setup["metadata"]["version"]
