import io

import numpy as np
import onnx_models as om
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.onnx.free import Axes, Points, is_fixed, value_of

F = nn.functional


def other(x, shape):
    """As many numbers of x again as the shape takes."""
    return ct.tensor(np.resize(x.numpy(), shape))


def check(module, x, axes, *shapes):
    """Fail unless the file gives the same for all the shapes; returns its message."""
    module = (module if isinstance(module, nn.Module) else om.Of(module)).eval()
    message = om.written(module, x, dynamic_axes={"input_0": axes})
    back = ct.onnx.load(message.SerializeToString())
    for shape in shapes:
        given = other(x, shape)
        om.same_in_runtime(message, module, given)
        np.testing.assert_allclose(
            back(given).detach().numpy(), module(given).detach().numpy(), rtol=1e-4, atol=1e-5
        )
    return message


def sizes(value):
    return [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]


X = ct.tensor([[0.5, -1.0, 2.0, 0.25], [3.0, -0.5, 1.0, 0.75], [-2.0, 1.5, 0.1, 4.0]])


def test_a_network_takes_any_batch():
    ct.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8, 3),
    )  # fmt: skip
    shapes = [(n, 1, 4, 4) for n in (1, 2, 7)]
    message = check(network, ct.randn(1, 1, 4, 4), {0: "batch"}, *shapes)
    assert sizes(message.graph.input[0]) == ["batch", 1, 4, 4]
    assert sizes(message.graph.output[0]) == ["batch", 3]
    names = {t.name for t in message.graph.initializer}
    assert {"0.weight", "1.running_mean", "4.bias"} <= names


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (lambda x: x.reshape(x.shape[0] * 2, 2), ["2*n", 2]),
        (lambda x: ct.cat([ct.zeros(x.shape[0], 1), x], 1), ["n", 5]),
        (lambda x: ct.cat([x, x[:1]]).flip(0), ["n + 1", 4]),
        (lambda x: x.sum(0) / x.shape[0], [4]),
        (lambda x: x + 2 * ct.arange(x.shape[0])[:, None] - 1, ["n", 4]),
        (lambda x: x + ct.sin(ct.arange(x.shape[0]).float())[:, None], ["n", 4]),
        (lambda x: (x @ x.T).tril(-1), ["n", "n"]),
        (lambda x: (x @ x.T).masked_fill(ct.ones(len(x), len(x)).triu(1).bool(), -1), ["n", "n"]),
        (lambda x: F.pad(x[None, None], (1, 1, 1, 1), "reflect")[0, 0], ["n + 2", 6]),
        (lambda x: x[ct.arange(x.shape[0]), ct.zeros(x.shape[0]).long()], ["n"]),
    ],
)
def test_what_follows_a_size(function, result):
    message = check(function, X, {0: "n"}, (2, 4), (3, 4), (11, 4))
    assert sizes(message.graph.output[0]) == result


class Steps(nn.Module):
    def __init__(self):
        super().__init__()
        self.places, self.layer = nn.Embedding(16, 4), nn.LSTM(4, 3, 2, batch_first=True)

    def forward(self, x):
        return self.layer(x + self.places(ct.arange(x.shape[1])))[0]


@pytest.mark.parametrize("steps", [3, 16])  # with 16 there are fewer only
def test_batch_and_steps(steps):
    ct.manual_seed(0)
    shapes = [(1, 1, 4), (2, 5, 4), (5, 16, 4)]
    message = check(Steps(), ct.randn(1, steps, 4), {0: "b", 1: "t"}, *shapes)
    assert sizes(message.graph.output[0]) == ["b", "t", 3]


def test_attention_takes_any_length():
    def causal(x):
        return F.scaled_dot_product_attention(x, x, x, is_causal=True)

    ct.manual_seed(0)
    check(causal, ct.randn(1, 2, 5, 4), {0: "b", 2: "t"}, (1, 2, 1, 4), (3, 2, 7, 4))


def test_height_and_width():
    ct.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Flatten())
    message = check(layers, ct.randn(1, 1, 8, 8), {2: "h", 3: "w"}, (1, 1, 5, 8), (1, 1, 13, 6))
    assert sizes(message.graph.output[0]) == [1, 0]  # of no name: it is no sum of products


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: x[: x.shape[0] // 2], "which Slice reads"),
        (lambda x: 2 * x if x.shape[0] > 5 else x, "node 0 is"),
        (lambda x: x.squeeze(), "for n=1, output 0"),
        (lambda x: ct.stack([x[i] for i in range(x.shape[0])]), "Slice"),
        (lambda x: x / x.shape[0] ** 0.5, "is no sum of products"),
        (lambda x: x.diagonal(), "for n=1 the file cannot be run"),
        (lambda x: (x[None], x)[x.shape[0] % 2], "node|another number of axes"),
    ],
)
def test_what_follows_no_size_is_no_file(function, told):
    with pytest.raises(ct.DataError, match=told):
        om.written(om.Of(function), other(X, (4, 4)), dynamic_axes={"input_0": {0: "n"}})


def test_what_a_module_raises_is_told_with_the_sizes():
    class Two(nn.Module):
        def forward(self, x):
            if x.shape[0] != 2:
                raise ValueError("two only")
            return x

    with pytest.raises(ValueError, match="two only") as caught:
        om.written(Two(), ct.ones(2, 3), dynamic_axes={"input_0": {0: "n"}})
    assert "while sizes were tried for dynamic_axes (n)" in caught.value.__notes__


def test_names_and_lists_of_axes():
    def product(x, y):
        return x @ y.T

    message = om.written(
        om.Of(product), X, X, input_names=["x", "y"], output_names=["z"],
        dynamic_axes={"x": [0], "y": {-2: "m"}, "z": {0: "rows"}},
    )  # fmt: skip
    assert sizes(message.graph.input[0]) == ["x_0", 4]
    assert sizes(message.graph.input[1]) == ["m", 4]
    assert sizes(message.graph.output[0]) == ["x_0", "m"]
    back = ct.onnx.load(message.SerializeToString())
    assert back(X[:1], other(X, (5, 4))).shape == (1, 5)


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({"input_0": {2: "n"}}, "axis 2 of 'input_0'"),
        ({"nothing": {0: "n"}, "input_0": {0: "b"}}, "dynamic_axes has .'nothing'."),
        ({"input_0": {0: "n", 1: "n"}}, "give axes of other sizes other names"),
        ({"input_0": {0: "n"}, "output_0": {1: "m"}}, "which is 4 for all sizes"),
    ],
)
def test_axes_that_make_no_sense(axes, told):
    with pytest.raises(ValueError, match=told):
        ct.onnx.export(om.Of(ct.exp), X, io.BytesIO(), dynamic_axes=axes)


def test_sums_at_points():
    points = Points([3, 8], [1, -1], [7, 5], [4, 2])
    found = points.sum_of([2 * a * b - a + 5 for a, b in points.all])
    assert found == {(0, 1): 2, (0,): -1, (): 5}
    assert value_of(found, (10, 20)) == 395
    assert not is_fixed(found)
    assert points.sum_of([a // 2 for a, _ in points.all]) is None
    assert points.sum_of([6] * len(points.all)) == {(): 6}


def test_too_many_sizes():
    x = ct.ones(2, 2, 2, 2, 2)
    with pytest.raises(ValueError, match="5 sizes; give 4"):
        Axes({"x": list(range(5))}, ["x"], [x])
