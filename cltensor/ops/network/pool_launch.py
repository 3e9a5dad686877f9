"""What pooling launches: on a CPU plans of rows and planes, on a GPU a work-item for each element.

A GPU's gradient of maximum pooling goes by the tap of each window that was the largest, which the
forward pass notes in a byte, or, where it did not, a launch before: who looked at every window over
an element would search each of them several times.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.checks import Pair
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, int32, is_float, uint8, uint16
from cltensor.lazy.grids import ceil_div
from cltensor.lazy.walks import divisor
from cltensor.ops.elementwise.cast import full
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Start, execute
from cltensor.ops.linalg.tiles import accumulator
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import kernel

Shape = tuple[int, ...]
_MOST_TAPS = 64  # of neighbouring windows that one work-item of a GPU searches together


class Window(NamedTuple):
    """A pooling: its windows, their divisor (averages only) and the size of the output."""

    taps: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    out: Pair
    whole: bool = True
    fixed: int = 0

    def parameters(self) -> dict[str, int]:
        """As the kernels' templates take it."""
        names = ("K", "S", "P", "D")
        pairs = (self.taps, self.stride, self.padding, self.dilation)
        sizes = {n + a: p[i] for n, p in zip(names, pairs, strict=True) for i, a in enumerate("HW")}
        return sizes | {"whole": self.whole, "fixed": self.fixed}

    @property
    def apart(self) -> bool:
        """Whether no two windows overlap and none starts in the padding."""
        return (
            self.padding == (0, 0)
            and self.dilation == (1, 1)
            and all(t <= s for t, s in zip(self.taps, self.stride, strict=True))
        )


def _least(dtype: np.dtype) -> str:
    """C for what is smaller than every other element of `dtype`."""
    if is_float(dtype):
        return "-INFINITY"
    least = np.iinfo(dtype).min
    return f"({least + 1}L - 1L)" if least else "0"


def _items(device: Device, rows: int, cost: int) -> int:
    """How many of `rows` rows of about `cost` elements a CPU work-item should take."""
    items = max(1, min(rows * cost // 4096, 8 * device.compute_units))
    return ceil_div(rows, items)


@lru_cache(maxsize=1024)
def _plan(
    device: Device, give: str, dtype: np.dtype, result: np.dtype, x: Shape, window: Window
) -> Plan | None:
    """How a CPU pools images of shape `x`; None where the result is empty."""
    (h, w), (out_h, out_w) = x[2:], window.out
    shape = (*x[:2], out_h, out_w)
    rows = x[0] * x[1] * out_h
    if rows * out_w == 0:
        return None
    run = kernel(
        device, "pool", T=C_NAMES[dtype], TA=C_NAMES[accumulator(dtype)], TO=C_NAMES[result],
        give=give, least=_least(dtype), **window.parameters(),
    )  # fmt: skip
    each = _items(device, rows, w * window.taps[0])
    launch = Launch(
        run, (ceil_div(rows, each),), (1,), y_g=Elements(0), x_g=Elements(1), v_g=Elements(2),
        x_offset=Start(1), v_offset=Start(2), rows=rows, h=h, w=w, out_h=out_h, out_w=out_w,
        each=each,
    )  # fmt: skip
    return Plan(shape, result, (launch,))


@lru_cache(maxsize=1024)
def _plan_grad(
    device: Device, kind: str, dtype: np.dtype, y: Shape, size: Pair, window: Window
) -> Plan | None:
    """How a CPU gives the gradient `y` to images of `size`; None where there is none."""
    (h, w), (out_h, out_w) = size, window.out
    planes = y[0] * y[1]
    if planes * h * w == 0 or 0 in y:
        return None
    if window.apart:
        mode, total = "tiles", planes * out_h
        each = _items(device, total, w * window.stride[0])
    else:
        mode, total = "planes", planes
        each = _items(device, planes, h * w * window.taps[0])
    run = kernel(
        device, "pool_grad", T=C_NAMES[dtype], TA=C_NAMES[accumulator(dtype)], kind=kind,
        mode=mode, **window.parameters(),
    )  # fmt: skip
    launch = Launch(
        run, (ceil_div(total, each),), (1,), d_g=Elements(0), y_g=Elements(1), x_g=Elements(2),
        y_offset=Start(1), x_offset=Start(2), total=total, h=h, w=w, out_h=out_h, out_w=out_w,
        each=each,
    )  # fmt: skip
    return Plan((*y[:2], h, w), dtype, (launch,))


def _taps_dtype(window: Window) -> np.dtype:
    """What counts the taps of a window, with one number left that says that there are none."""
    count = window.taps[0] * window.taps[1]
    return uint8 if count < 1 << 8 else uint16 if count < 1 << 16 else int32


def _numbers(rows: Pair, items: int, bytes_in_all: int) -> dict[str, Any]:
    """What divides by sizes, and the type that counts elements."""
    few = max(items, bytes_in_all) < 1 << 31
    (row, row_shift), (image, image_shift) = (divisor(n) for n in (rows[1], rows[0]))
    return {
        "row_magic": row, "row_shift": row_shift, "image_magic": image,
        "image_shift": image_shift, "index": "int" if few else "long",
    }  # fmt: skip


def _each_window(give: str, x: Tensor, window: Window, **others: Tensor) -> None:
    """Launch a work-item for each window of the images x; others: further buffers, by the names of
    the parameters without _g."""
    device, (h, w), (out_h, out_w) = x.device, x.shape[2:], window.out
    if 0 in (*x.shape[:2], out_h, out_w):
        return
    few = window.taps[0] * (window.taps[1] + window.stride[1]) <= _MOST_TAPS
    several = 2 if give in ("max", "both", "tap") and window.dilation == (1, 1) and few else 1
    across = ceil_div(out_w, several)
    total = x.shape[0] * x.shape[1] * out_h * across
    given = _numbers((out_h, across), total * several, x.size * x.dtype.itemsize)
    y = others.get("y")
    run = kernel(
        device, "pool_gpu", T=C_NAMES[x.dtype], TA=C_NAMES[accumulator(x.dtype)],
        TO=C_NAMES[y.dtype if y is not None else x.dtype], N=C_NAMES[_taps_dtype(window)],
        give=give, least=_least(x.dtype), index=given.pop("index"), several=several,
        **window.parameters(),
    )  # fmt: skip
    local = min(64, device.max_work_group)
    if "v" in others:
        given["v_offset"] = others["v"].offset
    given |= {f"{name}_g": each.buffer for name, each in others.items()}
    run(
        (ceil_div(total, local) * local,), (local,), x_g=x.buffer, x_offset=x.offset, total=total,
        h=h, w=w, out_h=out_h, out_w=out_w, across=across, **given,
    )  # fmt: skip


def _each_element(y: Tensor, taps: Tensor | None, kind: str, size: Pair, window: Window) -> Tensor:
    """Launch a work-item for each element of images of `size`, to which y is the gradient."""
    device, (h, w), (out_h, out_w) = y.device, size, window.out
    found = Tensor.empty((*y.shape[:2], h, w), y.dtype, device)
    total = found.size
    given = _numbers(size, max(total, y.size), 0)
    run = kernel(
        device, "pool_grad_gpu", T=C_NAMES[y.dtype], TA=C_NAMES[accumulator(y.dtype)],
        N=C_NAMES[_taps_dtype(window)], kind=kind, index=given.pop("index"), **window.parameters(),
    )  # fmt: skip
    local = min(64, device.max_work_group)
    if taps is not None:
        given["tap_g"] = taps.buffer
    run(
        (ceil_div(total, local) * local,), (local,), d_g=found.buffer, y_g=y.buffer,
        y_offset=y.offset, total=total, h=h, w=w, out_h=out_h, out_w=out_w, **given,
    )  # fmt: skip
    return found


def _dense(x: Tensor) -> Tensor:
    return x if x._value.is_contiguous() else x.contiguous()


def _windows(x: Tensor, window: Window, dtype: np.dtype) -> Tensor:
    """Room for something of each window of the images x."""
    return Tensor.empty((*x.shape[:2], *window.out), dtype, x.device)


def pooled(give: str, x: Tensor, v: Tensor, window: Window, result: np.dtype) -> Tensor:
    """What the kernels give ("max", "index", "select" or "avg") for each window of the images x; v
    is what "select" takes."""
    x, v = _dense(x), _dense(v)
    if not x.device.is_cpu:
        y = _windows(x, window, result)
        others = {"y": y, "v": v} if give == "select" else {"y": y}
        _each_window(give, x, window, **others)
        return y
    plan = _plan(x.device, give, x.dtype, result, x._value.shape, window)
    if plan is None:
        return full((*x.shape[:2], *window.out), 0, result, x.device)
    return execute(plan, x, v)


def spread(kind: str, y: Tensor, x: Tensor, size: Pair, window: Window) -> Tensor:
    """The gradient of images of `size` from y, that of their pooling ("max", of x, or "avg")."""
    y, x = _dense(y), _dense(x)
    if not y.device.is_cpu:
        if 0 in y.shape or 0 in size:
            return full((*y.shape[:2], *size), 0, y.dtype, y.device)
        taps = None
        if kind == "max":
            taps = _windows(x, window, _taps_dtype(window))
            _each_window("tap", x, window, tap=taps)
        return _each_element(y, taps, kind, size, window)
    plan = _plan_grad(y.device, kind, y.dtype, y._value.shape, size, window)
    if plan is None:
        return full((*y.shape[:2], *size), 0, y.dtype, y.device)
    return execute(plan, y, x)


def noted(x: Tensor, window: Window) -> tuple[Tensor, Tensor]:
    """The largest element of each window of the images x, and its tap; on a GPU."""
    x = _dense(x)
    y, taps = _windows(x, window, x.dtype), _windows(x, window, _taps_dtype(window))
    _each_window("both", x, window, y=y, tap=taps)
    return y, taps


def spread_by(y: Tensor, taps: Tensor, size: Pair, window: Window) -> Tensor:
    """The gradient of images of `size` from y, that of the elements at the `taps`."""
    y, taps = _dense(y), _dense(taps)
    if 0 in y.shape or 0 in size:
        return full((*y.shape[:2], *size), 0, y.dtype, y.device)
    return _each_element(y, taps, "max", size, window)


def picked(x: Tensor, taps: Tensor, window: Window) -> Tensor:
    """The element of each window of the images x at the tap that was noted."""
    x = _dense(x)
    y = _windows(x, window, x.dtype)
    _each_window("picked", x, window, y=y, tap=_dense(taps))
    return y
