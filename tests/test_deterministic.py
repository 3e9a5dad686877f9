"""Losses, attention and networks, where the same bits are asked for: by both kinds of kernels, and
of parts of a batch."""

import numpy as np
import pytest
from orders import parted, same_bits

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F
from cltensor.nn.functional import attention

LABELS = np.array([0, 3, -100, 4, 1, 1, 2, 0], np.int64)


def of_labels():
    """Losses of labels with every option, of few and many classes, of images; their gradients."""
    random = np.random.default_rng(7)
    few, many, image = (
        random.standard_normal(s).astype(np.float32) for s in ((8, 5), (8, 700), (8, 5, 3, 4))
    )
    weight = ct.tensor(random.random(5).astype(np.float32))
    pixels = ct.tensor(np.broadcast_to(LABELS[:, None, None], (8, 3, 4)).copy())
    labels = ct.tensor(LABELS)
    found = []
    for reduction in ("mean", "sum", "none"):
        for scores, given, options in (
            (few, labels, {}),
            (few, labels, {"weight": weight}),
            (few, labels, {"label_smoothing": 0.25}),
            (few, labels, {"weight": weight, "label_smoothing": 0.25}),
            (few, labels, {"ignore_index": 1}),
            (few, ct.tensor(few).softmax(1), {}),
            (many, labels, {}),
            (image, pixels, {"weight": weight}),
        ):
            if "ignore_index" in options:
                given = ct.tensor(abs(LABELS) % 100)
            x = ct.tensor(scores, requires_grad=True)
            loss = F.cross_entropy(x, given, reduction=reduction, **options)
            (loss * loss).sum().backward()
            found += [loss.detach().numpy(), x.grad.numpy()]
        x = ct.tensor(few, requires_grad=True)
        loss = F.nll_loss(x.log_softmax(1), labels, weight, reduction=reduction)
        loss.sum().backward()
        found += [loss.detach().numpy(), x.grad.numpy()]
    x = ct.tensor(many[:, :600].reshape(20, 8, 30), requires_grad=True)
    marks = ct.tensor(random.integers(1, 30, (8, 4)))
    loss = F.ctc_loss(x.log_softmax(2), marks, ct.tensor([20] * 8), ct.tensor([4, 2] * 4))
    loss.backward()
    found += [loss.detach().numpy(), x.grad.numpy()]
    x = ct.tensor(few, requires_grad=True)
    F.binary_cross_entropy(x.sigmoid(), ct.tensor(few).sigmoid()).backward()
    return [*found, x.grad.numpy(), F.one_hot(ct.tensor(abs(LABELS) % 5), 5).float().numpy()]


def test_losses(in_both_skeletons):
    usual = of_labels()
    first, second = in_both_skeletons(of_labels)
    assert same_bits(first, second)
    for x, y in zip(first, usual, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=4e-6)  # the last gradient cancels


def test_losses_at_once_and_recorded(device, deterministic, mode):
    def loss(scores, labels):
        scores = scores.detach().requires_grad_()
        F.cross_entropy(scores, labels, label_smoothing=0.125).backward()
        return scores.grad

    given = ct.tensor(np.random.default_rng(7).standard_normal((8, 5)).astype(np.float32))
    want = loss(given, ct.tensor(LABELS)).numpy()
    recorded = ct.jit(loss)
    assert all(same_bits([recorded(given, ct.tensor(LABELS)).numpy()], [want]) for _ in range(3))


def deterministic_attention():
    """Results and gradients of attention with masks, dropout, fewer heads, and of many places."""
    random = np.random.default_rng(7)
    mask = random.random((33, 40)) > 0.3
    mask[3] = False
    numbers = ct.tensor(random.standard_normal((33, 40)).astype(np.float32), requires_grad=True)
    found = []
    for shapes, options in (
        (((2, 4, 33, 8), (2, 4, 40, 8)), {}),
        (((2, 4, 33, 8), (2, 4, 33, 8)), {"is_causal": True}),
        (((2, 4, 33, 8), (2, 4, 40, 8)), {"attn_mask": ct.tensor(mask)}),
        (((2, 4, 33, 8), (2, 4, 40, 8)), {"attn_mask": numbers}),
        (((2, 4, 33, 8), (2, 4, 40, 8)), {"dropout_p": 0.25}),
        (((2, 4, 33, 8), (2, 2, 40, 8)), {"enable_gqa": True}),
        (((1, 1, 600, 4), (1, 1, 600, 4)), {"is_causal": True}),
    ):
        ct.manual_seed(4)
        q, k, v = (
            ct.tensor(random.standard_normal(shape).astype(np.float32), requires_grad=True)
            for shape in (shapes[0], shapes[1], shapes[1])
        )
        out = F.scaled_dot_product_attention(q, k, v, **options)
        out.square().sum().backward()
        found += [x.detach().numpy() for x in (out, q.grad, k.grad, v.grad)]
    return [*found, numbers.grad.numpy()]


def test_attention(in_both_skeletons, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(attention, "_is_tiled", lambda *args: False)  # whose dropout is another
        usual = deterministic_attention()
    first, second = in_both_skeletons(deterministic_attention)
    assert same_bits(first, second)
    for x, y in zip(first, usual, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_first", [True, False])
def test_half_of_a_batch_in_attention(device, deterministic, batch_first):
    """Rows of queries are cut, as 600 are, where the batch has no say."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    attend = nn.MultiheadAttention(8, 2, batch_first=batch_first)
    batch = [np.random.default_rng(7).standard_normal((4, 600, 8)).astype(np.float32)]

    def gradients(batch):
        x = layer(ct.tensor(batch[0])) if batch_first else ct.tensor(batch[0]).transpose(0, 1)
        parameters = [*attend.parameters(), *(layer.parameters() if batch_first else ())]
        for each in parameters:
            each.grad = None
        attend(x, x, x, need_weights=False)[0].square().sum().backward()
        return [each.grad.numpy() for each in parameters]

    assert same_bits(parted(gradients, batch, 2), gradients(batch))


@pytest.mark.parametrize("ranks", [2, 4])
def test_half_of_a_batch_in_gpt(device, deterministic, ranks):
    """But for the table of tokens that is the last map too, which has two gradients to add up."""
    ct.manual_seed(5)
    model = ct.models.GPT2(block_size=12, vocab_size=20, n_layer=1, n_head=2, n_embd=16)
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.detach().clone())
    tokens = np.random.default_rng(5).integers(0, 20, (8, 10))

    def gradients(batch):
        tokens, following = map(ct.tensor, batch)
        model.zero_grad()
        scores = model(tokens).flatten(0, 1)
        loss = F.cross_entropy(scores, following.flatten(), reduction="sum")
        loss.backward()
        return [each.grad.numpy() for each in model.parameters()]

    batch = tokens[:, :-1].copy(), tokens[:, 1:].copy()
    assert same_bits(parted(gradients, batch, ranks), gradients(batch))


def draws():
    ct.manual_seed(4)
    chances = ct.tensor(np.random.default_rng(7).random((4, 9)).astype(np.float32))
    found = [ct.multinomial(chances, 3), ct.poisson(20 * chances), F.gumbel_softmax(chances)]
    found.append(ct.distributions.Gamma(chances + 0.5, chances + 0.5).sample())
    found.append(F.fold(ct.randn(2, 27, 36), (8, 8), 3))
    return [each.numpy() for each in found]


def test_draws(in_both_skeletons):
    first, second = in_both_skeletons(draws)
    assert same_bits(first, second)
