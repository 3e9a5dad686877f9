"""Switching the recording on and off."""

import asyncio
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


def generator(log):
    """Yield whether each part of it records; answers what it is sent."""
    try:
        sent = yield ct.is_grad_enabled()
        while sent != "stop":
            try:
                sent = yield (sent, ct.is_grad_enabled())
            except KeyError:
                sent = yield ("caught", ct.is_grad_enabled())
        return ct.is_grad_enabled()
    finally:
        log.append(ct.is_grad_enabled())


@pytest.mark.parametrize(
    "switch", [lambda f: ct.no_grad()(f), ct.no_grad, lambda f: ct.set_grad_enabled(False)(f)]
)
def test_generators_run_under_the_switch_and_their_callers_do_not(switch):
    log = []
    steps = switch(generator)(log)
    assert next(steps) is False
    assert ct.is_grad_enabled()
    assert steps.send(3) == (3, False)
    assert steps.throw(KeyError()) == ("caught", False)
    with pytest.raises(StopIteration) as end:
        steps.send("stop")
    assert end.value.value is False
    assert ct.is_grad_enabled()
    assert log == [False]
    steps = switch(generator)(log)
    next(steps)
    steps.close()
    assert log == [False, False]
    steps = switch(generator)(log)
    next(steps)
    with pytest.raises(ValueError, match="mine"):
        steps.throw(ValueError("mine"))
    assert ct.is_grad_enabled()


def test_a_generator_under_another_switch(device):
    @ct.enable_grad()
    def inner(x):
        yield (x * 2).requires_grad
        yield from outer(x)

    @ct.no_grad()
    def outer(x):
        yield (x * 2).requires_grad

    with ct.no_grad():
        assert list(inner(leaf([1.0]))) == [True, False]
        assert not ct.is_grad_enabled()


def test_coroutines_run_under_the_switch():
    @ct.no_grad
    async def inside():
        seen = [ct.is_grad_enabled()]
        await asyncio.sleep(0)
        return [*seen, ct.is_grad_enabled()]

    @ct.no_grad()
    async def several():
        for _ in range(2):
            await asyncio.sleep(0)
            yield ct.is_grad_enabled()

    async def main():
        task = asyncio.ensure_future(inside())
        await asyncio.sleep(0)
        assert ct.is_grad_enabled()  # while the other is suspended
        return await task + [x async for x in several()]

    assert asyncio.run(main()) == [False] * 4
    assert ct.is_grad_enabled()


def test_decorating_without_parentheses(device):
    @ct.no_grad
    def off(x):
        return x * 2

    @ct.enable_grad
    def on(x):
        return x * 2

    x = leaf([1.0])
    assert not off(x).requires_grad
    with ct.no_grad():
        assert on(x).requires_grad
    with pytest.raises(TypeError, match="mode is a function"):
        ct.set_grad_enabled(off)


def test_decorating_a_class_warns():
    class Thing:
        def __init__(self):
            self.recorded = ct.is_grad_enabled()

    with pytest.warns(FutureWarning, match="decorating the class Thing"):
        make = ct.no_grad()(Thing)
    assert make().recorded is False
