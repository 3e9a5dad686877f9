"""Launches of generated kernels: of expressions, alone or over a product, and of reductions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cltensor.lazy.codegen import (
    Geometry,
    Shape,
    Side,
    geometry,
    pointwise_kernel,
    tiles_kernel,
)
from cltensor.lazy.grids import (
    SMALL_ROWS,
    band_of,
    pointwise_grid,
    reduction_grid,
    row_grid,
    whole_bands,
)
from cltensor.lazy.operands import STRIDED
from cltensor.lazy.reducecode import count_kept, merge_kernel, reduction_kernel
from cltensor.lazy.rowcode import KEPT_LENGTH, row_kernel
from cltensor.lazy.values import Expression, Rows, Value, stored
from cltensor.lazy.walks import (
    PLAIN,
    TILE,
    Walk,
    divisors,
    flat_of,
    offsets_of,
    tile_of,
    tiles_of,
    width_of,
)
from cltensor.runtime.groups import GroupError, largest_group, narrow
from cltensor.runtime.memory import Buffer

_WIDE = (1 << 31) - (1 << 26)  # past this, 32-bit indices (with a chunk's margin) do not reach


def _space(shape: Shape, leaves: list[Value], kept: tuple[bool, ...] | None = None) -> Geometry:
    return geometry(shape, tuple([(leaf.shape, leaf.strides) for leaf in leaves]), kept)


def _is_wide(n: int, leaves: list[Value]) -> bool:
    return n >= _WIDE or any(leaf.buffer.nbytes >= _WIDE for leaf in leaves)  # type: ignore[union-attr]


def _allocate(outputs: list[Value]) -> list[Buffer]:
    return [v.device.pool.allocate(prod(v.shape) * v.dtype.itemsize) for v in outputs]


def _buffers(values: Sequence[Value]) -> list[Any]:
    return [v.buffer for v in values]


def _walk(space: Geometry, leaves: list[Value], wide: bool, rest: bool | None = None) -> Walk:
    """How a GPU goes over `space`; rest: see `width_of`, None where it takes no vectors."""
    width = 1
    if rest is not None:
        offsets = offsets_of([leaf.offset for leaf in leaves])
        width = width_of(space.sizes, space.flags, space.strides, offsets, rest)
    return Walk(width, not wide)


def _index_arguments(space: Geometry, leaves: list[Value], walk: Walk) -> list[int]:
    sizes = space.sizes
    if walk is not PLAIN and walk.divides:
        counts = sizes if walk.tile < 0 else tiles_of(sizes, walk.tile)
        sizes += divisors(counts, walk.width)
    return [*sizes, *[leaf.offset for leaf in leaves], *space.strides]


def launch_pointwise(root: Value, expression: Expression) -> None:
    """Launch the one kernel of an expression of formulas over the shape of `root`."""
    device, leaves = root.device, expression.leaves
    n = prod(root.shape)
    if n == 0:
        for output in expression.outputs:
            output.settle(device.pool.allocate(0))
        for replacing in expression.replacing:
            replacing.settle_in_target()
        return
    space = _space(root.shape, leaves)
    wide = _is_wide(n, leaves)
    parts = expression.parts
    band = band_of(device, device.is_cpu and not parts, space, n)
    walk = PLAIN
    key: tuple[Any, ...] = ("pointwise", tuple(expression.key), space.flags, wide, band)
    if not device.is_cpu:
        if not (wide or parts) and _launch_tiles(expression, space):
            return
        walk = _walk(space, leaves, wide, None if parts else len(space.sizes) == 1)
        if not parts:
            walk = walk._replace(flat=flat_of(space.sizes, space.flags, space.strides))
        key = (*key, walk)
    launch = device.kernels.get(key) or device.add_kernel(
        key, pointwise_kernel, device, expression.entries, space, wide, band, walk
    )
    buffers = _allocate(expression.outputs)
    items = n if walk is PLAIN else -(-n // walk.width)
    strip = pointwise_grid(device, device.is_cpu, root.dtype, items)
    if band.rows:
        strip = whole_bands(strip, n, band.rows * space.sizes[-1])
    groups, local, chunk = strip
    launch(
        (groups * local,),
        (local,),
        [
            *(n, chunk, *buffers, *_buffers(leaves), *_buffers(parts)),
            *_index_arguments(space, leaves, walk),
            *[part.offset for part in parts],
            *[prod(part.shape) for part in parts],
            *expression.scalars,
        ],
    )
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    for replacing in expression.replacing:
        replacing.settle_in_target()


def _launch_tiles(expression: Expression, space: Geometry) -> bool:
    """The same by tiles; False where operands do not ask for it, or the device has no groups."""
    leaves = expression.leaves
    axis = tile_of(space.sizes, space.flags, tuple([leaf.dtype.itemsize for leaf in leaves]))
    if axis < 0:
        return False
    device, walk = leaves[0].device, Walk(1, True, axis)
    local = largest_group(device, "pointwise_tiles", 256)
    if local < TILE:
        return False
    key = ("tiles", tuple(expression.key), space.flags, walk, local)
    launch = device.kernels.get(key) or device.add_kernel(
        key, tiles_kernel, device, expression.entries, space, walk, local
    )
    buffers = _allocate(expression.outputs)
    tiles = prod(tiles_of(space.sizes, walk.tile))
    groups = min(tiles, 16 * device.compute_units)
    arguments = [
        *(tiles, *buffers, *_buffers(leaves)),
        *_index_arguments(space, leaves, walk),
        *expression.scalars,
    ]
    try:
        launch((groups * local,), (local,), arguments)
    except GroupError as error:
        narrow("pointwise_tiles", error)
        return _launch_tiles(expression, space)
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    for replacing in expression.replacing:
        replacing.settle_in_target()
    return True


def launch_over_product(root: Value, expression: Expression) -> None:
    """Launch the kernel of the expression's product with all up to `root` as its store side."""
    keep = expression.keeps_product
    product = expression.product
    assert product is not None
    leaves = expression.leaves
    space = _space(root.shape, leaves)
    wide = _is_wide(prod(root.shape), leaves)
    walk = PLAIN if root.device.is_cpu else _walk(space, leaves, wide)
    outputs = expression.outputs
    op: Any = product.op
    heir = None
    if op.passes and not keep:
        heir = next((i for i, v in enumerate(outputs) if v.dtype is product.dtype), None)
    others = [v for i, v in enumerate(outputs) if i != heir]
    buffers = _allocate(others)
    arguments = [
        *buffers,
        *_buffers(leaves),
        *_index_arguments(space, leaves, walk),
        *expression.scalars,
    ]
    key = (tuple(expression.key), space.flags, wide, keep, heir)
    side = Side(expression.entries, space, wide, walk, keep, heir, key, arguments)
    made = op.make(product, side)
    if keep:
        product.settle(made)
    elif heir is not None:
        outputs[heir].settle(made)
    for output, buffer in zip(others, buffers, strict=True):
        output.settle(buffer)


def launch_rows(expression: Expression, rows: Rows) -> bool:
    """Launch the one kernel of an expression with reductions; False if its rows are scattered."""
    leaves = expression.leaves
    space = _space(rows.shape, leaves, rows.kept)
    if expression.replacing or expression.parts or space.kept.count(False) != 1:
        return False
    device = expression.outputs[0].device
    length = space.sizes[-1]
    count = prod(space.sizes[:-1])
    if count * length > SMALL_ROWS and any(flags[-1] == STRIDED for flags in space.flags):
        return False  # a row would drag in as many cache lines as it has elements
    wide = _is_wide(count * length, leaves)
    walk = PLAIN if device.is_cpu else _walk(space, leaves, wide, rest=False)
    tasks, local, team, whole = row_grid(device, device.is_cpu, count, length, walk.width)
    short = length <= KEPT_LENGTH if device.is_cpu else whole
    key: tuple[Any, ...]
    key = ("rows", tuple(expression.key), space.flags, space.kept, wide, short)
    if walk is not PLAIN:
        key = (*key, walk, team)
    launch = device.kernels.get(key) or device.add_kernel(
        key, row_kernel, device, expression.entries, space, wide, short, walk, team
    )
    buffers = _allocate(expression.outputs)
    launch(
        (tasks * local,),
        (local,),
        [
            *(count, -(-count // tasks), *buffers, *_buffers(leaves)),
            *_index_arguments(space, leaves, walk),
            *expression.scalars,
        ],
    )
    for output, buffer in zip(expression.outputs, buffers, strict=True):
        output.settle(buffer)
    return True


def _moved(running: Sequence[Value], numbers: Sequence[float]) -> list[Any]:
    """What the kernels of a Mover take for its args but the first."""
    return [*_buffers(running), *[v.offset for v in running], *numbers]


def launch_reduction(root: Value, expression: Expression) -> None:
    """Launch the kernels of a reduction of what `expression` computes."""
    device, leaves = root.device, expression.leaves
    op: Any = root.op
    operand: Value = root.args[0]
    accumulator = operand.dtype if op.kind == "best" else root.dtype
    space = _space(operand.shape, leaves, root.kept)
    n = prod(operand.shape)
    wide = _is_wide(n, leaves)
    outer = count_kept(space)
    length = n // outer if outer else 0
    width = space.sizes[-1] if space.kept[-1] else 0
    walk = PLAIN
    if not device.is_cpu:
        # Rows that are stored begin at whole vectors only where they consist of those.
        stores = bool(expression.outputs) and len(space.sizes) > 1
        rest = None if width else space.kept.count(False) == 1 and not stores
        walk = _walk(space, leaves, wide, rest)
    cut = reduction_grid(device, device.is_cpu, accumulator, width, outer, length, walk.width)
    tasks, splits, local, per_item, part, groups, columns, team = cut
    partial = splits > 1 and op.kind != "fold"
    results = tuple(expression.results)
    key: tuple[Any, ...] = (
        op.id, *cut[5:], accumulator.num, results, tuple(expression.key), space.flags, space.kept,
        wide, partial,
    )  # fmt: skip
    if walk is not PLAIN:
        key = (*key, walk)
    launch = device.kernels.get(key) or device.add_kernel(
        key, reduction_kernel, device, op, accumulator, expression.entries, results, space, wide,
        walk, groups, columns, team, partial,
    )  # fmt: skip
    buffers = _allocate(expression.outputs)
    size = prod(root.shape) + (outer if partial and op.kind == "moments" else 0)
    given = [device.pool.allocate(splits * size * root.dtype.itemsize)]
    if partial and op.kind == "best":
        given.append(device.pool.allocate(splits * size * accumulator.itemsize))
    moved = _moved(root.args[1:3], root.args[3:]) if op.moves else ()
    launch(
        (tasks * local, splits),
        (local, 1),
        [
            *(*given, *buffers, *_buffers(leaves), outer, length, per_item, part),
            *_index_arguments(space, leaves, walk),
            *expression.scalars,
            *(() if partial else moved),
        ],
    )
    for output, stored_in in zip(expression.outputs, buffers, strict=True):
        output.settle(stored_in)
    if splits == 1:
        root.settle(given[0])
    elif op.kind == "fold":
        root.settle(_folded(root, splits, given[0]))
    else:
        merge = merge_kernel(device, op, accumulator)
        whole = _allocate([root])[0]
        grid = (-(-outer // local) * local,)
        merge(grid, (local,), [whole, *given, outer, splits, part, length, *moved])
        root.settle(whole)


def _folded(root: Value, splits: int, parts: Buffer) -> Buffer:
    """What the parts of a fold's results are together."""
    rest = Value(root.shape, root.dtype, root.device)
    rest.op, rest.kept = root.op, (False,) + (True,) * len(root.shape)
    rest.args = (stored((splits, *root.shape), root.dtype, root.device, parts),)
    while rest.buffer is None:
        root.op.launch(rest)  # type: ignore[union-attr]
    return rest.buffer
