"""Matrix products.

One run of kernels serves every rank, dtype and memory order: operands are read through their
strides, so transposed, sliced and broadcast views are never copied first. A CPU device gets packed
panels and a register tile per work-item, other devices tiles staged by a work-group.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from cltensor import tuning
from cltensor.device import Device
from cltensor.dtypes import C_NAMES, bool_, float16, float32, int32, promote
from cltensor.errors import DTypeError, ShapeError
from cltensor.op import Op, primitive, same_device
from cltensor.ops.launch import Launch, Plan, execute
from cltensor.ops.pointwise import astype, full, multiply, not_equal
from cltensor.ops.shape import matrix_transpose, reshape
from cltensor.program import Kernel, kernel
from cltensor.tensor import Tensor, show

#: Rows of the CPU register tile: 6 rows of 2 vectors and their operands fill 16 registers.
ROWS, VECTORS = 6, 2
_VECTOR_BYTES = 32

# thin: one side is a few columns or rows; deep: a long sum for each result; small: little work.
# rows, vectors, bytes: the register tile; depth: steps along k for which panels are packed; tall:
# the most rows of a tile; start: what a work-item costs before its first product, in products of
# 16 steps.
tuning.declare(
    "gemm_cpu",
    ["thin", "deep", "small", "large"],
    tall=(192, 48, 96, 384),
    depth=(256, 128, 384, 512),
    start=(2000, 500, 8000),
    rows=(ROWS, 4, 8, 12),
    vectors=(VECTORS, 1, 3),
    bytes=(_VECTOR_BYTES, 16, 64),
)
# edge: work-items along a side of a work-group; each: results along a side of a work-item; depth:
# steps along k that are staged in local memory. small: tiles of the others would leave compute
# units without work.
tuning.declare(
    "gemm_gpu",
    {"small": {"each": 2}, "medium": {"each": 4}, "large": {}},
    edge=(16, 8, 32),
    each=(8, 2, 4, 6),
    depth=(16, 8, 32),
)


def vector_width(dtype: np.dtype, width: int = _VECTOR_BYTES) -> int:
    """Lanes of a register vector of `width` bytes that accumulates `dtype`."""
    return min(16, width // accumulator(dtype).itemsize)


def accumulator(dtype: np.dtype) -> np.dtype:
    """The dtype in which products of `dtype` are summed: float32 for float16."""
    return float32 if dtype == float16 else dtype


def local_budget(device: Device) -> int:
    """Bytes of local memory that a packed kernel may use: most of it, and never beyond a cache."""
    return min(device.local_mem, 512 << 10) - (2 << 10)


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up."""
    return -(-a // b)


def equal_parts(total: int, most: int) -> int:
    """The size of equal parts of `total`, none larger than `most`."""
    return ceil_div(total, max(1, ceil_div(total, most)))


@lru_cache(maxsize=4096)
def packed_plan(
    m: int, n: int, k: int, batch: int, rows: int, cols: int, a_cap: int, kc_cap: int, cores: int,
    direct: bool, tall: int = 192, start: int = 2000,
) -> tuple[int, int, int]:  # fmt: skip
    """(mc, nc, kc): the tile of c that a work-item of gemm_cpu computes, and its steps along k.

    Minimises an estimate of the slowest core's time: products, packing of both panels (that of a
    is repeated for every column of tiles unless it is read in place, `direct`; that of b for every
    row), start of a work-item.
    """
    kc = equal_parts(k, kc_cap)
    best, plan = float("inf"), (rows, cols, kc)
    for parts_m in range(1, 65):
        mc = ceil_div(ceil_div(m, rows), parts_m) * rows
        if mc * kc > a_cap or (mc > tall and mc > rows):
            continue
        for parts_n in range(1, 65):
            nc = ceil_div(ceil_div(n, cols), parts_n) * cols
            tiles = ceil_div(m, mc) * ceil_div(n, nc) * batch
            work = mc * nc * (k / 16 + 1) + (not direct) * 1.2 * mc * k + 0.5 * nc * k + start
            cost = ceil_div(tiles, cores) * work
            if cost < best:
                best, plan = cost, (mc, nc, kc)
            if nc == cols:
                break
        if mc == rows:
            break
    return plan


def grid_tile(device: Device, dtype: np.dtype, m: int, n: int) -> tuple[int, int, int]:
    """(work-group edge, register tile edge, steps of the sum at a time) of the work-group kernels
    for an m x n result: the largest tile that local memory holds, the result fills and every
    compute unit gets one of."""
    room = device.local_mem // (2 * accumulator(dtype).itemsize)
    for size_class in ("large", "medium", "small"):
        chosen = tuning.parameters(device, "gemm_gpu", dtype, size_class)
        edge, each, depth = chosen["edge"], chosen["each"], chosen["depth"]
        while edge * edge > device.max_work_group:
            edge //= 2
        tile = edge * each
        fits = depth * (tile + 1) <= room
        enough = ceil_div(m, tile) * ceil_div(n, tile) >= device.compute_units
        if fits and enough and min(m, n) > tile // 2:
            break
    return edge, each, min(depth, room // (tile + 1))


def size_class(m: int, n: int, k: int, batch: int) -> str:
    """Which of the declared classes of gemm_cpu a product belongs to."""
    if min(m, n) <= 16:
        return "thin"
    if k >= 8 * max(m, n):
        return "deep"
    return "small" if m * n * k * batch < 1 << 25 else "large"


Shape = tuple[int, ...]
#: Size, stride in a and stride in b of each batch dimension.
Axes = list[tuple[int, int, int]]


def _batch_shape(a: Shape, b: Shape) -> Shape:
    if a[-1] != b[-2]:
        raise ShapeError(
            f"matmul: inner sizes {a[-1]} and {b[-2]} of shapes {a} and {b} differ; transpose an "
            "operand with .mT or reshape it"
        )
    try:
        return np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise ShapeError(
            f"matmul: batch shapes {a[:-2]} and {b[:-2]} of {a} and {b} do not broadcast; sizes "
            "must be equal or 1, counted from the last"
        ) from None


def _batch_axes(batch: Shape, a: Shape, a_steps: Shape, b: Shape, b_steps: Shape) -> Axes:
    """The batch dimensions, merged where both operands run on."""

    def steps(shape: Shape, strides: Shape) -> list[int]:
        own = zip(shape[:-2], strides[:-2], strict=True)
        return [0] * (len(batch) + 2 - len(shape)) + [0 if n == 1 else s for n, s in own]

    axes: Axes = []
    for size, step_a, step_b in zip(batch, steps(a, a_steps), steps(b, b_steps), strict=True):
        if size == 1:
            continue
        if axes and axes[-1][1] == step_a * size and axes[-1][2] == step_b * size:
            axes[-1] = (axes[-1][0] * size, step_a, step_b)
        else:
            axes.append((size, step_a, step_b))
    return axes


def _packed(
    device: Device, dtype: np.dtype, m: int, n: int, k: int, batch: int, direct: bool
) -> tuple[Kernel, np.dtype, tuple[int, int, int], tuple[int, int, int], tuple[int, ...]]:
    """Kernel, result dtype, grid, work-group and tile of the product on a CPU device."""
    chosen = tuning.parameters(device, "gemm_cpu", dtype, size_class(m, n, k, batch))
    rows, vectors = chosen["rows"], chosen["vectors"]
    total = accumulator(dtype)
    width = vector_width(dtype, chosen["bytes"])
    cols = vectors * width
    budget = local_budget(device) // total.itemsize - rows * cols
    kc_cap = min(chosen["depth"], budget // (2 * max(rows, cols)))
    if budget * total.itemsize <= 64 << 10:
        kc_cap = min(kc_cap, 96)
    a_cap = budget - cols * kc_cap
    # Long sums pass through c several times, which float16 would round each time: hence TO.
    run = kernel(
        device, "gemm_cpu", TI=C_NAMES[dtype], TA=C_NAMES[total], TO=C_NAMES[total],
        VW=width, MR=rows, NV=vectors, a_cap=a_cap, kc_cap=kc_cap,
    )  # fmt: skip
    tile = packed_plan(
        m, n, k, batch, rows, cols, a_cap, kc_cap, device.compute_units, direct,
        chosen["tall"], chosen["start"],
    )  # fmt: skip
    return run, total, (ceil_div(n, tile[1]), ceil_div(m, tile[0]), batch), (1, 1, 1), tile


def _grid(
    device: Device, dtype: np.dtype, m: int, n: int, batch: int
) -> tuple[Kernel, np.dtype, tuple[int, int, int], tuple[int, int, int], tuple[int, ...]]:
    """The same for a device with many small work-items."""
    edge, each, depth = grid_tile(device, dtype, m, n)
    element = C_NAMES[dtype]
    run = kernel(
        device, "gemm_gpu", TI=element, TA=C_NAMES[accumulator(dtype)], TO=element,
        DM=edge, DN=edge, RM=each, RN=each, KW=depth,
    )  # fmt: skip
    grid = (ceil_div(n, edge * each) * edge, ceil_div(m, edge * each) * edge, batch)
    return run, dtype, grid, (edge, edge, 1), ()


@tuning.planned
def _plan(
    device: Device, is_cpu: bool, dtype: np.dtype,
    a: Shape, a_steps: Shape, b: Shape, b_steps: Shape,
) -> Plan | None:  # fmt: skip
    """How to multiply operands of these shapes and strides; None if there is nothing to add up."""
    batch = _batch_shape(a, b)
    m, k, n = a[-2], a[-1], b[-1]
    shape = (*batch, m, n)
    if k == 0 or 0 in shape:
        return None
    axes = _batch_axes(batch, a, a_steps, b, b_steps)
    # The kernels know two batch dimensions; what cannot be merged into them is launched singly.
    outer = axes[:-2]
    (_, outer_a, outer_b), (inner, inner_a, inner_b) = [(1, 0, 0)] * (2 - len(axes)) + axes[-2:]
    count = prod(size for size, _, _ in axes[-2:])
    if is_cpu:
        run, result, grid, local, tile = _packed(device, dtype, m, n, k, count, a_steps[-1] == 1)
    else:
        run, result, grid, local, tile = _grid(device, dtype, m, n, count)
    rest = (
        *(m, n, k, *a_steps[-2:], *b_steps[-2:]),
        *(inner, outer_a, inner_a, outer_b, inner_b, *tile),
    )
    launches = []
    for position, index in enumerate(np.ndindex(*[size for size, _, _ in outer])):
        at_a = sum(i * step for i, (_, step, _) in zip(index, outer, strict=True))
        at_b = sum(i * step for i, (_, _, step) in zip(index, outer, strict=True))
        offsets = ((0, position * count * m * n), (1, at_a), (2, at_b))
        launches.append(Launch(run, grid, local, (0, 1, 2), offsets, rest))
    return Plan(shape, result, tuple(launches))


def _run_matmul(a: Tensor, b: Tensor) -> Tensor:
    device, dtype = a.device, a.dtype
    if b.device is not device:
        same_device("matmul", a, b)
    if b.dtype is not dtype:
        try:
            dtype = promote(a.dtype, b.dtype)
        except DTypeError as error:
            raise DTypeError(f"matmul: {error}") from None
        a, b = astype.run(a, dtype), astype.run(b, dtype)
    if dtype is bool_:
        return not_equal.run(_run_matmul(astype.run(a, int32), astype.run(b, int32)), 0)
    shapes = (a.shape, a.strides, b.shape, b.strides)
    plan = _plan(device, device.is_cpu, dtype, *shapes)
    if plan is None:
        shape = (*_batch_shape(a.shape, b.shape), a.shape[-2], b.shape[-1])
        return full(shape, 0, dtype, device)
    out = execute(plan, a, b)
    return out if plan.dtype is dtype else astype.run(out, dtype)


_matmul: Op = primitive(
    "matmul(a, b)",
    _run_matmul,
    da=lambda g, b: _matmul(g, matrix_transpose(b)),
    db=lambda g, a: _matmul(matrix_transpose(a), g),
)


def _operands(operation: str, *operands: Any) -> None:
    for x in operands:
        if not hasattr(x, "ndim") or not hasattr(x, "device"):
            raise DTypeError(
                f"{operation}: cannot multiply {show(x)} as a matrix; wrap it with ct.tensor(...)"
            )
        if x.ndim == 0:
            raise ShapeError(
                f"{operation}: an operand of shape () has no matrix dimension; use * for scalars"
            )


def matmul(a: Any, b: Any) -> Any:
    """Multiply matrices, stacks of matrices and vectors.

        out[..., i, j] = sum_k a[..., i, k] * b[..., k, j]

    Args:    a (..., M, K) or (K,);  b (..., K, N) or (K,); batch dimensions broadcast.
    Returns: (..., M, N); the dimension that a one-dimensional operand lacks is left out.
    Raises:  ShapeError if inner sizes differ or batches do not broadcast, or for a scalar.
    """
    _operands("matmul", a, b)
    if a.ndim == 1 and b.ndim == 1:
        return dot(a, b)
    if a.ndim == 1:
        out = _matmul(reshape(a, (1, a.shape[0])), b)
        return reshape(out, (*out.shape[:-2], out.shape[-1]))
    if b.ndim == 1:
        out = matmul(a, reshape(b, (b.shape[0], 1)))
        return reshape(out, out.shape[:-1])
    if a.ndim > 2 and b.ndim == 2 and a.shape[-1] == b.shape[0] and a.size:
        # One tall product instead of a batch; the gradient of b then sums in the product too.
        out = _matmul(reshape(a, (-1, a.shape[-1])), b)
        return reshape(out, (*a.shape[:-1], b.shape[1]))
    return _matmul(a, b)


def _require_rank(operation: str, names: str, *pairs: tuple[Any, int]) -> None:
    _operands(operation, *[x for x, _ in pairs])
    if any(x.ndim != rank for x, rank in pairs):
        shapes = " and ".join(str(x.shape) for x, _ in pairs)
        raise ShapeError(f"{operation}: needs {names}, got shapes {shapes}; matmul takes any rank")


def mm(a: Any, b: Any) -> Any:
    """The product of two matrices, (M, K) and (K, N). Raises ShapeError for other ranks."""
    _require_rank("mm", "two matrices", (a, 2), (b, 2))
    return _matmul(a, b)


def bmm(a: Any, b: Any) -> Any:
    """Products of two equal stacks of matrices, (B, M, K) and (B, K, N).

    Raises ShapeError for other ranks or different B.
    """
    _require_rank("bmm", "two stacks of matrices", (a, 3), (b, 3))
    if a.shape[0] != b.shape[0]:
        raise ShapeError(
            f"bmm: stacks of {a.shape[0]} and {b.shape[0]} matrices differ in length; matmul "
            "broadcasts them"
        )
    return _matmul(a, b)


def mv(a: Any, x: Any) -> Any:
    """The product of a matrix (M, K) and a vector (K,). Raises ShapeError for other ranks."""
    _require_rank("mv", "a matrix and a vector", (a, 2), (x, 1))
    return matmul(a, x)


def dot(a: Any, b: Any) -> Any:
    """The inner product of two vectors of one length. Raises ShapeError for other ranks."""
    _require_rank("dot", "two vectors", (a, 1), (b, 1))
    if a.shape != b.shape:
        raise ShapeError(f"dot: lengths {a.shape[0]} and {b.shape[0]} differ; slice the longer one")
    return (a * b).sum(axis=0)


def outer(a: Any, b: Any) -> Any:
    """All products of the elements of two vectors: (M,) and (N,) give (M, N)."""
    _require_rank("outer", "two vectors", (a, 1), (b, 1))
    return multiply(reshape(a, (a.shape[0], 1)), reshape(b, (1, b.shape[0])))


def addmm(c: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Any:
    """beta * c + alpha * (a @ b) for matrices a (M, K) and b (K, N); c broadcasts to (M, N)."""
    product = mm(a, b)
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return product + (c if beta == 1 else c * beta)


def _rows(x: Any) -> Any:
    return reshape(x, (-1, x.shape[-1]))


#: x @ w.mT for x (..., K) and w (N, K). Matmul's rule would give the gradient of w as a transposed
#: view; this one gives it in w's own memory order, as optimizers read it.
linear: Op = primitive(
    "linear(x, w)",
    lambda x, w: matmul(x, matrix_transpose(w)),
    dx=lambda g, w: matmul(g, w),
    dw=lambda g, x: matmul(matrix_transpose(_rows(g)), _rows(x)),
)
