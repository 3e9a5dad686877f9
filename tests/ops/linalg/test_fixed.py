"""Products in one order."""

import numpy as np
import pytest
from orders import dot

import cltensor as ct
from cltensor.ops.linalg import fixed
from cltensor.runtime import tuning

RNG = np.random.default_rng(5)


def bits(x):
    return np.ascontiguousarray(x.numpy() if isinstance(x, ct.Tensor) else x).view(np.int32)


@pytest.mark.parametrize(
    "shape", [(3, 1, 2), (2, 5, 3), (1, 16, 1), (2, 17, 5), (3, 64, 2), (2, 77, 4), (1, 200, 2)]
)
def test_bits_of_products(skeleton, deterministic, shape):
    m, k, n = shape
    a, b = (RNG.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
    wanted = np.array([[dot(row, column) for column in b.T] for row in a], np.float32)
    if k == 1:
        wanted = a * b
    assert (bits(ct.tensor(a) @ ct.tensor(b)) == bits(wanted)).all()


def stacks():
    """Operands that broadcast, lie transposed, apart or backwards, and what they are."""
    x, y = (RNG.standard_normal(s).astype(np.float32) for s in ((2, 3, 9, 40), (3, 40, 7)))
    wide = np.zeros((2, 3, 9, 81), np.float32)
    wide[..., 1::2] = x
    yield ct.tensor(x), ct.tensor(y), x, y
    yield ct.tensor(x.mT.copy()).mT, ct.tensor(y.mT.copy()).mT, x, y
    yield ct.tensor(wide)[..., 1::2], ct.tensor(y), x, y
    yield ct.tensor(x[:, :1]).expand(2, 3, 9, 40), ct.tensor(y[0]), x[:, [0, 0, 0]], y[0]
    yield ct.tensor(x.swapaxes(0, 1).copy()).transpose(0, 1), ct.tensor(y), x, y


def test_bits_do_not_depend_on_where_operands_lie(skeleton, deterministic):
    for a, b, x, y in stacks():
        shape = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        x = np.broadcast_to(x, (*shape, *x.shape[-2:]))
        y = np.broadcast_to(y, (*shape, *y.shape[-2:]))
        found = (a @ b).expand(*shape, 9, 7)
        for place in np.ndindex(shape):
            alone = ct.tensor(x[place].copy()) @ ct.tensor(y[place].copy())
            assert (bits(found[place]) == bits(alone)).all()


@pytest.mark.parametrize("tile", [(1, 1, 1), (2, 3, 4), (5, 2, 2), (8, 1, 16)])
@pytest.mark.parametrize("levels", [0, 2, 9])
def test_bits_do_not_depend_on_tiles(device, deterministic, monkeypatch, tile, levels):
    a, b = (ct.tensor(RNG.standard_normal(s).astype(np.float32)) for s in ((11, 900), (900, 19)))
    first = bits(a @ b)
    monkeypatch.setattr(fixed, "tile_of", lambda *args: fixed.Tile(*tile))
    monkeypatch.setattr(fixed, "levels_of", lambda device, tasks, k, depth: min(depth, levels))
    tuning.forget_plans()
    try:
        assert (bits(a @ b) == first).all()
    finally:
        monkeypatch.undo()
        tuning.forget_plans()


def test_parts_of_a_sum_are_subtrees(device, deterministic):
    """What ranks with parts of a batch have of the gradient of a weight."""
    a, b = (RNG.standard_normal((128, n)).astype(np.float32) for n in (6, 5))
    whole = bits(ct.tensor(a).T @ ct.tensor(b))
    for ranks in (2, 4):
        parts = [
            (ct.tensor(x).T @ ct.tensor(y)).numpy()
            for x, y in zip(np.split(a, ranks), np.split(b, ranks), strict=True)
        ]
        while len(parts) > 1:
            parts = [parts[i] + parts[i + 1] for i in range(0, len(parts), 2)]
        assert (bits(parts[0]) == whole).all()


def test_other_dtypes(device, deterministic):
    a, b = RNG.standard_normal((5, 70)), RNG.standard_normal((70, 3))
    if device.fp64:
        assert np.allclose((ct.tensor(a) @ ct.tensor(b)).numpy(), a @ b, rtol=1e-12)
        z = ct.tensor(a.astype(np.complex64)) @ ct.tensor(b.astype(np.complex64))
        assert np.allclose(z.numpy(), a @ b, rtol=1e-4, atol=1e-5)
    whole = ct.tensor(np.arange(12).reshape(3, 4)) @ ct.tensor(np.arange(8).reshape(4, 2))
    assert (whole.numpy() == np.arange(12).reshape(3, 4) @ np.arange(8).reshape(4, 2)).all()
    halves = ct.tensor(a.astype(np.float16)) @ ct.tensor(b.astype(np.float16))
    assert np.allclose(halves.numpy(), a @ b, rtol=1e-2, atol=2e-2)


def test_of_nothing(device, deterministic):
    assert (ct.ones(2, 0) @ ct.ones(0, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert (ct.ones(0, 2) @ ct.ones(2, 3)).shape == (0, 3)


def test_gradients(device, deterministic):
    a, b = (
        ct.tensor(RNG.standard_normal(s).astype(np.float32), requires_grad=True)
        for s in ((4, 33), (33, 6))
    )
    (a @ b).square().sum().backward()
    y = (a @ b).detach().numpy()
    assert np.allclose(a.grad.numpy(), 2 * y @ b.detach().numpy().T, rtol=1e-4, atol=1e-4)
    assert np.allclose(b.grad.numpy(), 2 * a.detach().numpy().T @ y, rtol=1e-4, atol=1e-4)


def test_zeros_have_no_sign(skeleton, deterministic):
    """Of one driver's fused multiply-add, zeros have that of the product."""
    found = ct.full((2, 3), -1.0) @ ct.zeros(3, 2)
    assert not np.signbit(found.numpy()).any()


def test_rows_of_many_columns(skeleton, deterministic):
    """Which a task adds up alone, through more levels than it usually keeps."""
    k, rows, device = (fixed.LEAF << fixed.LEVELS) + 5, 2, skeleton
    a, b = (RNG.standard_normal(s).astype(np.float32) for s in ((rows, k), (k, 3)))
    left, right = ct.tensor(a).realize(), ct.tensor(b).realize()
    plan = fixed.plan_rows(device, ct.float32, rows, k, k, 3)
    found, packed = ct.zeros(*plan.shape).realize(), device.pool.allocate(4 * plan.scratch[0])
    given = [found.buffer, 0, left.buffer, left.offset, right.buffer, right.offset, packed, 0]
    for launch in plan.launches:
        launch(given, None)
    assert (bits(found) == bits(left @ right)).all()
    np.testing.assert_allclose(found.numpy(), a.astype(np.float64) @ b, rtol=1e-3, atol=1e-2)
