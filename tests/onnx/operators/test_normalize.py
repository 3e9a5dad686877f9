import numpy as np
import onnx_models as om
import pytest

import cltensor as ct

om.onnx  # noqa: B018  skips without it
import onnx_cases  # noqa: E402


@pytest.mark.parametrize(
    "module", ["batch_normalization", "dropout", "lrn", "negativeloglikelihoodloss"]
)
def test_cases_of_onnx(module):
    onnx_cases.check(module, 1)


def test_batch_normalization_learns_statistics_in_training():
    names = ("scale", "bias", "mean", "var")
    values = [om.tensor(n, np.full(2, n in ("scale", "var"), np.float32)) for n in names]
    m = om.loaded([om.node("BatchNormalization", "x scale bias mean var", "y")],
                  [om.value("x", [4, 2])], [om.value("y", [4, 2])], values)  # fmt: skip
    assert [n for n, _ in m.named_parameters()] == ["scale", "bias"]
    assert {n for n, _ in m.named_buffers()} >= {"mean", "var"}
    x = ct.tensor(np.arange(8, dtype=np.float32).reshape(4, 2))
    np.testing.assert_allclose(m(x).detach().numpy(), x.numpy(), rtol=1e-4)
    m.train()
    np.testing.assert_allclose(m(x).mean(0).detach().numpy(), 0, atol=1e-5)
    np.testing.assert_allclose(m.mean.numpy(), 0.1 * x.numpy().mean(0), rtol=1e-5)


def test_dropout_drops_in_training_only():
    m = om.loaded([om.node("Dropout", "x", "y")], [om.value("x", [100])], [om.value("y", [100])])
    x = ct.ones(100)
    assert m(x).tolist() == [1.0] * 100
    m.train()
    assert set(m(x).tolist()) == {0.0, 2.0}


def test_one_value_in_each_channel_is_normalized_to_the_bias():
    """An instance of one value, which ONNX takes where PyTorch's layer refuses it."""
    values = [om.tensor("scale", np.ones(2, "f")), om.tensor("bias", np.array([3.0, 4.0], "f"))]
    m = om.loaded([om.node("InstanceNormalization", "x scale bias", "y")],
                  [om.value("x", [3, 2, 1])], [om.value("y", [3, 2, 1])], values)  # fmt: skip
    assert m(ct.randn(3, 2, 1)).squeeze(-1).tolist() == [[3, 4]] * 3
