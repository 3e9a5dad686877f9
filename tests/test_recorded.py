"""One recording of a call: what goes in, comes out and changes, and when it fits."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.arguments import describe
from cltensor.errors import GradientError
from cltensor.recorded import Recording


class Recorded:
    """A function recorded on some arguments, replayed by hand."""

    def __init__(self, device, function, *args):
        function(*args)  # which builds the kernels and lays out an optimizer's blocks
        arguments = describe(args, {})
        self.recording = Recording(function, arguments, device)
        self.first = self.recording.record(args, {})

    @property
    def is_sealed(self):
        return self.recording.tape is not None

    def fits(self, *args):
        return self.recording.fits(describe(args, {}))

    def __call__(self, *args):
        arguments = describe(args, {})
        assert self.recording.fits(arguments)
        return self.recording.replay(arguments)


def test_a_replay_makes_results_of_its_own(device):
    call = Recorded(device, lambda x: (x * 2, [x + 1, "text"]), ct.ones(3))
    x = ct.tensor([1.0, 2.0, 3.0])
    doubled, (one_more, text) = call(x)
    again, _ = call(x * 10)
    assert doubled.tolist() == [2, 4, 6]
    assert one_more.tolist() == [2, 3, 4]
    assert text == "text"
    assert again.tolist() == [20, 40, 60]
    assert call.first[0].tolist() == [2, 2, 2]


def test_results_that_share_elements_share_them_in_a_replay(device):
    def function(x):
        y = x * 2
        return y, y[1:], x, x[:1]

    x = ct.tensor([1.0, 2.0])
    y, part, same, head = Recorded(device, function, ct.ones(2))(x)
    assert same is x
    assert head.buffer is x.buffer
    part.fill_(9.0)
    assert y.tolist() == [2, 9]


def test_a_tensor_that_the_function_reached_is_returned_itself(device):
    w = ct.ones(2)
    call = Recorded(device, lambda x: (w.add_(x), w[:1]), ct.ones(2))
    found, head = call(ct.ones(2))
    assert found.tolist() == w.tolist() == [4, 4]
    assert head.buffer is w.buffer


def test_changes_of_tensors_are_noted(device):
    w, x = ct.ones(2), ct.ones(2)

    def function(x):
        w.mul_(3)
        x[0] = 5.0

    call = Recorded(device, function, ct.ones(2))
    versions = w._version, x._version
    pending = w + 0  # which reads the elements as they are
    assert call(x) is None
    assert (w.tolist(), x.tolist(), pending.tolist()) == ([27, 27], [5, 1], [9, 9])
    assert (w._version, x._version) == (versions[0] + 1, versions[1] + 1)
    assert (w._changed_by, x._changed_by) == ("mul_", "setitem")


def test_a_gradient_is_set_anew(device):
    w = ct.ones(2, requires_grad=True)

    def function(x):
        w.grad = None
        (w * x).sum().backward()

    call = Recorded(device, function, ct.ones(2))
    call(ct.tensor([2.0, 3.0]))
    first = w.grad
    assert first.tolist() == [2, 3]
    call(ct.tensor([4.0, 5.0]))
    assert w.grad.tolist() == [4, 5]
    assert first.tolist() == [2, 3]  # whoever took the gradient keeps it


def test_a_gradient_is_added_to_in_place(device):
    w = ct.ones(2, requires_grad=True)
    call = Recorded(device, lambda x: (w * x).sum().backward(), ct.ones(2))
    held = w.grad
    assert held.tolist() == [2, 2]
    call(ct.tensor([1.0, 2.0]))
    assert w.grad is held
    assert held.tolist() == [3, 4]
    w.grad = ct.zeros(2)  # another one goes in like an argument
    call(ct.tensor([1.0, 2.0]))
    assert w.grad.tolist() == [1, 2]
    w.grad = None
    assert not call.fits(ct.ones(2))


def test_the_gradient_of_an_argument(device):
    def function(w):
        (w * w).sum().backward()

    call = Recorded(device, lambda w: function(w), ct.ones(2, requires_grad=True))
    w = ct.tensor([1.0, 3.0], requires_grad=True)
    w.grad = ct.ones(2)
    call(w)
    assert w.grad.tolist() == [3, 7]


def test_results_with_a_graph_say_that_it_is_gone(device):
    w = ct.ones(2, requires_grad=True)
    out = Recorded(device, lambda x: w * x, ct.ones(2))(ct.ones(2))
    assert out.requires_grad
    with pytest.raises(GradientError, match="do not flow through the result of a replayed"):
        out.sum().backward()


def test_what_no_longer_shows_the_same_elements(device):
    w = ct.ones(2)
    call = Recorded(device, lambda x: x * w, ct.ones(2))
    w.fill_(3.0)
    assert call(ct.ones(2)).tolist() == [3, 3]  # only the elements differ
    w.data = ct.zeros(2)
    assert not call.fits(ct.ones(2))


def test_what_begins_to_require_a_gradient(device):
    w = ct.ones(2)
    call = Recorded(device, lambda x: x * w, ct.ones(2))
    w.requires_grad_()
    assert not call.fits(ct.ones(2))


def test_an_argument_that_is_a_tensor_of_the_function(device):
    w = ct.ones(2)
    call = Recorded(device, lambda x: x.add_(1) + w, ct.zeros(2))
    assert call.fits(ct.zeros(2))
    assert not call.fits(w)
    assert not call.fits(w[:])


def test_an_optimizer_steps_in_every_replay(device):
    start = np.float32([1.0, 2.0])
    params = [nn.Parameter(ct.tensor(start)) for _ in range(2)]
    optimizers = [ct.optim.Adam([p], lr=0.1) for p in params]

    def step(w, optimizer, x):
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()

    x = ct.ones(2)
    step(params[0], optimizers[0], x)
    call = Recorded(device, lambda x: step(params[0], optimizers[0], x), x)
    call(x * 3)
    for factor in (1, 1, 1, 3):
        step(params[1], optimizers[1], x * factor)
    np.testing.assert_array_equal(*[p.detach().numpy() for p in params])
    counts = [o.state[p]["step"] for o, p in zip(optimizers, params, strict=True)]
    assert counts == [4, 4]
    optimizers[0].param_groups[0]["lr"] = 0.5  # asked for at every launch
    assert call.fits(x)
    optimizers[0].param_groups[0]["amsgrad"] = True  # which takes other operations
    assert not call.fits(x)


def test_a_call_that_gives_an_argument_another_storage_is_not_kept(device):
    def function(x):
        x.data = ct.zeros(2)

    assert not Recorded(device, function, ct.ones(2)).is_sealed


def test_an_error_inside_leaves_no_recording(device):
    def function(x):
        y = x + 1
        raise ZeroDivisionError(y.shape)

    recording = Recording(function, describe((ct.ones(2),), {}), device)
    with pytest.raises(ZeroDivisionError):
        recording.record((ct.ones(2),), {})
    assert recording.tape is None
    assert device.recorder is None
    assert (ct.ones(2) + 1).tolist() == [2, 2]
