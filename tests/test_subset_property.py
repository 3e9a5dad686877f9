"""Operations of several operands with rules of their own inside vmap: drawn subsets of the operands
and of the gradient as batches, beside a loop. `CLTENSOR_DRAWS=20` draws more for each."""

import os

import numpy as np
import pytest
from subsets import check_subsets

import cltensor as ct
import cltensor.nn.functional as F

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "1"))
INPUT_LENGTHS, TARGET_LENGTHS = ct.tensor([6, 5]), ct.tensor([3, 2])
PLACES = ct.tensor([2, 0, 3])


def written(x, i, v):
    y = x.clone()
    y[:, i] = v
    return y


def recurrent(kind):
    """The states of a layer as a function of the input, the first state and all weights."""
    net = getattr(ct.nn, kind)(3, 4)
    names = [name for name, _ in net.named_parameters()]

    def call(x, *rest):
        state, given = rest[: -len(names)], rest[-len(names) :]
        state = tuple(state) if kind == "LSTM" else state[0]
        out, _ = ct.func.functional_call(net, dict(zip(names, given, strict=True)), (x, state))
        return out

    states = [(1, 2, 4)] * (2 if kind == "LSTM" else 1)
    return call, [(3, 2, 3), *states, *[tuple(p.shape) for p in net.parameters()]]


#: (function, its operands: shapes of floats, or (how many, shape) of integers).
CASES = {
    "conv2d": (
        lambda x, w, b: F.conv2d(x, w, b, 2, 1, groups=2), [(2, 4, 6, 5), (6, 2, 3, 2), (6,)]
    ),
    "conv3d": (lambda x, w: F.conv3d(x, w, padding=1), [(1, 2, 3, 4, 3), (3, 2, 2, 2, 2)]),
    "conv_transpose": (
        lambda x, w, b: F.conv_transpose2d(x, w, b, 2, 1), [(2, 2, 4, 3), (2, 3, 3, 2), (3,)]
    ),
    "max_pool": (lambda x, y: F.max_pool2d(x * y, (3, 2), 2, 1), [(2, 2, 6, 5), (2, 1, 1)]),
    "avg_pool": (lambda x, y: F.avg_pool2d(x * y, (3, 2), 2, 1), [(2, 2, 6, 5), (2, 1, 1)]),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True), [(4, 3, 2), (3,), (3,)]
    ),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (5,), w, b), [(4, 5), (5,), (5,)]),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), [(2, 4, 3), (4,), (4,)]),
    "linear": (F.linear, [(2, 3, 4), (3, 4), (3,)]),
    "matmul": (ct.matmul, [(2, 1, 3, 4), (3, 4, 2)]),
    "embedding_bag": (lambda i, w: F.embedding_bag(i, w, mode="max"), [(5, (3, 2)), (5, 4)]),
    "gather": (lambda x, i: x.gather(0, i), [(4, 5), (4, (3, 2))]),
    "scatter_add": (lambda x, i, v: x.scatter_add(0, i, v), [(4, 5), (4, (3, 2)), (3, 4)]),
    "getitem": (lambda x, i, j: x[i, :, j], [(4, 2, 5), (4, (3, 1)), (5, (2,))]),
    "setitem": (lambda x, v: written(x, PLACES, v), [(4, 5, 2), (3, 2)]),
    "index_put": (
        lambda x, i, j, v: x.index_put((i, j), v, accumulate=True),
        [(4, 5), (4, (3,)), (5, (3,)), ()],
    ),
    "solve": (lambda a, b: ct.linalg.solve(a / 4 + ct.eye(3), b), [(3, 3), (2, 3, 2)]),
    "cross_entropy": (
        lambda x, t, w: F.cross_entropy(x, t, w.abs() + 0.1, ignore_index=1),
        [(4, 5), (5, (4,)), (5,)],
    ),
    "ctc_loss": (
        lambda x, t: F.ctc_loss(x.log_softmax(2), t + 1, INPUT_LENGTHS, TARGET_LENGTHS),
        [(6, 2, 4), (3, (2, 3))],
    ),
    **{kind: recurrent(kind) for kind in ("RNN", "GRU", "LSTM")},
}  # fmt: skip
#: What has no second derivative.
ONCE = {"ctc_loss"}


@pytest.mark.filterwarnings("ignore:vmap. .* has no way to compute a whole batch")
@pytest.mark.parametrize("seed", range(DRAWS))
@pytest.mark.parametrize("name", CASES)
def test_a_subset_of_operands_is_a_batch(device, name, seed):
    rng = np.random.default_rng((seed, len(name)))
    function, shapes = CASES[name]
    operands = [
        ct.tensor(rng.integers(0, s[0], s[1]))
        if len(s) == 2 and isinstance(s[1], tuple)
        else ct.tensor(rng.standard_normal(s), dtype="float32")
        for s in shapes
    ]
    check_subsets(rng, function, operands, second=name not in ONCE)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:vmap. .* has no way to compute a whole batch")
@pytest.mark.parametrize("name", CASES)
def test_on_gpus(device, use_skeletons, name):
    use_skeletons("gpu")
    test_a_subset_of_operands_is_a_batch(device, name, 0)
