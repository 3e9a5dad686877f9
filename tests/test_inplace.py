"""Assignment, and the methods that end in an underscore."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.errors import DeviceError, DTypeError, GradientError, IndexingError, ShapeError
from cltensor.ops.inplace import INPLACE


def test_in_place_methods_change_the_tensor_all_names_share(device, mode):
    x = ct.tensor([1.0, 4.0])
    y = x
    assert x.add_(1) is x
    assert y.tolist() == [2, 5]
    x.mul_(ct.tensor([2.0, 3.0])).sub_(1).div_(2)
    assert y.tolist() == [1.5, 7]
    x.zero_()
    x.fill_(3.0)
    x.copy_(ct.tensor([5, 6]))
    assert y.tolist() == [5, 6]
    x.clamp_(max=5.5)
    assert x.tolist() == [5, 5.5]


#: The method of each name: its arguments, and what NumPy makes of the elements.
METHODS = {
    "abs": ((), np.abs),
    "add": ((2.0,), lambda a: a + 2),
    "clamp": ((0.5, 2.0), lambda a: a.clip(0.5, 2)),
    "clip": ((None, 1.0), lambda a: a.clip(None, 1)),
    "copy": (([[5.0, 6.0, 7.0]],), lambda a: np.broadcast_to([5, 6, 7], a.shape)),
    "div": ((4.0,), lambda a: a / 4),
    "exp": ((), np.exp),
    "fill": ((7.0,), lambda a: np.full(a.shape, 7)),
    "floor": ((), np.floor),
    "mul": ((3.0,), lambda a: a * 3),
    "neg": ((), np.negative),
    "pow": ((2,), np.square),
    "reciprocal": ((), np.reciprocal),
    "relu": ((), lambda a: a.clip(0)),
    "round": ((), np.round),
    "rsqrt": ((), lambda a: 1 / np.sqrt(a)),
    "sigmoid": ((), lambda a: 1 / (1 + np.exp(-a))),
    "sqrt": ((), np.sqrt),
    "sub": ((0.5,), lambda a: a - 0.5),
    "tanh": ((), np.tanh),
    "zero": ((), np.zeros_like),
}
ODD = {"normal", "t", "uniform"}  # random, or of another shape


def test_every_method_is_swept():
    assert set(METHODS) | ODD == set(INPLACE)
    assert all(hasattr(ct.Tensor, f"{n}_") and hasattr(Variable, f"{n}_") for n in INPLACE)


@pytest.mark.parametrize("name", METHODS)
def test_methods_do_what_their_operation_does(device, name):
    args, wanted = METHODS[name]
    args = [ct.tensor(a) if isinstance(a, list) else a for a in args]
    a = np.float32([[0.4, 1.5, 2.7], [3.1, 0.9, 5.5]])
    x = ct.tensor(a)
    view = x.T
    assert getattr(x, f"{name}_")(*args) is x
    np.testing.assert_allclose(x.numpy(), wanted(a), rtol=1e-5, atol=1e-6)
    # Values are immutable: a view made before shows what was there.
    np.testing.assert_array_equal(view.numpy(), a.T)


def test_random_fills(device):
    ct.manual_seed(4)
    x = ct.zeros(100, 100)
    assert x.uniform_(-3, -1) is x
    assert -3 <= x.min().item() < -2.99
    assert -1.01 < x.max().item() < -1
    x.normal_(10, 2)
    np.testing.assert_allclose((x.mean().item(), x.std().item()), (10, 2), rtol=0.05)
    first = x.numpy()
    ct.manual_seed(4)
    x.uniform_(-3, -1).normal_(10, 2)
    np.testing.assert_array_equal(x.numpy(), first)
    with pytest.raises(DTypeError, match="uniform: makes floating-point numbers, not int32"):
        ct.zeros(2, dtype="int32").uniform_()


def test_transposing_in_place_takes_every_matrix(device, mode):
    x = ct.tensor([[1, 2, 3], [4, 5, 6]])
    view = x[0]
    assert x.t_() is x
    assert x.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert x.add_(1).shape == (3, 2)
    assert view.tolist() == [1, 2, 3]
    with pytest.raises(ShapeError, match=r"in place: a result of shape \(2, 3, 2\)"):
        x.add_(ct.ones(2, 3, 2, dtype="int64"))


def test_transposing_in_place_keeps_gradients_and_values_together(device):
    leaf = Variable(ct.ones(2, 3), requires_grad=True)
    y = leaf * 2
    y.t_()
    (y * ct.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).sum().backward()
    assert leaf.grad.tolist() == [[2, 6, 10], [4, 8, 12]]
    with pytest.raises(GradientError, match="in place: a leaf"):
        leaf.t_()
    for x in (leaf, leaf * 2):
        with ct.no_grad(), pytest.raises(GradientError, match=r"cannot take the shape \(3, 2\)"):
            x.t_()
    turned = ct.jit(lambda x: (x + 1).t_())
    assert turned(ct.ones(2, 3)).shape == (3, 2)
    with pytest.raises(DeviceError, match="jit: changing a tensor's shape in place inside"):
        turned(ct.ones(2, 3))  # which would be recorded


def test_views_empty_and_zero_dimensional_tensors_change_too(device):
    x = ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    column = x[:, 1]
    column.mul_(10)
    assert column.tolist() == [20, 40]
    assert x.tolist() == [[1, 2], [3, 4]]
    one, nothing = ct.tensor(2.0), ct.zeros(0, 3)
    assert one.add_(1).item() == 3
    one[()] = 7.0
    assert one.item() == 7
    assert nothing.add_(1).fill_(2).shape == (0, 3)
    nothing[:, 1] = 5.0
    assert nothing.shape == (0, 3)


def test_copying_casts_and_moves(device, other_device):
    x = ct.zeros(2, 2, dtype="int16")
    assert x.copy_(ct.tensor([1.9, -1.9], device=other_device)).tolist() == [[1, -1], [1, -1]]
    assert (x.dtype, x.device) == (ct.int16, device)
    with pytest.raises(ShapeError, match=r"broadcast_to: shape \(3,\)"):
        x.copy_(ct.ones(3))


def test_a_pending_operand_keeps_what_it_was_made_of(device, mode):
    x = ct.tensor([1.0, 2.0])
    doubled = x * 2
    x.add_(100)
    x[0] = -1.0
    assert doubled.tolist() == [2, 4]
    assert x.tolist() == [-1, 102]


def test_assignment_writes_into_its_own_buffer_when_nobody_else_sees_it(device):
    x = ct.zeros(4).realize()
    buffer = x.buffer
    del buffer
    place = id(x.buffer)
    x[1] = 5.0
    assert id(x.buffer) == place
    view = x[2:]
    x[2] = 6.0
    assert id(x.buffer) != place
    assert view.tolist() == [0, 0]
    assert x.tolist() == [0, 5, 6, 0]


def test_variables_change_and_record(device):
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    assert y.mul_(2) is y
    y[0] = 10.0
    y.sum().backward()
    assert x.grad.tolist() == [0, 6]
    with ct.no_grad():
        assert x.fill_(4.0) is x
    assert x.is_leaf
    assert x.tolist() == [4, 4]


def test_in_place_results_must_fit(device):
    x, n = ct.ones(2), ct.ones(2, dtype="int32")
    with pytest.raises(ShapeError, match=r"in place: a result of shape \(3, 2\) does not fit"):
        x.add_(ct.ones(3, 2))
    with pytest.raises(DTypeError, match="in place: a float32 result does not fit a int32 tensor"):
        n.div_(2)
    with pytest.raises(ShapeError, match="add: shapes"):
        x.add_(ct.ones(3))
    assert x.tolist() == [1, 1]
    assert n.tolist() == [1, 1]


def test_item_assignment(device, mode):
    x = ct.zeros(3, 4)
    a = np.zeros((3, 4), "float32")
    for key, value in (
        ((0,), 5.0),
        ((slice(1, 3), 2), np.array([1.0, 2.0], "float32")),
        ((Ellipsis, -1), 7),
        ((slice(None, None, -2), slice(0, 2)), 3.5),
    ):
        x[key] = value
        a[key] = value
    np.testing.assert_array_equal(x.numpy(), a)
    x[x > 4] = 0.0
    a[a > 4] = 0
    np.testing.assert_array_equal(x.numpy(), a)
    with pytest.raises(ShapeError, match="setitem: "):
        x[0] = ct.ones(3)
    with pytest.raises(IndexingError, match="index 3 is out of range for axis 0 of size 3"):
        x[3] = 1.0
    np.testing.assert_array_equal(x.numpy(), a)


def test_a_tensor_assigned_to_itself(device):
    x = ct.arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[:] = x[::-1]
    assert x.tolist() == [3, 2, 1, 0, 0]
