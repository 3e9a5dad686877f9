"""Sums of events, and their table."""

import pytest

from cltensor.profiler.events import Averages, Event, Events, Row, size


def kernel(key, us, **more):
    given = {"is_kernel": True, "start": 0.0, "duration": us, "thread": 1, "device_us": us}
    return Event(key=key, self_device_us=us, **given | more)


def block(key, us, **more):
    given = {"is_kernel": False, "start": 0.0, "duration": us, "thread": 1, "host_us": us}
    return Event(key=key, **given | more)


EVENTS = Events(
    [
        kernel("gemm", 30.0, nbytes=4096, memory=1024, self_memory=1024, depth=1),
        kernel("gemm", 10.0, nbytes=4096, depth=1),
        kernel("add", 20.0, nbytes=2**21, memory=-512, self_memory=-512),
        block("forward", 100.0, device_us=40.0, self_host_us=60.0, memory=1024),
    ]
)


def names(table):
    return [line.split()[0] for line in table.splitlines()[2:]]


def test_rows_are_sums():
    rows = {row.key: row for row in EVENTS.key_averages()}
    assert rows["gemm"] == Row("gemm", 2, 40.0, 40.0, 0.0, 0.0, 8192, 1024, 1024, 1)
    assert rows["gemm"].cuda_time == rows["gemm"].device_time == 20.0
    assert rows["forward"].cpu_time_total == 100.0
    assert rows["forward"].self_device_memory_usage == 0
    total = EVENTS.total_average()
    assert (total.key, total.count, total.cuda_time_total) == ("Total", 4, 60.0)
    assert (total.memory, total.cpu_time_total) == (512, 60.0)
    assert EVENTS.self_cpu_time_total == 60.0
    assert EVENTS[0].name == "gemm"


@pytest.mark.parametrize(
    ("word", "order"),
    [
        (None, "gemm forward add"),
        ("cuda_time_total", "gemm forward add"),
        ("self_xpu_time_total", "gemm add forward"),
        ("device_time", "forward gemm add"),
        ("cpu_time", "forward gemm add"),
        ("self_cpu_time_total", "forward gemm add"),
        ("count", "gemm add forward"),
        ("cpu_memory_usage", "gemm forward add"),
        ("self_device_memory_usage", "gemm forward add"),
    ],
)
def test_a_table_by_each_word(word, order):
    found = names(EVENTS.key_averages().table(sort_by=word))
    assert found[0] == order.split()[0]
    assert sorted(found) == sorted(order.split())


def test_a_table():
    rows = EVENTS.key_averages()
    text = Averages(rows, "the foot", True).table(header="HEAD", time_unit="ms", row_limit=2)
    lines = text.splitlines()
    assert lines[0] == "HEAD"
    assert lines[1].split() == "name calls device share each host bytes memory".split()
    assert lines[3].split() == "gemm 2 0.040 ms 66.7% 0.020 ms 0.000 ms 8.0 KiB 1.0 KiB".split()
    assert lines[-1] == "the foot"
    assert len({len(line) for line in lines[1:6]}) == 1
    assert names(rows.table(top_level_events_only=True)) == ["forward", "add"]
    assert names(rows.table(max_name_column_width=6))[1] == "for..."
    assert names(rows.table(row_limit=-1)) == names(str(rows))
    assert len(names(EVENTS.table())) == 4
    with pytest.raises(ValueError, match="sort_by is 'speed'; there are count, cpu_time"):
        rows.table(sort_by="speed")
    with pytest.raises(ValueError, match="time_unit is 'h'; there are s, ms, us"):
        rows.table(time_unit="h")
    assert Averages([]).table().splitlines()[0].startswith("name")


def test_sizes():
    assert [size(n) for n in (0, -1536, 3 * 2**20, 2**41)] == ["0 B", "-1.5 KiB", "3.0 MiB",
                                                               "2048.0 GiB"]  # fmt: skip
