"""Attention in tiles, beside float64 in NumPy and beside the plain formula."""

import numpy as np
import pytest
from draws import cases, generator
from draws import drawn as shown
from subsets import check_subsets

import cltensor as ct
from cltensor.ops.network import attention_launch
from cltensor.ops.network.attention import attention, fits, weights
from cltensor.selftest.references import attention as exact_attention
from cltensor.testing import gradgradcheck


def drawn(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def operands(q, k, v, dtype="float32"):
    given = [drawn(*shape, seed=i) for i, shape in enumerate((q, k, v))]
    return [ct.tensor(x, dtype=dtype, requires_grad=True) for x in given]


def check(q, k, v, mask=None, causal=False, group=1, dtype="float32", tolerance=3e-6):
    """Compare the result and all gradients, for operands of these shapes or for tensors."""
    tensors = operands(q, k, v, dtype) if isinstance(q, tuple) else [q, k, v]
    given = None if mask is None else ct.tensor(mask)
    assert fits(*tensors, given, group, 0.0)
    out = attention(*tensors, given, causal, group, tensors[0].shape[-1] ** -0.5, 0.0)
    g = drawn(*out.shape, seed=9)
    found = [out.detach(), *ct.autograd.grad(out, tensors, ct.tensor(g, dtype=dtype))]
    wanted = exact_attention(*[x.detach().numpy() for x in tensors], g, mask, causal, group)
    for a, b in zip(found, wanted, strict=True):
        shape = a.shape
        while b.ndim > len(shape):
            b = b.sum(0)
        axes = tuple(i for i, n in enumerate(shape) if n == 1 and b.shape[i] != 1)
        b = b.sum(axes, keepdims=True)
        assert shape == b.shape
        np.testing.assert_allclose(a.numpy(), b, rtol=tolerance, atol=tolerance * 5)


#: No size a whole number of tiles.
ODD = (1, 2, 70, 7), (1, 2, 37, 7), (1, 2, 37, 5)


@pytest.mark.parametrize("causal", [False, True])
def test_results_and_gradients(skeleton, causal, registers):
    check((2, 3, 100, 8), (2, 3, 70, 8), (2, 3, 70, 8), causal=causal)
    check((20, 8), (90, 8), (90, 8), causal=causal)
    check((2, 1, 8), (2, 1, 8), (2, 1, 8), causal=causal)


def test_odd_sizes(skeleton, registers):
    check(*ODD, causal=True)


@pytest.mark.thorough
def test_wide_heads(device):
    check((2, 64, 32), (2, 64, 32), (2, 64, 32))


@pytest.mark.thorough
@pytest.mark.parametrize("width", [32, 64, 80, 96, 128, 200])
def test_wide_heads_on_gpus(device, use_skeletons, width):
    use_skeletons("gpu")
    check((2, 70, width), (2, 90, width), (2, 90, width), causal=True)
    check((1, 70, width), (1, 90, width), (1, 90, 40))


def test_rows_that_begin_anywhere_on_gpus(device, use_skeletons):
    """Views of rows: at whole vectors, and one element further."""
    use_skeletons("gpu")
    for start in (4, 5):
        x = [ct.tensor(drawn(2, 70, 3, 13, seed=i), dtype="float32") for i in range(3)]
        views = [t[..., start : start + 8].swapaxes(1, 2).requires_grad_() for t in x]
        check(*views, causal=True)


@pytest.mark.parametrize("dtype", [ct.float16, ct.bfloat16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize("width", [8, 7])
def test_floats_of_16_bits_on_gpus(device, use_skeletons, dtype, width):
    use_skeletons("gpu")
    given = [x.detach().to(dtype) for x in operands(*[(2, 3, 70, width)] * 3)]
    halves = [x.requires_grad_() for x in given]
    mask = ct.tensor(drawn(70, 70), dtype=dtype)
    assert fits(*halves, mask, 1, 0.0)
    out = attention(*halves, mask, False, 1, 0.3, 0.0)
    g = ct.tensor(drawn(*out.shape), dtype=dtype)
    found = [out, *ct.autograd.grad(out, halves, g)]
    wide = [x.detach().float().requires_grad_() for x in halves]
    want = attention(*wide, mask.float(), False, 1, 0.3, 0.0)
    wanted = [want, *ct.autograd.grad(want, wide, g.float())]
    tolerance = 2**-8 if dtype == ct.bfloat16 else 2**-10
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == dtype
        error = (a.detach().float() - b.detach()).abs().max()
        assert float(error) <= 4 * tolerance * float(b.detach().abs().max())


@pytest.mark.thorough
def test_float64(fp64, skeleton):
    check(*ODD, causal=True, dtype="float64", tolerance=1e-13)


@pytest.mark.thorough
@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize("shape", [(70, 37), (37,), (70, 1), (2, 1, 70, 37), (2, 1, 1, 37)])
def test_masks_broadcast(device, shape, adds, registers):
    mask = np.random.default_rng(1).random(shape) < 0.6
    if shape[-2:] == (70, 37):
        mask[..., 3, :] = False  # nothing takes part
    if adds:
        mask = np.where(mask, drawn(*shape), -np.inf).astype("float32")
    check((2, 3, 70, 8), (2, 3, 37, 8), (2, 3, 37, 8), mask)


@pytest.mark.thorough
@pytest.mark.parametrize("adds", [False, True])
def test_masks_on_gpus(device, use_skeletons, adds):
    use_skeletons("gpu")
    test_masks_broadcast(device, (2, 1, 70, 37), adds, None)


def test_batches_broadcast(device):
    check((2, 1, 20, 8), (3, 17, 8), (1, 3, 17, 8))


@pytest.mark.parametrize("causal", [False, True])
def test_grouped_heads(skeleton, causal):
    check((2, 6, 40, 8), (2, 2, 50, 8), (2, 2, 50, 8), causal=causal, group=3)


def test_nothing_hidden_takes_part(skeleton):
    q, k, v = operands((1, 20, 8), (1, 40, 8), (1, 40, 8))
    mask = ct.ones(20, 40, dtype="bool")
    mask[:, 17:] = False
    out = attention(q, k, v, mask, False, 1, 0.3, 0.0)
    few = attention(q, k[:, :17], v[:, :17], None, False, 1, 0.3, 0.0)
    np.testing.assert_allclose(out.detach().numpy(), few.detach().numpy(), rtol=1e-5, atol=1e-6)
    mask[4] = False
    out = attention(q, k, v, mask, False, 1, 0.3, 0.0)
    assert not out[:, 4].any()
    found = ct.autograd.grad(out.sum(), [q, k, v])
    assert all(bool(x.isfinite().all()) for x in found)
    assert not any(x.any() for x in (found[0][:, 4], found[1][:, 17:], found[2][:, 17:]))


def test_large_scores_and_nan(device):
    q, k, v = (ct.tensor(x.detach().numpy()) for x in operands((1, 20, 8), (1, 40, 8), (1, 40, 8)))
    out = attention(q * 1e4, k, v, None, False, 1, 1.0, 0.0)
    best = (q @ k.mT).argmax(-1)[0]
    np.testing.assert_allclose(out[0].numpy(), v[0][best].numpy(), rtol=1e-4)
    q[0, 3, 0] = float("nan")
    out = attention(q, k, v, None, False, 1, 1.0, 0.0)
    assert bool(out[0, 3].isnan().all())
    assert bool(out[0, 4:].isfinite().all())


def test_memory_order_is_that_of_the_operands(device):
    """Heads that are parts of rows need no copy, before or after."""
    x = [ct.tensor(drawn(2, 20, 24, seed=i), dtype="float32", requires_grad=True) for i in range(3)]
    q, k, v = (t.reshape(2, 20, 3, 8).swapaxes(1, 2) for t in x)
    check(q, k, v, causal=True)
    out = attention(q.detach(), k.detach(), v.detach(), None, True, 1, 0.3, 0.0)
    assert out.strides == (480, 8, 24, 1)
    turned = [
        ct.tensor(drawn(2, 8, 20, seed=i), dtype="float32").swapaxes(1, 2).requires_grad_()
        for i in range(3)
    ]
    check(*turned)


def test_shared_heads_add_up(device, monkeypatch):
    """Work-items that share a head's queries have gradients of their own, which are added."""
    monkeypatch.setattr(attention_launch, "_parts", lambda *args: 3)
    for causal in (False, True):
        check((1, 2, 200, 8), (1, 2, 40, 8), (1, 2, 40, 8), causal=causal)
        check((200, 8), (40, 8), (40, 8), causal=causal)


def test_results_repeat_bit_for_bit(device):
    q, k, v = operands((1, 2, 130, 8), (1, 2, 130, 8), (1, 2, 130, 8))

    def call():
        out = attention(q, k, v, None, True, 1, 0.25, 0.0)
        return [out, *ct.autograd.grad(out.square().sum(), [q, k, v])]

    for a, b in zip(call(), call(), strict=True):
        assert ct.equal(a, b)


def keep_of(shape, seed, p):
    """The zeros of a call with that seed, by way of values that are the identity."""
    q = ct.zeros(*shape[:-1], 8)
    v = ct.eye(shape[-1]).expand(*shape[:-2], -1, -1)
    ct.manual_seed(seed)
    return attention(q, q.new_zeros(*shape[:-2], shape[-1], 8), v, None, False, 1, 1.0, p)


def test_dropout(skeleton):
    shape = (2, 3, 40, 30)
    found = keep_of(shape, 5, 0.25).numpy() * 30
    assert set(np.unique(found.round(4))) == {0, np.float32(4 / 3).round(4)}
    assert abs((found == 0).mean() - 0.25) < 0.03
    assert (found == keep_of(shape, 5, 0.25).numpy() * 30).all()
    assert (found != keep_of(shape, 6, 0.25).numpy() * 30).any()
    for axis in range(4):  # no two heads, rows or columns have the same
        assert (np.diff(found, axis=axis) != 0).any(axis).mean() > 0.3
    assert not keep_of(shape, 5, 1.0).any()


def test_dropout_is_the_same_in_backward(skeleton, registers):
    shapes = (2, 3, 40, 8), (2, 3, 30, 8), (2, 3, 30, 8)
    keep = keep_of((2, 3, 40, 30), 7, 0.5).numpy() * 30
    tensors = operands(*shapes)
    ct.manual_seed(7)
    out = attention(*tensors, None, True, 1, 8**-0.5, 0.5)
    g = drawn(*out.shape)
    found = [out.detach(), *ct.autograd.grad(out, tensors, ct.tensor(g, dtype="float32"))]
    wanted = exact_attention(*[x.detach().numpy() for x in tensors], g, None, True, keep=keep)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-5, atol=2e-5)


@pytest.mark.parametrize("dropped", [0.0, 0.4])
def test_second_derivatives(fp64, dropped):
    tensors = operands((1, 4, 3, 2), (1, 2, 4, 2), (1, 2, 4, 2), "float64")
    mask = ct.tensor(np.random.default_rng(3).random((3, 4)) < 0.7)

    def call(*args):
        ct.manual_seed(1)
        return attention(*args, mask, False, 2, 0.7, dropped)

    assert gradgradcheck(call, tensors)
    out = call(*tensors)
    g = ct.tensor(drawn(*out.shape), dtype="float64")
    tiled = ct.autograd.grad(out, tensors, g, retain_graph=True)
    plain = ct.autograd.grad(out, tensors, g, create_graph=True)
    for a, b in zip(tiled, plain, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-13)


def test_batches_of_vmap(device):
    q, k, v = (x.detach() for x in operands((3, 20, 8), (3, 2, 17, 8), (2, 17, 8)))

    def call(q, k):
        return attention(q, k, v, None, True, 1, 0.3, 0.0)

    found = ct.func.vmap(call)(q, k)
    for i in range(3):
        np.testing.assert_allclose(found[i].numpy(), call(q[i], k[i]).numpy(), rtol=1e-5, atol=1e-6)
    rows = ct.func.vmap(lambda q, k: ct.func.grad(lambda q: call(q, k).square().sum())(q))(q, k)
    alone = ct.func.grad(lambda q: call(q, k[1]).square().sum())(q[1])
    np.testing.assert_allclose(rows[1].numpy(), alone.numpy(), rtol=1e-5, atol=1e-6)


@cases
def test_some_operands_are_batches_of_vmap(skeleton, case):
    rng = generator(case)
    length, count, depth, width = (int(n) for n in rng.integers(1, (40, 40, 10, 10)))
    heads = [(), (2,), (2, 4), (1, 2)][rng.integers(4)]
    group = 2 if heads and rng.integers(2) else 1
    few = (*heads[:-1], heads[-1] // group) if group > 1 else heads[int(rng.integers(2)) :]
    masks = (length, count), (count,), (length, 1), (*heads, length, count)
    made = [(*heads, length, depth), (*few, count, depth), (*few, count, width)]
    found = shown(shapes=made, group=group, causal=bool(rng.integers(2)), adds=rng.integers(3))
    given = [ct.tensor(drawn(*shape, seed=i), dtype="float32") for i, shape in enumerate(made)]
    if found["adds"] < 2 and not found["causal"]:
        mask = rng.random(masks[rng.integers(4)]) < 0.7
        added = np.where(mask, rng.standard_normal(mask.shape), -np.inf).astype("float32")
        given.append(ct.tensor(added if found["adds"] else mask))

    def call(q, k, v, mask=None):
        assert fits(q, k, v, mask, group, 0.0)
        return attention(q, k, v, mask, found["causal"], group, 0.4, 0.0)

    check_subsets(rng, call, given, fixed=(3,))


@pytest.mark.filterwarnings("ignore:vmap. attention_backward has no way")
def test_a_batch_of_gradients_meets_the_same_zeros(skeleton):
    tensors = [x.detach() for x in operands((2, 3, 20, 4), (2, 3, 17, 4), (2, 3, 17, 5))]
    _, back = ct.func.vjp(lambda *x: attention(*x, None, True, 1, 0.5, 0.4), *tensors)
    g = ct.tensor(drawn(3, 2, 3, 20, 5), dtype="float32")
    for i, each in enumerate(zip(*ct.func.vmap(back)(g), strict=True)):
        assert [x.tolist() for x in each] == [x.tolist() for x in back(g[i])]


def test_what_does_not_fit(device):
    q, k, v = operands((2, 4, 3), (2, 5, 3), (2, 5, 3))
    assert fits(q, k, v, None, 1, 0.0)
    assert not fits(q, k.half(), v, None, 1, 0.0)
    assert not fits(q, k[:, :0], v[:, :0], None, 1, 0.0)
    assert not fits(q, k, v, ct.zeros(4, 5, requires_grad=True), 1, 0.0)
    assert not fits(q, k, v, ct.zeros(7, 2, 4, 5), 1, 0.0)
    assert not fits(q, k, v[:, :4], None, 1, 0.0)
    assert not fits(q, *[ct.ones(3, 5, 3)] * 2, None, 1, 0.0)
    wide = ct.ones(2, 4, 1 << 20)
    assert not fits(wide, wide, wide, None, 1, 0.0)


def test_weights_as_a_whole(device):
    q, k, _ = (x.detach() for x in operands((3, 2), (4, 2), (4, 2)))
    found = weights(q, k, ct.tensor([[False] * 4, [True] * 4, [True] * 4]), None, 0.5).sum(-1)
    np.testing.assert_allclose(found.numpy(), [0, 1, 1], rtol=1e-6)
