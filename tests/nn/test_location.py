"""Errors of layers name their path in the model."""

import pickle

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.errors import DTypeError, ShapeError


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(32, 5))
        self.heads = nn.ModuleDict({"box": nn.LSTM(5, 7)})

    def forward(self, x):
        return self.heads["box"](self.body(x))


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((2, 4, 8, 8), r"^conv2d: 4 channels .*; in the layer 'body.0' \(Conv2d\)$"),
        ((2, 3, 8, 8), r"^linear: .* \(2, 288\) .* \(5, 32\).*; in the layer 'body.2' \(Linear\)$"),
    ],
)
def test_a_shape_that_does_not_fit(shape, said):
    net = Net()
    with pytest.raises(ShapeError, match=said):
        net(ct.ones(shape))
    with pytest.raises(ShapeError, match=said):
        ct.jit(net)(ct.ones(shape))
    net.body.register_forward_hook(lambda *_: None)
    with pytest.raises(ShapeError, match=said):
        net(ct.ones(shape))


def test_a_layer_without_a_model_has_no_path():
    with pytest.raises(ShapeError, match="must be the same$"):
        nn.Linear(3, 4)(ct.ones(2, 5))

    class Makes(nn.Module):
        def forward(self, x):
            return nn.Linear(3, 4)(x)

    with pytest.raises(ShapeError, match="must be the same$"):
        Makes()(ct.ones(2, 5))


def test_an_error_of_the_model_itself_has_no_path():
    class Adds(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 4)

        def forward(self, x):
            return self.inner(x) + ct.ones(3)

    with pytest.raises(ShapeError, match="one operand$"):
        Adds()(ct.ones(2, 3))
    with pytest.raises(ShapeError, match=r"one operand; in the layer '0' \(Adds\)$"):
        nn.Sequential(Adds())(ct.ones(2, 3))


def test_a_copy_says_the_same():
    with pytest.raises(DTypeError) as found:
        nn.Sequential(nn.ReLU(), nn.Linear(3, 4))(ct.ones(2, 3, dtype=ct.int64))
    error = found.value
    assert str(error).endswith("; in the layer '1' (Linear)")
    kept = pickle.dumps(error)
    assert len(kept) < 500  # the message, and not the model
    assert str(pickle.loads(kept)) == str(error)
