"""A processor that PoCL's compiler does not know gets the name of one that it knows."""

import ctypes
import sys
from types import SimpleNamespace

import pytest

from cltensor.errors import DeviceError
from cltensor.runtime import processor

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


class Description(ctypes.Structure):
    """Of a device, as PoCL keeps it, in what matters here; as long as what is searched."""

    _fields_ = (
        ("flags", ctypes.c_uint64 * 40),
        ("triple", ctypes.c_char_p),
        ("cpu", ctypes.c_char_p),
        ("rest", ctypes.c_uint64 * 86),
    )


def described(cpu, triple=b"x86_64-unknown-linux-gnu"):
    found = Description(triple=triple, cpu=cpu)
    found.flags[:4] = 0, 1, 2**64 - 1, 2**47  # no addresses, or none of this process
    return found


@linux
def test_the_name_behind_the_triple_is_replaced():
    device = described(b"generic")
    assert processor._rename(ctypes.addressof(device), b"icelake-server")
    assert device.cpu == b"icelake-server"
    assert device.triple == b"x86_64-unknown-linux-gnu"


@linux
@pytest.mark.parametrize(
    "device", [described(b"znver3"), described(b"generic", b"aarch64-unknown-linux-gnu")]
)
def test_nothing_else_is_touched(device):
    before = bytes(device)
    assert not processor._rename(ctypes.addressof(device), b"haswell")
    assert bytes(device) == before


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("sse2", "x86-64"),
        ("sse2 avx2 fma f16c bmi1 bmi2 movbe abm", "haswell"),
        ("avx2 fma bmi2 adx avx512f avx512bw avx512cd avx512dq avx512vl", "skylake-avx512"),
        (None, ""),
    ],
)
def test_the_name_has_no_instruction_too_many(monkeypatch, tmp_path, flags, name):
    listed = tmp_path / "cpuinfo"
    if flags:
        listed.write_text(f"vendor_id : any\nflags : {flags}\nbugs : none\n")
    monkeypatch.setattr("builtins.open", lambda path, real=open: real(listed))
    assert processor._name() == name


def test_what_cannot_be_helped_is_an_error_with_the_way_out(monkeypatch):
    monkeypatch.setattr(processor, "_builds", lambda device: False)
    monkeypatch.setattr(processor, "_rename", lambda address, name: False)
    device = SimpleNamespace(version="OpenCL 3.0 PoCL HSTR: pthread-x86_64-generic", int_ptr=0)
    with pytest.raises(DeviceError, match="newer than the compiler.*intel-opencl-rt"):
        processor.require_name.__wrapped__(device)


@pytest.mark.parametrize("version", ["OpenCL 3.0 PoCL pthread-x86_64-znver3", "OpenCL 3.0 CUDA"])
def test_a_known_processor_keeps_its_name(monkeypatch, version):
    monkeypatch.setattr(processor, "_builds", lambda device: pytest.fail("nothing to try"))
    processor.require_name.__wrapped__(SimpleNamespace(version=version))
