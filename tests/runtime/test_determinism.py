"""What is refused where results are to be the same bits everywhere."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.errors import DeterminismError
from cltensor.nn import functional as F
from cltensor.runtime import determinism
from cltensor.runtime.source import TEMPLATES

RNG = np.random.default_rng(5)
ONE = ct.tensor([1])


@pytest.fixture
def warned():
    ct.use_deterministic_algorithms(True, warn_only=True)
    yield
    ct.use_deterministic_algorithms(False)


def test_kernels_that_add_in_an_order_of_their_own(device, deterministic):
    x = ct.ones(3, 3) + 2 * ct.eye(3)
    with pytest.raises(DeterminismError, match=r"kernel lu_panel\w* computes is not the same bits"):
        ct.linalg.det(x).item()


def test_a_warning_in_place_of_an_error(device, warned):
    with pytest.warns(RuntimeWarning, match="is not the same bits on every device") as found:
        assert ct.linalg.det(2 * ct.eye(2)).item() == pytest.approx(4)
    assert {warning.filename for warning in found} == {__file__}


def test_whole_numbers_are_the_same_anyhow(device, deterministic):
    x = ct.tensor(np.arange(6).reshape(2, 3))
    assert x.sum().item() == 15
    assert x.cumsum(1).tolist() == [[0, 1, 3], [3, 7, 12]]
    assert ct.tensor([0.5, 2.0, 1.0]).argmax().item() == 1


def test_the_best_of_many_is_the_same_anyhow(device, skeleton, deterministic):
    x = RNG.standard_normal((2, 300_000)).astype(np.float32)
    assert ct.tensor(x).argmax().item() == x.argmax()
    assert ct.tensor(x).min(1).indices.tolist() == x.argmin(1).tolist()


def test_kernels_of_before_are_not_used(device):
    x = ct.tensor(np.random.default_rng(0).standard_normal(5000).astype(np.float32))
    before = ct.tanh(x).sum()
    usual = before.item()
    ct.use_deterministic_algorithms(True)
    try:
        fixed = ct.tanh(x).sum().item()
    finally:
        ct.use_deterministic_algorithms(False)
    assert ct.tanh(x).sum().item() == usual
    assert fixed == pytest.approx(usual, rel=1e-4, abs=1e-4)


def test_pending_results_are_of_the_mode_in_which_they_were_asked_for(device):
    given = RNG.standard_normal(5000).astype(np.float32)
    usual = ct.tensor(given).sum().item()
    pending = ct.tensor(given).sum()
    ct.use_deterministic_algorithms(True)
    try:
        assert pending._value.buffer is not None
        assert pending.item() == usual
    finally:
        ct.use_deterministic_algorithms(False)


def test_what_was_recorded_in_another_mode_is_not_replayed(device):
    x = ct.tensor(RNG.standard_normal((64, 100)).astype(np.float32))
    f = ct.jit(lambda x: (x * 2).sum(0))
    usual = [f(x).numpy() for _ in range(3)][-1]
    ct.use_deterministic_algorithms(True)
    try:
        fixed = (x * 2).sum(0).numpy()
        assert all((f(x).numpy() == fixed).all() for _ in range(3))
    finally:
        ct.use_deterministic_algorithms(False)
    assert (f(x).numpy() == usual).all()


def test_vague_functions(device, deterministic):
    source = "__kernel void pointwise(__global float* x) { x[0] = lgamma(x[0]); }"
    with pytest.raises(DeterminismError, match="the function lgamma in the test"):
        determinism.require_fixed("pointwise", source, "the test")


@pytest.mark.parametrize(
    "text", ["(float)exp((double)x[0])", "convert_float(tanh(convert_double(*x)))", "(tanh)(*x)"]
)
def test_vague_functions_of_other_spellings(deterministic, text):
    source = f"__kernel void pointwise(__global float* x) {{ const float y = {text}; x[0] = y; }}"
    with pytest.raises(DeterminismError, match="the function (exp|tanh) in the test"):
        determinism.require_fixed("pointwise", source, "the test")


@pytest.mark.parametrize("name", ["sums", "copy", "gather"])
def test_kernels_of_ones_own(device, deterministic, name):
    """Whatever they are called: one of ours may have the name."""
    source = "__kernel void %s(__global %s *y, __global const %s *x) { y[0] = x[0] + x[1]; }"
    floats, longs = (ct.library.Kernel(source % (name, T, T)) for T in ("float", "long"))
    longs(out := ct.tensor([0]), ct.tensor([1, 2]), global_size=1)
    assert out.item() == 3
    with pytest.raises(DeterminismError, match=f"what the kernel {name} computes"):
        floats(ct.zeros(1), ct.ones(2), global_size=1)


@pytest.mark.parametrize("text", ["mad(x, x, x)", "lgamma(x)", "mix(x, x, x)", "native_exp(x)"])
def test_formulas_of_ones_own(device, deterministic, text):
    function = ct.library.pointwise("formula(x)", text)
    with pytest.raises(DeterminismError, match=rf"the function {text.partition('(')[0]} in"):
        function(ct.ones(3)).numpy()
    assert ct.library.pointwise("formula(x)", "x * x + exp(x)")(ct.zeros(1)).item() == 1


def test_templates_that_are_named_exist():
    assert {path.stem for path in TEMPLATES.glob("*/*.cl")} >= determinism.FIXED


def test_functions_of_float64_are_the_drivers(fp64, deterministic):
    x = ct.tensor([0.5, 2.0], dtype=ct.float64)
    assert (2 / x + x.sqrt()).tolist() == (2 / x.numpy() + np.sqrt(x.numpy())).tolist()
    assert x.float().exp().double().tolist() == pytest.approx(np.exp(x.numpy()), rel=1e-6)
    for function in (ct.exp, ct.erf, ct.sin):
        with pytest.raises(DeterminismError, match="the function (ct_)?(exp|erf|sin) in"):
            function(x).detach().numpy()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: (x.exp() > 1.5).sum(),
        lambda x: x.sin().argmax(),
        lambda x: nn.RNN(3, 2).double()(x)[0],
        lambda x: nn.GRUCell(3, 2).double()(x),
        lambda x: F.ctc_loss(x.reshape(9, 1, 3), ONE.reshape(1, 1), ONE * 9, ONE),
        lambda x: x.logcumsumexp(0),
    ],
    ids=["count", "argmax", "rnn", "gru", "ctc", "scan"],
)
def test_functions_of_float64_within_other_kernels(fp64, deterministic, mode, function):
    """Sums of whole numbers need no order, and templates call functions outside of declarations."""
    x = ct.tensor(RNG.random((9, 3)))
    with pytest.raises(DeterminismError, match="the function"):
        function(x).detach().numpy()


def test_layers_of_float64_without_such_functions(fp64, deterministic):
    layer = nn.RNN(3, 2, nonlinearity="relu").double()
    assert layer(ct.tensor(RNG.random((9, 3))))[0].shape == (9, 2)
    assert (ct.tensor([0.5, 2.0]).exp().double() > 2).sum().item() == 1
    assert ct.tensor([0.5, 2.0], dtype=ct.float64).half().tolist() == [0.5, 2.0]
