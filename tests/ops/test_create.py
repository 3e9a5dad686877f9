"""Making Tensors from data, constants and ranges."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DeviceError, DTypeError, ShapeError

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, "int64"),
        (1.5, "float32"),
        (True, "bool"),
        ([1, 2.5], "float32"),
        ([[True], [False]], "bool"),
        ([True, 2], "int64"),
        ([], "float32"),
        (range(3), "int64"),
        (np.float64(2), "float64"),
        (np.arange(3, dtype="int8"), "int8"),
        ([np.arange(2, dtype="float64")], "float64"),
        (np.arange(3, dtype=">i4"), "int32"),
    ],
)
def test_the_dtype_follows_the_data(device, data, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    made = ct.tensor(data)
    assert made.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(made.numpy(), np.asarray(data))


def test_data_is_copied(device):
    array = np.arange(4, dtype="float32")
    t = ct.tensor(array)
    array[0] = 9
    assert t.numpy().tolist() == [0, 1, 2, 3]
    t.numpy()[0] = 7
    assert t.numpy().tolist() == [0, 1, 2, 3]
    again = ct.tensor(t)
    again[0] = 5
    assert t.numpy()[0] == 0


def test_lists_of_tensors_stack(device):
    parts = [ct.tensor([1.0, 2.0]), ct.tensor([3.0, 4.0])]
    assert ct.tensor(parts).numpy().tolist() == [[1, 2], [3, 4]]


def test_views_of_arrays_arrive_in_order(device):
    array = np.arange(12).reshape(3, 4)
    for view in (array.T, array[::-1, ::2], np.asfortranarray(array), array[1:1]):
        np.testing.assert_array_equal(ct.tensor(view).numpy(), view)


def test_casts_at_creation_are_as_on_the_device(device):
    x = [1e10, -1e10, NAN, INF, -INF, 2.9, -2.9]
    for dtype in ("int8", "uint8", "int32", "int64", "uint64"):
        direct = ct.tensor(x, dtype=dtype).numpy()
        np.testing.assert_array_equal(direct, ct.tensor(x).to(dtype).numpy(), dtype)
    assert ct.tensor([1e300]).item() == INF
    assert ct.tensor(NAN, dtype="int32").item() == 0


@pytest.mark.parametrize(
    ("data", "dtype"),
    [(300, "uint8"), ([0, -1], "uint64"), ([[2**40]], "int32"), (np.array([300, 0]), "int8")],
)
def test_integers_that_do_not_fit_are_refused_not_wrapped(device, data, dtype):
    with pytest.raises(DTypeError, match=rf"^tensor: (300|-1|{2**40}) does not fit {dtype}"):
        ct.tensor(data, dtype=dtype)
    widest = ct.tensor([0, 2**64 - 1], dtype="uint64")
    assert widest.tolist() == [0, 2**64 - 1]
    assert ct.tensor(300).astype("uint8").item() == 44


@pytest.mark.parametrize("data", ["text", None, ["1j"], [None], object()])
def test_data_without_an_element_type(device, data):
    with pytest.raises(DTypeError, match=r"^tensor: .* no element type"):
        ct.tensor(data)


def test_what_is_made_like_a_tensor_of_a_tensor_is_outside_the_graph(device):
    x = ct.ones(2, requires_grad=True)
    for y in (x, x * 2):
        made = y.new_tensor(y)
        assert made.is_leaf
        assert not made.requires_grad
        assert made.tolist() == y.tolist()
        assert y.new_tensor(y, requires_grad=True).is_leaf
        assert y.new_tensor([1, 2], requires_grad=True).requires_grad
        assert not ct.HalfTensor(y).requires_grad
    made = ct.jit(lambda x: x + x.new_tensor([1.0]))
    made(ct.ones(2))
    with pytest.raises(DeviceError, match="making a tensor from data of the host"):
        made(ct.ones(2))


def test_ragged_lists(device):
    with pytest.raises(ShapeError, match="^tensor: the nested sequence is not rectangular"):
        ct.tensor([[1, 2], [3]])


@pytest.mark.parametrize("create", [ct.zeros, ct.ones, ct.empty])
def test_sizes_come_as_a_tuple_or_apart(device, create):
    for made in (create(2, 3), create((2, 3)), create([2, 3]), create(ct.zeros(2, 3).size())):
        assert made.shape == (2, 3)
        assert made.dtype == ct.float32
    assert create().shape == create(()).shape == ()
    assert create(0, 3).numpy().shape == (0, 3)
    assert create(np.int64(2), dtype="int8").dtype == ct.int8
    assert create(2, requires_grad=True).requires_grad


@pytest.mark.parametrize("size", [(-1,), (2.5,), ("a",), ((2, 1.5),), (None,), (2, -3)])
def test_sizes_that_are_none(device, size):
    with pytest.raises(ShapeError, match="^create: "):
        ct.zeros(*size)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (7, None, "int64"),
        (7.0, None, "float32"),
        (True, None, "bool"),
        (np.int64(3), None, "int64"),
        (3, "float32", "float32"),
        (2.9, "int32", "int32"),
        (5, "bool", "bool"),
    ],
)
def test_full(device, value, dtype, expected):
    made = ct.full((2, 2), value, dtype=dtype)
    assert made.dtype == np.dtype(expected)
    assert made.numpy().tolist() == np.full((2, 2), value).astype(expected).tolist()


@pytest.mark.parametrize(
    ("value", "dtype"), [(300, "uint8"), (-1, "uint64"), (2**63, None), (NAN, "int8"), ("a", None)]
)
def test_full_refuses_what_does_not_fit_at_the_call(device, value, dtype):
    with pytest.raises(DTypeError, match="^full: "):
        ct.full((2,), value, dtype=dtype)


def test_full_refuses_more_than_one_number(device):
    with pytest.raises(DTypeError, match=r"^full: value is a ndarray of shape \(3,\), not"):
        ct.full((2,), np.ones(3))
    with pytest.raises(DTypeError, match="^fill_: value is a list, not a number"):
        ct.ones(2).fill_([1.0, 2.0])


def test_like_functions_follow_their_model(device):
    x = ct.tensor([[1, 2]], dtype="int16")
    for made, value in ((ct.zeros_like(x), 0), (ct.ones_like(x), 1), (ct.full_like(x, 7), 7)):
        assert made.dtype == ct.int16
        assert made.numpy().tolist() == [[value, value]]
    assert ct.empty_like(x).shape == (1, 2)
    assert ct.zeros_like(x, dtype="float32").dtype == ct.float32
    v = ct.ones_like(Variable(ct.zeros(2)), requires_grad=True)
    assert v.requires_grad


@pytest.mark.parametrize(
    "args", [(5,), (2, 7), (0, 1, 0.25), (5, 0, -2), (5, 0), (2.5,), (0, 10, 3), (-3, 3)]
)
def test_arange(device, args):
    want = np.arange(*args)
    got = ct.arange(*args)
    assert got.dtype == ("float32" if want.dtype == "float64" else "int64")
    np.testing.assert_array_equal(got.numpy(), want)
    assert ct.arange(3, dtype="uint8").dtype == ct.uint8
    with pytest.raises(ShapeError, match="arange: step is 0"):
        ct.arange(0, 5, 0)


def test_ranges_of_integers_are_pytorchs(device):
    assert ct.arange(1.7, 5.9, 1.5, dtype="int64").tolist() == [1, 2, 3, 4]
    assert ct.arange(1.7, 5.9, 1.5, dtype="int32").tolist() == [1, 2, 3]
    with pytest.raises(ShapeError, match="arange: step is 0"):
        ct.arange(0, 3, 0.5, dtype="int64")
    assert ct.linspace(-3.5, 9.9, 7, dtype="int32").tolist() == [-3, -1, 1, 3, 5, 7, 9]
    assert ct.linspace(5.5, 9, 1, dtype="int64").tolist() == [5]
    ends = ct.tensor(-3.5), ct.tensor(9.9)
    assert ct.linspace(*ends, 7, dtype="int64").tolist() == [-3, -1, 1, 3, 5, 7, 9]
    assert ct.logspace(0, 2.7, 5, base=2.5, dtype="int64").tolist() == [1, 1, 2, 3, 6]
    assert ct.logspace(0, 3, 4, base=-2, dtype="int64").tolist() == [1, -2, 4, -8]


def test_linspace_eye_and_meshgrid(device):
    np.testing.assert_allclose(ct.linspace(0, 1, 5).numpy(), np.linspace(0, 1, 5))
    assert ct.linspace(2, 3, 1).numpy().tolist() == [2]
    assert ct.linspace(0, 1, 0).shape == (0,)
    with pytest.raises(ShapeError, match="linspace: steps is -1"):
        ct.linspace(0, 1, -1)
    assert ct.eye(2).numpy().tolist() == [[1, 0], [0, 1]]
    assert ct.eye(2, 3, dtype="int8").numpy().tolist() == [[1, 0, 0], [0, 1, 0]]
    a, b = np.arange(2), np.arange(3)
    for indexing in ("xy", "ij"):
        pairs = zip(
            ct.meshgrid(ct.tensor(a), ct.tensor(b), indexing=indexing),
            np.meshgrid(a, b, indexing=indexing),
            strict=True,
        )
        for got, want in pairs:
            np.testing.assert_array_equal(got.numpy(), want)
    rows, _ = ct.meshgrid(ct.tensor(a), ct.tensor(b))
    assert rows.tolist() == [[0, 0, 0], [1, 1, 1]]
    with pytest.raises(ValueError, match="indexing is 'zz'"):
        ct.meshgrid(ct.arange(2), indexing="zz")
    with pytest.raises(DTypeError, match=r"^meshgrid: xs\[1\] is a list, not a tensor"):
        ct.meshgrid(ct.arange(2), [1, 2])


def test_new_creates_beside_a_tensor(device):
    x = ct.zeros(2, dtype="int32")
    assert x.new_zeros(3).dtype == x.new_ones(3).dtype == x.new_tensor([1.5]).dtype == ct.int32
    assert x.new_full((2,), 4).numpy().tolist() == [4, 4]


def test_from_numpy_keeps_the_dtype(device):
    x = ct.from_numpy(np.arange(3, dtype="uint16"))
    assert x.dtype == ct.uint16
    assert x.numpy().tolist() == [0, 1, 2]
    assert ct.from_numpy(np.float32(3)).item() == 3


@pytest.mark.parametrize("wrong", [[1, 2], None, "text", 7])
def test_from_numpy_takes_arrays_only(device, wrong):
    with pytest.raises(DTypeError, match=r"^from_numpy: .* not a NumPy array; use ct\.tensor\("):
        ct.from_numpy(wrong)


def test_every_creation_takes_a_gradient_a_dtype_and_a_size(device):
    options = {"requires_grad": True, "dtype": ct.float32, "device": device}
    made = [
        ct.zeros(size=(2, 2), **options),
        ct.ones(2, 2, **options),
        ct.empty(size=(2, 2), **options),
        ct.full(size=(2, 2), fill_value=1, **options),
        ct.rand(size=(2, 2), **options),
        ct.randn(2, 2, **options),
        ct.eye(2, **options),
        ct.tensor([[1, 2], [3, 4]], **options),
        ct.arange(end=4, **options).reshape(2, 2),
        ct.linspace(0, 1, 4, **options).reshape(2, 2),
        ct.logspace(0, 1, 4, **options).reshape(2, 2),
        ct.zeros_like(input=ct.ones(2, 2), memory_format=ct.preserve_format, **options),
        ct.full_like(ct.ones(2, 2), 3, **options),
        ct.ones(1).new_zeros((2, 2), **options),
        ct.ones(1).new_ones(size=(2, 2), **options),
        ct.normal(0.0, 1.0, (2, 2), **options),
    ]
    for x in made:
        assert x.requires_grad
        assert x.shape == (2, 2)
        assert x.dtype == ct.float32
        assert x.device is device


def test_older_and_newer_forms(device):
    x = ct.ones(2, dtype="float16")
    assert x.new(2, 3).shape == (2, 3)
    assert x.new([1, 2]).tolist() == [1, 2]
    assert x.new().dtype == x.dtype
    assert ct.as_tensor(x) is x
    assert ct.as_tensor([1, 2], dtype=ct.float32).tolist() == [1, 2]
    np.testing.assert_allclose(ct.logspace(0, 2, 3).tolist(), [1, 10, 100])
    assert ct.logspace(0, 2, 3, base=2).tolist() == [1, 2, 4]
    with pytest.raises(TypeError, match="arange: 'stop' is missing"):
        ct.arange()
    with pytest.raises(TypeError, match="zeros: names and layouts .* are not supported"):
        ct.zeros(2, names=("N",))


def test_meshgrid_takes_a_list(device):
    a, b = ct.meshgrid([ct.arange(2), ct.arange(3)])
    assert a.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert b.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_sizes_are_whole_numbers_in_reach():
    calls = {
        "eye": ct.eye,
        "linspace": lambda n: ct.linspace(0, 1, n),
        "logspace": lambda n: ct.logspace(0, 1, n),
        "rand": lambda n: ct.rand(2, n),
        "randn": ct.randn,
        "randperm": ct.randperm,
        "randint": lambda n: ct.randint(0, 5, (n,)),
        "movedim": lambda n: ct.ones(2, 3).movedim(0, n),
        "chunk": lambda n: ct.ones(2, 3).chunk(n),
        "diagonal": lambda n: ct.ones(2, 3).diagonal(n),
        "round": lambda n: ct.ones(2).round(decimals=n),
        "LayerNorm": ct.nn.LayerNorm,
    }
    for name, call in calls.items():
        for bad in (1.5, float("nan"), float("inf"), "a", True, [1.5], 2**70):
            with pytest.raises(ct.ShapeError, match=f"^{name}: "):
                call(bad)
        assert call(np.int64(1)) is not None
    for bad in ((float("nan"),), (0, float("inf")), (2**62,), ("a",), (0, 1, 1e-30)):
        with pytest.raises(ct.ShapeError, match=r"^arange: .* give no array that memory can hold"):
            ct.arange(*bad)
    for call in (ct.linspace, ct.logspace):
        with pytest.raises(ct.ShapeError, match="give no array"):
            call(0, 10**400, 3, dtype="int64")
    with pytest.raises(ct.ShapeError, match="^arange: .* give no array"):
        ct.arange(0, 5, float("nan"), dtype="int32")
    with pytest.raises(ct.ShapeError, match="^eye: .* give no array"):
        ct.eye(2**40)


def test_identity_beside_the_diagonal(device):
    for k in (-4, -1, 0, 2, 9):
        np.testing.assert_array_equal(ct.eye(3, 4, k=k).numpy(), np.eye(3, 4, k))
    assert not ct.eye(2, k=1 << 70).numpy().any()


def test_a_number_that_rounds_to_the_largest_fits(device):
    largest = np.finfo("float32").max
    assert ct.full((1,), 3.40282350e38j).numpy().imag[0] == largest
    with pytest.raises(DTypeError, match=r"full: 3.5e\+38 does not fit float32"):
        ct.full((1,), 3.5e38j)


@pytest.mark.parametrize(
    ("kind", "number", "dtype"),
    [
        ("float32", 2, "float32"),
        ("float32", 2.5, "float32"),
        ("int64", 2, "int64"),
        ("int32", 2.5, "float32"),
        ("float16", 2.5, "float32"),
        ("float16", 2, "float16"),
        ("bfloat16", 2.5, "float32"),
        ("bfloat16", True, "bfloat16"),
    ],
)
def test_numbers_beside_tensors_in_a_list_promote_with_them(device, kind, number, dtype):
    one = ct.tensor(1, dtype=getattr(ct, kind))
    for data in ([one, number], [number, one]):
        got = ct.tensor(data)
        assert got.dtype == getattr(ct, dtype)
        assert sorted(got.tolist()) == sorted([1, number])


def test_range_includes_its_end():
    assert ct.range(1, 4).tolist() == [1, 2, 3, 4]
    assert ct.range(1, 4).dtype == ct.float32
    assert ct.range(1, 4, 0.5).tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert ct.range(0, -3, -2, dtype=ct.int64).tolist() == [0, -2]
    assert ct.range(start=2, end=2, step=5).tolist() == [2]
    for start, stop, step in ((0, 3, 0), (0, 3, -1), (3, 0, 1)):
        with pytest.raises(ShapeError, match=f"range: a step of {step} does not lead from {start}"):
            ct.range(start, stop, step)
    with pytest.raises(ShapeError, match="range: .* give no array"):
        ct.range(0, float("inf"))
    with pytest.raises(TypeError, match="range: 'stop' is missing"):
        ct.range(3)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "complex64", "int8", "bool"])
def test_empty_has_no_bytes_of_before_where_the_same_bits_are_asked_for(
    device, deterministic, dtype
):
    dtype = getattr(ct, dtype)
    made = [
        ct.empty(3, dtype=dtype),
        ct.empty_like(ct.ones(3, dtype=dtype)),
        ct.ones(1, dtype=dtype).new_empty(3),
        ct.empty_strided((3,), (2,), dtype=dtype),
        ct.empty_permuted((3, 1), (1, 0), dtype=dtype),
    ]
    for x in made:
        if dtype is ct.int8 or dtype is ct.bool:
            assert (x == (127 if dtype is ct.int8 else True)).all().item()
        else:
            assert x.isnan().all().item()
    assert ct.Tensor(3).isnan().all().item()
