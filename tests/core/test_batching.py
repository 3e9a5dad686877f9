"""What operations do with tensors inside vmap."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.core.batching import moved
from cltensor.core.op import OPERATIONS, Op
from cltensor.func import grad, vmap

x = ct.arange(24, dtype="float32").reshape(2, 3, 4)


def beside_a_loop(function, *args, in_dims=0):
    """vmap(function), the same as one example after another, without a loop of its own."""
    got = vmap(function, in_dims=in_dims)(*args)
    dims = in_dims if isinstance(in_dims, tuple) else (in_dims,) * len(args)
    count = next(a.shape[d] for a, d in zip(args, dims, strict=True) if d is not None)
    for k in range(count):
        one = function(*[
            a if d is None else a.movedim(d, 0)[k] for a, d in zip(args, dims, strict=True)
        ])  # fmt: skip
        for g, w in zip(*[y if isinstance(y, tuple) else (y,) for y in (got, one)], strict=True):
            assert g.dtype == w.dtype
            np.testing.assert_allclose(g[k].numpy(), w.numpy(), rtol=1e-5, atol=1e-5)
    return got


@pytest.mark.parametrize("function", [
    lambda a: a.sum(),
    lambda a: a.sum(0),
    lambda a: a.sum((-1,), keepdim=True),
    lambda a: a.prod(1) + a.amax(1) - a.min(),
    lambda a: a.argmax(),
    lambda a: a.argmin(keepdim=True),
    lambda a: a.argmax(-1, keepdim=True),
    lambda a: a[0, 0].sum(),
    lambda a: a[0, 0].softmax(0) + a[0, 0].logsumexp(-1),
    lambda a: a.permute(1, 0).flip(0),
    lambda a: a.expand(2, 3, 4),
    lambda a: a[0].expand(3, 4) + a,
    lambda a: a.diagonal(1),
    lambda a: ct.diag_embed(a[0]),
    lambda a: a.unfold(1, 2, 1),
    lambda a: tuple(a.split([1, 2])),
    lambda a: ct.cat([a, a.new_zeros(1, 4)]),
    lambda a: F.pad(a, (1, 2)),
    lambda a: tuple(a.sort(0, descending=True)),
    lambda a: tuple(a.max(1)),
    lambda a: tuple(ct.var_mean(a, 1)),
    lambda a: a.view(-1).contiguous().clone().reshape(4, 3),
    lambda a: a.to(ct.int32) // 2,
    lambda a: ct.einsum("ij,kj->ik", a, a),
    lambda a: ct.fft.rfft(a).abs(),
    lambda a: F.one_hot(a[0].long() % 5, 5),
    lambda a: ct.searchsorted(a[0], a * 0.9),
    lambda a: a.median(1).values + a.median(),
])  # fmt: skip
def test_one_operand(function):
    beside_a_loop(function, x)
    beside_a_loop(function, x.movedim(0, 2), in_dims=-1)


def test_operands_broadcast_as_those_of_an_example():
    row, column = x[:, 0], x[:, :, 0]
    beside_a_loop(lambda a, b: a + b, x, row)  # (3, 4) and (4,)
    beside_a_loop(lambda a, b: a + b[:, None], x, column)
    beside_a_loop(lambda a, b: a * b, row, ct.ones(5, 1), in_dims=(0, None))
    beside_a_loop(lambda a, b: ct.where(a > 2, b, a), x, column[:, 0])


@pytest.mark.skipif(not ct.device().fp64, reason="the device has no float64")
def test_dtypes_promote_as_those_of_an_example():
    wide = ct.tensor([1.5, 2.5], dtype="float64")
    assert vmap(lambda a, s: a * s)(x, wide).dtype == ct.float32  # s has no dimensions
    assert vmap(lambda a, s: a * s, (0, None))(x, wide[0]).dtype == ct.float32
    assert vmap(lambda s, t: s * t, (0, None))(x[:, 0, 0], wide[0]).dtype == ct.float64
    assert vmap(lambda a, s: a + s)(x.long(), x[:, 0, 0]).dtype == ct.float32
    beside_a_loop(lambda s, t: s * t, x[:, 0, 0], wide)


@pytest.mark.parametrize("in_dims", [(0, 0), (0, None), (None, 0)])
@pytest.mark.parametrize("shapes", [
    ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)),
])  # fmt: skip
def test_products(shapes, in_dims):
    a, b = [ct.randn(*((2,) if d == 0 else ()), *s) for s, d in zip(shapes, in_dims, strict=True)]
    beside_a_loop(ct.matmul, a, b, in_dims=in_dims)


@pytest.mark.parametrize("in_dims", [(0, 0), (0, None), (None, 0)])
def test_layers(in_dims):
    def given(*shapes):
        return [
            ct.randn(*((2,) if d == 0 else ()), *s) for s, d in zip(shapes, in_dims, strict=True)
        ]

    beside_a_loop(F.linear, *given((4,), (5, 4)), in_dims=in_dims)
    beside_a_loop(F.linear, *given((3, 4), (5, 4)), in_dims=in_dims)
    for groups in (1, 2):
        beside_a_loop(
            lambda a, w, groups=groups: F.conv2d(a, w, groups=groups, padding=1),
            *given((2, 4, 5, 5), (6, 4 // groups, 3, 3)), in_dims=in_dims,
        )  # fmt: skip
        beside_a_loop(
            lambda a, w, groups=groups: F.conv_transpose2d(a, w, groups=groups, stride=2),
            *given((2, 4, 3, 3), (4, 3, 2, 2)), in_dims=in_dims,
        )  # fmt: skip
    beside_a_loop(lambda a, w: F.conv1d(a, w), *given((2, 3, 6), (4, 3, 2)), in_dims=in_dims)
    beside_a_loop(
        lambda a, w: F.layer_norm(a, (4,), w, w + 1), *given((3, 4), (4,)), in_dims=in_dims
    )
    beside_a_loop(
        lambda a, w: F.batch_norm(a, None, None, w, w * 2, training=True),
        *given((5, 3, 4), (3,)), in_dims=in_dims,
    )  # fmt: skip
    beside_a_loop(F.embedding, ct.tensor([[0, 2], [1, 1]]), *given((), (3, 4))[1:],
                  in_dims=(0, in_dims[1]))  # fmt: skip


@pytest.mark.parametrize("in_dims", [(0, 0), (0, None), (None, 0)])
def test_linear_algebra(in_dims):
    a = ct.randn(*((2,) if in_dims[0] == 0 else ()), 3, 3) + 3 * ct.eye(3)
    b = ct.randn(*((2,) if in_dims[1] == 0 else ()), 3, 2)
    beside_a_loop(ct.linalg.solve, a, b, in_dims=in_dims)
    beside_a_loop(lambda a, b: ct.linalg.lstsq(a, b).solution, a, b, in_dims=in_dims)
    if in_dims == (0, 0):
        beside_a_loop(lambda a: ct.linalg.inv(a) @ ct.linalg.cholesky(a @ a.mT), a)
        beside_a_loop(lambda a: ct.linalg.svdvals(a) * ct.linalg.slogdet(a)[1], a)
        with pytest.raises(ct.LinAlgError, match="matrix 1 of the stack"):
            vmap(ct.linalg.inv)(ct.stack([ct.eye(3), ct.zeros(3, 3)]))


def test_pools():
    images = ct.randn(2, 3, 2, 6, 6)
    beside_a_loop(lambda a: F.max_pool2d(a, 2), images)
    beside_a_loop(lambda a: F.avg_pool2d(a, 3, 2, 1), images)
    beside_a_loop(lambda a: F.max_pool2d(a, 2, return_indices=True), images)
    beside_a_loop(lambda a: F.adaptive_avg_pool2d(a, 4), images)
    beside_a_loop(lambda a: F.interpolate(a, scale_factor=2, mode="bilinear"), images)


def test_what_has_no_rule_is_called_for_each_example():
    with pytest.warns(UserWarning, match="histc has no way to compute a whole batch"):
        got = vmap(lambda a: ct.histc(a, 3))(x)
    assert got.tolist() == [[4, 4, 4], [4, 4, 4]]
    with (
        pytest.warns(UserWarning, match="nonzero"),
        pytest.raises(ct.VmapError, match=r"shapes \(3, 1\), \(4, 1\) for different examples"),
    ):
        vmap(ct.nonzero)(x[:, 0])
    with pytest.warns(UserWarning, match="nonzero"):
        assert vmap(ct.nonzero)(x[:, 0] + 1).shape == (2, 4, 1)
    with pytest.raises(ct.VmapError, match="this one is empty"):
        vmap(lambda a: ct.histc(a, 3))(ct.zeros(0, 4))


def test_views_by_strides_are_of_the_batch():
    got = vmap(lambda a: ct.as_strided(a, (2, 2), (4, 1), 1))(x)
    np.testing.assert_array_equal(got.numpy(), x.numpy()[:, :2, 1:3])
    rows = vmap(grad(lambda a: (a[1:].as_strided((3, 2), (1, 1)) ** 2).sum()))(x)
    want = np.zeros((2, 3, 4))
    want[:, 1] = x.numpy()[:, 1] * [2, 4, 4, 2]
    np.testing.assert_array_equal(rows.numpy(), want)
    filled = vmap(lambda a: a.clone().fill_diagonal_(9))(x).numpy()
    assert (filled[:, range(3), range(3)] == 9).all()
    assert vmap(lambda a: a.view(ct.int32))(x).tolist() == x.view(ct.int32).tolist()
    with pytest.raises(ct.ShapeError, match="reach behind the 12 elements of an example"):
        vmap(lambda a: ct.as_strided(a, (4, 4), (4, 1)))(x)


def test_every_operation_knows_what_it_does():
    assert Op.batch is moved
    alone = {name for name, op in OPERATIONS.items() if op.batch is None}
    backward = {"ctc_loss_backward", "recurrent_backward"}
    assert alone == {"attention_keep", "ctc_loss", "recurrent"} | backward


def test_a_rule_is_declared_beside_its_operation():
    twice = Op("twice_for_a_test(x)", lambda x: x + x, {"dx": lambda g: g * 2})
    try:

        @twice.batched
        def rule(op, batch, x):
            assert op is twice
            assert (batch.ndim, batch.sizes) == (1, (2,))
            return op(batch.full(x)) * 5

        np.testing.assert_array_equal(vmap(twice)(x).numpy(), x.numpy() * 10)
    finally:
        del OPERATIONS["twice_for_a_test"]


def test_out_is_refused():
    with pytest.raises(ct.VmapError, match="out= is not for tensors inside vmap"):
        vmap(lambda a: ct.add(a, 1, out=ct.zeros(3, 4)))(x)
