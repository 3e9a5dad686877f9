"""The public creation functions: leaves that record, typed constructors, casts by their names."""

from inspect import isfunction, signature

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import creation
from cltensor.errors import DTypeError, GradientError, ShapeError

MODEL = [[1.0, 2.0, 3.0]]
MAKERS = {
    "tensor": lambda **options: ct.tensor(MODEL, **options),
    "zeros": lambda **options: ct.zeros(1, 3, **options),
    "ones": lambda **options: ct.ones((1, 3), **options),
    "full": lambda **options: ct.full((1, 3), 2.5, **options),
    "empty": lambda **options: ct.empty(1, 3, **options),
    "zeros_like": lambda **options: ct.zeros_like(ct.tensor(MODEL), **options),
    "ones_like": lambda **options: ct.ones_like(ct.tensor(MODEL), **options),
    "full_like": lambda **options: ct.full_like(ct.tensor(MODEL), 3, **options),
    "empty_like": lambda **options: ct.empty_like(ct.tensor(MODEL), **options),
    "arange": lambda **options: ct.arange(0, 1.5, 0.5, **options),
    "range": lambda **options: ct.range(0, 1, 0.5, **options),
    "linspace": lambda **options: ct.linspace(0, 1, 3, **options),
    "eye": lambda **options: ct.eye(3, **options),
    "rand": lambda **options: ct.rand(1, 3, **options),
    "randn": lambda **options: ct.randn(1, 3, **options),
    "rand_like": lambda **options: ct.rand_like(ct.tensor(MODEL), **options),
    "as_tensor": lambda **options: ct.as_tensor(MODEL, **options),
    "from_numpy": lambda **options: ct.from_numpy(np.float32(MODEL), **options),
    "logspace": lambda **options: ct.logspace(0, 1, 3, **options),
    "normal": lambda **options: ct.normal(0.0, 1.0, (1, 3), **options),
    "randn_like": lambda **options: ct.randn_like(ct.tensor(MODEL), **options),
    "hann_window": lambda **options: ct.hann_window(3, **options),
    "hamming_window": lambda **options: ct.hamming_window(3, **options),
    "blackman_window": lambda **options: ct.blackman_window(3, **options),
    "bartlett_window": lambda **options: ct.bartlett_window(3, **options),
    "empty_strided": lambda **options: ct.empty_strided((1, 3), (3, 1), **options),
    "empty_permuted": lambda **options: ct.empty_permuted((1, 3), (0, 1), **options),
    "scalar_tensor": lambda **options: ct.scalar_tensor(3, **options),
    "kaiser_window": lambda **options: ct.kaiser_window(3, **options),
}


#: Those that make integers, which have no gradient.
OF_INTEGERS = {"randint", "randint_like", "randperm", "tril_indices", "triu_indices"}
#: Other names of the same.
ALIASES = {"asarray": "as_tensor"}


def test_every_creation_function_is_tried():
    made = {
        name
        for name in ct.__all__
        if isfunction(getattr(ct, name))
        and "requires_grad" in signature(getattr(ct, name)).parameters
    }
    of_a_tensor = {name for name in made if name == "new" or name.startswith("new_")}
    assert made - OF_INTEGERS - of_a_tensor - set(ALIASES) - {"Variable"} == set(MAKERS)


@pytest.mark.parametrize("name", MAKERS)
def test_requires_grad_makes_a_leaf(device, name):
    made = MAKERS[name](requires_grad=True)
    assert type(made) is ct.Tensor
    assert made.is_leaf
    assert made.requires_grad
    (made * 2).sum().backward()
    np.testing.assert_array_equal(made.grad.numpy(), np.full(made.shape, 2))
    for plain in (MAKERS[name](), MAKERS[name](requires_grad=False)):
        assert type(plain) is ct.Tensor
        assert not plain.requires_grad
        assert plain.shape == made.shape
        assert plain.dtype == made.dtype == ct.float32
    assert getattr(ct, name).__doc__
    assert getattr(ct, name).__name__ == name


def test_integers_have_no_gradient(device):
    for make in (
        lambda: ct.arange(3, requires_grad=True),
        lambda: ct.tensor(1, requires_grad=True),
    ):
        with pytest.raises(GradientError, match="a int64 tensor has no gradient"):
            make()


def test_a_variable_gives_its_values_and_not_its_graph(device):
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    copied = ct.tensor(x * 2)
    assert type(copied) is ct.Tensor
    leaf = ct.tensor(x, requires_grad=True)
    assert leaf.is_leaf
    with ct.no_grad():
        x[0] = 9.0
    assert copied.tolist() == [2, 4]
    assert leaf.tolist() == [1, 2]


def test_empty_and_zero_dimensional_leaves(device):
    assert ct.tensor([], requires_grad=True).shape == (0,)
    x = ct.tensor(3.0, requires_grad=True)
    (x * x).backward()
    assert x.grad.item() == 6


def test_typed_constructors_of_nothing_sizes_and_data(device):
    assert ct.FloatTensor().shape == (0,)
    assert ct.IntTensor(0, 3).shape == (0, 3)
    assert ct.ShortTensor(np.ones((2, 1))).dtype == ct.int16
    assert ct.CharTensor((1, 2)).tolist() == [1, 2]
    assert ct.ByteTensor(ct.tensor([1.0, 2.0])).dtype == ct.uint8
    with pytest.raises(ShapeError, match="create: "):
        ct.FloatTensor(-1)
    assert {repr(t) for t in creation.TYPES.values()} == {f"cltensor.{n}" for n in creation.TYPES}


def test_the_type_of_each_dtype(device):
    for name, kind in creation.TYPES.items():
        if kind.dtype == ct.float64 and not device.fp64:
            continue
        assert ct.ones(1).type(kind).type() == f"cltensor.{name}"
        assert ct.ones(1).type(name).dtype == kind.dtype
    assert ct.ones(1, dtype="uint16").type() == "cltensor.uint16"
    assert ct.ones(1, requires_grad=True).type() == "cltensor.FloatTensor"
    assert ct.ones(1).type("int16").dtype == ct.int16
    with pytest.raises(DTypeError, match="NonsenseTensor"):
        ct.ones(1).type("torch.NonsenseTensor")


def test_typed_constructors(device):
    assert ct.FloatTensor([1, 2]).dtype == ct.float32
    assert ct.FloatTensor(2, 3).shape == (2, 3)
    assert ct.LongTensor([1.7]).numpy().tolist() == [1]
    assert ct.ByteTensor([1]).type() == "cltensor.ByteTensor"
    x = ct.ones(2)
    assert x.type("torch.LongTensor").dtype == x.type(ct.LongTensor).dtype == ct.int64
    assert x.type(ct.int8).dtype == ct.int8
    assert repr(ct.BoolTensor) == "cltensor.BoolTensor"


def test_the_older_constructors_take_shapes_and_give_their_dtype(device):
    shape = ct.ones(2, 3).shape
    made = ct.Tensor(shape), ct.FloatTensor(shape), ct.ones(1).new(shape)
    assert [x.shape for x in made] == [(2, 3)] * 3
    assert ct.Tensor(ct.Size()).shape == (0,)
    for array in (np.array([1, 2]), np.array([1.0, 2.0]), np.array([True, True])):
        assert ct.Tensor(array).dtype == ct.float32


def test_typed_constructors_tell_the_dtype(device):
    assert isinstance(ct.ones(1), ct.FloatTensor)
    assert isinstance(ct.arange(2), ct.LongTensor)
    assert not isinstance(ct.arange(2), ct.FloatTensor)
    assert not isinstance(1.0, ct.FloatTensor)
    assert ct.ones(2).type(dtype=ct.int64, non_blocking=True).dtype == ct.int64


def test_asarray_copies_when_asked(device):
    x = ct.ones(2)
    assert ct.asarray(x) is x is ct.asarray(x, copy=False)
    y = ct.asarray(x, copy=True)
    y += 1
    assert x.tolist() == [1, 1]
    assert ct.asarray([1.0], dtype=ct.int64, copy=True).dtype == ct.int64
    with pytest.raises(ValueError, match="asarray: copy=False, but only a tensor of that dtype"):
        ct.asarray([1.0], copy=False)
