"""Files of a profile."""

import gzip
import json

import pytest

import cltensor as ct
from cltensor.profiler import profile


@pytest.fixture
def found(device):
    with profile() as found:
        kept = [ct.full((1000, k + 1), 1.0).add(1).realize() for k in range(3)]
        assert len(kept) == 3
    return found


def test_a_trace_has_the_memory_too(found, tmp_path):
    found.export_chrome_trace(tmp_path / "trace.json.gz")
    kept = json.loads(gzip.decompress((tmp_path / "trace.json.gz").read_bytes()))
    counters = [e["args"]["bytes"] for e in kept["traceEvents"] if e["ph"] == "C"]
    assert counters == sorted(counters)
    assert max(counters) == found.peak > 0


def test_memory_over_time(found, tmp_path):
    found.export_memory_timeline(str(tmp_path / "memory.json"))
    times, sizes = json.loads((tmp_path / "memory.json").read_text())
    assert times == sorted(times)
    assert len(times) == len(sizes) == found.launches
    assert max(sizes) == [found.peak]
    device = found.events()[0].device
    found.export_memory_timeline(tmp_path / "memory.json.gz", device)
    assert json.loads(gzip.decompress((tmp_path / "memory.json.gz").read_bytes()))[1] == sizes
    found.export_memory_timeline(tmp_path / "memory.html")
    page = (tmp_path / "memory.html").read_text()
    assert f"Memory in use on {device}" in page
    assert "<polyline" in page
    with pytest.raises(ValueError, match="no kernel ran on 'cuda:9'; kernels ran on"):
        found.export_memory_timeline(tmp_path / "memory.json", "cuda:9")
    with pytest.raises(ValueError, match="asks for each tensor"):
        found.export_memory_timeline(str(tmp_path / "memory.raw.json.gz"))


def test_a_profile_without_kernels(tmp_path):
    with profile() as found:
        pass
    found.export_memory_timeline(tmp_path / "memory.html")
    found.export_memory_timeline(tmp_path / "memory.json")
    assert json.loads((tmp_path / "memory.json").read_text()) == [[], []]
