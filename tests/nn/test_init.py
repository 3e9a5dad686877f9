"""Initial values: their spread, their bounds, and the seed that fixes them."""

import math

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn import init

SHAPE = (300, 200)


@pytest.fixture(autouse=True)
def _seed():
    ct.manual_seed(3)


def filled(function, *args, shape=SHAPE, **options):
    parameter = nn.Parameter(ct.zeros(shape))
    assert function(parameter, *args, **options) is parameter
    assert parameter.requires_grad
    return parameter.data.numpy()


def assert_uniform(found, bound):
    assert np.abs(found).max() <= bound
    np.testing.assert_allclose(np.abs(found).max(), bound, rtol=1e-3)
    np.testing.assert_allclose(found.std(), bound / math.sqrt(3), rtol=2e-2)
    assert abs(found.mean()) < 0.02 * bound


def test_plain_distributions():
    np.testing.assert_allclose(filled(init.uniform_, 1.0, 3.0).mean(), 2.0, rtol=1e-2)
    assert_uniform(filled(init.uniform_, -2.0, 2.0), 2.0)
    found = filled(init.normal_, 1.0, 0.5)
    np.testing.assert_allclose((found.mean(), found.std()), (1.0, 0.5), rtol=2e-2)


def test_constants():
    assert (filled(init.zeros_) == 0).all()
    assert (filled(init.ones_) == 1).all()
    assert (filled(init.constant_, 2.5) == 2.5).all()
    np.testing.assert_array_equal(filled(init.eye_, shape=(2, 3)), np.eye(2, 3))
    with pytest.raises(ct.ShapeError, match="eye_: shape"):
        init.eye_(nn.Parameter(ct.zeros(3)))


def test_xavier():
    assert_uniform(filled(init.xavier_uniform_, gain=2.0), 2 * math.sqrt(6 / 500))
    np.testing.assert_allclose(filled(init.xavier_normal_).std(), math.sqrt(2 / 500), rtol=2e-2)


def test_kaiming():
    assert_uniform(filled(init.kaiming_uniform_), math.sqrt(2) * math.sqrt(3 / 200))
    assert_uniform(filled(init.kaiming_uniform_, a=math.sqrt(5)), 1 / math.sqrt(200))
    assert_uniform(
        filled(init.kaiming_uniform_, mode="fan_out", nonlinearity="relu"), math.sqrt(6 / 300)
    )
    found = filled(init.kaiming_normal_, nonlinearity="tanh", shape=(300, 20, 5, 5))
    np.testing.assert_allclose(found.std(), 5 / 3 / math.sqrt(500), rtol=2e-2)


def test_truncated_normal_stays_inside_its_bounds():
    found = filled(init.trunc_normal_, std=0.5, a=-1.0, b=1.0)
    assert np.abs(found).max() <= 1.0
    # The deviation of a standard normal cut off at two is 0.8796.
    np.testing.assert_allclose(found.std(), 0.5 * 0.8796, rtol=2e-2)
    assert (np.abs(found) == 1.0).sum() == 0


def test_gains_and_refusals():
    assert init.calculate_gain("linear") == 1
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 1e-4))
    assert init.calculate_gain("leaky_relu", 1) == 1
    with pytest.raises(ValueError, match="calculate_gain: no gain is known for 'sin'"):
        init.calculate_gain("sin")
    with pytest.raises(ValueError, match="kaiming_uniform_: mode is 'fan'"):
        filled(init.kaiming_uniform_, mode="fan")
    with pytest.raises(ct.ShapeError, match="xavier_normal_: shape"):
        filled(init.xavier_normal_, shape=(3,))


def test_a_seed_fixes_a_network_on_every_device(other_device):
    def weights(device):
        ct.manual_seed(11)
        net = nn.Sequential(nn.Linear(7, 5, device=device), nn.Conv2d(2, 3, 3, device=device))
        return [p.data.numpy() for p in net.parameters()]

    for a, b in zip(weights(None), weights(other_device), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_start_as_pytorchs_do():
    layer = nn.Linear(200, 300)
    assert_uniform(layer.weight.data.numpy(), 1 / math.sqrt(200))
    assert np.abs(layer.bias.data.numpy()).max() <= 1 / math.sqrt(200)
    layer = nn.Conv2d(50, 60, 3)
    assert_uniform(layer.weight.data.numpy(), 1 / math.sqrt(450))
    assert np.abs(layer.bias.data.numpy()).max() <= 1 / math.sqrt(450)
    layer = nn.Linear(0, 3)
    assert layer.weight.shape == (3, 0)


def test_an_initialiser_leaves_a_network_trainable():
    layer = nn.Linear(2, 2)
    init.constant_(layer.weight, 0.5)
    layer(ct.ones(1, 2)).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.numpy(), np.ones((2, 2)))


def test_plain_tensors_are_filled_too():
    x = ct.empty(2)
    assert init.ones_(x) is x
    assert x.tolist() == [1, 1]
    assert not x.requires_grad
    assert init.constant_(ct.empty((2,), dtype="int32"), 7).tolist() == [7, 7]
    assert init.eye_(ct.empty((2, 2), dtype="float16")).tolist() == [[1, 0], [0, 1]]
    y = init.trunc_normal_(ct.empty((500,)), a=-0.5, b=0.5)
    assert np.abs(y.numpy()).max() <= 0.5
    with pytest.raises(ct.DTypeError, match="uniform_: tensor is"):
        init.uniform_(np.zeros(3))


def test_a_leaf_is_filled_unrecorded():
    leaf = ct.tensor([1.0, 2.0], requires_grad=True)
    init.zeros_(leaf)
    assert leaf.is_leaf
    assert leaf.requires_grad
    assert leaf.tolist() == [0, 0]
    assert ct.is_grad_enabled()


def test_a_generator_gives_the_numbers():
    def drawn(function):
        return function(ct.empty((3, 4)), generator=ct.Generator().manual_seed(5)).tolist()

    for function in (
        init.uniform_,
        init.normal_,
        init.trunc_normal_,
        init.xavier_uniform_,
        init.xavier_normal_,
        init.kaiming_uniform_,
        init.kaiming_normal_,
        init.orthogonal_,
        lambda x, generator: init.sparse_(x, 0.5, generator=generator),
    ):
        first = drawn(function)
        ct.manual_seed(1)
        assert drawn(function) == first


@pytest.mark.parametrize(
    "name",
    ["constant", "normal", "uniform", "xavier_normal", "xavier_uniform", "kaiming_normal"]
    + ["kaiming_uniform", "eye", "orthogonal", "sparse", "dirac"],
)
def test_older_names_fill_the_tensor_and_warn(name):
    args = {"constant": (3.0,), "sparse": (0.4,)}.get(name, ())
    shape = (3, 3, 3) if name == "dirac" else (3, 3)
    ct.manual_seed(1)
    wanted = getattr(init, f"{name}_")(ct.zeros(shape), *args).tolist()
    ct.manual_seed(1)
    x = ct.zeros(shape)
    with pytest.warns(FutureWarning, match=f"nn.init.{name} is deprecated; use nn.init.{name}_"):
        assert getattr(init, name)(x, *args) is x
    assert x.tolist() == wanted
    assert np.any(wanted)


@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (6, 2, 3, 1)])
def test_orthogonal(shape):
    found = filled(init.orthogonal_, gain=2.0, shape=shape).reshape(shape[0], -1)
    if found.shape[0] < found.shape[1]:
        found = found.T
    np.testing.assert_allclose(found.T @ found, 4 * np.eye(found.shape[1]), atol=1e-5)


def test_orthogonal_signs_and_edges():
    """Signs are as often + as -, which those of the factors of QR are not."""
    found = filled(init.orthogonal_, shape=(200, 200))
    assert 70 < (np.diag(found) > 0).sum() < 130
    assert filled(init.orthogonal_, shape=(0, 3)).shape == (0, 3)
    with pytest.raises(ct.ShapeError, match="orthogonal_: shape"):
        filled(init.orthogonal_, shape=(3,))
    with pytest.raises(ct.DTypeError, match="orthogonal_: gain is"):
        filled(init.orthogonal_, "relu", shape=(3, 3))


def test_dirac():
    np.testing.assert_array_equal(
        filled(init.dirac_, shape=(2, 3, 3)),
        [[[0, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 0], [0, 0, 0]]],
    )
    found = filled(init.dirac_, groups=2, shape=(4, 1, 1, 2))
    np.testing.assert_array_equal(found[:, 0, 0], [[0, 1], [0, 0], [0, 1], [0, 0]])
    layer = nn.Conv3d(2, 2, 3, padding=1, bias=False)
    init.dirac_(layer.weight)
    x = ct.randn(1, 2, 2, 3, 4)
    np.testing.assert_array_equal(layer(x).detach().numpy(), x.numpy())
    assert init.dirac_(ct.empty((1, 1, 1), dtype="float16")).tolist() == [[[1]]]
    with pytest.raises(ct.ShapeError, match="dirac_: groups=2 does not divide the 3 outputs"):
        filled(init.dirac_, groups=2, shape=(3, 1, 1))
    with pytest.raises(ct.ShapeError, match="dirac_: shape"):
        filled(init.dirac_, shape=(3, 1))


def test_sparse():
    found = filled(init.sparse_, 0.31, 2.0, shape=(100, 50))
    np.testing.assert_array_equal((found == 0).sum(0), 31)
    assert not (found == 0).all(1).any()
    np.testing.assert_allclose(found[found != 0].std(), 2.0, rtol=0.05)
    assert (filled(init.sparse_, 1.0, shape=(3, 2)) == 0).all()
    with pytest.raises(ValueError, match="sparse_: sparsity is 2"):
        filled(init.sparse_, 2, shape=(3, 2))
    with pytest.raises(ct.ShapeError, match="sparse_: shape"):
        filled(init.sparse_, 0.5, shape=(3,))


def test_fans_that_programs_ask_for():
    assert init._calculate_fan_in_and_fan_out(nn.Conv2d(3, 4, 5).weight) == (75, 100)


def test_a_block_without_initial_values():
    x = ct.tensor([1.0, 2.0])
    ct.manual_seed(4)
    with init.skipped():
        assert init.normal_(x) is x
    assert x.tolist() == [1, 2]
    drawn = ct.rand(1).item()
    ct.manual_seed(4)
    assert ct.rand(1).item() == drawn
