"""Attention of several heads, as a layer."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn
from cltensor.errors import DTypeError


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def reference(layer, q, k, v, hidden=None):
    """Output and weights of each head for single sequences; hidden (L, S): what takes no part."""
    size = layer.embed_dim
    if layer.in_proj_weight is None:
        maps = [layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight]
        maps = [host(w) for w in maps]
    else:
        maps = np.split(host(layer.in_proj_weight), 3)
    biases = [0, 0, 0]
    if layer.in_proj_bias is not None:
        biases = np.split(host(layer.in_proj_bias), 3)
    q, k, v = [x @ w.T + b for x, w, b in zip((q, k, v), maps, biases, strict=True)]
    if layer.bias_k is not None:
        k, v = (np.vstack([x, host(b)[0]]) for x, b in ((k, layer.bias_k), (v, layer.bias_v)))
    if layer.add_zero_attn:
        k, v = (np.vstack([x, np.zeros((1, size))]) for x in (k, v))
    heads, shares = [], []
    for part in np.split(np.arange(size), layer.num_heads):
        scores = q[:, part] @ k[:, part].T / np.sqrt(len(part))
        if hidden is not None:
            more = scores.shape[1] - hidden.shape[1]
            scores = np.where(np.pad(hidden, ((0, 0), (0, more))), -np.inf, scores)
        shares.append(softmax(scores))
        heads.append(shares[-1] @ v[:, part])
    out = np.concatenate(heads, -1) @ host(layer.out_proj.weight).T
    bias = layer.out_proj.bias
    return out if bias is None else out + host(bias), np.array(shares)


LAYERS = [
    {},
    {"bias": False, "add_zero_attn": True},
    {"kdim": 3, "vdim": 5},
    {"add_bias_kv": True, "add_zero_attn": True, "kdim": 3, "vdim": 5},
]


@pytest.mark.parametrize("options", LAYERS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_against_numpy(options, batch_first):
    layer = nn.MultiheadAttention(4, 2, batch_first=batch_first, **options)
    q, k, v = array(3, 2, 4), array(5, 2, layer.kdim), array(5, 2, layer.vdim)
    given = [ct.tensor(x.swapaxes(0, 1) if batch_first else x) for x in (q, k, v)]
    padding = np.array([[False] * 5, [False, False, False, True, True]])
    masked = layer(*given, key_padding_mask=ct.tensor(padding), average_attn_weights=False)
    short, none = layer(*given, key_padding_mask=ct.tensor(padding), need_weights=False)
    assert none is None
    for n in range(2):
        hidden = np.broadcast_to(padding[n], (3, 5))
        wanted, shares = reference(layer, q[:, n], k[:, n], v[:, n], hidden)
        for out in (masked[0], short):
            found = host(out)[n] if batch_first else host(out)[:, n]
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(host(masked[1])[n], shares, rtol=1e-4, atol=1e-6)
    single, share = layer(*[ct.tensor(x[:, 0]) for x in (q, k, v)])
    wanted, shares = reference(layer, q[:, 0], k[:, 0], v[:, 0])
    np.testing.assert_allclose(host(single), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(host(share), shares.mean(0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"add_zero_attn": True}])
def test_causal(options):
    layer = nn.MultiheadAttention(4, 2, **options)
    x = array(3, 4)
    hidden = np.triu(np.ones((3, 3), bool), 1)
    wanted, _ = reference(layer, x, x, x, hidden)
    given = (ct.tensor(x),) * 3
    for more in ({}, {"is_causal": True}):
        for weights in (True, False):
            out, _ = layer(*given, attn_mask=ct.tensor(hidden), need_weights=weights, **more)
            np.testing.assert_allclose(host(out), wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="is_causal without attn_mask"):
        layer(*given, is_causal=True)


def test_text_and_state():
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True)
    assert repr(layer) == (
        "MultiheadAttention(\n  (out_proj): NonDynamicallyQuantizableLinear("
        "in_features=4, out_features=4, bias=True)\n)"
    )
    assert sorted(layer.state_dict()) == [
        "bias_k", "bias_v", "in_proj_bias", "in_proj_weight", "out_proj.bias", "out_proj.weight",
    ]  # fmt: skip
    assert not host(layer.in_proj_bias).any()
    assert np.abs(host(layer.in_proj_weight)).max() <= (6 / 16) ** 0.5
    with pytest.raises(AssertionError, match="embed_dim is 5 and num_heads 2"):
        nn.MultiheadAttention(5, 2)
    with pytest.raises(ValueError, match="embed_dim is 0"):
        nn.MultiheadAttention(0, 2)


def test_masks_of_integers_are_refused():
    layer, x = nn.MultiheadAttention(4, 2), ct.ones(3, 1, 4)
    for name, shape in (("attn_mask", (3, 3)), ("key_padding_mask", (1, 3))):
        with pytest.raises(DTypeError, match="a mask of int64 does not say what it means"):
            layer(x, x, x, **{name: ct.ones(*shape, dtype=ct.int64)})
    with pytest.raises(DTypeError, match="a mask of int64"):
        nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=ct.ones(1, 1, dtype=ct.int64))
