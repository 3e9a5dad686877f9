"""The default generator under the names of `ct.random`."""

import cltensor as ct


def test_a_fork_goes_back():
    ct.random.manual_seed(3)
    assert ct.random.initial_seed() == 3
    with ct.random.fork_rng():
        first = ct.rand(2).tolist()
    with ct.random.fork_rng(devices=[], enabled=False):
        assert ct.rand(2).tolist() == first
    assert ct.rand(2).tolist() != first
