"""Switching the recording on and off."""

import threading

import pytest
from leaves import leaf

import cltensor as ct


def test_no_grad_records_nothing(device):
    x = leaf([1.0])
    with ct.no_grad():
        y = x * 2
        assert not ct.is_grad_enabled()
        with ct.enable_grad():
            assert (x * 2).requires_grad
    assert not y.requires_grad
    assert y.is_leaf
    assert ct.is_grad_enabled()

    @ct.no_grad()
    def forward(v):
        return v * 2

    assert not forward(x).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), ct.no_grad():
        raise ZeroDivisionError
    assert ct.is_grad_enabled()


def test_a_decorated_function_may_call_itself(device):
    @ct.no_grad()
    def countdown(n):
        """Say whether each level records."""
        return [ct.is_grad_enabled(), *(countdown(n - 1) if n else [])]

    assert countdown(2) == [False] * 3
    assert ct.is_grad_enabled()
    assert countdown.__name__ == "countdown"
    assert countdown.__doc__ == "Say whether each level records."


def test_a_context_may_be_entered_again():
    off, on = ct.no_grad(), ct.set_grad_enabled(True)
    with off:
        with on, off:
            assert not ct.is_grad_enabled()
        assert not ct.is_grad_enabled()
    assert ct.is_grad_enabled()


@pytest.mark.parametrize("wanted", [True, False])
def test_the_switch_takes_a_value(device, wanted):
    x = leaf([1.0])
    for outer in (ct.no_grad, ct.enable_grad):
        with outer():
            before = ct.is_grad_enabled()
            with ct.set_grad_enabled(wanted):
                assert (x * 2).requires_grad is wanted
            assert ct.is_grad_enabled() is before


def test_the_switch_takes_effect_at_once(device):
    x = leaf([1.0])
    with ct.enable_grad():  # which turns back what this test leaves
        ct.set_grad_enabled(False)
        assert not (x * 2).requires_grad
        ct.set_grad_enabled(True)
        assert (x * 2).requires_grad
        off = ct.set_grad_enabled(False)
        with off:
            assert not ct.is_grad_enabled()
        assert ct.is_grad_enabled()  # as before it was made
        with ct.no_grad(), off:
            assert not ct.is_grad_enabled()
        assert ct.is_grad_enabled()


def test_the_switch_decorates():
    @ct.set_grad_enabled(False)
    def inside():
        return ct.is_grad_enabled()

    assert ct.is_grad_enabled()
    assert not inside()
    assert ct.is_grad_enabled()


def test_a_switch_made_in_one_thread_serves_another():
    seen = []

    def run():
        with off:
            seen.append(ct.is_grad_enabled())
        seen.append(ct.is_grad_enabled())

    off = ct.set_grad_enabled(False)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert seen == [False, True]
        assert not ct.is_grad_enabled()
    finally:
        ct.set_grad_enabled(True)


def test_each_thread_has_a_switch_of_its_own():
    inside, seen = threading.Barrier(2), []

    @ct.no_grad()
    def off():
        inside.wait(10)  # the other thread is in the same function
        seen.append(ct.is_grad_enabled())

    def run():
        off()
        seen.append(ct.is_grad_enabled())

    with ct.no_grad():
        thread = threading.Thread(target=run)
        thread.start()
        off()
        thread.join()
        assert not ct.is_grad_enabled()
    assert sorted(seen) == [False, False, True]
