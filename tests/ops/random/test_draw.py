"""Random numbers: the published Philox vectors, equal bits in every kernel form, statistics."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, uint32
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.random import draw as random
from cltensor.runtime.kernel import kernel


def words(counter, stream, key, count=4):
    """Raw words of the generator from a 128-bit counter (two halves) and a 64-bit key."""
    device = ct.device()
    result = Tensor.empty((count,), uint32, device)
    run = kernel(
        device,
        "random",
        kind="bits",
        T="uint",
        per=4,
        digits=24,
        index="int",
        log=(),
        exp=(),
        sin=(),
        cos=(),
    )
    blocks = -(-count // 4)
    run(
        (1,), (1,), y_g=result.buffer, count=count, blocks=blocks, each=blocks, counter=counter,
        stream=stream, key=key,
    )  # fmt: skip
    return result.numpy()


@pytest.mark.parametrize(
    ("counter", "stream", "key", "want"),
    [
        (0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (2**64 - 1, 2**64 - 1, 2**64 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            0x85A308D3_243F6A88,
            0x03707344_13198A2E,
            0x299F31D0_A4093822,
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_known_answers_of_philox(counter, stream, key, want):
    assert [f"{w:08x}" for w in words(counter, stream, key)] == want.split()


# ------------------------------------------------------- the same computation in NumPy, bit for bit


def horner(x, coefficients):
    acc = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        acc = acc * x
        acc = acc + c
    return acc


def normals(a, b, dtype):
    """Box and Muller's pairs from radius and angle words, in the kernel's order of operations."""
    f, wide = np.dtype(dtype).type, dtype == "float64"
    whole, bits = (np.int64, 64) if wide else (np.int32, 32)
    mantissa, base, root = (
        (52, 0x3FE6A09E667F3BCD, 0x5FE6EB50C7B537A9) if wide else (23, 0x3F3504F3, 0x5F375A86)
    )
    name = C_NAMES[np.dtype(dtype)]
    log, sin, cos = ([f(c) for c in t[name].split()] for t in (random.LOG, random.SIN, random.COS))
    one = a.dtype.type(1)
    u = (a >> one | one).astype(whole).astype(f) * f(0.5 ** (bits - 1))
    shifted = u.view(whole) - whole(base)
    e = (shifted >> whole(mantissa)).astype(f)
    m = ((shifted & whole((1 << mantissa) - 1)) + whole(base)).view(f) - f(1)
    t = f(-2) * (e * f(0.6931471805599453) + m * horner(m, log))
    y = (whole(root) - (t.view(whole) >> one.astype(whole))).view(f)
    half = f(0.5) * t
    for _ in range(5 if wide else 4):
        y = y * (f(1.5) - half * y * y)
    radius = t * y
    quadrant = b >> a.dtype.type(bits - 2)
    within = (b & a.dtype.type((1 << bits - 2) - 1)).astype(whole) - whole(1 << bits - 3)
    x = within.astype(f) * f(0.5 ** (bits - 2))
    z = x * x
    s, c = horner(z, sin) * x, horner(z, cos)
    odd = quadrant & one == one
    p, q = np.where(odd, s, c), np.where(odd, c, s)
    p = np.where((quadrant == 1) | (quadrant == 2), -p, p)
    q = np.where(quadrant >= 2, -q, q)
    return np.stack([radius * p, radius * q], -1).ravel()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_are_the_bits_that_plain_arithmetic_gives(dtype):
    if dtype == "float64" and not ct.device().fp64:
        pytest.skip("the device has no float64")
    raw = words(0, 0, 5, 40000)
    pairs = raw.view("uint64").reshape(-1, 2) if dtype == "float64" else raw.reshape(-1, 2)
    want = normals(pairs[:, 0], pairs[:, 1], dtype)
    got = ct.randn(want.size, dtype=dtype, generator=ct.Generator(5)).numpy()
    np.testing.assert_array_equal(got.view("uint8"), want.view("uint8"))


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 1027, 50001])
def test_every_form_of_the_kernel_gives_the_same_bits(count, use_skeletons):
    draws = [
        lambda g: ct.rand(count, generator=g),
        lambda g: ct.randn(count, generator=g),
        lambda g: ct.randint(-5, 100, (count,), generator=g),
        lambda g: ct.bernoulli(0.3, (count,), generator=g),
        lambda g: ct.randperm(count % 2000, generator=g),
    ]
    found = []
    for kind in ("gpu", "cpu"):
        use_skeletons(kind)
        generator = ct.Generator(9)
        found.append([draw(generator).numpy().tobytes() for draw in draws])
    assert found[0] == found[1]


def test_all_devices_give_the_same_bits():
    if len(ct.devices()) < 2:
        pytest.skip("only one device is present")
    draws = [
        {
            f(device, ct.Generator(3)).numpy().tobytes()
            for device in ct.devices()
        }
        for f in (
            lambda device, g: ct.rand(1001, device=device, generator=g),
            lambda device, g: ct.randn(1001, device=device, generator=g),
            lambda device, g: ct.randint(0, 10**12, (1001,), device=device, generator=g),
            lambda device, g: ct.randperm(1001, device=device, generator=g),
        )
    ]  # fmt: skip
    assert [len(bits) for bits in draws] == [1, 1, 1, 1]


def test_a_longer_draw_begins_like_a_shorter_one():
    long, short = (ct.randn(n, generator=ct.Generator(1)).numpy() for n in (999, 10))
    np.testing.assert_array_equal(long[:10], short)


# -------------------------------------------------------------------------------------- statistics


def moments(x):
    x = x.astype("float64")
    return x.mean(), x.var()


@pytest.mark.parametrize("seed", range(3))
def test_uniform_numbers_spread_evenly(seed):
    x = ct.rand(1000, 200, generator=ct.Generator(seed)).numpy().ravel()
    assert x.dtype == np.float32
    assert 0 <= x.min() < 1e-4
    assert 1 - 1e-4 < x.max() < 1
    counts = np.histogram(x, 64, (0, 1))[0]
    chi2 = ((counts - x.size / 64) ** 2 / (x.size / 64)).sum()
    assert 63 - 45 < chi2 < 63 + 60  # about five standard deviations
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.012


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_have_the_moments_of_the_distribution(seed, dtype):
    if dtype == "float64" and not ct.device().fp64:
        pytest.skip("the device has no float64")
    x = ct.normal(3.0, 2.0, (200_000,), dtype, generator=ct.Generator(seed)).numpy()
    z = (x.astype("float64") - 3) / 2
    n = z.size
    assert abs(z.mean()) < 5 / n**0.5
    assert abs(z.var() - 1) < 5 * (2 / n) ** 0.5
    assert abs((z**3).mean()) < 5 * (15 / n) ** 0.5
    assert abs((z**4).mean() - 3) < 5 * (96 / n) ** 0.5
    assert 3.8 < abs(z).max() < 6.6
    within = (abs(z) < 1).mean()
    assert abs(within - 0.6826895) < 5 * (0.22 / n) ** 0.5


def test_uniform_range_excludes_its_end():
    x = ct.uniform(1.0, np.nextafter(np.float32(1), np.float32(2)).item(), (5000,)).numpy()
    assert (x == 1).all()
    y = ct.uniform(-2.0, 6.0, (100_000,), generator=ct.Generator(1)).numpy()
    assert -2 <= y.min() < -1.99
    assert 5.99 < y.max() < 6


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_integers_fill_their_range(dtype):
    x = ct.randint(3, 10, (7000,), dtype, generator=ct.Generator(2)).numpy()
    assert x.dtype == dtype
    counts = np.bincount(x.astype("int64"), minlength=10)
    assert counts[:3].sum() == 0
    assert ((counts[3:] - 1000) ** 2 / 1000).sum() < 40
    limits = np.iinfo(dtype)
    everything = ct.randint(limits.min, limits.max + 1, (4000,), dtype).numpy()
    assert everything.min() < limits.min // 2 + limits.max // 4
    assert everything.max() > limits.max // 4 * 3
    assert (ct.randint(5, 6, (9,), dtype).numpy() == 5).all()


def test_randint_with_one_bound():
    for x in (ct.randint(4, (2, 3)), ct.randint(4, size=(2, 3)), ct.randint(0, 4, (2, 3))):
        assert x.shape == (2, 3)
        assert x.dtype == np.int64
        assert ((x.numpy() >= 0) & (x.numpy() < 4)).all()


def test_bernoulli_and_dropout_masks():
    g = ct.Generator(3)
    x = ct.bernoulli(0.25, (100_000,), generator=g).numpy()
    assert set(np.unique(x)) == {0.0, 1.0}
    assert abs(x.mean() - 0.25) < 0.007
    mask = random.dropout_mask((100_000,), 0.2, generator=g).numpy()
    assert set(np.unique(mask)) == {0.0, np.float32(1.25)}
    assert abs(mask.mean() - 1) < 0.008
    assert (random.dropout_mask((50,), 1.0).numpy() == 0).all()
    assert (random.dropout_mask((50,), 0.0).numpy() == 1).all()
    assert ct.bernoulli(1.0, (3,), "bool").numpy().all()


def test_sizes_and_likes():
    assert ct.rand(2, 3).shape == (2, 3)
    assert ct.rand((2, 3)).shape == (2, 3)
    assert ct.randn([4]).shape == (4,)
    assert ct.randn(()).shape == ()
    assert ct.rand(0, 5).shape == (0, 5)
    like = ct.rand_like(ct.zeros(3, 2))
    assert (like.shape, like.dtype) == ((3, 2), ct.float32)
    assert ct.randn_like(ct.zeros(3)).shape == (3,)
    assert ct.rand(3, requires_grad=True).requires_grad


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ct.rand(3, dtype="int64"), DTypeError, "uniform: makes floating-point"),
        (lambda: ct.rand(-1), ShapeError, "rand: shape .* has a negative size"),
        (lambda: ct.randint(3, 3, (2,)), ShapeError, r"randint: the range \[3, 3\) is empty"),
        (lambda: ct.randint(3, 4), ShapeError, "randint: no size given"),
        (lambda: ct.randint(0, 300, (2,), "uint8"), DTypeError, "does not fit uint8"),
        (lambda: ct.randint(0, 3, (2,), "bool"), DTypeError, r"does not fit bool \(0 to 1\)"),
        (lambda: ct.bernoulli(1.5, (2,)), ShapeError, "bernoulli: 1.5 is not a probability"),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_normal_numbers_around_tensors(device):
    ct.manual_seed(1)
    mean, std = ct.tensor([0.0, 100.0, -5.0]), ct.tensor([1.0, 0.0, 0.0])
    found = ct.normal(mean, std)
    assert found[1:].tolist() == [100, -5]
    assert ct.normal(mean, 0.0).tolist() == mean.tolist()
    assert ct.normal(2.0, std * 0).tolist() == [2] * 3
    assert ct.normal(mean=0.0, std=1.0, size=(2, 3), requires_grad=True).requires_grad
    assert ct.normal(ct.zeros(2, 1), ct.ones(3)).shape == (2, 3)
    with pytest.raises(ShapeError, match="normal: no size given"):
        ct.normal(0.0, 1.0)


def test_bernoulli_of_chances(device):
    x = ct.tensor([0.0, 1.0, 0.0, 1.0])
    assert ct.bernoulli(x).tolist() == x.bernoulli().tolist() == x.tolist()
    with pytest.raises(DTypeError, match="bernoulli: p is of int64"):
        ct.bernoulli(ct.tensor([1]))


def test_likes_elsewhere_and_of_integers(device):
    x = ct.zeros(2, 3)
    assert ct.randn_like(x, device=device).shape == (2, 3)
    assert ct.rand_like(input=x, requires_grad=True).requires_grad
    found = ct.randint_like(x, 3, 5)
    assert found.dtype == ct.float32
    assert set(np.unique(found.numpy())) <= {3.0, 4.0}
    assert isinstance(ct.Generator(device="cpu"), ct.Generator)


def test_integers_below_a_bound_given_by_name(device):
    assert ct.randint(high=1, size=(2,)).tolist() == [0, 0]
    assert ct.randint_like(ct.ones(2), high=1).tolist() == [0, 0]
    with pytest.raises(ShapeError, match="randint: no size given"):
        ct.randint(5)
    with pytest.raises(ShapeError, match="is empty"):
        ct.randint_like(ct.ones(2))


def test_integers_of_a_floating_type(device):
    x = ct.randint(0, 3, (100,), dtype=ct.float32, requires_grad=True)
    assert x.dtype == ct.float32
    assert x.requires_grad
    assert set(x.tolist()) == {0, 1, 2}


def test_complex_numbers_have_parts_of_their_own(device):
    ct.manual_seed(3)
    z = ct.randn(20000, dtype="complex64").numpy()
    assert abs(z.mean()) < 0.03
    found = [z.real.var(), z.imag.var(), abs(z.real @ z.imag) / 20000]
    np.testing.assert_allclose(found, [0.5, 0.5, 0], atol=0.02)
    u = ct.rand_like(ct.zeros(1000, dtype="complex64")).numpy()
    assert 0 <= min(u.real.min(), u.imag.min()) <= max(u.real.max(), u.imag.max()) < 1
    x = ct.zeros(20000, dtype="complex64").normal_(1j, 2.0).numpy()
    assert abs(x.mean() - 1j) < 0.06
    np.testing.assert_allclose(x.var(), 4, atol=0.2)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ct.normal("a", 1.0), DTypeError, "normal: mean is 'a'"),
        (lambda: ct.normal(0.0, None, (3,)), DTypeError, "normal: std is None"),
        (lambda: ct.normal(0.0, -1.0, (3,)), ValueError, "at least 0"),
        (lambda: ct.bernoulli("a"), DTypeError, "bernoulli: p is 'a'"),
        (lambda: ct.randint("a", (3,)), ShapeError, "randint: high is 'a'"),
        (lambda: ct.randint(0.5, 3, (3,)), ShapeError, "randint: low is 0.5"),
        (lambda: ct.empty(3).uniform_("a"), DTypeError, "is 'a'"),
    ],
)
def test_parameters_that_are_no_numbers(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_the_gradient_of_a_parameter_of_samples_is_0(device):
    p = ct.full((3, 1), 0.5, requires_grad=True)
    mean = ct.zeros(2, requires_grad=True)
    for drawn in (ct.bernoulli(p), ct.normal(mean, p), ct.normal(p, 2.0), ct.normal(0.0, p)):
        assert drawn.requires_grad
        (drawn * 3).sum().backward()
        assert p.grad.tolist() == [[0], [0], [0]]
        p.grad = None
    assert mean.grad.tolist() == [0, 0]
    with ct.no_grad():
        assert not ct.bernoulli(p).requires_grad


@pytest.mark.parametrize(("dtype", "digits"), [("float16", 11), ("bfloat16", 8)])
def test_floats_of_16_bits(device, dtype, digits):
    x = ct.rand(5000, dtype=dtype).float().numpy()
    assert ((x * 2**digits) % 1 == 0).all()
    assert 0 <= x.min() < x.max() < 1
    near = ct.uniform(1.0, 1 + 4 * ct.finfo(dtype).eps, (5000,), dtype=dtype).float().numpy()
    assert sorted(set((near - 1) / float(ct.finfo(dtype).eps))) == [0, 1, 2, 3]
    drawn = ct.randn(5000, dtype=dtype)
    assert drawn.dtype == dtype
    assert abs(drawn.float().std().item() - 1) < 0.05
    for other in (ct.bernoulli(ct.full((9,), 0.5, dtype=dtype)), ct.poisson(drawn.abs()),
                  ct.empty(3, dtype=dtype).exponential_(), ct.normal(0.0, 1.0, (2,), dtype=dtype),
                  ct.randint(0, 5, (3,), dtype=dtype), ct.rand_like(drawn)):  # fmt: skip
        assert other.dtype == dtype
    ct.manual_seed(3)
    first = ct.rand(7, dtype=dtype).tolist()
    ct.manual_seed(3)
    assert ct.rand(7, dtype=dtype).tolist() == first
