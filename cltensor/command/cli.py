"""The command line: `python -m cltensor info`, `selftest`, `cache`, `tune` and `bench`, also
installed as `cltensor`."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from cltensor.command import tuner
from cltensor.errors import CLTensorError, DependencyError
from cltensor.ops.linalg.unit_choice import described as matrix_units
from cltensor.runtime import binaries, tuning
from cltensor.runtime import drivers as icd
from cltensor.runtime.device import Device, default_reason, devices, get
from cltensor.runtime.settings import parse_seconds
from cltensor.selftest import command as selftest
from cltensor.version import __version__

if TYPE_CHECKING:
    import pyopencl as cl

_PACKAGES = ("cltensor", "pyopencl", "numpy", "mako")
#: Device nodes through which GPU drivers reach the hardware.
_NODES = ("/dev/dri/renderD*", "/dev/kfd", "/dev/nvidiactl", "/dev/nvidia[0-9]*")
_VARIABLES = (
    "CLTENSOR_DEVICE",
    "CLTENSOR_HIDE",
    "OCL_ICD_VENDORS",
    "OPENCL_VENDOR_PATH",
    "POCL_DEVICES",
    "RUSTICL_ENABLE",
    "CUDA_VISIBLE_DEVICES",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="cltensor", description="Tensors and neural networks on any OpenCL device."
    )
    parser.add_argument("--version", action="version", version=f"cltensor {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser(
        "info",
        help="list platforms, devices and drivers; where there is none, the remedies",
        description="List every platform and device with its limits, which device is the default "
        "and why, and each driver that failed to load. Exit status: 0 with devices, 1 without.",
    )
    _add_selftest(commands)
    _add_cache(commands)
    _add_tune(commands)
    commands.add_parser(
        "bench",
        add_help=False,  # the suite's own --help says what there is
        help="the device benchmark suite of a checkout; see cltensor bench --help",
    )
    options, rest = parser.parse_known_args(argv)
    if rest and options.command != "bench":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if options.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        if options.command == "bench":
            return _benchmarks()(rest)
        known = {"info": lambda _: info(), "selftest": _selftest, "cache": cache, "tune": tune}
        status = known[options.command](options)
        sys.stdout.flush()
        return status
    except CLTensorError as error:
        print(f"cltensor: {error}", file=sys.stderr)
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        # What is still buffered would raise again when the interpreter flushes at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # a full disk
        print(f"cltensor: {options.command}: {error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _benchmarks() -> Callable[[Sequence[str]], int]:
    """The command of the benchmark suite, which lies beside the package in a checkout."""
    root = Path(__file__).resolve().parents[2]
    if (root / "benchmarks" / "__main__.py").is_file() and str(root) not in sys.path:
        sys.path.append(str(root))
    try:
        module = importlib.import_module("benchmarks.__main__")
    except ModuleNotFoundError as error:
        if error.name not in ("benchmarks", "benchmarks.__main__"):
            raise
        raise DependencyError(
            "bench: the package 'benchmarks' is not here; it is part of cltensor's source, not of "
            "an installed cltensor: run 'python -m benchmarks' in a checkout"
        ) from error
    command: Callable[[Sequence[str]], int] = module.main
    return command


def _own_version() -> str:
    return f"cltensor {sys.modules['cltensor'].__version__}"  # also where it is not installed


def _add_selftest(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "selftest",
        help="compare what a device computes with NumPy; a report to attach to a bug report",
        description="Try every family of kernels on a device at odd sizes beside NumPy, the known "
        "bugs of drivers, and how fast it is. What hangs or dies is named, and the rest goes on. "
        "Exit status: 0 where all is right, else 1.",
    )
    selftest.add_options(command)


def _selftest(options: argparse.Namespace) -> int:
    return selftest.selftest(options)


def _add_cache(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "cache",
        help="show how much the compiled kernels on disk take, or remove them",
        description="Show the folder of compiled kernels, how many there are, their bytes and the "
        "most that they may take (CLTENSOR_CACHE_LIMIT; those not used for longest go first). "
        "Downloaded data sets lie elsewhere in the same folder and are left alone.",
    )
    command.add_argument("--clear", action="store_true", help="remove all compiled kernels")


def cache(options: argparse.Namespace) -> int:
    """Show or clear the compiled kernels on disk."""
    most = binaries.limit()
    folder = binaries.folder()
    if folder is None:
        print("folder    none: no kernels can be kept; CLTENSOR_CACHE names another place")
        return 0
    print(f"folder    {folder}")
    if options.clear:
        before = binaries.clear()
        print(f"removed   {before.entries} entries, {size(before.nbytes)}")
    now = binaries.usage()
    print(f"entries   {now.entries}")
    print(f"size      {size(now.nbytes)}")
    print(f"at most   {size(most)}")
    return 0


def _add_tune(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "tune",
        help="measure kernel parameters on a device and keep the best",
        description="Search tiles and ways to cut work for matrix products, convolution, "
        "reductions and pointwise kernels. Each candidate's result is compared with NumPy's before "
        "it is timed; the rows found go to the user's tuning file (CLTENSOR_TUNING names another).",
    )
    command.add_argument("--device", help='such as "cl:0" or "gpu"; the default device if left out')
    command.add_argument(
        "--budget", type=parse_seconds, default=60.0, metavar="TIME", help="such as 30s or 5m (60s)"
    )
    command.add_argument(
        "--only",
        type=lambda text: text.split(","),
        metavar="KINDS",
        help="kinds to tune, such as gemm,reduce (all)",
    )
    command.add_argument(
        "--dtype", default="float32", choices=("float16", "float32", "float64"), help="(float32)"
    )
    command.add_argument(
        "--share",
        action="store_true",
        help="measure nothing, print the rows found earlier on this device, to contribute them",
    )


def tune(options: argparse.Namespace) -> int:
    """Search kernel parameters, or print those found; 1 if there is nothing to print."""
    device = get(options.device)
    if options.share:
        place = tuning.place_of(device)
        rows = [row for row in tuning.read(tuning.user_file()) if row.key[:4] == place]
        if not rows:
            print(f"cltensor: no rows of {device.title} in '{tuning.user_file()}'; run "
                  "`cltensor tune` first", file=sys.stderr)  # fmt: skip
            return 1
        print(tuning.text_of(rows), end="")
        return 0
    tuning.read(tuning.user_file())  # a file that is not ours is an error before the search
    print(f"{device.name}: {device.title}, {options.budget:g} s", flush=True)
    report = partial(print, flush=True)
    rows = tuner.search(
        device, options.only, options.budget, options.dtype, report=report,
        keep=lambda row: tuning.save([row]),
    )  # fmt: skip
    if rows:
        print(f"{len(rows)} rows written to {tuning.user_file()}")
        tuning.reload(device)
    return 0


def info() -> int:
    """Print platforms, devices, the default and the drivers; 0 with devices, 1 without."""
    print(", ".join(_versions()))
    for name in _VARIABLES:
        if os.environ.get(name):
            print(f"{name}={os.environ[name]}")
    try:
        found = devices()
        platforms = _platforms()
    except ImportError as error:  # a pyopencl built here without a loader does not import
        print(f"\npyopencl does not import: {error}")
        found, platforms = [], []
    for number, each in enumerate(platforms, 1):
        print()
        _show_platform(number, each, found)
    if found:
        print()
        _show_default()
    drivers = icd.survey()
    print()
    _show_drivers(drivers)
    if found:
        return 0
    print("\nThere is no OpenCL device. What helps:")
    for number, remedy in enumerate(remedies(drivers), 1):
        first, *rest = remedy.splitlines()
        print(f"\n {number}. {first}")
        for line in rest:
            print(f"    {line}")
    return 1


def _versions() -> list[str]:
    found = [f"Python {platform.python_version()}", f"{platform.system()} {platform.machine()}"]
    for package in reversed(_PACKAGES):
        try:
            found.insert(0, f"{package} {version(package)}")
        except PackageNotFoundError:  # cltensor itself, in a checkout that is not installed
            continue
    return found


def _platforms() -> list[cl.Platform]:
    import pyopencl as cl

    try:
        return cl.get_platforms()
    except cl.Error:  # the loader found no driver
        return []


def _show_platform(number: int, each: cl.Platform, found: list[Device]) -> None:
    import pyopencl as cl

    print(f"Platform {number}: {each.name.strip()} ({each.vendor.strip()})")
    print(f"  version: {each.version.strip()}")
    try:
        members = each.get_devices()
    except cl.Error as error:
        members = []
        print(f"  no devices: {error}")
    else:
        if not members:
            print("  no devices")
    for member in members:
        known = next((d for d in found if d.cl_device == member), None)
        if known is None:
            print(f"  {member.name.strip()}: listed already, by another loader")
        else:
            _show_device(known)


def _show_device(each: Device) -> None:
    print(f"  {each.name}  {each.kind}  {each.cl_device.name.strip()}")
    facts = {
        "driver": each.cl_device.driver_version.strip(),
        "OpenCL C": each.cl_device.opencl_c_version.strip().removeprefix("OpenCL C").strip(),
        "compute units": each.compute_units,
        "memory": size(each.global_mem),
        "largest allocation": size(each.max_alloc),
        "work-group limit": each.max_work_group,
        "local memory": size(each.local_mem),
        "float64 (fp64)": "yes" if each.fp64 else "no",
        "kernel parameters": parameters(each),
    }
    units = matrix_units(each)
    for name, value in {**facts, **({"matrix units": units} if units else {})}.items():
        print(f"        {name:<20}{value}")


def parameters(each: Device) -> str:
    """What the kernel parameters of a device come from, in words."""
    known = tuning.known(each)
    texts = {
        "own": "{} sets timed here",
        tuning.TIMED: "{} sets timed on such devices",
        tuning.COUNTED: "{} sets by compilers' counts, not timed (`cltensor tune` times)",
    }
    found = [text.format(known[basis]) for basis, text in texts.items() if basis in known]
    return "; ".join(found) or "defaults, not timed (`cltensor tune` times)"


def size(nbytes: int) -> str:
    """A number of bytes for people."""
    amount = float(nbytes)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.4g} {unit}"
        amount /= 1024
    return f"{amount:.4g} GiB"


def _show_default() -> None:
    try:
        default = get()
    except CLTensorError as error:  # CLTENSOR_DEVICE names a device that is not here
        print(f"Default: none. {error} (CLTENSOR_DEVICE={os.environ.get('CLTENSOR_DEVICE')})")
        return
    print(f"Default: {default.name}, {default.title}")
    print(f"  because: {default_reason()}")


def _show_drivers(drivers: list[icd.Icd]) -> None:
    if not drivers:
        print(f"Drivers: no .icd file in {icd.SYSTEM_FOLDER} or in pyopencl's own folder")
        return
    print("Drivers:")
    for entry in drivers:
        print(f"  {entry.source}")
        if entry.library and entry.library != entry.source:
            print(f"      library: {entry.library}")
        print(f"      FAILED: {entry.problem}" if entry.problem else "      loads")


def remedies(drivers: list[icd.Icd]) -> list[str]:
    """What a user without a device can do, what concerns this machine first."""
    found = []
    for name in ("OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"):
        if os.environ.get(name):
            found.append(
                f"{name} is set to '{os.environ[name]}' and limits the drivers that are read.\n"
                f"Unset it, or let it name a folder with .icd files."
            )
    if any(entry.problem for entry in drivers):
        found.append(
            "Repair or remove the drivers marked FAILED above: reinstall the package that each\n"
            "belongs to, so that the first line of its .icd file names a library that loads."
        )
    found.append(
        "For the CPU, without administrator rights (Linux x86-64 and macOS):\n"
        '  pip install "pyopencl[pocl]"'
    )
    closed = _closed_nodes()
    if closed:
        found.append(
            f"This user may not open {', '.join(closed)}. Join the groups that own them, then log\n"
            "in again:  sudo usermod -aG render,video $USER"
        )
    found.append(
        "For a GPU, install its vendor's driver with the OpenCL part:\n"
        "  NVIDIA  the driver's own package; Debian: nvidia-opencl-icd, Ubuntu:\n"
        "          libnvidia-compute-<version>; Windows: part of the graphics driver\n"
        "  AMD     ROCm: rocm-opencl-runtime; or Mesa: mesa-opencl-icd with\n"
        "          RUSTICL_ENABLE=radeonsi; Windows: part of the graphics driver\n"
        "  Intel   intel-opencl-icd (Debian, Ubuntu), intel-compute-runtime (Fedora, Arch);\n"
        "          for its CPUs: pip install intel-opencl-rt intel-cmplr-lib-rt\n"
        "  Apple   OpenCL comes with macOS"
    )
    if not closed:
        found.append(
            "Where a driver is installed but shows no device, the user may lack permission:\n"
            "  ls -l /dev/dri /dev/kfd /dev/nvidia*\n"
            "  sudo usermod -aG render,video $USER    # then log in again"
        )
    found.append(
        "In a container, hand the device over and install the driver's OpenCL part inside:\n"
        "  NVIDIA       docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ...\n"
        "               and a file /etc/OpenCL/vendors/nvidia.icd with the one line\n"
        "               libnvidia-opencl.so.1\n"
        "  AMD          docker run --device /dev/kfd --device /dev/dri --group-add render ...\n"
        "  Intel        docker run --device /dev/dri --group-add render ..."
    )
    return found


def _closed_nodes() -> list[str]:
    """Device nodes that exist and that this user cannot open."""
    nodes = [str(p) for pattern in _NODES for p in sorted(Path("/").glob(pattern.lstrip("/")))]
    return [node for node in nodes if not os.access(node, os.R_OK | os.W_OK)]
