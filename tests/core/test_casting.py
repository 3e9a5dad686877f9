"""The lists of mixed precision name functions that there are."""

import cltensor as ct
from cltensor.core.casting import LOWER, SINGLE, casting, kept, switch
from cltensor.core.hooks import watchers
from cltensor.nn import functional as F


def test_names_are_those_of_functions():
    spaces = (ct, F, ct.linalg)
    missing = {n for n in LOWER | SINGLE if not any(hasattr(space, n) for space in spaces)}
    assert missing == set()
    assert not LOWER & SINGLE


def test_a_call_keeps_what_it_was_made_in(device):
    before = switch({device.kind: ct.float16})
    try:
        call = kept(lambda: casting.dtypes)
    finally:
        switch(before)
    assert casting.dtypes is None
    assert call() == {device.kind: ct.float16}
    assert casting.dtypes is None
    assert watchers == []
