"""Loading saved states: all of one or nothing, and every fault in one message."""

import numpy as np
import pytest
from networks import STATE, Net, assert_same, values

import cltensor as ct
from cltensor import nn


def test_load_state_dict_from_tensors_and_arrays():
    source, target = Net(), Net()
    parameter = target.scale
    result = target.load_state_dict(source.state_dict())
    assert result == ([], [])
    assert repr(result) == "<All keys matched successfully>"
    assert_same(values(target), values(source))
    assert target.scale is parameter
    result = nn.Linear(2, 1).load_state_dict({"b": ct.ones(1)}, strict=False)
    assert repr(result) == (
        "IncompatibleKeys(missing_keys=['weight', 'bias'], unexpected_keys=['b'])"
    )
    arrays = {name: value.astype(np.float64) for name, value in values(Net()).items()}
    target.load_state_dict(arrays)
    assert target.scale.dtype == ct.float32
    assert target.rest[1].num_batches_tracked.dtype == ct.int64
    np.testing.assert_allclose(target.first.weight.data.numpy(), arrays["first.weight"], rtol=1e-6)


def test_load_state_dict_does_not_tie_two_modules():
    source, target = nn.Linear(2, 2), nn.Linear(2, 2)
    target.load_state_dict(source.state_dict())
    kept = target.weight.data.numpy()
    source.weight.data[0] = 100.0
    np.testing.assert_array_equal(target.weight.data.numpy(), kept)


def test_load_state_dict_lists_everything_that_does_not_fit():
    net = Net()
    before = values(net)
    state = net.state_dict()
    del state["first.bias"], state["scale"]
    state["extra"] = ct.zeros(1)
    state["first.weight"] = ct.zeros(7, 4)
    state["shift"] = ct.ones(3)
    with pytest.raises(ct.StateError) as info:
        net.load_state_dict(state)
    message = str(info.value)
    assert message.startswith("load_state_dict: Error(s) in loading state_dict for Net:\n")
    assert 'Missing key(s) in state_dict: "scale", "first.bias"' in message
    assert 'Unexpected key(s) in state_dict: "extra"' in message
    assert "size mismatch for first.weight" in message
    assert "(7, 4)" in message
    assert "(3, 4)" in message
    assert_same(values(net), before)


def test_load_state_dict_not_strict():
    net = Net()
    result = net.load_state_dict({"scale": np.full(3, 2.0), "extra": 1}, strict=False)
    assert result.unexpected_keys == ["extra"]
    given = ("scale", "rest.1.num_batches_tracked")  # the second may be missing
    assert result.missing_keys == [name for name in STATE if name not in given]
    np.testing.assert_array_equal(net.scale.data.numpy(), [2, 2, 2])
    with pytest.raises(ct.StateError, match="size mismatch for scale"):
        net.load_state_dict({"scale": np.zeros(4)}, strict=False)


def test_load_state_dict_refuses_what_is_no_state():
    net = nn.Linear(1, 1)
    with pytest.raises(ct.StateError, match="expected a mapping"):
        net.load_state_dict([1, 2])
    before = values(net)
    with pytest.raises(ct.StateError, match="'bias' holds"):
        net.load_state_dict({"weight": np.zeros((1, 1)), "bias": np.array(["a"])})
    with pytest.raises(ct.StateError, match="'bias' cannot be read"):
        net.load_state_dict({"weight": np.zeros((1, 1)), "bias": [[1], [2, 3]]})
    assert_same(values(net), before)


def test_load_state_dict_assigns_the_tensors_themselves():
    net, other = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    net.weight.requires_grad_(False)
    state = other.state_dict()
    state["weight"] = ct.tensor([1.5, 2.5], dtype=ct.float16)
    state["bias"] = np.array([1.0, 2.0], np.float32)
    given = state["running_mean"]
    assert net.load_state_dict(state, assign=True) == ([], [])
    assert isinstance(net.weight, nn.Parameter)
    assert net.weight.dtype == ct.float16
    assert (net.weight.requires_grad, net.bias.requires_grad) == (False, True)
    assert net.bias.tolist() == [1, 2]
    assert net.running_mean is given
    kept = nn.Parameter(ct.ones(2))
    net.load_state_dict({**net.state_dict(), "bias": kept}, assign=True)
    assert net.bias is kept
    with pytest.raises(ct.StateError, match="size mismatch for bias"):
        net.load_state_dict({**net.state_dict(), "bias": ct.ones(3)}, assign=True)
    assert net.bias is kept


def test_a_value_without_axes_may_be_given_one():
    net = nn.Module()
    net.scale = nn.Parameter(ct.ones(()))
    net.register_buffer("count", ct.tensor(0))
    kept = net.scale
    net.load_state_dict({"scale": ct.tensor([3.0]), "count": np.array([4])})
    assert (kept.item(), net.count.item()) == (3, 4)
    net.load_state_dict({"scale": ct.tensor([5.0]), "count": np.array([6])}, assign=True)
    assert (net.scale.shape, net.scale.item(), net.count.item()) == ((), 5, 6)
    for wrong in (ct.ones(2), ct.ones(1, 1)):
        with pytest.raises(ct.StateError, match="size mismatch for scale"):
            net.load_state_dict({"scale": wrong, "count": ct.tensor(0)})


def test_a_prefix_is_taken_off_unless_two_keys_become_one():
    state = {"module.weight": 1, "bias": 2}
    ct.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    assert state == {"weight": 1, "bias": 2}
    both = {"module.weight": 1, "weight": 2}
    with pytest.raises(ct.StateError, match="two keys are one"):
        ct.nn.modules.utils.consume_prefix_in_state_dict_if_present(both, "module.")
    assert len(both) == 2
