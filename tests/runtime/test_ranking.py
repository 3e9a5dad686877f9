"""The order of devices, on platforms that nobody has."""

import itertools

import pyopencl as cl
import pytest
from platforms import cpu, gpu, platform

from cltensor.runtime.ranking import is_simulator, kind_of, peak, ranked


def order(*platforms):
    """Names in the order of devices, which must not depend on that of platforms."""
    found = {
        tuple([device.name for device, _ in ranked(list(each))])
        for each in itertools.permutations(platforms)
    }
    assert len(found) == 1
    return list(found.pop())


def test_memory_of_its_own_comes_before_the_hosts():
    intel = platform("Intel(R) OpenCL Graphics", gpu("UHD 770", "Intel", 32, 1550, True))
    nvidia = platform("NVIDIA CUDA", gpu("RTX 4090", "NVIDIA Corporation", 128, 2520))
    slow = platform("A", gpu("GT 1030", "NVIDIA Corporation", 3, 1400))
    assert order(intel, nvidia) == ["RTX 4090", "UHD 770"]
    assert order(intel, slow) == ["GT 1030", "UHD 770"]


def test_what_computes_most_comes_first():
    both = platform(
        "NVIDIA CUDA",
        gpu("RTX 3060", "NVIDIA Corporation", 28, 1777),
        gpu("RTX 3090", "NVIDIA Corporation", 82, 1695),
    )
    # 128 units of 8 lanes each.
    arc = platform("Intel(R) OpenCL Graphics", gpu("Arc A380", "Intel(R) Corporation", 128, 2450))
    amd = platform("AMD APP", gpu("gfx1030", "Advanced Micro Devices, Inc.", 36, 2600))
    assert order(both, arc, amd) == ["RTX 3090", "RTX 3060", "gfx1030", "Arc A380"]


def test_equals_go_by_name():
    one = platform("B", gpu("card a", "", 8, 1000), gpu("card c", "", 8, 1000))
    two = platform("A", gpu("card b", "", 8, 1000))
    assert order(one, two) == ["card a", "card b", "card c"]


def test_gpus_before_accelerators_before_cpus_before_simulators():
    simulator = gpu("Oclgrind Simulator", "J Price", 1, 1, True)
    simulator.type = cl.device_type.GPU | cl.device_type.CPU | cl.device_type.ACCELERATOR
    grind = platform("Oclgrind", simulator)
    card = gpu("card", "", 1, 1, True)
    board = gpu("board", "", 64, 900, kind=cl.device_type.ACCELERATOR)
    own = platform("Own", cpu("processor"), board, card)
    assert order(grind, own) == ["card", "board", "processor", "Oclgrind Simulator"]
    assert is_simulator(simulator)
    # So that nobody gets it for "gpu" or "cpu", or is told of a GPU.
    assert [kind_of(d) for d in (simulator, card, board)] == ["other", "gpu", "accelerator"]


def test_the_clock_of_a_cpu_does_not_count():
    # It is another one at each look.
    pocl = platform("Portable Computing Language", cpu("b", 1000), cpu("a", 3000))
    assert order(pocl, platform("Zeta", cpu("c", 4000))) == ["b", "a", "c"]


def test_platforms_without_devices_and_listed_twice():
    def refuse():
        raise cl.RuntimeError("clGetDeviceIDs failed: DEVICE_NOT_FOUND")

    empty, refusing = platform("Clover"), platform("Broken")
    refusing.get_devices = refuse
    again = [platform("Own", cpu("processor")) for _ in range(2)]
    assert order(empty, refusing, *again) == ["processor"]


def test_a_device_that_does_not_answer_is_left_out():
    class Mute:
        """Says nothing but its type."""

        type = cl.device_type.GPU

        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            raise cl.LogicError("clGetDeviceInfo failed: INVALID_DEVICE")

    def says_nothing_of_memory(device, kind):
        if device.name == "half":
            raise cl.RuntimeError("clGetDeviceInfo failed: OUT_OF_HOST_MEMORY")

    mute, half = Mute(), gpu("half", "", 9, 900)
    mute.platform = platform("P", mute, cpu("processor"))
    other = platform("Q", half, gpu("card", "", 1, 900))
    with pytest.warns(RuntimeWarning, match=r"number 0 of platform '\w' is left out") as warned:
        found = ranked([mute.platform, other], says_nothing_of_memory)
    assert [device.name for device, _ in found] == ["card", "processor"]
    assert len(warned) == 2


def test_a_peak_is_known_of_makers_nobody_heard_of():
    assert peak(gpu("x", "Nobody", 4, 0)) > 0
    assert peak(gpu("x", "NVIDIA Corporation", 1, 1000)) == 128e9
