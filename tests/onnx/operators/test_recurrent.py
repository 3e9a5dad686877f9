import numpy as np
import onnx_models as om
import pytest

om.onnx  # noqa: B018  skips without it
import onnx_cases  # noqa: E402


@pytest.mark.parametrize("module", ["gru", "lstm", "rnn"])
def test_cases_of_onnx(module):
    onnx_cases.check(module, 1)


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(
    ("operator", "gates", "how"),
    [("LSTM", 4, {}), ("GRU", 3, {"linear_before_reset": 1}), ("RNN", 1, {})],
)
def test_the_kernels_of_layers_give_what_the_steps_do(operator, gates, how, direction):
    count, rng = 1 + (direction == "bidirectional"), np.random.default_rng(0)
    sizes = {"w": (count, gates * 3, 2), "r": (count, gates * 3, 3), "b": (count, gates * 6)}
    weights = [om.tensor(n, rng.standard_normal(s).astype(np.float32)) for n, s in sizes.items()]
    lengths = om.tensor("n", np.full(2, 4, np.int32))
    x = rng.standard_normal((4, 2, 2)).astype(np.float32)
    found = []
    for given in ("x w r b", "x w r b n"):  # with lengths a step after the other
        node = om.node(operator, given, "y h", hidden_size=3, direction=direction, **how)
        m = om.loaded([node], [om.value("x", x.shape)], [om.value("y"), om.value("h")],
                      [*weights, lengths])  # fmt: skip
        found.append([t.detach().numpy() for t in m(x)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
