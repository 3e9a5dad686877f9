"""Hooks on what is saved for backward."""

import gc
import threading
import weakref

import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd import graph
from cltensor.core.hooks import Hooks


class Seen:
    """Hooks that note what they are given."""

    def __init__(self):
        self.packed, self.unpacked = [], []

    def pack(self, x):
        assert not x.requires_grad
        self.packed.append(x.numpy())
        return x.device, x.numpy()

    def unpack(self, made):
        self.unpacked.append(made[1])
        return ct.tensor(made[1], device=made[0])

    def __enter__(self):
        self._hooks = graph.saved_tensors_hooks(self.pack, self.unpack)
        self._hooks.__enter__()
        return self

    def __exit__(self, *exception):
        self._hooks.__exit__(*exception)


def test_hooks_see_operands_and_results_and_make_the_gradient():
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = ct.tensor([3.0, 5.0], requires_grad=True)
    with Seen() as seen:
        z = (x * y).exp()
    np.testing.assert_allclose(seen.packed[0], [3, 5])
    np.testing.assert_allclose(seen.packed[1], [1, 2])
    np.testing.assert_allclose(seen.packed[2], np.exp([3.0, 10.0]), rtol=1e-6)  # exp saves it
    assert not seen.unpacked
    z.sum().backward()  # after the context
    assert len(seen.unpacked) == 3
    np.testing.assert_allclose(x.grad.numpy(), np.exp([3.0, 10.0]) * [3, 5], rtol=1e-6)
    np.testing.assert_allclose(y.grad.numpy(), np.exp([3.0, 10.0]) * [1, 2], rtol=1e-6)


def test_what_the_unpack_hook_gives_is_used():
    x = ct.tensor([3.0], requires_grad=True)
    with graph.saved_tensors_hooks(lambda x: x * 4, lambda x: x):
        y = x * x
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), [24.0])


def test_no_hook_stays_behind():
    save = Hooks.save

    def fail():
        assert Hooks.save is not save
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Seen():
        fail()
    assert Hooks.save is save
    assert Hooks.observed == Hooks.saving == 0


def test_the_innermost_counts():
    x = ct.tensor([3.0], requires_grad=True)
    with Seen() as outer, Seen() as inner:
        (x * x).backward()
    assert (len(outer.packed), len(inner.packed)) == (0, 2)


def test_another_thread_has_hooks_of_its_own():
    x = ct.tensor([3.0], requires_grad=True)
    with Seen() as seen:
        thread = threading.Thread(target=lambda: (x * x).backward())
        thread.start()
        thread.join()
    assert not seen.packed
    np.testing.assert_allclose(x.grad.numpy(), [6.0])


@pytest.mark.parametrize("function", [
    lambda x: (x**3).sum(),
    lambda x: x.tanh().sum(),
    lambda x: x.softmax(0).square().sum(),
    lambda x: ct.cat([x, x * 2]).prod(),
    lambda x: x.sort()[0].cumprod(0).sum(),
    lambda x: ct.cummax(x, 0).values.square().sum(),
    lambda x: (x.reshape(2, 2) @ x.reshape(2, 2)).square().sum(),
    lambda x: ct.linalg.svd(x.reshape(2, 2))[1].square().sum(),
    lambda x: ct.nn.functional.layer_norm(x, (4,)).exp().sum(),
])  # fmt: skip
def test_first_and_second_derivatives_are_those_without_hooks(function):
    def derivatives():
        x = ct.tensor([0.5, 1.25, -0.75, 2.0], requires_grad=True)
        (g,) = ct.autograd.grad(function(x), x, create_graph=True)
        (h,) = ct.autograd.grad((g * ct.tensor([1.0, -2.0, 3.0, 0.5])).sum(), x)
        return g.detach().numpy(), h.numpy()

    plain = derivatives()
    with Seen() as seen:
        packed = derivatives()
    assert seen.packed
    for a, b in zip(plain, packed, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_complex_numbers_are_conjugated_all_the_same():
    def gradient():
        x = ct.tensor([1 + 2j, 3 - 1j], requires_grad=True)
        (x * x * (2 - 1j)).real.sum().backward()
        return x.grad.numpy()

    plain = gradient()
    with graph.save_on_cpu():
        np.testing.assert_allclose(gradient(), plain)


class Cube(ct.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        square = x * x
        ctx.save_for_backward(x, square, None)
        return square * x, square

    @staticmethod
    def backward(ctx, g, h):
        x, square, nothing = ctx.saved_tensors
        assert nothing is None
        return g * 3 * square + h * 2 * x


def test_what_a_function_saves_goes_through_the_hooks():
    x = ct.tensor([2.0], requires_grad=True)
    with Seen() as seen:
        cube, square = Cube.apply(x)
        assert [p.tolist() for p in seen.packed] == [[2.0], [4.0]]
        (g,) = ct.autograd.grad((cube + square).sum(), x, create_graph=True)
        assert g.item() == 16.0
    (h,) = ct.autograd.grad(g, x)
    assert h.item() == 14.0


def test_a_packed_tensor_that_was_changed_is_refused():
    x = ct.ones(3, requires_grad=True)
    y = x * 1
    with graph.saved_tensors_hooks(lambda x: {"kept": (x,)}, lambda made: made["kept"][0]):
        z = y.square()
    y.add_(1)
    with pytest.raises(ct.GradientError, match=r"square saved 'x'.*add_ changed it in place"):
        z.sum().backward()
    x = ct.ones(3, requires_grad=True)
    y = x * 1
    with graph.saved_tensors_hooks(lambda x: x.clone(), lambda x: x):
        z = y.square()
    y.add_(1)  # others than the copy
    z.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [2, 2, 2])


def test_operations_in_place_save_what_was_there():
    for hooks in (graph.save_on_cpu(), graph.saved_tensors_hooks(ct.clone, lambda x: x)):
        x = ct.tensor([2.0, 3.0], requires_grad=True)
        with hooks:
            y = x * 1
            y.realize()
            y.mul_(y)
            y.exp_()
            y[ct.tensor([0])] = x[1:]
        y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), [0, 6 * np.exp(9.0) + 1], rtol=1e-5)


def test_bad_hooks_are_told():
    x = ct.ones(3, requires_grad=True)
    with (
        graph.saved_tensors_hooks(lambda x: x.add_(1), lambda x: x),
        pytest.raises(ct.GradientError, match="pack hook changed the tensor.*add_"),
    ):
        x.square()
    with graph.saved_tensors_hooks(lambda x: 1, lambda x: x):
        y = x.square().sum()
    with pytest.raises(ct.DTypeError, match="unpack hook gave 1 for what square saved as 'x'"):
        y.backward()
    for wrong in (lambda x: x[:2], lambda x: x.int()):
        refused(wrong)


def refused(unpack):
    with graph.saved_tensors_hooks(lambda x: x, unpack):
        y = ct.ones(3, requires_grad=True).square().sum()
    with pytest.raises(ct.GradientError, match="shape, dtype and device must be the same"):
        y.backward()


def test_what_comes_back_on_another_device_is_told(other_device):
    refused(lambda x: x.to(other_device))


def test_save_on_cpu_lets_go_of_the_device_memory():
    x = ct.ones(1000, requires_grad=True)
    with graph.save_on_cpu(pin_memory=True):
        y = x * 2
        gone = weakref.ref(y.realize().buffer)
        z = y.square().sum().realize()
        del y
        gc.collect()
        assert gone() is None
    z.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full(1000, 8.0))


def test_hooks_can_be_refused():
    with (
        graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(ct.GradientError, match="not here"),
    ):
        Seen().__enter__()

    @graph.disable_saved_tensors_hooks("nor there")
    def call():
        return 1

    assert call() == 1
    with Seen(), pytest.raises(ct.GradientError, match="nor there"):
        call()
    with Seen():
        pass


def test_increment_version_has_backward_refuse():
    x = ct.ones(3, requires_grad=True)
    y = x * 1
    z = y.square().sum()
    graph.increment_version([y])
    with pytest.raises(ct.GradientError, match="increment_version changed it"):
        z.backward()


def test_a_jitted_call_runs_each_operation_while_a_hook_is_there():
    @ct.jit
    def loss(x):
        return x.square().sum()

    x = ct.ones(3, requires_grad=True)
    for _ in range(4):
        loss(x)
    with Seen() as seen:
        loss(x).backward()
    assert len(seen.packed) == 1


def test_on_the_host_floats_of_16_bits_are_as_they_were(device):
    for dtype in (ct.float16, ct.bfloat16):
        x = ct.tensor([1.5, 2.0], dtype=dtype, requires_grad=True)
        with graph.save_on_cpu():
            y = (x * x * x).sum()
        y.backward()
        assert (x.grad.dtype, x.grad.tolist()) == (dtype, [6.75, 12.0])


def test_a_pack_hook_that_raises_leaves_a_tensor_as_it_was():
    def refuse(x):
        raise ZeroDivisionError

    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    for change in (
        lambda: y.__setitem__(ct.tensor([0]), x[1:]),
        lambda: y.index_add_(0, ct.tensor([0]), x[1:]),
        lambda: y[:1].mul_(x[1:]),
    ):
        with graph.saved_tensors_hooks(refuse, lambda x: x), pytest.raises(ZeroDivisionError):
            change()
    assert y.tolist() == [1, 2]
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
