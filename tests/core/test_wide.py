"""Floats of 16 bits: computed with in float32, rounded once for each operation.

Numbers are PyTorch's, on a CPU, for the same operands."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.core.op import OPERATIONS, Op
from cltensor.core.wide import NORMS, WIDE
from cltensor.halves import bfloat16, cast_array, to_array
from cltensor.lazy import fusion
from cltensor.ops.elementwise.cast import astype

HALVES = ["float16", "bfloat16"]
halves = pytest.mark.parametrize("dtype", HALVES)


def tensor(values, dtype="float16", **more):
    return ct.tensor(values, dtype=dtype, **more)


X = [[1.0, 2, 3], [-1.5, 0.25, 4]]


def test_names_are_those_of_public_functions(device):
    public = {*vars(ct), *dir(ct), *F.__all__, *ct.linalg.__all__, *ct.special.__all__, "pdist"}
    assert not (WIDE | NORMS) - public
    assert not WIDE & NORMS


@pytest.mark.parametrize(
    ("function", "half", "brain"),
    [
        (lambda x: ct.softmax(x, 1)[0], [0.09002685546875, 0.2447509765625, 0.6650390625],
         [0.08984375, 0.2451171875, 0.6640625]),
        (lambda x: ct.log_softmax(x, 1)[0], [-2.408203125, -1.4072265625, -0.40771484375],
         [-2.40625, -1.40625, -0.408203125]),
        (lambda x: ct.logsumexp(x, 1), [3.408203125, 4.02734375], [3.40625, 4.03125]),
        (lambda x: ct.mean(x), 1.4580078125, 1.4609375),
        (lambda x: ct.var(x, 1), [1.0, 7.89453125], [1.0, 7.90625]),
        (lambda x: F.gelu(x)[1], [-0.1002197265625, 0.149658203125, 4.0],
         [-0.10009765625, 0.1494140625, 4.0]),
        (lambda x: F.layer_norm(x, (3,))[1], [-1.0537109375, -0.29052734375, 1.34375],
         [-1.0546875, -0.291015625, 1.34375]),
        (lambda x: ct.linalg.norm(x), 5.68359375, 5.6875),
        (lambda x: F.mse_loss(x, ct.zeros_like(x)), 5.38671875, 5.375),
        (lambda x: F.cross_entropy(x, ct.tensor([0, 2])), 1.2177734375, 1.21875),
        (lambda x: x @ x.T, [[14.0, 11.0], [11.0, 18.3125]], [[14.0, 11.0], [11.0, 18.25]]),
        (lambda x: ct.cumsum(x * 0.1, 1)[1], [-0.1500244140625, -0.125, 0.27490234375],
         [-0.150390625, -0.125, 0.275390625]),
        (lambda x: (x / 3)[0], [0.333251953125, 0.66650390625, 1.0],
         [0.333984375, 0.66796875, 1.0]),
        (lambda x: ct.exp(x)[1], [0.22314453125, 1.2841796875, 54.59375],
         [0.22265625, 1.28125, 54.5]),
    ],
)  # fmt: skip
def test_results_are_pytorchs(mode, device, function, half, brain):
    for dtype, want in zip(HALVES, (half, brain), strict=True):
        got = function(tensor(X, dtype))
        assert got.dtype == dtype
        assert got.tolist() == want


@halves
def test_sums_do_not_overflow_on_the_way(device, dtype):
    assert (
        tensor([60000.0] * 4, dtype).mean().item() == {"float16": 60000, "bfloat16": 59904}[dtype]
    )
    assert ct.full((5000,), 0.1, dtype=dtype).sum().item() == 500
    assert ct.ones(3000, dtype=dtype).sum().item() == {"float16": 3000, "bfloat16": 3008}[dtype]
    assert tensor([300.0, 400], dtype).norm().item() == 500
    assert ct.isinf(tensor([60000.0, 60000], "float16").sum()).item()


@pytest.mark.parametrize(
    ("function", "half", "brain"),
    [
        (ct.sin, [0.07073974609375, 0.96875, -0.65380859375],
         [0.07080078125, 0.96875, -0.65234375]),
        (lambda x: ct.softmax(x, 1)[1].sum(), [0, 0, 0], [0, 0, 0]),
        (lambda x: F.cross_entropy(x, ct.tensor([0, 2])),
         [0.00198936462402343750, 0.011444091796875, -0.01343536376953125],
         [0.00199890136718750, 0.011474609375, -0.01342773437500]),
    ],
)  # fmt: skip
def test_gradients_are_rounded_once(device, function, half, brain):
    """Nearer to the truth than PyTorch's, whose rules round at each step."""
    for dtype, want in zip(HALVES, (half, brain), strict=True):
        x, exact = tensor(X, dtype, requires_grad=True), tensor(X, "float32", requires_grad=True)
        for leaf in (x, exact):
            out = function(leaf)
            out.backward(ct.ones_like(out))
        assert x.grad.dtype == dtype
        assert x.grad.tolist() == exact.grad.to(dtype).tolist()
        np.testing.assert_allclose(x.grad[1].tolist(), want, rtol=1e-2, atol=1e-4)


@halves
def test_second_derivatives(device, dtype):
    x = tensor([0.5, -1.0], dtype, requires_grad=True)
    (first,) = ct.autograd.grad((x**3).sum(), x, create_graph=True)
    (second,) = ct.autograd.grad(first.sum(), x)
    assert first.dtype == second.dtype == dtype
    assert first.tolist() == [0.75, 3.0]
    assert second.tolist() == [3.0, -6.0]


@halves
def test_other_dtypes_beside_and_asked_for(device, dtype):
    x = tensor(X, dtype)
    assert ct.softmax(x, 1, dtype=ct.float32).dtype == ct.float32
    assert ct.softmax(x, 1, ct.float32).dtype == ct.float32
    assert ct.sum(x, dtype=ct.float32).dtype == ct.float32
    assert F.mse_loss(x, ct.zeros(2, 3)).dtype == ct.float32
    assert F.layer_norm(x, (3,), ct.ones(3), ct.zeros(3)).dtype == dtype
    assert ct.argmax(x).dtype == ct.int64
    assert ct.var_mean(x)[1].dtype == dtype
    assert (x > 1).dtype == ct.bool_
    other = "bfloat16" if dtype == "float16" else "float16"
    assert (x + ct.ones(3, dtype=other)).dtype == ct.float32


@halves
def test_statistics_of_a_normalisation_are_changed_in_place(device, dtype):
    for kept in (dtype, "float32"):
        mean, var = ct.zeros(2, dtype=kept), ct.ones(2, dtype=kept)
        x = tensor([[1.0, 2], [3, 6]], dtype)
        out = F.batch_norm(x, mean, var, training=True)
        assert out.dtype == dtype
        assert out.tolist() == [[-1.0, -1.0], [1.0, 1.0]]
        assert mean.dtype == kept
        np.testing.assert_allclose(mean.tolist(), [0.2, 0.4], rtol=1e-2)
        assert F.batch_norm(x, mean, var).dtype == dtype
    layer = ct.nn.BatchNorm1d(2).to(dtype)
    layer(x)
    assert layer.running_mean.dtype == dtype


@halves
def test_operations_with_kernels_of_their_own(device, dtype):
    x = tensor(X, dtype)
    assert ct.sort(x, 1, descending=True).values[1].tolist() == [4, 0.25, -1.5]
    assert F.max_pool1d(x[None], 2).tolist() == [[[2.0], [0.25]]]
    assert F.avg_pool1d(x[None], 3).dtype == dtype
    assert F.conv1d(x[None], ct.ones(1, 2, 2, dtype=dtype)).tolist() == [[[1.75, 9.25]]]
    assert x[:, [2, 0]].tolist() == [[3, 1], [4, -1.5]]
    assert ct.gather(x, 1, ct.tensor([[0], [2]])).tolist() == [[1], [4]]
    assert ct.cat([x, x]).dtype == F.pad(x, (1, 1), value=0.5).dtype == dtype
    assert ct.zeros(2, dtype=dtype).scatter_add(0, ct.tensor([1, 1]), x[0, :2]).tolist() == [0, 3]
    assert F.interpolate(x[None], scale_factor=2).shape == (1, 2, 6)
    values, order = ct.topk(x, 1)
    assert values.tolist() == [[3.0], [4.0]]
    assert order.tolist() == [[2], [2]]


@halves
def test_bits_that_are_only_moved_stay(device, dtype):
    special = [np.nan, np.inf, -np.inf, -0.0, ct.finfo(dtype).smallest_subnormal]
    x = tensor(special, dtype)
    bits = x.view(ct.uint16).tolist()
    for moved in (x.flip(0).flip(0), ct.cat([x, x])[5:], x[list(range(5))], x.clone(),
                  x.reshape(5, 1).T[0], x.float().to(dtype)):  # fmt: skip
        assert moved.view(ct.uint16).tolist() == bits


def test_what_kernels_cannot_compute_with_is_refused(device):
    for dtype in HALVES:
        for call in (ct.linalg.inv, ct.linalg.svd, ct.fft.fft):
            with pytest.raises(ct.DTypeError, match=r"\.float\(\)|\.to\(|cast"):
                call(ct.ones(2, 2, dtype=dtype))


def test_an_operation_that_casts_for_itself(device):
    doubled = Op("tests_doubled(x)", lambda x: x * 2, {})
    try:
        assert doubled(tensor([1.5])).dtype == ct.float16
        seen = []
        taken = Op("tests_taken(x)", lambda x: seen.append(x.dtype) or x, {}, takes_halves=True)
        taken(tensor([1.5]))
        assert seen == [ct.float16]
    finally:
        OPERATIONS.pop("tests_doubled", None)
        OPERATIONS.pop("tests_taken", None)


# ------------------------------------------------------------------------------- drawn programs


def rounded(array, dtype):
    """What is left of float32 numbers in 16 bits, as float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype == "float16":
            return array.astype(np.float16).astype(np.float32)
        return to_array(cast_array(array, bfloat16))


BINARY = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "maximum": np.maximum,
    "minimum": np.minimum,
}  # fmt: skip
SHAPES = [(), (3,), (1, 5), (4, 1), (4, 5), (2, 4, 5), (0, 5), (2, 1, 33)]


class Program:
    """A drawn sequence of operations on pairs: a tensor, and an array that holds its numbers."""

    def __init__(self, rng, dtype):
        self.rng, self.dtype = rng, dtype
        shapes = [SHAPES[i] for i in rng.integers(0, len(SHAPES), 3)]
        self.given = [rounded(np.float32(4) * rng.standard_normal(s, np.float32), dtype)
                      for s in shapes]  # fmt: skip
        self.steps = [rng.integers(0, 1 << 30, 3).tolist() for _ in range(rng.integers(2, 9))]

    def tensors(self):
        return [ct.tensor(a).to(self.dtype) for a in self.given]

    def __call__(self, *xs):
        return self.run(list(xs), list(self.given))[0]

    def run(self, xs, arrays):
        for kind, first, second in self.steps:
            i, j = first % len(xs), second % len(xs)
            x, a = self.step(kind % 9, xs[i], arrays[i], xs[j], arrays[j], second)
            xs.append(x)
            arrays.append(rounded(a, self.dtype))
        return xs[-1], arrays[-1]

    def step(self, kind, x, a, y, b, number):
        if kind < 4:
            name = [*BINARY][number % len(BINARY)]
            try:
                np.broadcast_shapes(a.shape, b.shape)
            except ValueError:
                return x * 0.7, a * np.float32(0.7)
            return getattr(ct, name)(x, y), BINARY[name](a, b)
        if kind == 4:
            return x * 0.3 + 1, rounded(a * np.float32(0.3), self.dtype) + np.float32(1)
        if kind == 5:
            return ct.sqrt(abs(x)), np.sqrt(np.abs(a))
        if kind == 6 and a.ndim and a.shape[-1]:
            return ct.amax(x, -1), a.max(-1)
        if kind == 7 and a.ndim:
            return ct.where(x > 0.5, x, -x).flip(0), np.where(a > 0.5, a, -a)[::-1]
        copied = x.clone()
        copied += 0.5
        return copied, a + np.float32(0.5)


@halves
@pytest.mark.parametrize("seed", range(8))
def test_drawn_programs_give_the_same_bits_however_they_run(device, monkeypatch, dtype, seed):
    program = Program(np.random.default_rng((7, seed)), dtype)
    monkeypatch.setattr(fusion.Eager, "on", False)
    got, want = program.run(program.tensors(), list(program.given))
    bits = got.float().numpy()
    assert got.dtype == dtype
    np.testing.assert_array_equal(bits, want)
    recorded = ct.jit(program)
    xs = program.tensors()
    for _ in range(3):
        np.testing.assert_array_equal(recorded(*xs).float().numpy(), bits)
    monkeypatch.setattr(fusion.Eager, "on", True)
    np.testing.assert_array_equal(program(*program.tensors()).float().numpy(), bits)


@halves
def test_both_kinds_of_kernels(skeleton, mode, dtype):
    a = rounded(np.linspace(-3, 3, 700, dtype=np.float32).reshape(7, 100), dtype)
    x = ct.tensor(a).to(dtype)
    np.testing.assert_array_equal((x * x).float().numpy(), rounded(a * a, dtype))
    np.testing.assert_array_equal(ct.amax(x * 2, 0).float().numpy(), rounded(2 * a, dtype).max(0))
    np.testing.assert_array_equal(ct.argmax(x, 1).numpy(), a.argmax(1))
    np.testing.assert_allclose(ct.sum(x, 1).float().numpy(), a.sum(1), rtol=1e-2)
    np.testing.assert_allclose(ct.softmax(x, 1).float().sum(1).numpy(), 1, rtol=2e-2)
    np.testing.assert_allclose((x @ x.T).float().numpy(), a @ a.T, rtol=1e-2, atol=1)
    shared = ct.tensor(a).to(dtype)
    shared[:, 1:] *= 2
    shared.T.add_(1)
    want = a.copy()
    want[:, 1:] = rounded(want[:, 1:] * 2, dtype)
    np.testing.assert_array_equal(shared.float().numpy(), rounded(want + 1, dtype))
    assert astype(shared, "float32").dtype == ct.float32
