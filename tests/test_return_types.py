"""Named pairs are tuples that print, unpack and travel."""

import pickle

import cltensor as ct
from cltensor import return_types


def test_every_kind_is_a_tuple_with_names():
    kinds = [k for k in vars(return_types).values() if isinstance(k, type) and issubclass(k, tuple)]
    pairs = [kind for kind in kinds if issubclass(kind, return_types.Pair)]
    assert {"histogram", "lu", "slogdet", "topk"} < {kind.__name__ for kind in kinds}
    for kind in kinds:
        made = kind(*[ct.zeros(2)] * len(kind._fields))
        assert made._fields == ("values", "indices") or kind not in pairs
        assert isinstance(made, tuple)
        assert made[0] is getattr(made, kind._fields[0])


def test_each_result_has_a_line():
    shown = repr(ct.slogdet(ct.eye(2)))
    assert shown == "cltensor.return_types.slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(0.))"


def test_pairs_can_be_pickled():
    pair = pickle.loads(pickle.dumps(ct.tensor([1.0, 4.0]).max(0)))
    assert isinstance(pair, return_types.max)
    assert pair.indices.item() == 1
