"""Parts of complex numbers as views."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.testing import gradcheck, gradgradcheck


def numbers():
    return np.arange(12).reshape(3, 4) + 1j * np.arange(12)[::-1].reshape(3, 4)


def test_what_is_written_to_a_part_is_written_to_the_number(device):
    z = ct.tensor(numbers(), dtype="complex64")
    view = z[1:, ::-2]
    assert view.real.tolist() == view.numpy().real.tolist()
    assert view.imag.tolist() == view.numpy().imag.tolist()
    view.imag[0] = 100
    z.real += 1
    want = numbers() + 1
    want.imag[1, ::-2] = 100
    np.testing.assert_array_equal(z.numpy(), want.astype("complex64"))
    z.imag = 0
    assert z.imag.tolist() == np.zeros((3, 4)).tolist()
    ct.view_as_real(z)[0, 0, 1] = 5
    assert z[0, 0].item() == 1 + 5j


def test_real_numbers_are_their_real_parts(device):
    x = ct.tensor([1.0, 2.0])
    assert x.real is x
    x.real = 3
    assert x.tolist() == [3.0, 3.0]
    with pytest.raises(DTypeError, match=r"^imag: float32 numbers have no imaginary parts"):
        _ = x.imag
    with pytest.raises(DTypeError, match=r"^view_as_real: float32"):
        ct.view_as_real(x)


def test_pairs_of_parts_are_numbers(device):
    x = ct.arange(12, dtype="float32").reshape(3, 2, 2)
    z = ct.view_as_complex(x)
    assert z.numpy().tolist() == [[0 + 1j, 2 + 3j], [4 + 5j, 6 + 7j], [8 + 9j, 10 + 11j]]
    z[0, 0] = -1j
    assert x[0, 0].tolist() == [0.0, -1.0]
    assert ct.view_as_complex(x[1:]).numpy().tolist() == z[1:].numpy().tolist()
    for wrong in (x[..., :1], x.mT, ct.arange(13, dtype="float32")[1:].reshape(6, 2)):
        with pytest.raises(ShapeError, match=r"^view_as_complex: .*\.contiguous\(\)"):
            ct.view_as_complex(wrong)
    with pytest.raises(DTypeError, match="int64 is neither"):
        ct.view_as_complex(ct.arange(2))


def test_adjoints(device):
    z = ct.tensor(numbers())
    for got in (z.mH, z.H, z.adjoint(), ct.adjoint(z)):
        np.testing.assert_array_equal(got.numpy(), numbers().conj().T)
    assert z.resolve_conj() is z
    assert not z.is_conj()
    assert z.is_complex()
    assert not z.is_floating_point()


@pytest.mark.parametrize("shape", [(0,), (3, 0), ()])
def test_empty_and_single(device, shape):
    z = ct.zeros(shape, dtype="complex64") + 1j
    assert z.real.shape == z.imag.shape == shape
    assert ct.view_as_real(z).shape == (*shape, 2)
    assert (z * z).real.tolist() == np.full(shape, -1.0).tolist()


def test_moves_and_choices(device):
    z, a = ct.tensor(numbers()), numbers()
    index = ct.tensor([2, 0, 2])
    for got, want in [
        (z[index], a[[2, 0, 2]]), (z[z.real > 3], a[a.real > 3]), (z.flip(0), a[::-1]),
        (ct.cat([z, z.real.cfloat().to("complex128")]), np.concatenate([a, a.real + 0j])),
        (ct.stack([z, z], 1), np.stack([a, a], 1)), (z.T.contiguous(), a.T),
        (z.masked_fill(z.real > 3, 1j), np.where(a.real > 3, 1j, a)),
        (ct.where(z.real > 3, z, 0), np.where(a.real > 3, a, 0)), (z.roll(1, 1), np.roll(a, 1, 1)),
        (ct.gather(z, 1, index[:, None]), np.take_along_axis(a, np.array([[2], [0], [2]]), 1)),
        (ct.pad(z, [(1, 0), (0, 2)]), np.pad(a, [(1, 0), (0, 2)])), (z.tril(), np.tril(a)),
        (ct.index_add(z, 0, index, z), a + np.array([a[1], 0 * a[0], a[0] + a[2]])),
        (z.cumsum(1), a.cumsum(1)), (z.sum(0), a.sum(0)), (z.mean(), a.mean()),
        (z.prod(1), a.prod(1)), (z.any(1), a.any(1)), (z.all(), a.all()), (z.trace(), a.trace()),
        (z.var(0), a.var(0, ddof=1)), (z.std(), a.std(ddof=1)), (ct.norm(z), np.linalg.norm(a)),
        (ct.norm(z, 1), abs(a).sum()), (ct.norm(z, float("inf"), 0), abs(a).max(0)),
    ]:  # fmt: skip
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-12)
    b = z.clone()
    b[index[:2]] = 1j
    b[0, 0] = 7
    a[[2, 0]] = 1j
    a[0, 0] = 7
    np.testing.assert_array_equal(b.numpy(), a)


def test_rows_of_every_length(device):
    for n in (1, 7, 64, 1000, 70001):
        a = (
            (np.arange(3 * n) % 7 + 1 + 1j * (np.arange(3 * n) % 5))
            .reshape(3, n)
            .astype("complex64")
        )
        z = ct.tensor(a)
        np.testing.assert_allclose(z.sum(1).numpy(), a.sum(1), rtol=1e-5)
        np.testing.assert_allclose(z.sum(0).numpy(), a.sum(0), rtol=1e-5)
        np.testing.assert_allclose((z / z.sum(1, True)).numpy(), a / a.sum(1, keepdims=True), 1e-5)


def test_rows_on_both_kinds_of_kernels(skeleton):
    a = np.exp(1j * np.arange(600)).reshape(2, 300)
    dtype = "complex128" if skeleton.fp64 else "complex64"
    z = ct.tensor(a, dtype=dtype)
    got = z / z.sum(1, True)
    np.testing.assert_allclose(got.numpy(), a / a.sum(1, keepdims=True), 1e-4)
    np.testing.assert_allclose(z.prod(1).numpy(), a.prod(1), 1e-3)
    np.testing.assert_allclose((z * 2j + 1).sum(0).numpy(), (a * 2j + 1).sum(0), 1e-4)


def test_derivatives(fp64):
    z = ct.tensor(numbers()[:2, :2] * 0.1, requires_grad=True)
    x = ct.tensor([[0.5, 0.3], [0.2, -0.4]], requires_grad=True)

    def written(z, x):
        y = z * 1
        y.real = x * x
        y[0].imag *= 3
        return y * y

    for function, inputs in [
        (lambda z: z.real * z.imag, [z]), (lambda z: ct.view_as_real(z * z), [z]),
        (lambda x: ct.view_as_complex(x) ** 2, [x]), (written, [z, x]), (lambda z: z.mH * z, [z]),
    ]:  # fmt: skip
        assert gradcheck(function, inputs)
        assert gradgradcheck(function, inputs)


def test_round_trips(device, tmp_path):
    for dtype in ["complex64"] + ["complex128"] * device.fp64:
        z = ct.tensor(numbers(), dtype=dtype)
        ct.save({"z": z, "row": z[1], "array": z.numpy()}, tmp_path / "z.ct")
        back = ct.load(tmp_path / "z.ct")
        assert back["z"].dtype == back["array"].dtype == dtype
        np.testing.assert_array_equal(back["z"].numpy(), z.numpy())
        np.testing.assert_array_equal(back["row"].numpy(), z[1].numpy())
        np.testing.assert_array_equal(back["array"], z.numpy())
    np.testing.assert_array_equal(ct.from_numpy(z.numpy()).numpy(), z.numpy())


def test_a_replay_computes_with_complex_numbers(device):
    @ct.jit
    def step(z, x):
        return (z * x + 2j).sum(), abs(z) * 2

    for k in range(4):
        z, x = ct.tensor(numbers() * k, dtype="complex64"), ct.full((4,), float(k))
        total, sizes = step(z, x)
        a = (numbers() * k).astype("complex64")
        np.testing.assert_allclose(total.numpy(), (a * k + 2j).sum(), 1e-5)
        np.testing.assert_allclose(sizes.numpy(), abs(a) * 2, 1e-5)


def test_gradients_of_parts_that_begin_at_an_odd_place(device):
    z = ct.tensor([1 + 2j, 3 + 4j], requires_grad=True)
    parts = ct.cat([ct.tensor([5.0]), ct.view_as_real(z).reshape(-1)])
    (parts * ct.tensor([9.0, 1, 2, 3, 4])).sum().backward()
    assert z.grad.tolist() == [1 + 2j, 3 + 4j]
