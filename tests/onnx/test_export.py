import numpy as np
import onnx_models as om
import pytest

import cltensor as ct
from cltensor import nn


@pytest.fixture
def network():
    ct.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(8, 3),
    )  # fmt: skip


def test_a_network_as_a_file_and_back(network, tmp_path):
    x = ct.randn(2, 1, 4, 4)
    path = tmp_path / "network.onnx"
    network.train()
    ct.onnx.export(network, x, path, input_names=["image"], output_names=["scores"])
    assert network[1].training
    message = om.onnx.load(path)
    assert [n.op_type for n in message.graph.node] == [
        "Conv", "BatchNormalization", "Relu", "MaxPool", "Reshape", "Gemm", "Identity",
    ]  # fmt: skip
    assert message.opset_import[0].version == 20
    names = {t.name for t in message.graph.initializer}
    assert {"0.weight", "0.bias", "1.running_mean", "6.weight"} <= names
    network.eval()
    om.same_in_runtime(message, network, x)
    back = ct.onnx.load(path)
    assert list(back.inputs) == ["image"]
    assert set(dict(back.named_parameters())) == set(dict(network.named_parameters()))
    np.testing.assert_allclose(
        back(x).detach().numpy(), network(x).detach().numpy(), rtol=1e-4, atol=1e-5
    )


def test_arguments_that_make_no_sense(network):
    x = ct.ones(1, 1, 4, 4)
    with pytest.raises(ValueError, match="give one of 18 to 28"):
        om.written(network, x, opset_version=17)
    with pytest.raises(ValueError, match="give 1 names"):
        om.written(network, x, input_names=["a", "b"])
    with pytest.raises(ValueError, match="which are parameters"):
        om.written(network, x, input_names=["0.weight"])
    with pytest.raises(TypeError, match="no tensor"):
        ct.onnx.export(network, (3,), "never.onnx")


class Exp(nn.Module):
    def forward(self, x):
        return x.exp()


def test_a_file_that_computes_something_else_is_not_written(monkeypatch):
    from cltensor.onnx.record import OPERATIONS
    from cltensor.onnx.writers import declare

    declare()
    monkeypatch.setitem(
        OPERATIONS, "exp", lambda g, x, out: g.node("Identity", g.value(x))
    )  # a writer that is wrong
    with pytest.raises(ct.DataError, match="for other numbers of the same shape, output 0"):
        om.written(Exp(), ct.ones(2))
