"""Streams of random numbers: their seeds, states and copies, and those that they spawn."""

import copy
import pickle
import threading

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.random.generator import _mixed


def test_seed_and_state():
    ct.manual_seed(11)
    first, state = ct.rand(10).numpy(), ct.get_rng_state()
    second = ct.rand(10).numpy()
    assert not np.array_equal(first, second)
    ct.set_rng_state(state)
    np.testing.assert_array_equal(ct.rand(10).numpy(), second)
    ct.manual_seed(11)
    np.testing.assert_array_equal(ct.rand(10).numpy(), first)
    assert ct.initial_seed() == 11
    assert ct.Generator(-1).initial_seed() == 2**64 - 1
    assert ct.Generator().initial_seed() != ct.Generator().initial_seed()


def test_a_generator_is_its_own_stream_and_can_be_copied():
    g = ct.Generator(4)
    ct.rand(7, generator=g)
    copies = [copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    want = ct.rand(5, generator=g).numpy()
    for other in copies:
        np.testing.assert_array_equal(ct.rand(5, generator=other).numpy(), want)
    ct.manual_seed(4)
    ct.rand(7)
    np.testing.assert_array_equal(ct.rand(5).numpy(), want)
    assert repr(ct.Generator(4)) == "Generator(seed=4, offset=0)"


def test_threads_draw_different_numbers():
    g, runs = ct.Generator(0), []
    threads = [
        threading.Thread(target=lambda: runs.append(ct.rand(64, generator=g).numpy().tobytes()))
        for _ in range(8)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(runs)) == 8


@pytest.mark.parametrize("state", [3, "ab", (1,), (1, 2, 3), (1.5, 2), None])
def test_what_is_no_state_changes_nothing(state):
    generator = ct.Generator(4)
    generator.take(3)
    with pytest.raises(ct.StateError, match="set_state: .* is no state of a generator"):
        generator.set_state(state)
    assert generator.get_state() == (4, 3)
    generator.set_state([np.uint64(2**64 - 1), 5])
    assert generator.get_state() == (2**64 - 1, 5)


def test_spawned_generators_are_streams_of_their_own():
    first, again = ct.Generator(7), ct.Generator(7)
    spawned = first.spawn(3)
    numbers = [ct.rand(1000, generator=g).numpy() for g in (ct.Generator(7), *spawned)]
    for i in range(4):
        for j in range(i):
            assert abs(np.corrcoef(numbers[i], numbers[j])[0, 1]) < 0.15
    assert [g.get_state() for g in again.spawn(3)] == [(g.initial_seed(), 0) for g in spawned]
    assert len({g.initial_seed() for g in [*spawned, *first.spawn(3)]}) == 6
    assert first.get_state() == (7, 6)
    with pytest.raises(ValueError, match="spawn: count"):
        first.spawn(-1)


def test_the_words_of_spawning_are_those_of_philox():
    # The kernel's, for a stream that no kernel draws from: the published vector of all ones.
    assert f"{_mixed(2**64 - 1, 2**64 - 1):016x}" == "41c83b0e408f276d"


def test_seeds_anew():
    generator = ct.Generator(3)
    ct.rand(9, generator=generator)
    found = generator.seed()
    assert generator.get_state() == (found, 0)
    assert generator.clone_state().get_state() == (found, 0)
    before = ct.get_rng_state()
    assert ct.seed() == ct.initial_seed() != before[0]
    ct.set_rng_state(before)


def test_going_back_to_a_mark(counts):
    g = ct.Generator(3)

    def call():
        before = ct.rand(1, generator=g)
        mark = g.mark()
        first = ct.rand(2, generator=g)
        g.go_back(mark)
        return before, first, ct.rand(2, generator=g)

    expected = [[t.tolist() for t in call()] for _ in range(5)]
    assert all(first == second for _, first, second in expected)
    assert len({tuple(before) for before, *_ in expected}) == 5
    g.manual_seed(3)
    recorded = ct.jit(call)
    assert [[t.tolist() for t in recorded()] for _ in range(5)] == expected
    assert counts == {"record": 1, "replay": 3}
