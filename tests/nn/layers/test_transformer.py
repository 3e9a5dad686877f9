"""The transformer and its parts."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F


def near(found, wanted):
    np.testing.assert_allclose(host(found), host(wanted), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm_first", [False, True])
def test_layers_are_their_parts(norm_first):
    options = {"dropout": 0.0, "activation": "gelu", "norm_first": norm_first}
    x, memory = ct.tensor(array(3, 2, 4)), ct.tensor(array(5, 2, 4))

    def through(x, norm, part):
        return x + part(norm(x)) if norm_first else norm(x + part(x))

    layer = nn.TransformerEncoderLayer(4, 2, 8, **options)
    wanted = through(x, layer.norm1, lambda y: layer.self_attn(y, y, y)[0])
    wanted = through(wanted, layer.norm2, lambda y: layer.linear2(F.gelu(layer.linear1(y))))
    near(layer(x), wanted)
    assert layer.activation_relu_or_gelu == 2
    layer = nn.TransformerDecoderLayer(4, 2, 8, **options)
    wanted = through(x, layer.norm1, lambda y: layer.self_attn(y, y, y)[0])
    wanted = through(wanted, layer.norm2, lambda y: layer.multihead_attn(y, memory, memory)[0])
    wanted = through(wanted, layer.norm3, lambda y: layer.linear2(F.gelu(layer.linear1(y))))
    near(layer(x, memory), wanted)


def test_stacks_copy_their_layer():
    layer = nn.TransformerEncoderLayer(4, 2, 8, 0.0)
    stack = nn.TransformerEncoder(layer, 2, nn.LayerNorm(4))
    x = ct.tensor(array(3, 2, 4))
    near(stack(x), stack.norm(layer(layer(x))))
    assert stack.layers[0].linear1.weight is not stack.layers[1].linear1.weight
    decoder = nn.TransformerDecoderLayer(4, 2, 8, 0.0)
    near(nn.TransformerDecoder(decoder, 2)(x, x), decoder(decoder(x, x), x))


def test_causal_masks():
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    inf = float("inf")
    assert mask.tolist() == [[0, -inf, -inf], [0, 0, -inf], [0, 0, 0]]
    stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0), 1)
    x = ct.tensor(array(3, 2, 4))
    wanted = stack(x, mask, is_causal=True)
    for given in (mask, mask.bool()):
        near(stack(x, given), wanted)
        near(stack(x, given, is_causal=False), wanted)
    other = ct.zeros(3, 3)
    near(stack(x, other), stack(x))


def test_masks_inside_recorded_calls(counts):
    """Whether a mask is causal is not looked up."""
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    stack = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, 0.0), 1)
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, 0.0), 1)
    x = ct.tensor(array(3, 2, 4))
    with ct.no_grad():
        wanted = decoder(x, stack(x, mask), mask)
        call = ct.jit(lambda x, mask: decoder(x, stack(x, mask), mask))
        for _ in range(4):
            near(call(x, mask), wanted)
        near(call(x, ct.zeros(3, 3)), decoder(x, stack(x)))
    assert counts["replay"] == 3


@pytest.mark.parametrize("batch_first", [False, True])
def test_transformer(batch_first):
    model = nn.Transformer(4, 2, 1, 1, 8, 0.0, batch_first=batch_first)
    src, tgt = ct.tensor(array(5, 2, 4)), ct.tensor(array(3, 2, 4))
    if batch_first:
        src, tgt = src.swapaxes(0, 1), tgt.swapaxes(0, 1)
    out = model(src, tgt)
    near(out, model.decoder(tgt, model.encoder(src)))
    out.square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    one = model(src[0] if batch_first else src[:, 0], tgt[0] if batch_first else tgt[:, 0])
    near(one, out[0] if batch_first else out[:, 0])


def test_what_does_not_fit():
    model = nn.Transformer(4, 2, 1, 1, 8)
    for src, tgt in (((5, 2, 4), (3, 1, 4)), ((5, 2, 3), (3, 2, 4))):
        with pytest.raises(ct.ShapeError, match="Transformer: src has shape"):
            model(ct.zeros(src), ct.zeros(tgt))
    with pytest.raises(RuntimeError, match="activation is 'sin'"):
        nn.TransformerEncoderLayer(4, 2, activation="sin")
