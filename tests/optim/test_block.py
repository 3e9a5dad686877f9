"""Parameters in one buffer: one launch for all, seen by whoever shares them."""

import gc
import weakref
from functools import partial

import numpy as np
import pytest
from optimizers import OPTIMIZERS, assert_close, give_gradients, host, leaves, values

import cltensor as ct
from cltensor import nn, optim
from cltensor.lazy.grids import parts_at_once
from cltensor.optim.block import Block
from cltensor.runtime.kernel import Counters, Live


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_step_is_one_launch_for_all_parameters_and_builds_nothing_new(
    name, options, device, deferred
):
    params = leaves(values((7,), (9,)))
    optimizer = getattr(optim, name)(params, **options)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        optimizer.step()
    built = len(device.kernels)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        before = Counters.launches
        optimizer.step()
        assert Counters.launches == before + 1
    assert len(device.kernels) == built


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_step_is_one_launch_for_each_group_while_views_of_weights_are_held(
    name, options, device, deferred
):
    shapes = (7,), (3, 3), (2, 4), ()
    params = leaves(values(*shapes))
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.05}]
    views = [p.detach().reshape(-1) for p in params] + [params[1].detach()[1:, ::2], params[2].data]
    optimizer = getattr(optim, name)(groups, **options)
    seen = []
    for turn in range(4):
        if turn == 2:  # and views of states, and of what the parameters became
            views += [p.detach().T for p in params[1:3]]
            seen = [s[0:1] for state in optimizer.state.values() for s in state.values()
                    if isinstance(s, ct.Tensor) and s.ndim]  # fmt: skip
        give_gradients(params, values(*shapes))
        before = Counters.launches
        optimizer.step()
        assert turn == 0 or Counters.launches - before == 2
    for view, param in zip(views, params, strict=False):
        np.testing.assert_array_equal(view.numpy(), param.detach().numpy().reshape(-1))
    np.testing.assert_array_equal(views[4].numpy(), host(params)[1][1:, ::2])
    kept = [s[0:1].tolist() for state in optimizer.state.values() for s in state.values()
            if isinstance(s, ct.Tensor) and s.ndim]  # fmt: skip
    assert [s.tolist() for s in seen] == kept


def test_backward_with_old_weights_after_a_step():
    weight = nn.Parameter(ct.tensor([2.0]))
    optimizer = optim.SGD([weight], lr=1.0)
    loss = (weight * weight).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    assert weight.item() == -2
    optimizer.zero_grad()
    with pytest.raises(ct.GradientError, match="multiply saved '.' .* step changed it in place"):
        loss.backward()
    assert weight.grad is None


def block_of(*arrays):
    return Block(leaves(arrays), [{} for _ in arrays], {"lr": 0.1}, 3, stays=False)


def test_parameters_keep_their_values_in_one_buffer(device):
    start = values((2, 3), (), (4,))
    params = leaves(start)
    views = [params[0][1], params[2][::2]]
    block = Block(params, [{}, {}, {}], {"lr": 0.1}, 3)
    assert_close(host(block.params), start, rtol=0)
    assert {id(p.buffer.home) for p in block.params} == {id(block.values.buffer)}
    (length,) = block.values.shape
    assert length == 3 * device.alignment // 4  # each begins where a buffer may
    block.values.fill_(5.0)
    for tensor in (*params, *views):  # whoever shares a parameter's elements moves with it
        assert set(tensor.detach().numpy().ravel()) == {5.0}
    block.advance()
    assert block.steps == 4


def test_gradients_and_state_are_laid_out_alike(device):
    block = block_of(*values((2, 2), (3,)))
    grads = values((2, 2), (3,))
    give_gradients(block.params, [grads[0].T.copy(), grads[1]])
    block.params[0].grad = block.params[0].grad.T  # not contiguous
    seen = []

    def update(block, values, state, grad):
        seen.append(grad)
        return block.values * 0 + grad

    block.move([p.grad for p in block.params], update)
    assert seen[0].shape == block.values.shape
    assert_close(host(block.params), grads, rtol=0)
    whole = block.flat([ct.tensor(g) for g in grads])
    assert whole.shape == block.values.shape
    assert_close([v.numpy() for v in block.views(whole)], grads, rtol=0)
    assert not block.flat(None).any().item()


def test_an_update_is_written_over_the_old_values(device, mode):
    start = values((2,), (3,))
    block = block_of(*start)
    block.state = {"sum": block.flat(None)}
    old, state = block.values.buffer, block.state["sum"].buffer
    versions = [p._version for p in block.params]

    def update(block, values, state, grad):
        state["sum"] = state["sum"] + 1
        return block.values * 2

    give_gradients(block.params, start)
    block.move([p.grad for p in block.params], update)
    assert block.values.buffer is old
    assert_close(host(block.params), [2 * a for a in start], rtol=1e-6)
    assert block.state["sum"].buffer is state
    assert block.views(block.state["sum"])[1].tolist() == [1] * 3
    assert all(p._version > v for p, v in zip(block.params, versions, strict=True))
    assert block.params[0]._changed_by == "step"


def test_the_operations_of_a_step_are_asked_for_once(device, mode):
    start = values((2, 2), (3,))
    block = block_of(*start)
    block.state = {"sum": block.flat(None)}
    asked = []

    def update(block, values, state, grad):
        asked.append(grad)
        state["sum"] = state["sum"] + grad
        return block.values - Live(lambda: block.group["lr"]) * state["sum"]

    total = [np.zeros_like(a) for a in start]
    right = [a.copy() for a in start]
    for step in range(4):
        block.group["lr"] = 0.5 / (step + 1)
        grads = [g + np.float32(step) for g in values((2, 2), (3,))]
        give_gradients(block.params, grads)
        waiting = block.params[1].detach() * 1  # still to be read when the step writes
        block.move([p.grad for p in block.params], update)
        assert_close(waiting.numpy(), right[1], rtol=1e-6)
        for k, g in enumerate(grads):
            total[k] += g
            right[k] -= 0.5 / (step + 1) * total[k]
        assert_close(host(block.params), right, rtol=1e-5)
    assert len(asked) == (4 if mode == "eager" else 1)


def test_a_kept_step_holds_no_gradient_back(device):
    block = block_of(*values((2, 2), (3,)))
    give_gradients(block.params, values((2, 2), (3,)))
    for _ in range(2):
        block.move([p.grad for p in block.params], lambda b, values, state, grad: b.values - grad)
    gone = [weakref.ref(p.grad.buffer) for p in block.params]
    for param in block.params:
        param.grad = None
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


def test_an_update_may_do_without_the_gradient(device, mode):
    start = values((2, 2), (3,))
    block = block_of(*start)
    grads = values((2, 2), (3,))
    give_gradients(block.params, grads)
    for _ in range(3):
        block.move([p.grad for p in block.params], lambda b, values, state, grad: b.values * 2)
    assert_close(host(block.params), [8 * a for a in start], rtol=1e-6)


def test_a_block_is_whole_while_its_parameters_show_it(device):
    block = block_of(*values((2,), (3,)))
    kept = [block.params[0].data, block.params[1].data[1:]]
    kept[1].zero_()
    assert block.is_whole()  # changing elements in place harms nobody
    Block(block.params[:1], [{}], {"lr": 0.1}, 0)
    assert not block.is_whole()  # another optimizer has laid it out
    block = block_of(*values((2,), (3,)))
    block.params[1].data = ct.zeros(3)
    assert not block.is_whole()


def test_what_shares_the_weights_follows_the_steps_and_copies_do_not(device):
    for make in (lambda p: optim.SGD(p, 0.1, momentum=0.9), lambda p: optim.Adam(p, 0.1)):
        params = leaves(values((2,), (3,)))
        optimizer = make(params)
        shared, kept = params[0].data, []
        for _ in range(4):
            give_gradients(params, values((2,), (3,)))
            optimizer.step()
            kept.append((params[0].data.clone(), host(params)[0]))
            np.testing.assert_array_equal(shared.numpy(), host(params)[0])
        assert len({array.tobytes() for _, array in kept}) == 4
        for tensor, array in kept:
            np.testing.assert_array_equal(tensor.numpy(), array)


def test_a_part_of_a_larger_tensor_stays_where_it_is(device):
    whole = ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    params = [nn.Parameter(whole[:, 0]), *leaves(values((3,)))]
    optimizer = optim.SGD(params, lr=1.0, momentum=0.5)
    for _ in range(2):
        give_gradients(params, [np.ones(2, np.float32), np.ones(3, np.float32)])
        optimizer.step()
    assert whole.tolist() == [[-1.5, 2], [0.5, 4]]


def test_parameters_that_share_their_elements_step_one_after_the_other(device):
    for start in (ct.zeros(3).realize(), ct.zeros(3, 4)[:, 1], ct.zeros(6).realize()):
        params = [nn.Parameter(start), nn.Parameter(start[:3]), *leaves(values((2,)))]
        grads = [ct.ones(*p.shape) * 10**k for k, p in enumerate(params)]
        optimizer = optim.SGD(params, lr=1.0, momentum=0.5)
        for _ in range(2):
            for param, grad in zip(params, grads, strict=True):
                param.grad = grad
            optimizer.step()
        assert params[1].tolist() == start[:3].tolist() == [-27.5] * 3  # as in PyTorch
        assert start[3:].tolist() == [-2.5] * (start.shape[0] - 3)


def test_a_pending_expression_keeps_the_old_weights(device, deferred):
    params = leaves(values((2,), (3,)))
    before = host(params)
    optimizer = optim.SGD(params, lr=0.5)
    give_gradients(params, values((2,), (3,)))
    with ct.no_grad():
        doubled = params[0] * 2
    optimizer.step()
    np.testing.assert_array_equal(doubled.numpy(), 2 * before[0])


def test_as_many_gradients_go_in_one_kernel_as_its_arguments_hold(device, deferred, monkeypatch):
    monkeypatch.setattr("cltensor.lazy.grids._EACH", device.cl_device.max_parameter_size)
    assert parts_at_once(device) == 1
    start, grads = values((2,), (3,), (1,)), values((2,), (3,), (1,))
    params = leaves(start)
    give_gradients(params, grads)
    optim.SGD(params, lr=0.5).step()
    assert_close(host(params), [a - 0.5 * g for a, g in zip(start, grads, strict=True)], rtol=1e-6)


def test_two_optimizers_take_turns_on_the_same_parameters(deferred):
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


@pytest.mark.parametrize("make", [optim.SGD, partial(optim.SGD, momentum=0.5), optim.Adam])
def test_parameters_made_inside_a_recorded_call_and_kept(device, make):
    """They stay regions of the block, which gives nothing back twice and keeps nothing."""
    held = []

    def step(x):
        params = [nn.Parameter(ct.ones(4, 5)), nn.Parameter(ct.ones(4))]
        held[:] = [make(params, lr=0.125), *params]
        return later(x, *held)

    def later(x, moves, *params):
        moves.zero_grad()
        nn.functional.linear(x, *params).square().mean().backward()
        moves.step()
        return [p.detach().clone() for p in params]

    def outcome(step):
        found = step(x), later(x, *held), later(x, *held)
        return [p.tolist() for each in found for p in each]

    x = ct.ones(7, 5)
    wanted, recorded = outcome(step), ct.jit(step)
    in_use = []
    for _ in range(6):
        assert outcome(recorded) == wanted
        held.clear()
        gc.collect()
        in_use.append(ct.memory_summary()["in_use"])
    assert in_use[-1] == in_use[-3]
