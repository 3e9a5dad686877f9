"""Connectionist temporal classification: the probability of labels without places in time.

All paths are summed up by one work-item for each sample, forwards for the loss and backwards for
its gradient.
"""

from __future__ import annotations

from typing import Any

from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, SHORT, int64
from cltensor.errors import DTypeError
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.linalg.gemm import ceil_div
from cltensor.runtime.kernel import kernel


def _launch(x: Tensor, labels: Any, most: int, blank: int, back: bool, **more: Any) -> None:
    label, start, times, counts = labels
    _, samples, classes = x.shape
    local = 1 if x.device.is_cpu else min(32, x.device.max_work_group)
    run = kernel(x.device, "ctc", T=C_NAMES[x.dtype], back=back)
    run(
        (ceil_div(samples, local) * local,), (local,), x_g=x.buffer, x_start=x.offset,
        label_g=label.buffer, start_g=start.buffer, times_g=times.buffer, counts_g=counts.buffer,
        samples=samples, classes=classes, most=x.shape[0], width=2 * most + 1, blank=blank, **more,
    )  # fmt: skip


def _forward(x: Tensor, labels: Any, most: int, blank: int) -> tuple[Tensor, Tensor]:
    """The losses, and the logarithms of the paths up to each time and place, with room for two rows
    of those from there on."""
    x = x.contiguous()
    times, samples, _ = x.shape
    paths = Tensor.empty((samples * (times + 2) * (2 * most + 1),), x.dtype, x.device)
    losses = Tensor.empty((samples,), x.dtype, x.device)
    if samples:
        _launch(x, labels, most, blank, False, a_g=paths.buffer, loss_g=losses.buffer)
    return losses, paths


def _run(x: Tensor, labels: Any, most: int, blank: int) -> Tensor:
    return _forward(x, labels, most, blank)[0]


def _run_backward(g: Tensor, x: Tensor, labels: Any, most: int, blank: int) -> Tensor:
    x, g = x.contiguous(), g.contiguous()
    g = g.clone() if g.offset else g.realize()
    losses, paths = _forward(x, labels, most, blank)
    result = full(x.shape, 0, x.dtype, x.device).realize()
    if result.size:
        _launch(
            x, labels, most, blank, True, a_g=paths.buffer, loss_g=losses.buffer,
            d_g=result.buffer, g_g=g.buffer,
        )  # fmt: skip
    return result


_ctc: Op = primitive(
    "ctc_loss(x, labels, most, blank)",
    _run,
    dx=lambda g, x, labels, most, blank: _backward(g, x, labels, most, blank),
)
#: Its own derivative is not there, as in PyTorch.
_backward: Op = primitive("ctc_loss_backward(g, x, labels, most, blank)", _run_backward)
_ctc.batched(None)
_backward.batched(None)


def ctc(x: Any, label: Any, start: Any, times: Any, counts: Any, most: int, blank: int) -> Any:
    """The negative logarithm of the probability of each sample's labels.

        -log(sum over all paths of the product of x[t, n, path[t]])

    Args:    x (T, N, C): logarithms of probabilities; label: those of all samples, sample n's from
             start[n] on, counts[n] of them, at most `most`; times (N,): how many of T count; blank:
             the class of none.
    Returns: (N,); infinity where labels do not fit into the time.
    Source:  Graves et al. 2006. The gradient is PyTorch's: that to what log_softmax was given.
    """
    if x.dtype in SHORT:
        raise DTypeError(f"ctc_loss: {x.dtype.name} sums up no paths; cast with .float()")
    labels = [astype(v, int64).contiguous().clone() for v in (label, start, times, counts)]
    return _ctc(x, tuple(labels), most, blank)
