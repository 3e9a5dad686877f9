"""What ranks do together, beside NumPy on the values of all ranks."""

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor.distributed import ReduceOp

FOLDS = {
    ReduceOp.SUM: np.sum,
    ReduceOp.PRODUCT: np.prod,
    ReduceOp.MIN: np.min,
    ReduceOp.MAX: np.max,
    ReduceOp.AVG: np.mean,
    ReduceOp.BAND: lambda x, axis: np.bitwise_and.reduce(x, axis),
    ReduceOp.BOR: lambda x, axis: np.bitwise_or.reduce(x, axis),
    ReduceOp.BXOR: lambda x, axis: np.bitwise_xor.reduce(x, axis),
}


def of(rank, shape=(3, 5), dtype="float32"):
    """What `rank` has."""
    draw = np.random.default_rng(rank)
    if dtype == "bool":
        return draw.random(shape) < 0.5
    if "int" in dtype:
        return draw.integers(0, 50, shape).astype(dtype)
    return draw.uniform(0.5, 2, shape).astype("float32" if "16" in dtype else dtype)


def in_ranks_reduce(rank, size):
    for dtype in ("float32", "float64", "float16", "bfloat16", "int64", "uint8", "bool"):
        for op, fold in FOLDS.items():
            bits = op in (ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR)
            if (bits and "float" in dtype) or (op is ReduceOp.AVG and "float" not in dtype):
                continue
            everybodys = np.stack([of(r, dtype=dtype) for r in range(size)])
            kind = getattr(ct, dtype)
            if "16" in dtype:  # as it is rounded before
                everybodys = np.stack([ct.tensor(x).to(kind).float().numpy() for x in everybodys])
            wanted = fold(everybodys, axis=0)
            if dtype == "bool" and op in (ReduceOp.SUM, ReduceOp.PRODUCT):
                wanted = wanted > 0
            wanted = ct.tensor(np.asarray(wanted)).to(kind).float().numpy()
            x = ct.tensor(of(rank, dtype=dtype)).to(kind)
            dist.all_reduce(x, op)
            found = x.float().numpy()
            np.testing.assert_allclose(found, wanted, rtol=1e-6, err_msg=f"{dtype} {op}")
            x = ct.tensor(of(rank, dtype=dtype)).to(kind)
            dist.reduce(x, size - 1, op)
            mine = wanted if rank == size - 1 else ct.tensor(everybodys[rank]).to(kind).float()
            np.testing.assert_allclose(x.float().numpy(), np.asarray(mine), rtol=1e-6)
    z = ct.tensor(of(rank) + 1j)
    dist.all_reduce(z)
    np.testing.assert_allclose(z.numpy(), sum(of(r) + 1j for r in range(size)), rtol=1e-6)
    # Sums of halves are made in float32: of 2048 and ones is exact.
    x = ct.tensor([2048.0 if rank == 0 else 1.0], dtype=ct.float16)
    dist.all_reduce(x)
    assert x.item() == float(np.float16(2048 + size - 1))


def in_ranks_move(rank, size):
    x = ct.tensor(of(rank))
    dist.broadcast(x, size - 1)
    np.testing.assert_array_equal(x.numpy(), of(size - 1))
    x, everybodys = ct.tensor(of(rank)), [of(r) for r in range(size)]
    parts = [ct.empty(3, 5) for _ in range(size)]
    assert dist.all_gather(parts, x) is None
    np.testing.assert_array_equal(ct.stack(parts).numpy(), np.stack(everybodys))
    whole = ct.empty(3 * size, 5)
    dist.all_gather_into_tensor(whole, x)
    np.testing.assert_array_equal(whole.numpy(), np.concatenate(everybodys))
    parts = [ct.empty(3, 5) for _ in range(size)]
    dist.gather(x, parts if rank == 1 else None, dst=1)
    if rank == 1:
        np.testing.assert_array_equal(ct.stack(parts).numpy(), np.stack(everybodys))
    taken = ct.zeros(3, 5)
    dist.scatter(taken, [ct.tensor(a) for a in everybodys] if rank == 0 else None, src=0)
    np.testing.assert_array_equal(taken.numpy(), of(rank))
    for kind in (ct.float32, ct.bfloat16):
        rows = ct.stack([ct.tensor(of(rank)) + k for k in range(size)]).to(kind)
        total = sum(ct.tensor(of(r)).add(rank).to(kind).float() for r in range(size)).to(kind)
        out = ct.empty(3, 5, dtype=kind)
        dist.reduce_scatter_tensor(out, rows)
        np.testing.assert_allclose(out.float().numpy(), total.float().numpy(), rtol=1e-6)
        dist.reduce_scatter(out, list(rows), ReduceOp.AVG)
        np.testing.assert_allclose(out.float().numpy() * size, total.float().numpy(), rtol=1e-2)


def in_ranks_views(rank, size):
    # Views, what waits to be computed, and who shares the elements.
    base = ct.zeros(4, 4)
    column, shared = base[:, 1], base.detach()
    column += rank + 1
    later = base * 2
    dist.all_reduce(column)
    assert base[:, 1].tolist() == [size * (size + 1) / 2] * 4
    assert later[:, 1].tolist() == [2.0 * (rank + 1)] * 4
    assert shared[:, 1].tolist() == base[:, 1].tolist()
    x = ct.ones(3).requires_grad_()
    y = x * x
    kept = y.detach()
    z = (y * y).sum()
    dist.all_reduce(kept)
    with pytest.raises(ct.GradientError, match="all_reduce changed it in place"):
        z.backward()
    a, b = ct.ones(2), ct.ones(1000, 3)
    works = [dist.all_reduce(t, async_op=True) for t in (a, b)]
    assert all(w.wait() for w in works)
    assert works[0].is_success()
    assert (a.tolist(), b.sum().item()) == ([size, size], 3000 * size)
    dist.all_reduce(ct.empty(0))
    dist.barrier()


def in_ranks_differ(rank, size):
    """Errors name what differs, in all ranks, and the group goes on."""
    with pytest.raises(ct.DistributedError, match=r"ranks \[0\] call .*\(1,\); ranks \[1\] call"):
        dist.all_reduce(ct.zeros(1 + rank))
    with pytest.raises(ct.DistributedError, match=r"do not call the same .*broadcast of float32"):
        dist.broadcast(ct.zeros(2), 0) if rank else dist.all_reduce(ct.zeros(2))
    with pytest.raises(ct.DistributedError, match="int32"):
        dist.all_reduce(ct.zeros(2, dtype=ct.int32 if rank else ct.float32))
    with pytest.raises(ct.ShapeError, match=r"tensor_list\[1\] has shape \(3,\)"):
        dist.all_gather([ct.zeros(2), ct.zeros(3)], ct.zeros(2))
    with pytest.raises(ct.DTypeError, match=r"tensor_list\[0\] is int32, .* float32"):
        dist.all_gather([ct.zeros(2, dtype=ct.int32)] * 2, ct.zeros(2))
    with pytest.raises(ct.ShapeError, match="has 1 tensors for 2 ranks"):
        dist.all_gather([ct.zeros(2)], ct.zeros(2))
    with pytest.raises(ct.ShapeError, match=r"output_tensor has shape \(3,\)"):
        dist.all_gather_into_tensor(ct.zeros(3), ct.zeros(2))
    other = ct.devices()[1 - rank]
    with pytest.raises(ct.DeviceError, match=r"tensor_list\[0\] is on"):
        dist.all_gather([ct.zeros(2).to(other)] * 2, ct.zeros(2))
    with pytest.raises(ct.DTypeError, match="BAND of float32 has no bits"):
        dist.all_reduce(ct.zeros(2), ReduceOp.BAND)
    with pytest.raises(ct.DTypeError, match="mean of int64"):
        dist.all_reduce(ct.zeros(2, dtype=ct.int64), ReduceOp.AVG)
    with pytest.raises(ct.DTypeError, match="no order"):
        dist.all_reduce(ct.zeros(2, dtype=ct.complex64), ReduceOp.MAX)
    with pytest.raises(ct.DTypeError, match="tensor is 3"):
        dist.all_reduce(3)
    with pytest.raises(ct.DistributedError, match="src is 5, but the process group has ranks"):
        dist.broadcast(ct.zeros(2), 5)
    with pytest.raises(ct.ShapeError, match="output_split_sizes say"):
        dist.all_to_all_single(ct.zeros(3), ct.zeros(2), [1, 2])
    x = ct.ones(2)
    dist.all_reduce(x)
    assert x.tolist() == [2, 2]


def in_ranks_all(rank, size):
    in_ranks_reduce(rank, size)
    in_ranks_move(rank, size)
    in_ranks_views(rank, size)
    if size == 2:
        in_ranks_differ(rank, size)


@pytest.mark.parametrize("size", [2, 4])
def test_ranks_compute_what_numpy_does_of_all_values(size, fp64):
    ranks.run(size, __file__, "in_ranks_all")


def test_without_a_group_errors_say_what_to_do():
    with pytest.raises(ct.DistributedError, match="call ct.distributed.init_process_group"):
        dist.all_reduce(ct.zeros(2))
    with pytest.raises(ct.DistributedError, match=r"distributed\.barrier: there is no process"):
        dist.barrier()
