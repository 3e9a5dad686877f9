"""Parts of a reduction, and their order; what they give is in test_collectives.py."""

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor.distributed.reduceop import ReduceOp
from cltensor.distributed.reducing import by_halves, parts_of


@pytest.mark.parametrize(("count", "size"), [(10, 4), (3, 4), (0, 2), (7, 1), (8, 2)])
def test_parts_are_even(count, size):
    parts = parts_of(count, size)
    assert (len(parts), sum(parts)) == (size, count)
    assert max(parts) - min(parts) <= 1


def in_ranks(rank, size):
    # Fewer elements than ranks, more, and what float16 does not hold.
    for count in (1, 2, 7):
        x = ct.full((count,), 1.5 + rank, dtype=ct.float16)
        dist.all_reduce(x)
        assert x.tolist() == [sum(1.5 + r for r in range(size))] * count
    x = ct.full((3,), 60000.0, dtype=ct.float16)
    dist.all_reduce(x, dist.ReduceOp.AVG)  # whose sum float16 does not hold
    assert x.tolist() == [ct.tensor(60000.0).half().item()] * 3
    dist.all_reduce(x)
    assert x.tolist() == [float("inf")] * 3


def test_sums_of_halves():
    ranks.run(3, __file__, "in_ranks")


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        (1, "0"),
        (2, "(01)"),
        (3, "(0(12))"),
        (4, "((01)(23))"),
        (5, "((01)(2(34)))"),
        (6, "((0(12))(3(45)))"),
        (8, "(((01)(23))((45)(67)))"),
    ],
)
def test_ranks_are_merged_by_halves(count, wanted):
    def merge(a, b):
        a[0] = f"({a[0]}{b[0]})"

    assert by_halves(count, lambda rank: [str(rank)], merge) == [wanted]


def test_half_of_the_ranks_is_a_subtree():
    def merge(a, b):
        a[:] = [a + b]

    for half in (1, 2, 4, 8):
        whole = by_halves(2 * half, lambda rank: [rank], merge)
        assert whole[0][0] == by_halves(half, lambda rank: [rank], merge)[0] or half == 1


def pick(a, b, better):
    return np.where(better | (b != b), b, a)


MERGES = {
    ReduceOp.SUM: np.add,
    ReduceOp.AVG: np.add,
    ReduceOp.PRODUCT: np.multiply,
    ReduceOp.MIN: lambda a, b: pick(a, b, b < a),
    ReduceOp.MAX: lambda a, b: pick(a, b, b > a),
}


def of(rank, count, dtype):
    """What `rank` has, of all magnitudes, with zeros of both signs and what is no number."""
    draw = np.random.default_rng(rank)
    x = draw.standard_normal(count) * 10.0 ** draw.integers(-6, 6, count)
    x[: min(count, 400)] = draw.choice([0.0, -0.0, 1.0, np.inf], min(count, 400))
    x[400:500] = draw.choice([2.0, np.nan], len(x[400:500]))
    return x.astype(dtype)


def in_order(rows, op):
    """The reduction of two, three or four rows."""
    a, b, *rest = rows
    merge = MERGES[op]
    with np.errstate(all="ignore"):
        if not rest:
            found = merge(a, b)
        elif len(rest) == 1:
            found = merge(a, merge(b, rest[0]))
        else:
            found = merge(merge(a, b), merge(*rest))
        return found / np.array(len(rows), rows[0].dtype) if op is ReduceOp.AVG else found


def same(found, wanted):
    """Whether all bits are alike, but those of what is no number."""
    kind = f"i{wanted.itemsize}"
    alike = found.view(kind) == np.ascontiguousarray(wanted).view(kind)
    return (alike | (np.isnan(found) & np.isnan(wanted))).all()


def in_ranks_bits(rank, size):
    ct.use_deterministic_algorithms(True)
    for dtype in ("float32", "float64") if ct.device().fp64 else ("float32",):
        for count in (0, 1, 7, 501, 20001):  # in one call, and by parts
            rows = [of(r, count, dtype) for r in range(size)]
            for op in MERGES:
                wanted, x = in_order(rows, op), ct.tensor(rows[rank])
                dist.all_reduce(x, op)
                assert same(x.numpy(), wanted), (dtype, count, op)
                x = ct.tensor(rows[rank])
                dist.reduce(x, size - 1, op)
                assert same(x.numpy(), wanted if rank == size - 1 else rows[rank])
                share = count // size
                given, out = ct.tensor(rows[rank][: share * size]), ct.empty(share, dtype=x.dtype)
                mine = wanted[share * rank : share * (rank + 1)]
                dist.reduce_scatter_tensor(out, given, op)
                assert same(out.numpy(), mine)
                dist.reduce_scatter(out, given.chunk(size) if share else [out] * size, op)
                assert same(out.numpy(), mine)
    z = [of(r, 9000, "float32")[500:] + 1j * of(r + 9, 9000, "float32")[500:] for r in range(size)]
    x = ct.tensor(z[rank])
    dist.all_reduce(x, ReduceOp.PRODUCT)
    wanted = np.prod(np.array(z, np.complex128), 0)
    np.testing.assert_allclose(x.numpy(), wanted, rtol=1e-3)
    whole = ct.tensor(2**40 + rank)
    dist.all_reduce(whole)
    assert whole.item() == size * 2**40 + sum(range(size))


@pytest.mark.parametrize("size", [2, 3, 4])
def test_bits_of_reductions(size):
    ranks.run(size, __file__, "in_ranks_bits")


def in_ranks_at_odds(rank, size):
    ct.use_deterministic_algorithms(rank == 0)
    with pytest.raises(
        ct.DistributedError, match=r"\[0\] call all_reduce\(SUM, deterministic\) of"
    ):
        dist.all_reduce(ct.ones(2))


def test_ranks_that_differ_in_it_are_told_so():
    ranks.run(2, __file__, "in_ranks_at_odds")
