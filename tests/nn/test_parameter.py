"""Parameter: a leaf that says what it is."""

import copy

import pytest

import cltensor as ct
from cltensor import nn


def test_parameter_text_and_class():
    parameter = nn.Parameter(ct.ones(2))
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert isinstance(parameter, ct.Tensor)
    assert type(parameter * 2) is ct.Tensor
    frozen = nn.Parameter(ct.ones(2, requires_grad=True), requires_grad=False)
    assert not frozen.requires_grad


def test_a_parameter_leaves_the_history_of_its_values_behind():
    source = ct.ones(2, requires_grad=True)
    parameter = nn.Parameter(source * 3)
    assert parameter.is_leaf
    (parameter * 2).sum().backward()
    assert parameter.grad.tolist() == [2, 2]
    assert source.grad is None


def test_integers_are_parameters_only_when_frozen():
    with pytest.raises(ct.GradientError, match="a int64 tensor has no gradient"):
        nn.Parameter(ct.tensor([1, 2]))
    assert not nn.Parameter(ct.tensor([1, 2]), requires_grad=False).requires_grad


def test_empty_and_zero_dimensional_parameters():
    layer = nn.Module()
    layer.scale, layer.none = nn.Parameter(ct.tensor(2.0)), nn.Parameter(ct.zeros(0, 3))
    assert [p.shape for p in layer.parameters()] == [(), (0, 3)]
    (layer.scale * 3 + layer.none.sum()).backward()
    assert layer.scale.grad.item() == 3
    assert layer.none.grad.shape == (0, 3)


def test_a_buffer_becomes_one_when_it_is_set():
    net, source = nn.Module(), ct.ones(2)
    kept, scratch = nn.Buffer(source), nn.Buffer(ct.zeros(1), persistent=False)
    net.kept, net.scratch, net.empty = kept, scratch, nn.Buffer()
    assert net.kept is kept
    assert isinstance(kept, nn.parameter.Buffer)
    assert dict(net.named_buffers()).keys() == {"kept", "scratch", "empty"}
    assert list(net.state_dict()) == ["kept", "empty"]
    assert net.empty.shape == (0,)
    source[0] = 5
    assert net.kept.tolist() == [5, 1]
    assert type(kept * 2) is ct.Tensor
    net.kept = nn.Buffer(ct.ones(1), persistent=False)
    assert list(net.state_dict()) == ["empty"]
    net.scratch = nn.Buffer(ct.ones(1))
    assert set(net.state_dict()) == {"empty", "scratch"}
    copied = copy.deepcopy(net)
    assert type(copied.kept) is nn.Buffer
    assert not copied.kept.persistent
    frozen = nn.Buffer(ct.ones(1, requires_grad=True))
    assert frozen.requires_grad
    assert frozen.is_leaf


def test_the_parameter_of_a_lazy_layer():
    layer = nn.LazyLinear(2)
    assert nn.parameter.is_lazy(layer.weight)
    layer(ct.ones(1, 3))
    assert not nn.parameter.is_lazy(layer.weight)
