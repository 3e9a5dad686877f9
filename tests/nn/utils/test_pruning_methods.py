"""Ways of choosing what is pruned: random ones, those of one's own, containers."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils import prune

WEIGHT = [[4.0, -1.0, 3.0], [-2.0, 6.0, -5.0]]


def layer():
    made = nn.Linear(3, 2, bias=False)
    made.load_state_dict({"weight": WEIGHT})
    return made


def test_random_masks():
    ct.manual_seed(0)
    net = prune.random_unstructured(nn.Conv2d(4, 5, 3), "weight", 0.3)
    assert (net.weight_mask.numpy() == 0).sum() == 54
    net = prune.random_structured(nn.Conv2d(4, 5, 3), "weight", 3, dim=1)
    found = net.weight_mask.numpy()
    assert (found == found[:1, :, :1, :1]).all()
    assert found[0, :, 0, 0].sum() == 1
    assert (
        len({tuple(prune.RandomUnstructured(3).prune(ct.ones(9)).tolist()) for _ in range(9)}) > 1
    )


def test_masks_of_ones_own():
    class EveryOther(prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    net = layer()
    EveryOther.apply(net, "weight")
    assert net.weight.tolist() == [[0, -1, 0], [-2, 0, -5]]
    prune.custom_from_mask(net, "weight", ct.tensor([[1, 0, 1], [1, 1, 1]]))
    assert net.weight.tolist() == [[0, 0, 0], [-2, 0, -5]]
    assert EveryOther().prune(ct.tensor([1.0, 2.0])).tolist() == [0, 2]
    same = prune.identity(layer(), "weight")
    np.testing.assert_array_equal(same.weight.tolist(), WEIGHT)


def test_a_tensor_that_is_no_parameter():
    t = ct.tensor([[1.0, -3.0], [2.0, 5.0]], requires_grad=True)
    left = prune.L1Unstructured(1).prune(t, default_mask=ct.tensor([[1.0, 0.0], [1.0, 1.0]]))
    assert left.tolist() == [[0, 0], [2, 5]]
    left.sum().backward()
    assert t.grad.tolist() == [[0, 0], [1, 1]]
    scores = ct.tensor([[9.0, 9.0], [1.0, 1.0]])
    found = prune.LnStructured(0.5, n=1, dim=0).prune(t, importance_scores=scores)
    assert found.tolist() == [[1, -3], [0, 0]]
    with pytest.raises(ct.ShapeError, match="RandomStructured: shape"):
        prune.RandomStructured(1).prune(ct.ones(4))


def test_containers_are_of_one_parameter():
    one, other = prune.Identity(), prune.Identity()
    one._tensor_name, other._tensor_name = "a", "b"
    with pytest.raises(ValueError, match="a method for 'b' among those for 'a'"):
        prune.PruningContainer(one, other)
    with pytest.raises(TypeError, match="3 is no BasePruningMethod"):
        prune.PruningContainer(3)
