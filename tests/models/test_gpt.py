"""GPT-2: published names, shapes and scores; checkpoints of either kind; writing."""

import numpy as np
import pytest
from model_checks import assert_published, assert_scores, made

import cltensor as ct

SMALL = {"block_size": 12, "vocab_size": 20, "n_layer": 2, "n_head": 2, "n_embd": 16}
TOKENS = np.random.default_rng(5).integers(0, 20, (2, 9))


def test_names_and_shapes():
    assert_published("gpt2", "0a9ab2204a7b95fe", 124439808)


def test_scores_are_pytorchs():
    scores = [0.230811, 2.06278, -0.135031, -0.941268]
    assert_scores(made("gpt2", **SMALL), TOKENS, scores)


def test_checkpoints_of_hugging_face():
    source, model = made("gpt2", **SMALL), ct.models.gpt2(**SMALL)
    wanted = source.state_dict()
    given = {"h.0.attn.bias": ct.ones(1, 1, 12, 12), "h.1.attn.masked_bias": ct.tensor(-1e4)}
    for name, value in wanted.items():
        if name != "lm_head.weight":
            turned = ".h." in name and value.ndim == 2
            given[name.removeprefix("transformer.")] = value.T if turned else value
    assert given["h.0.attn.c_attn.weight"].shape == (16, 48)
    model.load_state_dict(given)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), wanted[name].numpy(), err_msg=name)
    with pytest.raises(ct.StateError, match=r"Missing key.*transformer\.wpe\.weight"):
        model.load_state_dict({n: v for n, v in given.items() if n != "wpe.weight"})


def test_it_writes():
    ct.manual_seed(0)
    model = ct.models.gpt2(**SMALL).eval()
    start = ct.tensor(TOKENS)
    found = model.generate(start, 6, temperature=0.9, top_k=3)
    assert found.shape == (2, 15)
    assert found[:, :9].tolist() == TOKENS.tolist()
    assert 0 <= found.min().item() <= found.max().item() < 20
    first = model(start)[:, -1].argmax(-1)
    assert model.generate(start, 1, top_k=1)[:, -1].tolist() == first.tolist()
    assert model.generate(start, 1).shape == (2, 10)


def test_too_many_tokens_are_refused_by_name():
    with pytest.raises(ct.ShapeError, match="13 tokens, and it has 12 places"):
        made("gpt2", **SMALL)(ct.zeros((1, 13), dtype=ct.int64))
