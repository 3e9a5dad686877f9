"""Attention."""

import numpy as np
import pytest
from tabled import check_case, near, numbers

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn import functional as F
from cltensor.nn.functional import attention
from cltensor.testing import gradcheck, gradgradcheck

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y, z: F.scaled_dot_product_attention(x, y, z),
        [(1, 2, 3), (1, 3, 3), (1, 3, 2)],
        [[-1.7493, 0.61358, -1.7214, 0.15843]],
        [
            [-0.05735, 0.067385, -0.04349, 0.092502, -0.18152, 0.062055],
            [
                0.00879,
                0.11002,
                0.043421,
                -0.023254,
                -0.11757,
                -0.062069,
                0.014464,
                0.0075482,
                0.018648,
            ],
            [-2.6575, 0.22479, -0.80154, -0.20807, -0.040958, -0.016718],
        ],
    ),
    (
        lambda x, y, z: F.scaled_dot_product_attention(x, y, z, is_causal=True, scale=0.5),
        [(1, 3, 2), (1, 3, 2), (1, 3, 2)],
        [[-1.75, 0.75, -1.75, -0.20555, -1.2997, -0.53218]],
        [
            [0, 0, -6.322e-08, -0.19509, 0.015302, -0.16578],
            [0.28185, 0.20603, -0.27573, -0.19379, -0.0061207, -0.012241],
            [-2.4878, 0.27252, -1.3321, -0.91229, -0.18011, -0.36023],
        ],
    ),
    (
        lambda x, y, z: F.scaled_dot_product_attention(x, y, z, attn_mask=(x[..., :3] > 1)),
        [(1, 2, 3), (1, 3, 3), (1, 3, 2)],
        [[0, 0, 0, 0]],
        [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]],
    ),
    (
        lambda x, y, z: F.multi_head_attention_forward(
            x, x, x, 2, 2, y, None, None, None, False, 0.0, z, None
        ),
        [(3, 1, 2), (6, 2), (2, 2)],
        [
            [0.77703, 1.504, 0.53154, 1.2801, 1.8324, 2.3828],
            [0.0026862, 0.39742, 0.5999, 0.0083674, 0.35338, 0.63825, 0.15725, 0.18796, 0.65479],
        ],
        [
            [1.9464, -0.85803, 11.891, -4.9133, 0.62116, -13.697],
            [
                -0.25725,
                -2.1878,
                -0.067838,
                0.14867,
                9.0449,
                -3.3318,
                0.0036086,
                0.0142,
                -12.229,
                -5.8883,
                1.1186,
                2.2551,
            ],
            [2.6485, 1.9049, 1.1038, 0.37777],
        ],
    ),
    (
        lambda x, y, z: F.multi_head_attention_forward(
            x,
            y,
            y,
            2,
            1,
            None,
            z,
            None,
            None,
            True,
            0.0,
            ct.eye(2),
            None,
            True,
            ct.tensor([[False, True, False]]),
            True,
            ct.ones(2, 3) / 4,
            True,
            ct.eye(2),
            ct.eye(2),
            ct.eye(2),
        ),
        [(2, 1, 2), (3, 1, 2), (6,)],
        [
            [-2.2409, -0.26228, -2.1955, -0.32586],
            [0.99283, 0, 0.0070344, 0.00013379, 0.9565, 0, 0.043367, 0.00012889],
        ],
        [
            [-0.022508, 0.030249, 0.058427, -0.083447],
            [-3.307, 0.05356, 0, 0, -0.1946, -0.053177],
            [0.035918, -0.053198, -0.0020803, 0.00038662, -3.4995, -3.6322e-06],
        ],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_nothing_takes_part(device):
    x = ct.tensor(numbers(1, 2, 3))
    mask = ct.tensor([[True, False], [False, False]])
    for given in (mask, ct.where(mask, 0.0, float("-inf"))):
        out = F.scaled_dot_product_attention(x, x, x, attn_mask=given)
        assert out[0].tolist() == [x[0, 0].tolist(), [0, 0, 0]]


@pytest.mark.parametrize("rows", [0, 3, 70])
@pytest.mark.parametrize("shape", [(1, 0), (2, 1, 0), (0,)])
@pytest.mark.parametrize("kind", ["bool", "float32"])
def test_no_keys_give_zeros_under_any_mask(rows, shape, kind):
    q, k = (ct.ones(2, n, 4, requires_grad=True) for n in (rows, 0))
    v, mask = ct.ones(2, 0, 5, requires_grad=True), ct.ones(shape).to(getattr(ct, kind))
    out = F.scaled_dot_product_attention(q, k, v, mask)
    assert out.shape == (2, rows, 5)
    assert not out.any()
    out.sum().backward()
    assert not q.grad.any()
    assert [x.grad.shape for x in (k, v)] == [k.shape, v.shape]


def test_fewer_heads_of_keys(device):
    q, k = ct.tensor(numbers(1, 4, 2, 3)), ct.tensor(numbers(1, 2, 2, 3))
    out = F.scaled_dot_product_attention(q, k, k, enable_gqa=True)
    several = k.repeat_interleave(2, 1)
    assert out.tolist() == F.scaled_dot_product_attention(q, several, several).tolist()


def test_what_does_not_fit(device):
    x = ct.ones(1, 2, 3)
    with pytest.raises(ValueError, match="attn_mask with is_causal"):
        F.scaled_dot_product_attention(x, x, x, ct.ones(2, 2), is_causal=True)
    with pytest.raises(ShapeError, match="scaled_dot_product_attention: query has shape"):
        F.scaled_dot_product_attention(x, ct.ones(1, 2, 4), x)
    with pytest.raises(ShapeError, match=r"attention: attn_mask has shape \(3, 2\), the scores"):
        F.scaled_dot_product_attention(x, x, x, ct.ones(3, 2))


@pytest.mark.parametrize("length", [2, 20])
@pytest.mark.parametrize(
    ("heads", "few", "grouped"), [(6, 4, True), (2, 4, True), (4, 0, True), (4, 2, False)]
)
def test_heads_that_do_not_fit(length, heads, few, grouped):
    q, k = ct.ones(1, heads, length, 3), ct.ones(1, few, length, 3)
    found = f"with {heads}, {few} and {few} heads, and enable_gqa is {grouped}"
    with pytest.raises(ShapeError, match=f"^scaled_dot_product_attention: .*{found}"):
        F.scaled_dot_product_attention(q, k, k, enable_gqa=grouped)


@pytest.mark.parametrize("length", [2, 20])
@pytest.mark.parametrize(
    ("q", "k", "v", "grouped"),
    [
        ((2,), (3,), (3,), False),
        ((2, 4), (3, 2), (3, 2), True),
        ((), (), (), True),
        ((2,), (2,), (3,), False),
    ],
)
def test_batches_that_do_not_fit(length, q, k, v, grouped):
    given = [ct.ones(*batch, length, 3) for batch in (q, k, v)]
    with pytest.raises(ShapeError, match="^scaled_dot_product_attention: query has shape"):
        F.scaled_dot_product_attention(*given, enable_gqa=grouped)


@pytest.mark.parametrize("length", [2, 20])
def test_probabilities_that_are_none(length):
    x = ct.ones(length, 3)
    with pytest.raises(ValueError, match="^scaled_dot_product_attention: dropout_p is -0.1"):
        F.scaled_dot_product_attention(x, x, x, dropout_p=-0.1)
    with pytest.raises(DTypeError, match="^scaled_dot_product_attention: dropout_p is 'a'"):
        F.scaled_dot_product_attention(x, x, x, dropout_p="a")


@pytest.mark.parametrize("length", [2, 20])
def test_rows_without_elements_weigh_all_alike(length):
    q, k, v = drawn(2, length, 0), drawn(2, 4, 0), drawn(2, 4, 3)
    out = F.scaled_dot_product_attention(q, k, v)
    expected = np.broadcast_to(v.detach().numpy().mean(1, keepdims=True), (2, length, 3))
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-6)
    out.sum().backward()
    np.testing.assert_allclose(v.grad.numpy(), np.full((2, 4, 3), length / 4), rtol=1e-6)
    assert q.grad.shape == (2, length, 0)


def test_masks_of_heads(device):
    x = ct.tensor(numbers(2, 1, 2))
    weights = (
        ct.tensor(numbers(6, 2)),
        ct.zeros(6),
        None,
        None,
        False,
        0.0,
        ct.eye(2),
        ct.zeros(2),
    )
    mask = ct.tensor([[[False, True], [False, False]]] * 2)
    one, share = F.multi_head_attention_forward(
        x, x, x, 2, 2, *weights, attn_mask=mask, average_attn_weights=False
    )
    assert share.shape == (1, 2, 2, 2)
    assert share[0, :, 0].tolist() == [[1, 0], [1, 0]]
    same, none = F.multi_head_attention_forward(
        x[:, 0], x[:, 0], x[:, 0], 2, 2, *weights, attn_mask=mask, need_weights=False
    )
    assert none is None
    near(same, one.numpy().ravel())
    with pytest.raises(ShapeError, match="in_proj_weight has shape"):
        F.multi_head_attention_forward(x, x, x, 2, 2, ct.ones(2, 2), *weights[1:])


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of two rows of query, so that short sequences have several."""
    monkeypatch.setattr(attention, "_FEW", 1 << 40)
    monkeypatch.setattr(attention, "_WHOLE", 0)
    monkeypatch.setattr(attention, "_SCORES", 1)
    monkeypatch.setattr(attention, "_LEAST", 2)


def drawn(*shape, dtype=ct.float32):
    values = np.random.default_rng(sum(shape)).standard_normal(shape)
    return ct.tensor(values, dtype=dtype, requires_grad=True)


def wanted(q, k, v, allowed):
    """Attention in NumPy, in float64."""
    q, k, v = (x.detach().numpy().astype("float64") for x in (q, k, v))
    scores = np.where(allowed, q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]), -np.inf)
    weights = np.exp(scores - np.maximum(scores.max(-1, keepdims=True), -1e30))
    return weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300) @ v


def test_blocks_of_rows(small_blocks):
    q, k, v = drawn(3, 2, 5, 7), drawn(3, 2, 9, 7), drawn(3, 2, 9, 3)
    out = F.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(out.detach().numpy(), wanted(q, k, v, True), rtol=1e-4, atol=1e-6)
    with ct.no_grad():
        out = F.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(out.numpy(), wanted(q, k, v, True), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("count", [3, 5, 9])
def test_blocks_of_rows_causal(small_blocks, count):
    q, k, v = drawn(2, 5, 7), drawn(2, count, 7), drawn(2, count, 3)
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True).detach().numpy()
    allowed = np.tril(np.ones((5, count), bool))
    np.testing.assert_allclose(out, wanted(q, k, v, allowed), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 9), (2, 1, 5, 9), (3, 1, 9), (9,), (5, 1)])
def test_blocks_of_rows_under_masks(small_blocks, shape):
    q, k, v = drawn(2, 3, 5, 7), drawn(2, 3, 9, 7), drawn(2, 3, 9, 4)
    mask = np.random.default_rng(0).random(shape) < 0.5
    if shape[-2:] == (5, 9):
        mask[..., 3, :] = False  # nothing takes part
    expected = wanted(q, k, v, mask)
    out = F.scaled_dot_product_attention(q, k, v, ct.tensor(mask))
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    added = ct.tensor(np.where(mask, 0, -np.inf).astype("float32"))
    out = F.scaled_dot_product_attention(q, k, v, added)
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    out.sum().backward()
    assert not np.isnan(q.grad.numpy()).any()


def test_blocks_of_grouped_heads(small_blocks):
    q, k, v = drawn(2, 4, 5, 3), drawn(2, 2, 5, 3), drawn(2, 2, 5, 3)
    out = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    k, v = (ct.tensor(x.detach().numpy().repeat(2, 1)) for x in (k, v))
    np.testing.assert_allclose(out.detach().numpy(), wanted(q, k, v, True), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("causal", [False, True])
def test_derivatives_of_blocks(fp64, small_blocks, causal):
    args = [drawn(1, n, 2, dtype=ct.float64) for n in (3, 4, 4)]

    def call(q, k, v, mask=None):
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)

    if not causal:
        args.append(drawn(3, 4, dtype=ct.float64))
    assert gradcheck(call, args)
    assert gradgradcheck(call, args)


def test_dropout_of_blocks_is_the_same_in_backward(fp64, small_blocks):
    args = [drawn(1, 5, 2, dtype=ct.float64) for _ in range(3)]

    def call(*args):
        ct.manual_seed(3)
        return F.scaled_dot_product_attention(*args, dropout_p=0.5)

    assert (call(*args).detach() != call(*args[:2], 2 * args[2]).detach()).any()
    assert gradcheck(call, args)


def test_blocks_replayed(small_blocks):
    q, k, v = drawn(2, 5, 3), drawn(2, 5, 3), drawn(2, 5, 3)

    def step(x):
        out = F.scaled_dot_product_attention(q * x, k, v, dropout_p=0.5)
        return [out.detach(), *ct.autograd.grad(out.sum(), [q, k, v])]

    replayed = ct.jit(step)
    for scale in (1, 2, 3, 4):
        x = ct.tensor([float(scale)])
        found = []
        for call in (step, replayed):
            ct.manual_seed(scale)
            found.append([r.numpy() for r in call(x)])
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_blocks_inside_vmap(small_blocks):
    q, k, v = (drawn(3, 5, 2).detach() for _ in range(3))
    found = ct.func.vmap(F.scaled_dot_product_attention)(q, k, v)
    expected = F.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


def tiles_are_used(q, k, v, *more, **options):
    """The result, which kernels of attention computed."""
    found = ct.explain(lambda: F.scaled_dot_product_attention(q, k, v, *more, **options).realize())
    assert "attention_" in str(found)
    return F.scaled_dot_product_attention(q, k, v, *more, **options)


def test_tiles(device):
    q, k, v = drawn(2, 4, 20, 8), drawn(2, 2, 30, 8), drawn(2, 2, 30, 8)
    out = tiles_are_used(q, k, v, is_causal=True, enable_gqa=True)
    several = [ct.tensor(x.detach().numpy().repeat(2, 1)) for x in (k, v)]
    causal = np.tril(np.ones((20, 30), bool))
    expected = wanted(q, *several, causal)
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    out = F.scaled_dot_product_attention(
        q.bfloat16(), *[x.bfloat16() for x in several], ct.tensor(causal)
    )
    assert out.dtype is ct.bfloat16
    np.testing.assert_allclose(out.float().detach().numpy(), expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("empty", [(0, 20, 30), (2, 0, 30), (2, 20, 0)])
def test_nothing(device, empty):
    batch, length, count = empty
    q, k, v = drawn(batch, length, 8), drawn(batch, count, 8), drawn(batch, count, 5)
    out = F.scaled_dot_product_attention(q, k, v)
    assert out.shape == (batch, length, 5)
    assert not out.detach().numpy().any()
    out.sum().backward()
    assert not k.grad.numpy().any()


def test_masks_that_learn(device):
    """No tiles then: the gradient is as large as the weights."""
    q, k, v, mask = drawn(20, 8), drawn(30, 8), drawn(30, 8), drawn(20, 30)
    F.scaled_dot_product_attention(q, k, v, mask).square().sum().backward()
    assert mask.grad.shape == (20, 30)
    q.grad = None
    F.scaled_dot_product_attention(q, k, v, mask.detach()).square().sum().backward()


def test_replays_draw_other_zeros(device):
    q, k, v = drawn(2, 20, 8), drawn(2, 30, 8), drawn(2, 30, 8)

    def step(x):
        out = F.scaled_dot_product_attention(q * x, k, v, dropout_p=0.5)
        return [out.detach(), *ct.autograd.grad(out.square().sum(), [q, k, v])]

    replayed = ct.jit(step)
    for scale in (1, 2, 3, 4):
        found = []
        for call in (step, replayed):
            ct.manual_seed(scale)
            found.append([r.numpy() for r in call(ct.tensor([float(scale)]))])
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="scaled_dot_product_attention"):
        F.scaled_dot_product_attention(q, k, v, dropout_p=1.5)


def peak_of_backward(*shape, mask=None, dtype="float32"):
    """The most memory that forward and backward take, beside the operands; mask: the shape of one
    that learns."""
    shapes = [shape] * 3 + ([] if mask is None else [mask])
    leaves = [ct.randn(*s).to(dtype).requires_grad_() for s in shapes]
    pool = leaves[0].device.pool

    def peak():
        for x in leaves:
            x.grad = None
        pool.reset_peak()
        before = pool.in_use
        F.scaled_dot_product_attention(*leaves).sum().backward()
        for x in leaves:
            x.grad.realize()
        return pool.peak - before

    peak()
    return peak()


def test_long_sequences_take_little_memory():
    assert peak_of_backward(1, 2048, 8) < 2048 * 2048 * 4 / 8


def test_blocks_of_long_sequences_take_little_memory(monkeypatch):
    monkeypatch.setattr(attention, "_FEW", 1 << 40)
    assert peak_of_backward(2, 2048, 8) < 2 * 2048 * 2048 * 4  # less than the scores alone


@pytest.mark.parametrize(("dtype", "plain"), [("float32", 3), ("float16", 3.5)])
def test_masks_that_learn_take_little_memory(dtype, plain):
    """A quarter of the plain product's, which has `plain` times what the scores take in float32."""
    peak = peak_of_backward(4, 2048, 8, mask=(2048, 2048), dtype=dtype)
    assert peak < plain * 4 * 2048 * 2048 * 4 / 4


def test_a_batch_of_gradients_of_blocks(small_blocks):
    q, k, v, mask = (x.detach() for x in (drawn(5, 2), drawn(5, 2), drawn(5, 3), drawn(5, 5)))
    _, back = ct.func.vjp(F.scaled_dot_product_attention, q, k, v, mask)
    g = ct.tensor(np.random.default_rng(2).standard_normal((3, 5, 3)), dtype="float32")
    for i, each in enumerate(zip(*ct.func.vmap(back)(g), strict=True)):
        for a, b in zip(each, back(g[i]), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)
