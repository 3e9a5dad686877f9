"""The public creation functions: typed constructors."""

import cltensor as ct


def test_typed_constructors(device):
    assert ct.FloatTensor([1, 2]).dtype == ct.float32
    assert ct.FloatTensor(2, 3).shape == (2, 3)
    assert ct.LongTensor([1.7]).numpy().tolist() == [1]
    assert ct.ByteTensor([1]).type() == "cltensor.ByteTensor"
    x = ct.ones(2)
    assert x.type("torch.LongTensor").dtype == x.type(ct.LongTensor).dtype == ct.int64
    assert x.type(ct.int8).dtype == ct.int8
    assert repr(ct.BoolTensor) == "cltensor.BoolTensor"
