import onnx_models as om

import cltensor as ct
from cltensor import nn

F = nn.functional


def moved(x):
    return (
        x[1], x[:, ::2], x[..., None], x[:, -1:], x[[0, 2]], x[[0, 2], [1, 3]], x.flip(0), x.T,
        ct.cat([x, x]), ct.stack([x, x], -1), x.reshape(2, 6), x.unsqueeze(0).expand(2, 3, 4),
        x.repeat(2, 1), F.pad(x, (1, 2)), F.pad(x, (1, 0), value=2.0), x.diagonal(),
        x.gather(1, ct.tensor([[0], [1], [2]])), x.split(2, 1)[1],
    )  # fmt: skip


def reduced(x):
    return (
        x.sum(), x.sum(1, keepdim=True), x.mean(0), x.max(-1)[0], x.amin((0, 1)), x.argmax(0),
        x.argmin(), x.var(1), x.std(0, correction=0), x.logsumexp(1), x.softmax(0),
        x.log_softmax(-1), x.cumsum(0), (x > 0).any(0), (x > 0).all(), x.topk(2)[0], x.prod(1),
    )  # fmt: skip


X = ct.tensor([[0.5, -1.0, 2.0, 0.25], [3.0, -0.5, 1.0, 0.75], [-2.0, 1.5, 0.1, 4.0]])


def test_moved():
    module = om.Of(moved)
    om.same_in_runtime(om.written(module, X), module, X)


def test_reduced():
    module = om.Of(reduced)
    om.same_in_runtime(om.written(module, X), module, X)
