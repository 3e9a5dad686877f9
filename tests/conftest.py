"""The device under test, a second one, both kinds of kernel skeletons, fresh interpreters, and
places that hold no files yet.

The suite runs on the default device. Two PoCL devices make `.to()` meet two real devices without
a GPU; choose another driver with OCL_ICD_VENDORS, OPENCL_VENDOR_PATH or CLTENSOR_DEVICE.
"""

import os
import subprocess
import sys
import types
import warnings
from pathlib import Path

os.environ.setdefault("POCL_DEVICES", "pthread pthread")  # read once, when the driver loads

import pytest
import samples

from cltensor.data import files, mnist
from cltensor.errors import DeterminismError
from cltensor.lazy import fusion
from cltensor.ops.switches import use_deterministic_algorithms
from cltensor.replay.recording import Recording
from cltensor.runtime import binaries, tuning
from cltensor.runtime.device import Kernels, devices, get
from cltensor.runtime.fidelity import require_fidelity

ROOT = Path(__file__).resolve().parent.parent
#: Families of operations that each have many kernels of their own, which take a driver minutes to
#: compile for the first time. The sweeps of tests/core and tests/test_ops.py meet them all.
THOROUGH = (
    *("distributions", "nn/functional", "ops/fft", "ops/special"),
    *(f"ops/linalg/test_{name}" for name in (
        "cholesky complex_product eigh einsum functions ldl lu norms products pseudoinverse qr "
        "rotations solve stack svd triangular"
    ).split()),
    *("ops/test_count", "ops/test_masked", "ops/test_quantile", "ops/test_signal"),
    *("ops/index/test_combine", "ops/index/test_put", "ops/index/test_windows"),
    *("ops/kernels/test_radix_sort", "ops/kernels/test_select", "ops/random/test_sample"),
    *("ops/network/test_native", "ops/network/test_resample", "ops/network/test_sample"),
    *("ops/reduce/test_differences", "ops/reduce/test_running", "ops/reduce/test_present"),
    *("ops/shape/test_parts", "ops/shape/test_stacks", "ops/elementwise/test_parts"),
)  # fmt: skip
_other_kernels = {}  # of the kind that the device is not, kept from test to test


_refusals, _played = os.environ.get("CLTENSOR_REFUSALS"), os.environ.get("CLTENSOR_PLAYED")


def pytest_configure():
    """Play a GPU that refuses, or of given limits, where that is asked for."""
    if _refusals:
        import refusing

        refusing.Refusing(int(_refusals)).install()
    elif _played:
        import played

        played.Playing(played.read(_played)).install()


def pytest_collection_modifyitems(items):
    """Mark the tests of `THOROUGH`, and those that are not for a GPU that refuses."""
    here = Path(__file__).parent
    left_out = sys.modules["refusing"].LEFT_OUT if _refusals else ()
    for item in items:
        if any(name in item.name for name in left_out):
            item.add_marker(pytest.mark.skip(reason="not for a GPU that refuses; see refusing.py"))
        if item.path.relative_to(here).as_posix().startswith(THOROUGH):
            item.add_marker(pytest.mark.thorough)


@pytest.fixture
def disk_cache(tmp_path, monkeypatch):
    """cltensor's own disk cache in an empty folder."""
    monkeypatch.setattr(binaries, "cache_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def device():
    """The default device."""
    return get()


@pytest.fixture(scope="session")
def other_device(device):
    """A second device; skips where there is one only."""
    others = [d for d in devices() if d is not device]
    if not others:
        pytest.skip(f"'{device}' ({device.title}) is the only device; this test needs two")
    return others[0]


@pytest.fixture(scope="session")
def fp64(device):
    """The device, which has float64; skips where it has not."""
    if not device.fp64:
        pytest.skip(f"'{device}' ({device.title}) has no float64")
    return device


@pytest.fixture
def use_skeletons(device):
    """use_skeletons("cpu" or "gpu") turns to the kernels made for such devices, whatever this one
    is, until the test ends; skips where the device cannot run them."""
    native = device.is_cpu, device.kernels

    def use(kind):
        is_cpu = kind == "cpu"
        if is_cpu and _played:
            pytest.skip(f"the device plays a GPU: {_played}")
        if is_cpu and not device.long_loops:
            pytest.skip(f"'{device}' ({device.title}) cuts off the long loops of CPU kernels")
        if is_cpu == native[0]:
            device.is_cpu, device.kernels = native
        else:
            device.is_cpu, device.kernels = is_cpu, _other_kernels.setdefault(device, Kernels())

    yield use
    device.is_cpu, device.kernels = native


@pytest.fixture(params=["cpu", "gpu"])
def skeleton(request, device, use_skeletons):
    """The device twice: with the kernel skeletons for CPUs, and with those for GPUs."""
    use_skeletons(request.param)
    return device


@pytest.fixture
def deterministic():
    """Results are the same bits on every device, until the test ends. Kernels are those of this
    test, as those of another may be of the other skeleton."""
    for each in devices():
        each.kernel_sets[1:] = Kernels(), Kernels()
    use_deterministic_algorithms(True)
    with warnings.catch_warnings():
        try:
            require_fidelity(get())
        except DeterminismError:  # of numbers that tests do not meet
            use_deterministic_algorithms(True, warn_only=True)
            warnings.filterwarnings("ignore", "float32 on", RuntimeWarning)
        yield
    use_deterministic_algorithms(False)


@pytest.fixture
def in_both_skeletons(device, use_skeletons):
    """in_both_skeletons(f): what f() gives, deterministically, by kernels of both kinds."""

    def run(f):
        found = []
        for kind in ("cpu", "gpu"):
            use_skeletons(kind)
            for each in devices():
                each.kernel_sets[1:] = Kernels(), Kernels()
            use_deterministic_algorithms(True)
            try:
                found.append(f())
            finally:
                use_deterministic_algorithms(False)
        return found

    return run


@pytest.fixture
def narrow_kernels(device, use_skeletons):
    """narrow_kernels(64, "rows") turns to the kernels for GPUs, built anew, of which those of the
    name take groups of so many work-items only (asked(kernel) may say which of them)."""
    import pyopencl as cl

    if _refusals:
        pytest.skip("a GPU that refuses draws itself what its kernels take")
    use_skeletons("gpu")

    # Of its own: undone later than use_skeletons, it would leave the CPU these kernels.
    with pytest.MonkeyPatch.context() as patched:

        def narrow(most, name, asked=lambda kernel: True):
            def info(kernel, *_):
                takes_less = kernel.function_name == name and asked(kernel)
                return most if takes_less else device.max_work_group

            patched.setattr(cl.Kernel, "get_work_group_info", info)
            patched.setattr(device, "kernels", Kernels())
            patched.setattr(device, "narrowed", {})
            tuning.forget_plans()

        yield narrow
    tuning.forget_plans()


@pytest.fixture(params=["own", "other"])
def registers(request, device):
    """Once as for the registers that the device has; once for a CPU whose are of the other kind,
    long or short: such kernels are slower, and as right."""
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "other":
            wide = not tuning.wide_registers(device)
            patched.setattr(tuning, "wide_registers", lambda device: wide)
        tuning.reload(device)
        yield request.param
    tuning.reload(device)


@pytest.fixture
def deferred(monkeypatch):
    """Deferred execution, also where the suite runs eagerly."""
    monkeypatch.setattr(fusion.Eager, "on", False)


@pytest.fixture
def eager(monkeypatch):
    """Eager execution."""
    monkeypatch.setattr(fusion.Eager, "on", True)


@pytest.fixture(params=["deferred", "eager"])
def mode(request):
    """Both ways of execution, whichever the suite runs under."""
    request.getfixturevalue(request.param)
    return request.param


@pytest.fixture
def run_python(tmp_path):
    """Run a program in a fresh interpreter: run_python(code, NAME="value", ...) with additional
    environment variables (None removes one); gives the finished process, checked unless asked."""

    def run(code, check=True, timeout=120, **environment):
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        env = {name: value for name, value in env.items() if value is not None}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run


def _no_network(url, **kwargs):
    raise OSError("no network in this test")


@pytest.fixture
def no_data_sources(tmp_path, monkeypatch):
    """No CLTENSOR_DATA, an empty cache, no packages and no network, unless a test adds one."""
    monkeypatch.delenv("CLTENSOR_DATA", raising=False)
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(mnist, "_PACKAGES", (mnist._PACKAGES[0]._replace(folder=lambda: None),))
    offline = types.SimpleNamespace(HTTPDownloader=lambda timeout: None, retrieve=_no_network)
    monkeypatch.setitem(sys.modules, "pooch", offline)


@pytest.fixture
def digits(monkeypatch):
    """The four files of a tiny MNIST: arrays, and contents, by name."""
    arrays = samples.tiny_mnist(monkeypatch)
    return arrays, {name: samples.idx(array) for name, array in arrays.items()}


@pytest.fixture
def own(device, tmp_path, monkeypatch):
    """The user's file, empty, and no shipped rows; the device reads anew before and after."""
    path = tmp_path / "own" / "tuning.json"
    monkeypatch.setenv("CLTENSOR_TUNING", str(path))
    monkeypatch.setattr(tuning, "TEMPLATES", tmp_path / "shipped")
    (tmp_path / "shipped").mkdir()
    path.parent.mkdir()
    tuning.reload(device)
    yield path
    tuning.reload(device)


@pytest.fixture
def toy(monkeypatch):
    """A kind of kernel with two parameters, which no kernel uses."""
    monkeypatch.setitem(
        tuning.KINDS, "toy", tuning.Kind("toy", {"all": {}}, {"a": (1, 2, 3), "b": (10, 20)})
    )
    return tuning.KINDS["toy"]


@pytest.fixture
def counts(monkeypatch):
    """How many calls were recorded, and how many replayed."""
    found = {"record": 0, "replay": 0}

    def counted(name):
        method = getattr(Recording, name)

        def count(self, *args):
            found[name] += 1
            return method(self, *args)

        monkeypatch.setattr(Recording, name, count)

    counted("record")
    counted("replay")
    return found
