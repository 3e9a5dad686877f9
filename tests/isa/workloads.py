"""What networks ask of a GPU, at the sizes that they have: functions that are called with the
namespace while a stub device is the default one."""

import cltensor as ct
from cltensor.nn import functional as F


def _leaf(*shape, dtype="float32"):
    return ct.empty(shape, dtype=dtype).requires_grad_()


def _product(a, b, dtype="float32"):
    return lambda: (ct.empty(a, dtype=dtype) @ ct.empty(b, dtype=dtype)).realize()


def _with_gradients(function, *leaves):
    """The result and all gradients, of a gradient that is no constant."""
    out = function(*leaves)
    out.backward(ct.empty(out.shape, dtype=out.dtype))
    for leaf in leaves:
        leaf.grad.realize()


def _conv(x, w, **settings):
    return lambda: _with_gradients(lambda x, w: F.conv2d(x, w, **settings), _leaf(*x), _leaf(*w))


def _optimizer(name, **settings):
    def run():
        parameters = [ct.nn.Parameter(ct.empty(shape)) for shape in ((256, 512), (512,))]
        for each in parameters:
            each.grad = ct.empty(each.shape)
        step = getattr(ct.optim, name)(parameters, lr=0.1, **settings)
        step.step()
        step.step()
        for each in parameters:
            each.realize()

    return run


def _batch_norm():
    layer = ct.nn.BatchNorm2d(64)
    x = _leaf(64, 64, 56, 56)
    out = F.relu(layer(x))
    out.backward(ct.empty(out.shape))
    x.grad.realize()


def _lstm():
    layer = ct.nn.LSTM(128, 256)
    out, _ = layer(_leaf(32, 64, 128))
    out.backward(ct.empty(out.shape))
    for each in layer.parameters():
        each.grad.realize()


def _attention(*shape, **settings):
    def run():
        leaves = [_leaf(*shape) for _ in range(3)]
        _with_gradients(lambda *x: F.scaled_dot_product_attention(*x, **settings), *leaves)

    return run


def _unary(function, *shape, dtype="float32"):
    return lambda: _realized(function(ct.empty(shape, dtype=dtype)))


def _realized(out):
    for each in out if isinstance(out, tuple) else (out,):
        each.realize()


def _pool(function, *arguments):
    return lambda: _with_gradients(lambda x: function(x, *arguments), _leaf(64, 64, 112, 112))


WORKLOADS = {
    "product": _product((4096, 4096), (4096, 4096)),
    "product, b transposed": lambda: (ct.empty((2048, 2048)) @ ct.empty((2048, 2048)).mT).realize(),
    "product, a transposed": lambda: (ct.empty((2048, 2048)).mT @ ct.empty((2048, 2048))).realize(),
    "product of 512": _product((512, 512), (512, 512)),
    "product of 128": _product((128, 128), (128, 128)),
    "products of 100 by 77": _product((64, 100, 77), (64, 77, 100)),
    "product and bias": lambda: F.relu(
        ct.empty((1024, 1024)) @ ct.empty((1024, 1024)) + ct.empty((1024,))
    ).realize(),
    "product in float16": _product((2048, 2048), (2048, 2048), "float16"),
    "product in int32": _product((2048, 2048), (2048, 2048), "int32"),
    "product by a vector": _product((4096, 4096), (4096, 1)),
    "product of few columns": _product((256, 784), (784, 8)),
    "conv 3x3": _conv((64, 64, 56, 56), (64, 64, 3, 3), padding=1),
    "conv 3x3, dilated": _conv((64, 64, 56, 56), (64, 64, 3, 3), padding=2, dilation=2),
    "conv 3x3, stride 2": _conv((64, 128, 28, 28), (128, 128, 3, 3), padding=1, stride=2),
    "conv 3x3, 16 channels": _conv((128, 16, 32, 32), (16, 16, 3, 3), padding=1),
    "conv 1x1": _conv((64, 256, 28, 28), (128, 256, 1, 1)),
    "conv 7x7 of 3 channels": _conv((64, 3, 224, 224), (64, 3, 7, 7), padding=3, stride=2),
    "conv 3x3 to 32 channels": _conv((128, 32, 16, 16), (32, 32, 3, 3), padding=1),
    "conv depthwise": _conv((64, 64, 56, 56), (64, 1, 3, 3), padding=1, groups=64),
    "conv depthwise, stride 2": _conv(
        (64, 96, 112, 112), (96, 1, 3, 3), padding=1, stride=2, groups=96
    ),
    "conv depthwise of small images": _conv((64, 960, 7, 7), (960, 1, 3, 3), padding=1, groups=960),
    "conv depthwise 7x7": _conv((64, 96, 56, 56), (96, 1, 7, 7), padding=3, groups=96),
    "sum": _unary(ct.sum, 1 << 26),
    "sum of rows": _unary(lambda x: ct.sum(x, 1), 4096, 4096),
    "sum of columns": _unary(lambda x: ct.sum(x, 0), 4096, 4096),
    "argmax": _unary(lambda x: ct.argmax(x, 1), 4096, 1000),
    "variance": _unary(lambda x: ct.var(x, 1), 4096, 1000),
    "softmax": _unary(lambda x: ct.softmax(x, -1), 4096, 1000),
    "softmax of 10": _unary(lambda x: ct.softmax(x, -1), 256, 10),
    "layer norm": lambda: _with_gradients(
        lambda x, w, b: F.layer_norm(x, (1024,), w, b), _leaf(4096, 1024), _leaf(1024), _leaf(1024)
    ),
    "batch norm": _batch_norm,
    "cross entropy": lambda: _with_gradients(
        lambda x: F.cross_entropy(x, ct.zeros((256,), dtype="int64")), _leaf(256, 1000)
    ),
    "add": lambda: (ct.empty((1 << 22,)) + ct.empty((1 << 22,))).realize(),
    "bias of channels": lambda: (ct.empty((64, 64, 56, 56)) + ct.empty((64, 1, 1))).realize(),
    "exp, sin, tanh": lambda: (
        ct.exp(ct.empty((1 << 20,))) * ct.sin(ct.empty((1 << 20,))) + ct.tanh(ct.empty((1 << 20,)))
    ).realize(),
    "copy of a transposed matrix": lambda: ct.empty((4096, 4096)).mT.contiguous().realize(),
    "copy, channels first": lambda: ct.empty((64, 56, 56, 64)).permute((0, 3, 1, 2)).contiguous(),
    "cast to float16": _unary(lambda x: x.to(ct.float16), 1 << 20),
    "join": lambda: ct.cat([ct.empty((64, 100)), ct.empty((64, 28))], 1).realize(),
    "cumsum": _unary(lambda x: ct.cumsum(x, 0), 1 << 20),
    "cumsum of rows": _unary(lambda x: ct.cumsum(x, 1), 4096, 4096),
    "cummax": _unary(lambda x: ct.cummax(x, 1), 512, 4096),
    "sort": _unary(lambda x: ct.sort(x, 0), 1 << 20),
    "sort of rows": _unary(lambda x: ct.sort(x, 1), 256, 1000),
    "topk": _unary(lambda x: ct.topk(x, 5), 256, 4096),
    "nonzero": _unary(lambda x: ct.nonzero(x > 0), 1 << 20),
    "max pooling": _pool(F.max_pool2d, 3, 2, 1),
    "mean pooling": _pool(F.avg_pool2d, 2),
    "embedding": lambda: _with_gradients(
        lambda w: F.embedding(ct.zeros((64, 128), dtype="int64"), w), _leaf(10000, 256)
    ),
    "gather": lambda: ct.gather(
        ct.empty((4096, 1000)), 1, ct.zeros((4096, 5), dtype="int64")
    ).realize(),
    "normal numbers": lambda: ct.randn(1 << 20).realize(),
    "uniform numbers": lambda: ct.rand(1 << 20).realize(),
    "dropout": _unary(lambda x: F.dropout(x, 0.5, True), 1000, 1000),
    "SGD": _optimizer("SGD", momentum=0.9),
    "Adam": _optimizer("Adam"),
    "LSTM": _lstm,
    "attention": _attention(4, 8, 1024, 64),
    "attention of 128, causal": _attention(4, 8, 1024, 128, is_causal=True),
    "FFT": _unary(lambda x: ct.fft.fft(x).real, 256, 1024),
    "Cholesky": _unary(ct.linalg.cholesky, 256, 256),
    "solve": lambda: ct.linalg.solve(ct.empty((64, 64)), ct.empty((64, 8))).realize(),
}
