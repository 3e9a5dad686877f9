import numpy as np
import onnx_models as om
import pytest

import cltensor as ct
from cltensor import nn


def check(module, *args, **more):
    module.eval()
    message = om.written(module, *args, **more)
    om.same_in_runtime(message, module, *args)
    return om.operators(message)


@pytest.fixture(autouse=True)
def seed():
    ct.manual_seed(0)


def test_convolutions_and_pooling():
    layers = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2), nn.AvgPool2d(2, padding=1),
        nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1), nn.GroupNorm(2, 2),
        nn.InstanceNorm2d(2), nn.AdaptiveAvgPool2d(1),
    )  # fmt: skip
    found = check(layers, ct.randn(1, 2, 8, 8))
    assert found[:3] == ["Conv", "AveragePool", "ConvTranspose"]
    assert found[-1] == "GlobalAveragePool"


def test_upsampling():
    layers = nn.Sequential(
        nn.Upsample(scale_factor=2), nn.Upsample(size=(5, 7), mode="bilinear"),
        nn.Upsample(scale_factor=2, mode="bicubic"),
    )  # fmt: skip
    assert check(layers, ct.randn(1, 1, 3, 3)) == ["Resize"] * 3


def test_text():
    layers = nn.Sequential(nn.Embedding(9, 4), nn.LayerNorm(4), nn.Linear(4, 3))
    found = check(layers, ct.tensor(np.array([[1, 8, 3]])))
    assert found == ["Gather", "LayerNormalization", "Transpose", "MatMul", "Add"]


class Attention(nn.Module):
    def __init__(self, **how):
        super().__init__()
        self.how = how

    def forward(self, q, k, v):
        return nn.functional.scaled_dot_product_attention(q, k, v, **self.how)


@pytest.mark.parametrize("how", [{}, {"is_causal": True}, {"scale": 0.5}])
def test_attention(how):
    found = check(Attention(**how), *[ct.randn(1, 2, 3, 4) for _ in range(3)])
    assert found[-1] == "MatMul"


@pytest.mark.parametrize("layer", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers(layer):
    module = layer(3, 4, bidirectional=True)
    message = om.written(module.eval(), ct.randn(2, 1, 3))
    name = layer.__name__
    assert om.operators(message).count(name) == 2
    x = ct.randn(2, 1, 3)
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'test'")
    session = runtime.InferenceSession(
        message.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    found = session.run(None, {"input_0": x.numpy()})
    np.testing.assert_allclose(found[0], module(x)[0].detach().numpy(), rtol=1e-4, atol=1e-5)
