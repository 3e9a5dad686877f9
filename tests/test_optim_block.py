"""Parameters in one buffer: one launch for all, and nobody's copy changes."""

import numpy as np
import pytest
from optimizers import OPTIMIZERS, assert_close, give_gradients, host, leaves, values

import cltensor as ct
from cltensor import nn, optim
from cltensor.autograd import Variable
from cltensor.optim.block import Block, gradients_at_once
from cltensor.program import Counters


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_step_is_one_launch_for_all_parameters_and_builds_nothing_new(
    name, options, device, deferred, monkeypatch
):
    from cltensor.program import Kernel

    launches = []
    launch = Kernel.__call__

    def counted(self, *args, **kwargs):
        launches.append(self)
        return launch(self, *args, **kwargs)

    monkeypatch.setattr(Kernel, "__call__", counted)
    params = leaves(values((7,), (9,)))
    optimizer = getattr(optim, name)(params, **options)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        optimizer.step()
    built = len(device.kernels)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        launches.clear()
        optimizer.step()
        assert len(launches) == 1
    assert len(device.kernels) == built


def test_backward_with_old_weights_after_a_step():
    weight, optimizer = None, None
    weight = nn.Parameter(ct.tensor([2.0]))
    optimizer = optim.SGD([weight], lr=1.0)
    loss = (weight * weight).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    assert weight.data.item() == -2
    optimizer.zero_grad()
    loss.backward()
    assert weight.grad.item() == 4  # of the weight that the loss was computed with


def block_of(*arrays):
    return Block(list(range(len(arrays))), leaves(arrays), {"lr": 0.1}, 3, alone=False)


def test_parameters_keep_their_values_in_one_buffer(device):
    start = values((2, 3), (), (4,))
    block = block_of(*start)
    assert_close(host(block.params), start, rtol=0)
    assert {id(p.data.buffer) for p in block.params} == {id(block.values.buffer)}
    assert [p.data.offset for p in block.params] == [0, 6, 7]
    assert block.values.shape == (11,)
    block.advance()
    assert block.steps == 4


def test_gradients_and_state_are_laid_out_alike(device):
    block = block_of(*values((2, 2), (3,)))
    grads = values((2, 2), (3,))
    give_gradients(block.params, [grads[0].T.copy(), grads[1]])
    block.params[0].grad = Variable(block.params[0].grad.data.T)  # not contiguous
    wanted = np.concatenate([g.ravel() for g in grads])
    velocity = block.gradient() * 1
    np.testing.assert_array_equal(velocity.numpy(), wanted)
    block.state = {"velocity": velocity}
    entries = block.split_state()
    assert [list(e) for e in entries] == [["velocity"]] * 2
    assert_close([e["velocity"].numpy() for e in entries], grads, rtol=0)


def test_an_update_is_written_over_the_old_values(device, mode):
    start = values((2,), (3,))
    block = block_of(*start)
    block.state = {"sum": ct.zeros(5).realize()}
    old, state = block.values.buffer, block.state["sum"].buffer
    new = {"sum": block.state["sum"] + 1}
    block.store(block.values * 2, new)
    assert block.values.buffer is old
    assert_close(host(block.params), [2 * a for a in start], rtol=1e-6)
    assert block.state["sum"].buffer is state
    assert block.state["sum"].tolist() == [1] * 5


def test_a_block_is_whole_while_nobody_else_sees_its_parameters(device):
    block = block_of(*values((2,), (3,)))
    block.count_owners()
    assert block.is_whole()
    copied = block.params[0].data.clone()
    assert block.is_whole()
    kept = block.params[0].data
    assert not block.is_whole()
    del kept
    assert block.is_whole()
    view = block.params[1].data[1:]
    assert not block.is_whole()
    del view
    block.params[1].data = copied.new_zeros(3)
    assert not block.is_whole()


def test_a_copy_of_the_weights_does_not_follow_the_steps(device):
    for make in (lambda p: optim.SGD(p, 0.1, momentum=0.9), lambda p: optim.Adam(p, 0.1)):
        params = leaves(values((2,), (3,)))
        optimizer = make(params)
        kept = []
        for _ in range(4):
            give_gradients(params, values((2,), (3,)))
            optimizer.step()
            kept.append((params[0].data, host(params)[0]))
        assert len({array.tobytes() for _, array in kept}) == 4
        for tensor, array in kept:
            np.testing.assert_array_equal(tensor.numpy(), array)


def test_as_many_gradients_go_in_one_kernel_as_its_arguments_hold(device, deferred, monkeypatch):
    monkeypatch.setattr("cltensor.optim.block._EACH", device.cl_device.max_parameter_size)
    assert gradients_at_once(device) == 1
    start, grads = values((2,), (3,), (1,)), values((2,), (3,), (1,))
    params = leaves(start)
    give_gradients(params, grads)
    optim.SGD(params, lr=0.5).step()
    assert_close(host(params), [a - 0.5 * g for a, g in zip(start, grads, strict=True)], rtol=1e-6)


def test_two_optimizers_take_turns_on_the_same_parameters():
    params = leaves([np.ones((3, 4), np.float32), np.ones(5, np.float32)])
    both = ct.optim.SGD(params, lr=0.1, momentum=0.9), ct.optim.Adam(params, lr=0.1)
    for turn in range(3):
        for p in params:
            p.grad = ct.ones(p.shape).realize()
        for optimizer in both:
            before = Counters.launches
            optimizer.step()
            assert turn == 0 or Counters.launches - before == 1


def test_tied_parameters_move_one_after_the_other():
    first = ct.tensor([1.0, 2.0], requires_grad=True)
    tied = first.detach().requires_grad_()
    optimizer = ct.optim.SGD([first, ct.tensor([5.0], requires_grad=True), tied], lr=1.0)
    for _ in range(2):
        first.grad, tied.grad = ct.tensor([0.5, 0.0]), ct.tensor([0.25, 1.0])
        optimizer.step()
    assert first.tolist() == tied.tolist() == [-0.5, 0.0]
