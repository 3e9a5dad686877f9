"""The rules of all operations but the elementwise ones (which test_derivatives has), first and
second order, at odd, broadcast and empty shapes.

Each call is that of public functions, where there are some that reach the operation.
"""

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.autograd.graph import Node
from cltensor.core.op import OPERATIONS
from cltensor.nn.recurrence import recurrence
from cltensor.ops.network.attention import attention, row_blocks
from cltensor.testing import gradcheck, gradgradcheck

pytestmark = pytest.mark.slow
ROWS = ct.tensor([[2, 0, 1], [0, 0, 2]])
#: Operations whose rules are not the derivative, and why.
NOT_DERIVATIVES = {
    "of_parameter": "samples do not move with their parameters, as in PyTorch",
    "standard_gamma": "random; ops/random/test_sample has it",
    "statistic": "statistics beside a result count for nothing, as in PyTorch",
    "setitem_winners": "which index is the last does not move",
    "ctc_loss": "PyTorch's is that before log_softmax; ops/network/test_ctc has it",
    "max_pool2d_select": "does not move with what decides; its other rule is in max_pool2d's",
    "max_pool2d_backward": "the same",
    "max_pool2d_taps": "what max_pool2d is on GPUs; ops/network/test_pool_launch has it",
    "max_pool2d_taps_backward": "the same",
    "max_pool2d_taps_picked": "the same",
    "view_write": "of changes in place; autograd/test_record has it",
    "overwrite": "of changes in place; autograd/test_record has it",
    "fill": "a constant; its derivative is 0",
    "found_in": "has none, and backward says so",
}


def near(x):
    """A matrix, or stack of them, far from singular."""
    return x + 4 * ct.eye(x.shape[-1], dtype=x.dtype)


def symmetric(x):
    return near(x + x.mT) + ct.diag(ct.arange(x.shape[-1], dtype=x.dtype)) * 3


def rebuilt(x):
    """A function of eigenvalues and vectors that does not see the vectors' signs."""
    values, vectors = ct.linalg.eigh(symmetric(x))
    return (vectors * values.sin().unsqueeze(-2)) @ vectors.mT


def combined(reduce):
    return lambda x, s: x.scatter_reduce(0, ROWS, s, reduce)


def raw(name, *more, **named):
    """A call of the operation itself."""
    return lambda *operands: OPERATIONS[name](*operands, *more, **named)


#: Reached only by gradients, or with a second device.
NOT_REACHED = {"avg_pool2d_backward", "to_device"}
#: By operation: functions, each with the shapes of its operands. The last ones are empty.
CALLS = {
    "sum": [(lambda x: x.sum(1), (3, 5)), (lambda x: x.sum(0), (0, 3))],
    "prod": [(lambda x: x.prod(1, keepdim=True), (3, 5)), (lambda x: x.prod(0), (0, 3))],
    "max": [(lambda x: ct.max(x, axis=(0, 2)), (3, 1, 5)), (lambda x: ct.max(x, axis=1), (0, 3))],
    "min": [(lambda x: ct.min(x, axis=0), (7, 3)), (lambda x: ct.min(x, axis=1), (0, 3))],
    "amax": [(lambda x: x.amax(1), (3, 5)), (lambda x: x.amax(1), (0, 3))],
    "amin": [(lambda x: x.amin((0, 1)), (3, 5)), (lambda x: x.amin(1), (0, 3))],
    "conv2d": [
        (lambda x, w: F.conv2d(x, w, stride=2, padding=1, groups=3), (1, 3, 5, 7), (3, 1, 3, 3)),
        (lambda x, w: F.conv2d(x, w, dilation=2), (0, 2, 5, 5), (3, 2, 2, 2)),
    ],
    "conv2d_backward_data": [
        (lambda x, w: F.conv_transpose2d(x, w, stride=2), (1, 3, 3, 5), (3, 1, 3, 3)),
        (lambda x, w: F.conv_transpose2d(x, w), (0, 2, 3, 3), (2, 1, 2, 2)),
    ],
    "conv2d_backward_weight": [
        (raw("conv2d_backward_weight", (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
         (1, 3, 5, 3), (1, 1, 5, 3)),
        (raw("conv2d_backward_weight", (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 1),
         (0, 3, 5, 3), (0, 1, 5, 3)),
    ],
    "to_device": [(raw("to_device", ct.devices()[-1]), s) for s in ((3, 1, 5), (0, 3))],
    "astype": [(lambda x: x.to(ct.complex128).abs() * x, s) for s in ((3, 1, 5), (0, 3))],
    "contiguous": [(lambda x: x.T.contiguous(), s) for s in ((3, 5), (0, 3))],
    "apart": [(lambda x: x.T.flip(0), s) for s in ((3, 5), (0, 3))],
    "clone": [(lambda x: x.T.clone(), s) for s in ((3, 5), (0, 3))],
    "rfft_along": [(lambda x: ct.fft.rfft(x), (3, 5)), (lambda x: ct.fft.rfft(x), (0, 3))],
    "irfft_along": [
        (lambda x: ct.fft.irfft(ct.fft.rfft(x) ** 2, n=x.shape[-1]), s) for s in ((3, 7), (0, 3))
    ],
    "fft_along": [(lambda x: ct.fft.fft(x, dim=0), s) for s in ((5, 3), (3, 0))],
    "scatter_combine": [
        (combined("prod"), (3, 3), (2, 3)), (combined("amax"), (3, 3), (2, 3)),
        (lambda x, s: x.scatter_reduce(0, ROWS[:, :0], s, "prod"), (3, 0), (2, 0)),
    ],
    "getitem": [(lambda x: x[:, ROWS], (1, 3, 5)), (lambda x: x[ROWS[:0]], (3, 5))],
    "getitem_backward": [
        (lambda x, s: x.index_add(0, ROWS[0], s), (3, 5), (3, 5)),
        (lambda x, s: x.index_add(0, ROWS[0, :0], s), (3, 5), (0, 5)),
    ],
    "setitem": [
        (lambda x, v: x.index_put((ROWS[0],), v), (3, 5), (1, 5)),
        (lambda x, v: x.index_put((ROWS[0, :0],), v), (3, 5), (1, 5)),
    ],
    "gather": [(lambda x: x.gather(0, ROWS), (3, 5)), (lambda x: x.gather(0, ROWS[:, :0]), (3, 0))],
    "gather_backward": [
        (lambda x, s: x.scatter_add(0, ROWS, s), (3, 5), (2, 3)),
        (lambda x, s: x.scatter_add(0, ROWS[:0], s), (3, 5), (0, 3)),
    ],
    "cholesky_ex": [
        (lambda x: ct.linalg.cholesky(x @ x.mT + 2 * ct.eye(3, dtype=x.dtype)), (1, 3, 3)),
        (lambda x: ct.linalg.cholesky(x), (0, 3, 3)),
    ],
    "eig": [
        (lambda x: ct.linalg.eig(symmetric(x) + x)[0], (3, 3)),
        (lambda x: ct.linalg.eig(x)[0], (0, 3, 3)),
    ],
    "eigh": [(rebuilt, (1, 3, 3)), (lambda x: ct.linalg.eigh(x + x.mT)[0], (0, 3, 3))],
    "matrix_exp": [(ct.linalg.matrix_exp, s) for s in ((3, 3), (0, 3, 3))],
    "lu_factor_ex": [
        (lambda x: ct.linalg.lu_factor(near(x))[0], (1, 3, 3)),
        (lambda x: ct.linalg.lu_factor(x)[0], (0, 3, 3)),
    ],
    "exchange_rows": [
        (lambda x: ct.linalg.lu_solve(*ct.linalg.lu_factor(near(x).flip(-2)), x), (3, 3)),
        (lambda x: ct.linalg.lu_solve(*ct.linalg.lu_factor(x), x), (0, 3, 3)),
    ],
    "matmul": [
        (ct.matmul, (3, 1, 5, 2), (2, 2, 1)), (ct.matmul, (5,), (5, 3)),
        (ct.matmul, (3, 0), (0, 5)),
    ],
    "row_blocks": [
        (raw("row_blocks", 2), (2, 5, 3)), (lambda x: row_blocks(x, 2)[1], (5, 3)),
        (raw("row_blocks", 2), (3, 0)),
    ],
    "attention": [
        (lambda q, k, v: attention(q, k, v, None, True, 1, 0.7, 0.0), (3, 2), (4, 2), (4, 2)),
        (lambda q, k, v: attention(q, k, v, None, False, 2, 0.7, 0.0),
         (2, 3, 2), (1, 4, 2), (1, 4, 2)),
    ],
    "recurrent": [
        (lambda x, h, w: recurrence("tanh", x, h, None, w, None, None, (2, 2), False)[0],
         (4, 3), (2, 3), (3, 3)),
        (lambda x, h, w: recurrence("tanh", x, h, None, w, None, None, (0, 0), False)[0],
         (0, 3), (0, 3), (3, 3)),
    ],
    "linear": [(F.linear, (3, 1, 5), (7, 5)), (F.linear, (0, 5), (7, 5))],
    "pinv": [(lambda x: ct.linalg.pinv(x), s) for s in ((1, 5, 3), (0, 5, 3))],
    "lstsq": [
        (lambda a, b: ct.linalg.lstsq(a, b).solution, (5, 3), (5, 1)),
        (lambda a, b: ct.linalg.lstsq(a, b).solution, (0, 5, 3), (0, 5, 1)),
    ],
    "qr": [(lambda x: ct.linalg.qr(near(x)), (1, 3, 3)), (lambda x: ct.linalg.qr(x), (0, 5, 3))],
    "solve_ex": [
        (lambda a, b: ct.linalg.solve(near(a), b), (3, 1, 3, 3), (3, 1)),
        (lambda a, b: ct.linalg.solve(a, b), (0, 3, 3), (0, 3, 1)),
    ],
    "inv_ex": [(lambda x: ct.linalg.inv(near(x)), s) for s in ((1, 3, 3), (0, 3, 3))],
    "det": [(lambda x: ct.linalg.det(near(x)), s) for s in ((1, 3, 3), (0, 3, 3))],
    "slogdet": [(lambda x: ct.linalg.slogdet(near(x))[1], s) for s in ((3, 3), (0, 3, 3))],
    "svd": [(lambda x: ct.linalg.svd(near(x))[1], (1, 3, 3)),
            (lambda x: ct.linalg.svd(x)[1], (0, 5, 3))],
    "solve_triangular": [
        (lambda a, b: ct.linalg.solve_triangular(near(a), b, upper=True), (3, 1, 3, 3), (3, 1)),
        (lambda a, b: ct.linalg.solve_triangular(a, b, upper=False), (0, 3, 3), (0, 3, 1)),
    ],
    "label_pick": [
        (lambda x: F.nll_loss(x, ROWS[0], ignore_index=1, reduction="none"), (3, 5)),
        (lambda x: F.nll_loss(x, ROWS[0, :0], reduction="none"), (0, 5)),
    ],
    "label_loss": [
        (lambda x: F.cross_entropy(x, ROWS[0], ignore_index=1, reduction="none"), (3, 5)),
        (lambda x: raw("label_loss")(x, ROWS[:, :1], 1, -100, "here")[1], (2, 3)),
    ],
    "label_mean": [
        (lambda x: F.cross_entropy(x, ROWS[0], ignore_index=1), (3, 5)),
        (lambda x: raw("label_mean")(x, ROWS[:, :1], 1, -100, "here")[1], (2, 3)),
    ],
    "normalize_channels": [
        (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (5, 3, 1), (3,), (3,)),
        (lambda x: F.instance_norm(x), (2, 3, 5)),
    ],
    "normalize_rows": [
        (lambda x, w, b: F.layer_norm(x, (5,), w, b), (3, 5), (5,), (5,)),
        (lambda x, w, b: F.layer_norm(x, (5,), w, b), (0, 5), (5,), (5,)),
    ],
    "max_pool2d": [
        (lambda x: F.max_pool2d(x, 3, 2, 1), (1, 2, 5, 7)),
        (lambda x: F.max_pool2d(x, 2), (0, 1, 5, 5)),
    ],
    "avg_pool2d": [
        (lambda x: F.avg_pool2d(x, 3, 2, 1), (1, 2, 5, 7)),
        (lambda x: F.avg_pool2d(x, 2), (0, 1, 5, 5)),
    ],
    "avg_pool2d_backward": [(lambda x: F.avg_pool2d(x, 3, 1, 1) ** 2, (1, 1, 3, 5))],
    "unpool": [
        (lambda x: F.max_unpool1d(x, ct.tensor([[[0, 3, 4]]]), 2), (1, 1, 3)),
    ],
    "resample": [
        (lambda x: F.interpolate(x, size=(3, 7), mode="bilinear"), (1, 2, 5, 3)),
        (lambda x: F.interpolate(x, size=(3, 7), mode="bilinear"), (0, 2, 5, 3)),
    ],
    "sums": [(raw("sums", axis=(0,)), (3, 5), (3, 5)), (raw("sums", axis=(0,)), (0, 5), (0, 5))],
    "moments": [(lambda x: ct.var_mean(x, 0), (5, 3)), (lambda x: ct.var_mean(x, 1), (0, 3))],
    "logsumexp": [(lambda x: x.logsumexp(0), s) for s in ((5, 3), (3, 0))],
    "log_total": [(raw("log_total", 0), (5, 3)), (raw("log_total", 1), (0, 3))],
    "softmax": [(lambda x: x.softmax(0), s) for s in ((5, 3), (3, 0))],
    "log_softmax": [(lambda x: x.log_softmax(0), s) for s in ((5, 3), (3, 0))],
    "recurrence": [
        (raw("recurrence", 0, False), (5, 3), (5, 3)), (raw("recurrence", 0, True), (0, 3), (0, 3)),
    ],
    "cumprod": [(lambda x: x.cumprod(0), s) for s in ((5, 3), (0, 3))],
    "logcumsumexp": [(lambda x: x.logcumsumexp(0), s) for s in ((5, 3), (0, 3))],
    "running_extreme": [(lambda x: x.cummax(0).values, s) for s in ((5, 3), (0, 3))],
    "cumsum": [(lambda x: x.cumsum(-1), s) for s in ((3, 5), (3, 0))],
    "norm": [
        *[(lambda x, p=p: x.norm(p, 1), (3, 5)) for p in (1, 2, 2.5, np.inf)],
        (lambda x: x.norm(2, 1), (0, 3)),
    ],
    "slice_backward": [(raw("slice_backward", ((1, 2, 2), (0, 1, 3)), (5, 3)), (2, 3))],
    "diagonal_backward": [(ct.diag_embed, s) for s in ((3, 5), (0, 3))],
    "concat": [(lambda x, y: ct.cat([x, y]), (3, 5), s) for s in ((1, 5), (0, 5))],
    "pad": [(lambda x: F.pad(x, (1, 2, 0, 3), value=2.0), s) for s in ((3, 5), (0, 5))],
    "overlap_add": [
        (lambda x: F.fold(x, (3, 5), (2, 3), padding=1), (1, 12, 20)),
        (lambda x: F.fold(x, (3, 5), (2, 3), padding=1), (0, 12, 20)),
    ],
    "sort": [(lambda x: x.sort(0).values, s) for s in ((5, 3), (0, 3))],
    "topk": [(lambda x: x.topk(2, 0).values, (5, 3)), (lambda x: x.topk(2, 1).values, (0, 3))],
    "as_strided": [
        (lambda x: x.as_strided((3, 3), (5, 1)), (3, 5)),
        (lambda x: x.as_strided((0, 3), (1, 1)), (3,)),
    ],
    "slice": [(lambda x: x[::2, None, 1], (5, 3)), (lambda x: x[3:], (3, 5))],
    "diagonal": [(lambda x: x.diagonal(1), s) for s in ((3, 5), (0, 3))],
    "real": [(lambda x: (x + 1j * x * x).real, s) for s in ((3, 5), (0, 3))],
    "imag": [(lambda x: (x + 1j * x * x).imag, s) for s in ((3, 5), (0, 3))],
    "view_as_real": [(lambda x: ct.view_as_real(x + 1j * x * x), s) for s in ((3, 5), (0, 3))],
    "view_as_complex": [(lambda x: ct.view_as_complex(x).abs(), s) for s in ((3, 2), (0, 2))],
    "reshape": [(lambda x: x.reshape(-1, 3), (3, 5)), (lambda x: x.reshape(3, 0), (0, 5))],
    "permute": [(lambda x: x.permute(2, 0, 1), s) for s in ((3, 1, 5), (0, 1, 5))],
    "expand": [(lambda x: x.expand(2, 3, 5), (3, 1)), (lambda x: x.expand(0, 3), (1, 3))],
    "middle_of_all": [(lambda x: x.median(), (3, 5)), (lambda x: x.nanmedian(), (4,))],
    "unfold": [(lambda x: x.unfold(0, 3, 2), (7, 3)), (lambda x: x.unfold(0, 3, 2), (7, 0))],
    "windows": [
        (lambda x: F.unfold(x, (2, 3), padding=1, stride=2), (1, 2, 3, 5)),
        (lambda x: F.unfold(x, (2, 3)), (0, 2, 3, 5)),
    ],
}  # fmt: skip


def test_every_operation_with_a_rule_is_here():
    other = {
        n for n, op in OPERATIONS.items()
        if op.rules and not op.run.__qualname__.startswith(("_pointwise", "_run_nextafter"))
    }  # fmt: skip
    assert other == set(CALLS) | set(NOT_DERIVATIVES)


def reached(results):
    """The names of the operations in the graph of results."""
    pending = [y.node for y in results if isinstance(y, ct.Tensor) and y.node is not None]
    seen: set[Node] = set()
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += [e for e in node.edges if e is not None]
    return {node.name() for node in seen}


def several(y):
    return y if isinstance(y, tuple) else (y,)


@pytest.mark.parametrize("name", CALLS)
def test_first_and_second_derivatives(fp64, name):
    random = np.random.default_rng(len(name))
    found = set()
    for function, *shapes in CALLS[name]:
        inputs = [
            leaf(random.uniform(0.5, 1.5, s) * random.choice([-1, 1], s), "float64") for s in shapes
        ]
        found |= reached(several(function(*inputs)))
        real = lambda *xs, f=function: tuple(  # noqa: E731
            [ct.view_as_real(y) if y.dtype.kind == "c" else y for y in several(f(*xs))
             if y.dtype.kind in "fc"]
        )  # fmt: skip
        assert gradcheck(real, inputs)
        assert gradgradcheck(real, inputs)
        sums = [y.sum() for y in real(*inputs)]
        first = ct.autograd.grad(sums, inputs, allow_unused=True)
        assert all(g is None or g.shape == x.shape for g, x in zip(first, inputs, strict=True))
    assert name in found | NOT_REACHED, found
