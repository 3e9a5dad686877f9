"""The namespace of reductions under a mask."""

import cltensor as ct


def test_it_holds_what_is_declared_for_it():
    assert {"sum", "softmax", "logaddexp"} <= set(dir(ct.masked))
    assert ct.masked.sum is not ct.sum
