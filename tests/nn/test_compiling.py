"""Module.compile: forward is replayed, and the module stays the module that it is."""

import copy
import pickle

import cltensor as ct
from cltensor import nn, optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
        self.linear, self.dropout = nn.Linear(3, 2), nn.Dropout(0.5)

    def forward(self, x, scale=1.0):
        return self.dropout(self.linear(x)) * scale


def test_it_gives_what_the_call_gives():
    model, plain = Net().eval(), Net().eval()
    plain.load_state_dict(model.state_dict())
    assert model.compile(mode="max-autotune", fullgraph=True) is None
    assert list(model.state_dict()) == list(plain.state_dict())
    with ct.no_grad():
        for k in range(5):
            x = ct.full((4, 3), float(k))
            assert ct.equal(model(x), plain(x))
        assert ct.equal(model(x, scale=2.0), plain(x, scale=2.0))
        model.linear.weight.mul_(2)
        plain.linear.weight.mul_(2)
        assert ct.equal(model(x), plain(x))
        model.train()
        drawn = {tuple((model(x) == 0).flatten().tolist()) for _ in range(20)}
    assert len(drawn) > 1


def test_it_is_replayed():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU()).eval()
    model.compile()
    calls = []
    original = nn.ReLU.forward
    model[1].forward = lambda x: calls.append(1) or original(model[1], x)
    with ct.no_grad():
        for _ in range(6):
            model(ct.ones(4, 3))
    assert len(calls) < 6
    model.compile(disable=True)
    before = len(calls)
    with ct.no_grad():
        model(ct.ones(4, 3))
    assert len(calls) == before + 1


def test_it_trains_and_its_hooks_are_called():
    ct.manual_seed(0)
    model, seen = nn.Linear(3, 1), []
    model.compile()
    model.register_forward_hook(lambda *_: seen.append(1))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = (model(ct.ones(4, 3)) - 1).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert len(seen) == 5


def test_copies_are_not_compiled():
    model = nn.Linear(3, 2)
    model.compile()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert "forward" not in vars(other)
        assert ct.equal(other(ct.ones(1, 3)), model(ct.ones(1, 3)))
