"""Weight and spectral norm as parametrizations."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils import parametrizations
from cltensor.testing import gradcheck


def test_weight_norm():
    layer = parametrizations.weight_norm(nn.Linear(2, 2, bias=False))
    assert list(layer.state_dict()) == [
        "parametrizations.weight.original0", "parametrizations.weight.original1",
    ]  # fmt: skip
    layer.load_state_dict(
        dict(zip(layer.state_dict(), ([[10.0], [1.0]], [[3.0, 4.0], [0.0, 2.0]]), strict=True))
    )
    np.testing.assert_allclose(host(layer.weight), [[6, 8], [0, 1]], rtol=1e-6)
    whole = parametrizations.weight_norm(nn.Linear(2, 2), dim=None)
    assert whole.parametrizations.weight.original0.shape == ()


def test_files_of_the_older_weight_norm_can_be_read():
    def made(norm):
        return nn.Sequential(norm(nn.Linear(3, 2)), nn.Sequential(norm(nn.Conv1d(2, 2, 1))))

    older, newer = made(nn.utils.weight_norm), made(parametrizations.weight_norm)
    state = older.state_dict()
    assert "1.0.weight_g" in state
    newer.load_state_dict(state)
    for a, b in ((older[0], newer[0]), (older[1][0], newer[1][0])):
        np.testing.assert_array_equal(host(a.weight), host(b.weight))
    alone = parametrizations.weight_norm(nn.Linear(1, 1, bias=False))
    alone.load_state_dict({"weight_g": [[2.0]], "weight_v": [[-3.0]]})
    assert alone.weight.tolist() == [[-2]]
    del state["0.weight_v"]
    with pytest.raises(ct.StateError, match="Missing.*0.parametrizations.weight.original1"):
        newer.load_state_dict(state)


@pytest.mark.parametrize(
    ("layer", "axis"), [(nn.Linear(4, 3), 0), (nn.ConvTranspose1d(3, 4, 2), 1)]
)
def test_spectral_norm(layer, axis):
    weight = np.moveaxis(host(layer.weight).copy(), axis, 0)
    largest = np.linalg.norm(weight.reshape(len(weight), -1), 2)
    parametrizations.spectral_norm(layer, n_power_iterations=3)
    for _ in range(10):
        found = layer.weight
    np.testing.assert_allclose(
        np.moveaxis(host(found), axis, 0), weight / largest, rtol=0.02, atol=0.01
    )
    kept = {k: v.numpy().copy() for k, v in layer.state_dict().items()}
    layer.eval()
    (layer.weight * ct.tensor(array(*layer.weight.shape))).sum().backward()
    assert layer.parametrizations.weight.original.grad is not None
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), kept[name])


def test_a_vector_is_divided_by_its_length():
    layer = nn.Module()
    layer.weight = nn.Parameter(ct.tensor([3.0, 4.0]))
    parametrizations.spectral_norm(layer)
    np.testing.assert_allclose(host(layer.weight), [0.6, 0.8], rtol=1e-6)
    with pytest.raises(ValueError, match="spectral_norm: Module has no parameter 'bias'"):
        parametrizations.spectral_norm(layer, "bias")


def assert_orthonormal(weight):
    q = host(weight)
    q = np.swapaxes(q, -1, -2) if q.shape[-2] < q.shape[-1] else q
    found = np.swapaxes(q.conj(), -1, -2) @ q
    np.testing.assert_allclose(found, np.broadcast_to(np.eye(q.shape[-1]), found.shape), atol=2e-5)


def weighted(weight):
    layer = nn.Module()
    layer.weight = nn.Parameter(ct.tensor(weight))
    return layer


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (2, 4), (2, 3, 2)])
@pytest.mark.parametrize("base", [True, False])
def test_weights_stay_orthogonal(kind, shape, base):
    layer = weighted(array(*shape))
    given = layer.weight.detach().clone()
    parametrizations.orthogonal(layer, "weight", kind, use_trivialization=base)
    found = host(layer.weight)
    assert_orthonormal(layer.weight)
    if base or kind == "householder":  # Q of QR factors with a positive diagonal of R
        tall = given.numpy() if shape[-2] >= shape[-1] else given.numpy().T
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
        np.testing.assert_allclose(found, q if tall.shape == shape else q.T, atol=1e-5)
    wanted = ct.tensor(array(*shape))
    optimizer = ct.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(2):
        (layer.weight * wanted).sum().backward()
        optimizer.step()
    assert_orthonormal(layer.weight)
    assert np.abs(host(layer.weight) - found).max() > 1e-3


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
def test_maps_of_a_rotation(kind):
    """A turn by the angle a: exp of (0, -a; a, 0), Cayley's of 2 tan(a / 2); two reflections."""
    layer = weighted(np.eye(2, dtype=np.float32))
    parametrizations.orthogonal(layer, "weight", kind, use_trivialization=False)
    a = 0.6
    entry = {"matrix_exp": a, "cayley": 2 * np.tan(a / 2), "householder": np.tan(a / 2)}[kind]
    x = {"householder": [[-1.0, 0.0], [entry, -1.0]]}.get(kind, [[5.0, 9.0], [entry, 7.0]])
    layer.load_state_dict({"parametrizations.weight.original": x})
    wanted = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    if kind == "householder":
        # H = 1 - tau v v^T with v = (1, t), and the second reflection turns the second axis round
        t, tau = entry, 2 / (1 + entry**2)
        first = np.eye(2) - tau * np.outer([1, t], [1, t])
        wanted = first @ np.diag([1, -1]) @ np.diag([-1, -1])
    np.testing.assert_allclose(host(layer.weight), wanted, atol=1e-6)


def test_an_orthogonal_weight_is_kept_and_assigned():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]], np.float32)
    layer = parametrizations.orthogonal(weighted(turn))
    np.testing.assert_array_equal(host(layer.weight), turn)
    assert list(layer.state_dict()) == [
        "parametrizations.weight.original", "parametrizations.weight.0.base",
    ]  # fmt: skip
    layer.weight = ct.eye(2)
    np.testing.assert_array_equal(host(layer.weight), np.eye(2))
    without = weighted(turn)
    parametrizations.orthogonal(without, orthogonal_map="cayley", use_trivialization=False)
    with pytest.raises(NotImplementedError, match="orthogonal: a weight cannot be assigned"):
        without.weight = ct.eye(2)


@pytest.mark.parametrize("kind", [None, "cayley"])
def test_unitary_weights(kind):
    layer = weighted(array(3, 2) + 1j * array(3, 2))
    parametrizations.orthogonal(layer, orthogonal_map=kind)
    assert layer.weight.dtype == ct.complex64
    before = host(layer.weight)
    (layer.weight * ct.tensor(array(3, 2))).real.sum().backward()
    original = layer.parametrizations.weight.original
    with ct.no_grad():
        original.sub_(original.grad)
    assert_orthonormal(layer.weight)
    assert np.abs(host(layer.weight) - before).max() > 1e-2


def test_what_cannot_be_orthogonal():
    for error, message, layer, options in (
        (ct.ShapeError, "fewer than two", weighted(array(3)), {}),
        (ValueError, "Module has no parameter 'bias'", weighted(array(2, 2)), {"name": "bias"}),
        (ValueError, "orthogonal_map is 'qr'", weighted(array(2, 2)), {"orthogonal_map": "qr"}),
        (ValueError, "for real numbers", weighted(array(2, 2) * 1j),
         {"orthogonal_map": "householder"}),
    ):  # fmt: skip
        with pytest.raises(error, match=f"orthogonal: .*{message}"):
            parametrizations.orthogonal(layer, **options)


def test_the_exponential_of_a_complex_matrix(fp64):
    """exp of i a times (0, 1; 1, 0) is cos a + i sin a times that."""
    layer = weighted(np.eye(2, dtype=np.complex128))
    parametrizations.orthogonal(layer, use_trivialization=False)
    map_ = layer.parametrizations.weight[0]
    x = ct.tensor([[0.0, 0.0], [0.3j, 0.0]], dtype="complex128")
    wanted = [[np.cos(0.3), 1j * np.sin(0.3)], [1j * np.sin(0.3), np.cos(0.3)]]
    np.testing.assert_allclose(host(map_(x)), wanted, atol=1e-12)
    assert gradcheck(map_, [(x + 0.2).requires_grad_()])


@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
def test_derivatives_of_orthogonal_weights(kind, fp64):
    layer = weighted(array(3, 2).astype(np.float64))
    parametrizations.orthogonal(layer, "weight", kind)
    map_ = layer.parametrizations.weight[0]
    x = (layer.parametrizations.weight.original.detach() + 0.1).requires_grad_()
    assert gradcheck(map_, [x])
