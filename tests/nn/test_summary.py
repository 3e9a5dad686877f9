"""The summary of a model."""

import pytest

import cltensor as ct
from cltensor import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Linear(8, 3, bias=False)
        self.again = self.head
        self.lstm = nn.LSTM(3, 4)

    def forward(self, x):
        return self.lstm(self.head(self.body(x).flatten(1)).unsqueeze(0))


TABLE = """\
layer               output                           parameters
---------------------------------------------------------------
Net                 (1, 5, 4), (1, 5, 4), (1, 5, 4)         192
  body: Sequential  (5, 2, 2, 2)                             24
    0: Conv2d       (5, 2, 2, 2)                             20
    1: BatchNorm2d  (5, 2, 2, 2)                              4
    2: ReLU         (5, 2, 2, 2)                              -
    3: Dropout      (5, 2, 2, 2)                              -
  head: Linear      (5, 3)                                   24
  lstm: LSTM        (1, 5, 4), (1, 5, 4), (1, 5, 4)         144
---------------------------------------------------------------
192 parameters, of these 168 trained
5 numbers in buffers
792 bytes of memory"""


def test_the_table(device):
    net = Net().train()
    net.body[3].eval()
    net.head.requires_grad_(False)
    found = net.summary(input_size=(5, 1, 4, 4))
    assert str(found) == TABLE
    rows = {row.name: row for row in found.rows}
    assert list(rows) == ["", "body", "body.0", "body.1", "body.2", "body.3", "head", "lstm"]
    assert rows["body.0"].output == "(5, 2, 2, 2)"
    assert rows["body.0"].parameters == 20
    assert rows["head"].output == "(5, 3)"
    assert (found.parameters, found.trainable, found.buffers) == (192, 168, 5)
    assert found.nbytes == 192 * 4 + 4 * 4 + 8
    assert (net.training, net.body[3].training, net.body[1].training) == (True, False, True)
    assert net.body[1].num_batches_tracked.item() == 0
    assert not net._forward_hooks


def test_inputs_depth_and_none():
    net = Net()
    assert [row.output for row in net.summary().rows] == [None] * 8
    found = net.summary(ct.ones(2, 1, 4, 4), depth=1)
    assert [row.name for row in found.rows] == ["", "body", "head", "lstm"]
    assert found.rows[1].output == "(2, 2, 2, 2)"
    pair = nn.Bilinear(2, 3, 4)
    assert pair.summary(input_size=[(1, 2), (1, 3)]).rows[0].output == "(1, 4)"
    with pytest.raises(TypeError, match="summary: give inputs, or their input_size"):
        net.summary(ct.ones(1), input_size=(1,))
    with pytest.raises(ct.ShapeError):
        net.summary(ct.ones(2, 1, 9, 9))
    assert not net._forward_hooks
    assert net.training


def test_a_member_of_that_name_comes_first():
    net = nn.Module()
    net.summary = nn.Linear(2, 2)
    assert isinstance(net.summary, nn.Linear)
    net.summary = None
    assert net.summary is None
    assert "random ones instead" in nn.Module.summary.__doc__


def test_an_input_size_that_is_none():
    with pytest.raises(TypeError, match="summary: input_size is 3; give the shape of a batch"):
        nn.Linear(3, 2).summary(input_size=3)
