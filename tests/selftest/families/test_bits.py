"""The checksums of results that are the same bits everywhere are this device's, too."""

import pytest
from selfchecks import failures

import cltensor as ct
from cltensor.selftest.families import bits


def test_the_checks_are_right():
    assert failures(bits, every=True) == {}
    assert ct.get_deterministic_debug_mode() == 0


def test_they_see_another_order(monkeypatch):
    changed = dict(bits._WANTED)
    changed[bits._products] += 1
    monkeypatch.setattr(bits, "_WANTED", changed)
    with pytest.raises(AssertionError, match=r"the bits have the checksum 0x\w+, not 0x\w+"):
        bits._bits(bits._products)
