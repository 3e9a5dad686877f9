"""PyTorch's older place for profiles."""

import pytest

import cltensor as ct
from cltensor.autograd import profiler


def test_it_is_the_profiler(device):
    assert ct.autograd.profiler is profiler
    assert profiler.record_function is ct.profiler.record_function
    with (
        profiler.profile(use_cuda=True, record_shapes=True) as found,
        profiler.record_function("mine"),
    ):
        ct.ones(3).exp().tolist()
    rows = {row.key: row for row in found.key_averages()}
    assert rows["mine"].count == 1
    assert len(rows) >= 2
    assert found.function_events == found.events()
    assert found.total_average().count == len(found.events())
    assert found.self_cpu_time_total == rows["mine"].self_cpu_time_total
    assert "mine" in str(found)
    assert found.table(sort_by="count", row_limit=1).count("\n") == 4
    with profiler.profile(enabled=False) as found:
        ct.ones(3).exp().tolist()
    assert found.events() == []


@pytest.mark.parametrize("name", ["emit_nvtx", "emit_itt"])
def test_other_tools_are_refused(name):
    with pytest.raises(NotImplementedError, match=rf"profiler\.{name}: .* export_chrome_trace"):
        getattr(profiler, name)()
