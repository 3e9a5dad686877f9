"""What a driver says of a device."""

import pytest

from cltensor.runtime.abilities import Abilities


def test_a_group_is_no_longer_than_its_first_dimension(device):
    class Narrow:
        max_work_group_size = 1024
        max_work_item_sizes = (512, 1024, 64)

        def __getattr__(self, name):
            return getattr(device.cl_device, name)

    found = Abilities(Narrow(), "gpu")
    assert (found.max_work_group, found.max_work_items) == (512, (512, 1024, 64))
    assert found.flushes
    assert found.is_integrated  # its memory is the host's
    assert not found.shows_memory


def test_a_cpu_begins_by_itself_and_is_not_integrated(device):
    found = Abilities(device.cl_device, "cpu")
    assert not found.flushes
    assert not found.is_integrated
    assert not found.is_simulator
    assert found.peak > 0
    assert found.title == device.title
    with pytest.raises(AttributeError):
        found.queue  # noqa: B018


@pytest.mark.parametrize(
    ("kind", "local_mem_type", "alone"), [("gpu", 2, True), ("gpu", 1, False), ("cpu", 2, False)]
)
def test_a_gpu_may_have_no_local_memory_of_its_own(device, kind, local_mem_type, alone):
    class Some:
        def __getattr__(self, name):
            return local_mem_type if name == "local_mem_type" else getattr(device.cl_device, name)

    assert Abilities(Some(), kind).caches_alone is alone
