"""Devices: their names, the default, and processes that fork."""

import copy
import os
import pickle
import threading

import pytest

import cltensor as ct
from cltensor.errors import DeviceError, IndexingError
from cltensor.runtime import device as device_of
from cltensor.runtime.device import Device


def test_devices_are_named_in_order(device):
    everything = ct.devices()
    assert [d.name for d in everything] == [f"cl:{i}" for i in range(len(everything))]
    assert all(ct.device(d.name) is d and ct.device(d) is d for d in everything)
    assert device in everything


def test_gpus_come_before_cpus_and_simulators_last(device):
    order = ["gpu", "accelerator", "other", "cpu"]
    real = [d for d in ct.devices() if "oclgrind" not in d.title.lower()]
    ranks = [order.index(d.kind) for d in real]
    assert ranks == sorted(ranks)
    assert ct.devices()[: len(real)] == real


def test_limits_come_from_the_driver(device):
    assert device.max_work_group >= 1
    assert device.local_mem >= 1024
    assert device.compute_units >= 1
    assert 0 < device.max_alloc <= device.global_mem
    assert device.fp64 == ("cl_khr_fp64" in device.extensions)
    assert device.title


def test_a_device_is_found_by_kind_position_and_name(device):
    kind = ct.devices()[0].kind
    assert ct.device(kind).kind == kind
    assert ct.device(f"{kind}:0") is ct.device(kind)
    assert ct.device(" CL:0 ") is ct.devices()[0]
    word = device.cl_device.platform.name.split()[0].lower()
    assert word in ct.device(f"cl:{word}").cl_device.platform.name.lower()


@pytest.mark.parametrize(
    "spec",
    [
        "cl:99",
        "gpu:99",
        "cl:no such maker",
        "quantum",
        "",
        "cl:-1",
        "cl:²",
        f"cl:{'9' * 5000}",
        3,
        "cl:",
    ],
)
def test_an_absent_device_is_refused_with_the_list(spec, device):
    shown = f"gpu:{spec}" if isinstance(spec, int) else spec
    with pytest.raises(DeviceError, match=rf"device: there is no '{shown}'(, as .*)?; .*'cl:0'"):
        ct.device(spec)


def test_the_default_device_can_be_set_and_restored(device, other_device):
    ct.set_default_device(other_device)
    try:
        assert ct.device() is other_device
        assert ct.zeros(2).device is other_device
        with pytest.raises(DeviceError):
            ct.set_default_device("cl:99")
        assert ct.device() is other_device  # a refused change changes nothing
    finally:
        ct.set_default_device(None)
    assert ct.device() is device


def test_the_environment_chooses_the_default(run_python, other_device):
    code = "import cltensor as ct; print(ct.device().name, ct.zeros(2).device.name)"
    done = run_python(code, CLTENSOR_DEVICE=other_device.name)
    assert done.stdout.split() == [other_device.name, other_device.name]


def test_a_wrong_choice_in_the_environment_is_an_error_at_first_use(run_python):
    code = "import cltensor as ct; print('imported'); ct.zeros(2)"
    done = run_python(code, check=False, CLTENSOR_DEVICE="cl:99")
    assert done.stdout == "imported\n"
    assert "DeviceError: " in done.stderr
    assert "'cl:99'" in done.stderr
    assert "CLTENSOR_DEVICE asks for 'cl:99'" in done.stderr


def test_without_a_driver_the_error_names_the_remedies(run_python):
    code = "import cltensor as ct; print(ct.devices()); ct.zeros(2)"
    done = run_python(
        code, check=False, OCL_ICD_VENDORS="/nonexistent", OPENCL_VENDOR_PATH="/nonexistent",
        CLTENSOR_DEVICE=None,
    )  # fmt: skip
    assert done.stdout == "[]\n"
    assert "no OpenCL device was found" in done.stderr
    assert "python -m cltensor info" in done.stderr


def test_a_device_survives_copy_and_pickle_as_itself(device):
    assert copy.deepcopy(device) is device
    assert pickle.loads(pickle.dumps(device)) is device
    assert ct.device(str(device)) is device


def test_operands_on_two_devices_are_refused(device, other_device):
    a, b = ct.ones(3, device=device), ct.ones(3, device=other_device)
    with pytest.raises(DeviceError) as caught:
        a + b
    assert str(caught.value) == (
        f"add: operands are on '{device}' and '{other_device}'; move one with .to('{device}')"
    )
    assert (a + b.to(device)).numpy().tolist() == [2, 2, 2]
    assert (a.to(other_device) + b).device is other_device


def test_each_device_has_a_context_of_its_own(device, other_device):
    a = ct.arange(1000, device=device)
    b = (a * 2).to(other_device) + 1
    c = b.to(device) - a
    assert device.context != other_device.context
    assert c.numpy().tolist() == [i + 1 for i in range(1000)]


_FORK = """
import os, sys
import cltensor as ct
x = ct.ones(1000)
y = (x + 1).numpy()
spare = ct.ones(1000).realize()
del spare  # its buffer is free, so that the child finds one without asking the driver
pid = os.fork()
if pid == 0:
    attempts = {
        "read": lambda: x.numpy(),
        "compute": lambda: (x + 1).realize(),
        "upload": lambda: ct.tensor(y),
        "allocate": lambda: ct.empty(123456),
        "synchronize": lambda: x.device.synchronize(),
        "empty_cache": lambda: ct.empty_cache(),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
            print(name, "did not fail", flush=True)
        except ct.DeviceError as error:
            print(name, "spawn" in str(error), flush=True)
    sys.exit(3)
_, status = os.waitpid(pid, 0)
print("child", os.waitstatus_to_exitcode(status), (x * 2).sum().item())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_gets_an_error_that_names_spawn(run_python):
    lines = run_python(_FORK, timeout=60).stdout.splitlines()
    assert lines == [
        "read True",
        "compute True",
        "upload True",
        "allocate True",
        "synchronize True",
        "empty_cache True",
        "child 3 2000.0",
    ]


_FORK_UNDER_LOCK = """
import os, threading, cltensor as ct
x = ct.ones(5).realize()
held, done = threading.Event(), threading.Event()
def hold():
    with x.device.lock:
        held.set()
        done.wait()
threading.Thread(target=hold).start()
held.wait()
pid = os.fork()
if pid == 0:
    try:
        ct.empty(3)
    except ct.DeviceError:
        os._exit(3)
done.set()
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("default")
def test_a_child_forked_while_another_thread_launches_does_not_hang(run_python):
    # Python 3.12 warns of a fork beside threads, which is the very case.
    code = "import warnings; warnings.simplefilter('ignore')\n" + _FORK_UNDER_LOCK
    assert run_python(code, timeout=60).stdout == "3\n"


def test_a_child_forked_before_the_first_use_may_open_devices(run_python):
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    code = (
        "import os, cltensor as ct\n"
        "if os.fork() == 0: print(ct.ones(3).sum().item())\n"
        "else: os.wait()"
    )
    assert run_python(code).stdout == "3.0\n"


_FORK_WHILE_COMPILING = """
import os, cltensor as ct
x = ct.ones(1000).realize()  # PoCL compiles it in a thread of its own, which holds a lock
pid = os.fork()
if pid:
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
else:
    raise SystemExit(3)  # the child's kernels are let go
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("default")
def test_a_child_forked_while_the_driver_compiles_ends(run_python, tmp_path):
    code = "import warnings; warnings.simplefilter('ignore')\n" + _FORK_WHILE_COMPILING
    for i in range(3):
        done = run_python(code, timeout=60, CLTENSOR_CACHE=str(tmp_path / f"cache{i}"))
        assert done.stdout == "3\n"


def test_device_objects_are_made_by_discovery_only(device):
    assert isinstance(device, Device)
    assert ct.devices() is not ct.devices()
    assert ct.devices() == ct.devices()


def test_a_bad_index_is_raised_in_the_thread_that_used_it(device):
    x, started, done = ct.arange(3), threading.Event(), threading.Event()
    caught = []

    def other():
        x[ct.tensor([7])].realize()
        started.set()
        done.wait(60)
        try:
            x.tolist()
        except IndexingError as error:
            caught.append(str(error))

    thread = threading.Thread(target=other)
    thread.start()
    started.wait(60)
    assert x.tolist() == [0, 1, 2]  # which is none of this thread's business
    done.set()
    thread.join()
    assert len(caught) == 1
    assert "out of range" in caught[0]


WITHOUT_FP64 = """
import numpy as np
import cltensor as ct
from cltensor.errors import DTypeError

print(ct.device().fp64, end=" ")
for make in (lambda: ct.zeros(2, dtype=ct.float64), lambda: ct.ones(2).double(),
             lambda: ct.tensor(np.zeros(2)).to(ct.complex128), lambda: ct.rand(2, dtype="float64")):
    try:
        make()
        print("made", end=" ")
    except DTypeError as error:
        assert "has no " in str(error) and "use float32" in str(error) or "complex64" in str(error)
ct.manual_seed(0)
net = ct.nn.Sequential(ct.nn.Linear(4, 8), ct.nn.Tanh(), ct.nn.Linear(8, 1))
optimizer = ct.optim.Adam(net.parameters(), lr=0.1)
x = ct.linspace(-1, 1, 32).reshape(8, 4)
y = x.sum(1, keepdims=True)
for _ in range(60):
    optimizer.zero_grad()
    loss = ct.nn.functional.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
print(loss.item() < 0.02, end=" ")
n = ct.arange(1000)
print((n.float() + 1).sum().item(), round(n.float().mean().item(), 3), end=" ")
print(abs(n.float().var().item() - 83416.667) < 0.05, end=" ")
print(n.sum().item(), (n / 3).max().item(), n.flip(0).sort().values[:3].tolist(), end=" ")
print(ct.isclose(n[:2], n[1:3]).tolist(), ct.cumsum(n.float(), 0)[-1].item(), end=" ")
drawn = (ct.rand(1000), ct.randn(1000), ct.randint(0, 9, (9,)), ct.poisson(ct.ones(9)))
print(all(bool(ct.isfinite(d.float()).all()) for d in drawn))
print(ct.softmax(n.float(), 0)[-1].item() > 0.6)
"""


def test_a_device_without_fp64_does_all_the_rest(run_python):
    done = run_python(WITHOUT_FP64, CLTENSOR_HIDE="fp64")
    assert done.stdout == (
        "False True 500500.0 499.5 True 499500 333.0 [0, 1, 2] [False, False] 499500.0 True\nTrue\n"
    )


def test_a_simulator_is_the_default_of_those_alone_who_ask(device, monkeypatch):
    first = ct.devices()[0]
    monkeypatch.setattr(first, "is_simulator", True)
    monkeypatch.setattr(device_of._state, "default", None)
    monkeypatch.delenv("CLTENSOR_DEVICE", raising=False)
    with pytest.raises(DeviceError, match="only 'cl:0' .*, a simulator, .*CLTENSOR_DEVICE=cl:0"):
        ct.zeros(2)
    monkeypatch.setenv("CLTENSOR_DEVICE", "cl:0")
    assert ct.zeros(2).device is first


def test_a_device_that_fails_while_somebody_waits_is_named(device):
    import pyopencl as cl

    def fail():
        raise cl.RuntimeError("clWaitForEvents failed: OUT_OF_RESOURCES")

    with pytest.raises(DeviceError, match=rf"'{device.name}' .* does not work: .*OUT_OF_RESOURCES"):
        device.wait_for(fail)
