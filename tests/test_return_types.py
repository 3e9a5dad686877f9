"""Named pairs are tuples that print, unpack and travel."""

import pickle

import cltensor as ct
from cltensor import return_types


def test_every_kind_is_a_tuple_with_names():
    kinds = [k for k in vars(return_types).values() if isinstance(k, type) and issubclass(k, tuple)]
    assert {"histogram", "histogramdd"} < {kind.__name__ for kind in kinds}
    for kind in kinds:
        if kind.__name__.startswith("histogram"):
            assert kind._fields == ("hist", "bin_edges")
            continue
        pair = kind(ct.zeros(2), ct.zeros(2))
        assert pair._fields == ("values", "indices")
        assert isinstance(pair, tuple)
        assert len(pair) == 2


def test_pairs_can_be_pickled():
    pair = pickle.loads(pickle.dumps(ct.tensor([1.0, 4.0]).max(0)))
    assert isinstance(pair, return_types.max)
    assert pair.indices.item() == 1
