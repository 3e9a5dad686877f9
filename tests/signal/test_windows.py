"""The namespace of windows."""

import cltensor as ct


def test_it_holds_what_is_declared_for_it():
    assert {"hann", "kaiser"} <= set(dir(ct.signal.windows))
    assert ct.signal.windows.hann(3).tolist() == [0, 1, 0]
