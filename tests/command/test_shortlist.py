"""Whole configurations by the maker of a device."""

import pytest
from isa.stub import NAMES, stub

from cltensor.command import shortlist as module
from cltensor.command.shortlist import maker, shortlist
from cltensor.runtime import tuning


def device(vendor):
    return stub(vendor, units=8, local=32 << 10, group=256)


@pytest.mark.parametrize("vendor", NAMES)
def test_makers_are_known_by_the_names_of_devices(vendor):
    assert maker(device(vendor)) == {"mali": "mobile", "adreno": "mobile"}.get(vendor, vendor)


def test_others_have_no_list():
    other = device("amd")
    other.cl_device.name = other.cl_device.vendor = other.cl_device.platform.name = "pthread"
    assert maker(other) == ""
    assert shortlist(other, "gemm_gpu", "large") == []


@pytest.mark.parametrize("vendor", NAMES)
def test_what_is_listed_is_allowed_and_each_a_choice_of_its_own(vendor):
    for kind in [name for name in tuning.KINDS if name.endswith("_gpu")]:
        for size_class in tuning.KINDS[kind].classes:
            listed = shortlist(device(vendor), kind, size_class)
            assert len({tuple(sorted(each.items())) for each in listed}) == len(listed)
            for each in listed:
                assert each
                assert not tuning.KINDS[kind].objection(size_class, each)
    for kind in ("gemm_gpu", "conv_gpu", "conv_grad_gpu", "pointwise_gpu", "reduce_gpu"):
        assert shortlist(device(vendor), kind, next(iter(tuning.KINDS[kind].classes)))


def test_nothing_listed_is_lost_for_a_value_that_no_kind_allows():
    kinds = {"gemm_gpu": "gemm_gpu", "conv": "conv_gpu", "pointwise": "pointwise_gpu",
             "reduce": "reduce_gpu"}  # fmt: skip
    for lists in module._LISTS.values():
        for name, listed in lists.items():
            choices = tuning.KINDS[kinds[name]].choices
            for each in listed:
                known = {n: value for n, value in each.items() if n in choices}
                assert all(value in choices[n] for n, value in known.items()), each


def test_kernels_for_cpus_have_none():
    assert shortlist(device("intel"), "gemm_cpu", "large") == []
