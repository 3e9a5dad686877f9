"""Tables of rows."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn

TABLE = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def test_embedding():
    layer = nn.Embedding(3, 2, padding_idx=-1)
    assert layer.padding_idx == 2
    assert layer.weight[2].tolist() == [0, 0]
    layer.load_state_dict({"weight": np.array(TABLE, np.float32)})
    out = layer(ct.tensor([[0, 2], [1, 0]]))
    assert out.tolist() == [[TABLE[0], TABLE[2]], [TABLE[1], TABLE[0]]]
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[2, 2], [1, 1], [0, 0]]
    layer.reset_parameters()
    assert layer.weight[2].tolist() == [0, 0]


def test_rows_shortened_and_gradients_shared():
    layer = nn.Embedding(3, 2, max_norm=2.5, norm_type=1, scale_grad_by_freq=True)
    layer.load_state_dict({"weight": np.array(TABLE, np.float32)})
    out = layer(ct.tensor([1, 0, 0]))
    np.testing.assert_allclose(layer.weight[1].abs().sum().item(), 2.5, rtol=1e-5)
    assert layer.weight[2].tolist() == TABLE[2]
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1], [1, 1], [0, 0]]
    shown = "Embedding(3, 2, max_norm=2.5, norm_type=1, scale_grad_by_freq=True)"
    assert repr(layer) == shown


def test_bags():
    bags, rows = ct.tensor([0, 2, 1]), ct.tensor(TABLE)
    layer = nn.EmbeddingBag.from_pretrained(rows, mode="sum", freeze=False)
    assert layer(bags, ct.tensor([0, 2])).tolist() == [[6, 8], [3, 4]]
    factors = ct.tensor([1.0, 2.0, 3.0])
    assert layer(bags, ct.tensor([0, 2]), factors).tolist() == [[11, 14], [9, 12]]
    layer(bags.reshape(1, 3)).sum().backward()
    assert layer.weight.grad.tolist() == [[1, 1]] * 3
    largest = nn.EmbeddingBag.from_pretrained(rows, mode="max", padding_idx=2)
    assert largest(ct.tensor([[0, 1, 2]])).tolist() == [[3, 4]]
    assert repr(largest) == "EmbeddingBag(3, 2, mode='max', padding_idx=2)"
    assert not largest.weight.requires_grad


def test_gradients_of_bags_by_frequency():
    """Row 2 is named three times, row 0 twice; PyTorch divides by counts of others."""
    layer = nn.EmbeddingBag(4, 1, scale_grad_by_freq=True, mode="sum")
    layer(ct.tensor([[0, 2, 2], [1, 2, 0]])).sum().backward()
    assert layer.weight.grad.flatten().tolist() == pytest.approx([1, 1, 1, 0])


def test_pretrained():
    layer = nn.Embedding.from_pretrained(ct.tensor(TABLE))
    assert not layer.weight.requires_grad
    assert layer(ct.tensor(1)).tolist() == TABLE[1]
    assert nn.Embedding.from_pretrained(ct.tensor(TABLE), False).weight.requires_grad
    with pytest.raises(ct.ShapeError, match=r"Embedding.from_pretrained: embeddings have shape"):
        nn.Embedding.from_pretrained(ct.zeros(3))


@pytest.mark.parametrize("kind", [nn.Embedding, nn.EmbeddingBag])
def test_refusals(kind):
    with pytest.raises(TypeError, match=f"{kind.__name__}: sparse=True asks for sparse gradients"):
        kind(3, 2, sparse=True)
    with pytest.raises(ct.ShapeError, match="padding_idx is 3; the table has 3 rows"):
        kind(3, 2, padding_idx=3)
    with pytest.raises(ct.ShapeError, match=r"_weight has shape \(2, 2\); give \(3, 2\)"):
        kind(3, 2, _weight=ct.zeros(2, 2))
