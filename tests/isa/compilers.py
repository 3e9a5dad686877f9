"""The compilers of GPUs, as far as they are installed, and what they say of a kernel.

AMD: clang and libclc (the packages clang-19 and libclc-19), which write the instructions. NVIDIA:
the same write PTX; `ptxas` and `nvdisasm` (the packages nvidia-cuda-nvcc-cu12 and
nvidia-cuda-nvdisasm), which make instructions of it, where they are installed too. Intel: `ocloc`.
"""

import importlib.util
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from isa import listing

LIBRARIES = Path("/usr/lib/clc")
#: By generation of AMD: the library of built-in functions, where it is another one's.
_AMD = {
    "gfx803": "polaris10", "gfx906": "", "gfx90a": "", "gfx1030": "", "gfx1100": "",
    "gfx908": "", "gfx942": "", "gfx1201": "",
}  # fmt: skip
_NVIDIA = ("sm_75", "sm_86", "sm_80", "sm_90")
_INTEL = ("skl", "dg2")
#: By vendor, as `stub.stubs` has them: what its kernels are compiled for, the first one for tests
#: that have little time.
TARGETS = {
    "amd": ("gfx1030", "gfx1100", "gfx803", "gfx906", "gfx90a"),
    "nvidia": ("ptx", "sm_86", "sm_75"),
    "intel": _INTEL,
}


class Compiled(NamedTuple):
    """A kernel in instructions. registers, shared: of a work-item, of a work-group in bytes;
    scratch: bytes of private memory; spills: registers that are kept there; moved: scalar ones that
    are kept in lanes of the others. None where the compiler does not say."""

    target: str
    registers: int | None
    shared: int | None
    scratch: int | None
    spills: int | None
    loops: listing.Loop | None
    moved: int | None = None


@cache
def program(*names):
    """The path of a compiler by the first of its names that is there, or None."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found:
        return found
    # Wheels of NVIDIA's tools put them into the package, not on the path.
    spec = importlib.util.find_spec("nvidia")
    for folder in spec.submodule_search_locations if spec else ():
        for name in names:
            for path in Path(folder).glob(f"*/bin/{name}"):
                return str(path)
    return None


def clang():
    """clang 15 or later, or None."""
    return program(*[f"clang-{version}" for version in (19, 20, 18, 17, 16, 15)])


def missing(target):
    """What is not installed that `target` needs, in words; None where all is."""
    if target in _INTEL:
        return None if program("ocloc") else "ocloc is not installed"
    if clang() is None or not LIBRARIES.is_dir():
        return "clang-19 and libclc-19 are not installed"
    if target in _NVIDIA and not (program("ptxas") and program("nvdisasm")):
        return "ptxas and nvdisasm are not installed"
    if target in _AMD and not _library(target).exists():
        return f"libclc has nothing for {target}"
    return None


def compiled(source, target):
    """The kernel of `source` for `target`. Raises AssertionError with what a compiler said."""
    if target in _INTEL:
        return _intel(source, target)
    return _amd(source, target) if target in _AMD else _nvidia(source, target)


def _run(command, source):
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{(done.stderr or done.stdout)[-4000:]}"
    return done


def _library(target):
    name = f"{target}-amdgcn-mesa-mesa3d.bc"
    own = LIBRARIES / name
    return own if own.exists() else LIBRARIES / name.replace(target, _AMD[target] or "gfx900")


def _clang(source, triple, library, *more):
    command = [clang(), "-x", "cl", "-cl-std=CL1.2", "-O3", "-w", "-target", triple]
    for option in ("-finclude-default-header", "-mlink-builtin-bitcode", str(library), *more):
        command += ["-Xclang", option]
    return _run([*command, "-Rpass-analysis=kernel-resource-usage", "-S", "-", "-o", "-"], source)


def _amd(source, target):
    # Without multiply-adds that keep the smallest numbers, drivers let those be zero.
    more = ("-fdenormal-fp-math-f32=preserve-sign",) if target == "gfx803" else ()
    done = _clang(source, "amdgcn-mesa-mesa3d", _library(target), "-target-cpu", target, *more)

    def said(what):
        return sum(int(n) for n in re.findall(rf"remark: +{what}: (\d+)", done.stderr))

    return Compiled(
        target, said("VGPRs") + said("AGPRs"), said(r"LDS Size \[bytes/block\]"),
        said(r"ScratchSize \[bytes/lane\]"), said("VGPRs Spill"),
        listing.of_amd(done.stdout), said("SGPRs Spill"),
    )  # fmt: skip


def _nvidia(source, target):
    chip = "sm_75" if target == "ptx" else target
    library = LIBRARIES / "nvptx64--nvidiacl.bc"
    version = "+ptx78" if chip == "sm_90" else "+ptx75"
    # NVIDIA's own compiler takes `asm`.
    more = ("-target-cpu", chip, "-target-feature", version, "-fgnu-keywords")
    text = _clang(source, "nvptx64-nvidia-nvcl", library, *more).stdout
    if target == "ptx":
        # Registers of PTX are without number, and which arrays lie in them is decided later.
        shared = sum(int(n) for n in re.findall(r"\.shared .*\[(\d+)\];", text))
        return Compiled(target, None, shared, None, None, listing.of_ptx(text))
    with tempfile.NamedTemporaryFile(suffix=".cubin") as cubin:
        command = [program("ptxas"), "-v", f"-arch={target}", "/dev/stdin", "-o", cubin.name]
        said = _run(command, text).stderr
        code = _run([program("nvdisasm"), "-c", cubin.name], "").stdout

    def number(pattern):
        return sum(int(n) for n in re.findall(pattern, said))

    return Compiled(
        target, number(r"Used (\d+) registers"), number(r"(\d+) bytes smem"),
        number(r"(\d+) bytes stack frame"), number(r"(\d+) bytes spill"), listing.of_sass(code),
    )  # fmt: skip


def _intel(source, target):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cl")
        path.write_text(source)
        command = [program("ocloc"), "compile", "-file", str(path), "-device", target, "-out_dir"]
        done = _run([*command, folder], "")
    spills = re.findall(r"spilled around (\d+)", done.stdout + done.stderr)
    return Compiled(target, None, None, None, sum(map(int, spills)), None)
