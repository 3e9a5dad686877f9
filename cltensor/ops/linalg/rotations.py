"""Iterations that find eigenvalues or singular values by sweeps of rotations of neighbouring rows.

One work-item for each matrix finds the values and records the rotations; then many apply them, each
to a few columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cltensor import dtypes
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.errors import LinAlgError
from cltensor.halves import limits_of
from cltensor.ops.create import eye
from cltensor.ops.linalg.stack import working, zeros_of
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.view import broadcast_to, permute, reshape
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel

#: Steps for one value after which an iteration counts as failed.
_MOST = 60
_ROOM_BYTES = 64 << 20  # of recorded rotations at a time


class Iteration(NamedTuple):
    """A kernel that finds values, in which order its sweeps go, and how many sides it rotates."""

    template: str
    step: int
    sides: int


QL = Iteration("ql_sweeps", -1, 1)
GOLUB_KAHAN = Iteration("svd_sweeps", 1, 2)


def constants_of(dtype: np.dtype) -> dict[str, str]:
    """Numbers of a dtype as C text: the spacing of 1, the root of the largest, the least normal."""
    limits: Any = limits_of(dtype)
    suffix = "f" if dtype.itemsize == 4 else ""
    numbers = {"epsilon": limits.eps, "huge": np.sqrt(limits.max)}
    return {name: f"{float(value):.9e}{suffix}" for name, value in numbers.items()}


class Rows:
    """Matrices of order n, rotated as rows; on a CPU in chunks of columns that lie together."""

    def __init__(self, n: int, count: int, like: Tensor) -> None:
        self.n, self.count, device = n, count, like.device
        # Two registers of 64 bytes, so that one waits for a rotation while the other is rotated.
        self.lanes = 128 // like.dtype.itemsize if device.is_cpu else 1
        self.chunks = -(-n // self.lanes)
        whole = eye(n, self.chunks * self.lanes, dtype=like.dtype, device=device)
        if device.is_cpu:
            whole = permute(reshape(whole, (n, self.chunks, self.lanes)), (1, 0, 2))
            self.strides = (self.lanes, n * self.lanes)
        else:
            self.strides = (self.chunks, 1)
        self.z = working(broadcast_to(whole, (count, *whole.shape)))

    def matrices(self) -> Tensor:
        """What became of the identity: (count, n, n)."""
        if self.z.ndim == 4:
            rows = permute(self.z, (0, 2, 1, 3))
            return part(reshape(rows, (self.count, self.n, -1)), -1, 0, self.n)
        return self.z

    def rotate(self, turns: Tensor, sweeps: Tensor, state: Tensor, room: int, step: int) -> None:
        """Apply recorded sweeps."""
        device, dtype = self.z.device, self.z.dtype
        items = self.count * self.chunks
        local = 1 if device.is_cpu else min(64, device.max_work_group)
        width = min(self.lanes, 64 // dtype.itemsize)
        run = kernel(
            device, "rotate_rows", T=C_NAMES[dtype], width=width, vectors=self.lanes // width,
            step=step,
        )  # fmt: skip
        run(
            (-(-items // local) * local,), (local,), z_g=self.z.buffer, turn_g=turns.buffer,
            sweep_g=sweeps.buffer, state_g=state.buffer, room=room, chunks=self.chunks,
            z_row=self.strides[0] // width, z_chunk=self.strides[1] // width,
            z_batch=self.n * self.chunks * self.lanes // width, items=items,
        )  # fmt: skip


def _launch(device: Device, items: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    local = 1 if device.is_cpu else min(16, device.max_work_group)
    return (-(-items // local) * local,), (local,)


def iterate(operation: str, kind: Iteration, d: Tensor, e: Tensor, vectors: bool) -> list[Rows]:
    """Have `kind` take matrices with diagonals d (count, n), and e beside them, to diagonal form: d
    becomes their values, unordered. With `vectors` returns for each side what turns its rows.

    Raises LinAlgError where it does not converge; this waits for the device.
    """
    (count, n), device, dtype = d.shape, d.device, d.dtype
    state = zeros_of((count, 4), d, dtypes.int32)
    sides = [Rows(n, count, d) for _ in range(kind.sides if vectors else 0)]
    # A sweep may take n rotations; about n^2 are made in all.
    most = _ROOM_BYTES // (2 * dtype.itemsize * count * kind.sides)
    room = max(n, min(n * n + n, most))
    turns = [Tensor.empty((count, room, 2), dtype, device) for _ in sides]
    sweeps = Tensor.empty((count, room, 2), dtypes.int32, device) if vectors else state
    run = kernel(
        device, kind.template, T=C_NAMES[dtype], recorded=vectors, **constants_of(dtype)
    )  # fmt: skip
    given: dict[str, Any] = {f"turn_{k}" if k else "turn_g": t.buffer for k, t in enumerate(turns)}
    if vectors:
        given["sweep_g"] = sweeps.buffer
    while True:
        run(
            *_launch(device, count), d_g=d.buffer, e_g=e.buffer, state_g=state.buffer, **given,
            n=n, room=room, most=_MOST, items=count,
        )  # fmt: skip
        for side, turned in zip(sides, turns, strict=True):
            side.rotate(turned, sweeps, state, room, kind.step)
        found = state.numpy()
        if found[:, 3].any():
            _raise(operation, found[:, 3])
        if (found[:, 0] >= n).all():
            return sides


def _raise(operation: str, failed: np.ndarray) -> None:
    where = int(np.flatnonzero(failed)[0])
    raise LinAlgError(
        f"{operation}: no convergence after {_MOST} steps for value {int(failed[where]) - 1} of "
        f"matrix {where} of the stack; see whether the input holds NaN or infinities"
    )
