"""The backward pass: what leaves receive, hooks, devices and dtypes, depth, bad input."""

import gc

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.autograd import Variable
from cltensor.core.hooks import AfterGradient
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError
from cltensor.runtime.kernel import Counters


def test_a_gradient_argument_weighs_the_outputs(mode):
    x = leaf([1.0, 2.0, 3.0])
    y = x * 2
    while y.norm().item() < 1000:
        y = y * 2
    y.backward(ct.tensor([0.1, 1.0, 0.0001]))
    np.testing.assert_allclose(x.grad.numpy(), [51.2, 512, 0.0512], rtol=1e-6)


def test_gradients_accumulate_until_cleared(mode):
    x = leaf([1.0, 2.0])
    for count in (1, 2, 3):
        (x * 3).sum().backward()
        assert x.grad.numpy().tolist() == [3 * count] * 2
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.numpy().tolist() == [2, 4]


def test_a_value_used_many_ways_takes_no_memory_for_each(device):
    x = ct.randn(16, 1 << 14, requires_grad=True)
    y = x.sin()
    total = sum(y[i].cos().sum() for i in range(16)).realize()
    ct.reset_peak_memory()
    before = device.pool.in_use
    total.backward()
    assert device.pool.peak - before < 6 * x.nbytes
    np.testing.assert_allclose(
        x.grad.numpy(), -np.sin(y.detach().numpy()) * np.cos(x.detach().numpy()), atol=1e-5
    )


def test_a_value_used_several_ways_collects_all(mode):
    x = leaf([1.0, 2.0, 3.0])
    y = x * x
    ((y + x) * y + y.sum()).sum().backward()
    v = np.array([1.0, 2, 3])
    np.testing.assert_allclose(x.grad.numpy(), 4 * v**3 + 3 * v**2 + 6 * v)


def test_broadcast_operands_get_gradients_of_their_shape(mode):
    a, b, c = leaf(np.ones((2, 1, 3), "f")), leaf(np.ones((4, 1), "f")), leaf(2.0)
    (a * b * c).sum().backward()
    assert a.grad.numpy().tolist() == np.full((2, 1, 3), 8.0).tolist()
    assert b.grad.numpy().tolist() == np.full((4, 1), 12.0).tolist()
    assert c.grad.item() == 24
    assert c.grad.shape == ()


def test_axes_of_one_element_are_not_summed(deferred):
    x = leaf(np.ones((1, 1, 5), "f"))
    w = leaf(np.arange(5, dtype="f"))
    y, seed = (x * w).realize(), ct.ones(1, 1, 5).realize()
    before = Counters.launches
    g, h = ct.grad(y, [x, w], seed)
    assert h.numpy().tolist() == [1.0] * 5
    assert g.numpy().tolist() == [[[0.0, 1.0, 2.0, 3.0, 4.0]]]
    assert Counters.launches <= before + 2


def test_a_cast_brings_the_gradient_back_to_the_dtype(fp64):
    x = leaf([1.0, 2.0])
    y = x.to("float64") * 2
    assert y.dtype == ct.float64
    y.sum().backward()
    assert x.grad.dtype == ct.float32
    z = leaf([1.0, 2.0], dtype="float64")
    (z * leaf([2.0, 3.0])).backward(ct.ones(2))
    assert z.grad.dtype == ct.float64
    z.backward(ct.ones(2))
    assert z.grad.dtype == ct.float64


def test_gradients_flow_between_devices(device, other_device):
    x = leaf([1.0, 2.0])
    y = (x.to(other_device) * 3).sum()
    assert y.device is other_device
    y.backward()
    assert x.grad.device is device
    assert x.grad.numpy().tolist() == [3, 3]


def test_gradients_of_leaves_do_not_wait(device, deferred):
    w, b = leaf(np.ones((3, 4), "float32")), leaf(np.ones(4, "float32"))
    x = ct.ones(5, 3)
    ((x @ w) * (x @ w) + b).sum().backward()
    assert not w.grad.data.is_pending
    assert not b.grad.data.is_pending
    assert w.grad.tolist() == [[30.0] * 4] * 3
    assert b.grad.tolist() == [5.0] * 4


def test_ten_thousand_nodes_deep(mode):
    x = leaf([1.0])
    y = x
    for _ in range(10_000):
        y = y + x
    y.sum().backward()
    assert x.grad.item() == 10_001
    del y
    gc.collect()


def test_a_deep_chain_that_saves_values(device):
    x = leaf([0.5])
    y = x
    for _ in range(3000):
        y = y * 1.0001
    y.sum().backward()
    assert x.grad.item() == pytest.approx(1.0001**3000, rel=1e-3)


def test_wide_graphs(device):
    x = leaf(np.ones(3, "f"))
    total = sum((x * k for k in range(200)), Variable(ct.zeros(3)))
    total.sum().backward()
    assert x.grad.numpy().tolist() == [19900.0] * 3


def test_hooks_see_and_replace_gradients(device):
    x = leaf([1.0, 2.0])
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(g.numpy().tolist()))
    handle = y.register_hook(lambda g: g * 10)
    y.sum().backward(retain_graph=True)
    assert seen == [[1, 1]]
    assert x.grad.numpy().tolist() == [30, 30]
    handle.remove()
    handle.remove()
    y.sum().backward()
    assert x.grad.numpy().tolist() == [33, 33]


@pytest.mark.parametrize(
    ("hook", "error", "told"),
    [
        (lambda g: g[:1], ShapeError, r"shape \(1,\) and float32 .* shape \(2,\) and float32"),
        (lambda g: g.int(), DTypeError, r"shape \(2,\) and int32 .* shape \(2,\) and float32"),
        (lambda g: 3, DTypeError, "a hook returned 3, which is no gradient; return a tensor"),
    ],
)
def test_a_hook_returns_what_is_like_the_gradient(device, hook, error, told):
    x = leaf([1.0, 2.0])
    handle = x.register_hook(hook)
    y = (x * x).sum()
    with pytest.raises(error, match=told):
        y.backward(retain_graph=True)
    assert x.grad is None
    handle.remove()
    y.backward()
    assert x.grad.numpy().tolist() == [2, 4]


def test_a_hook_on_a_leaf_runs_once_with_the_whole_gradient(device):
    x = leaf([1.0])
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).backward()
    assert seen == [5]
    assert x.grad.item() == 5


def test_backward_through_a_non_scalar_needs_a_gradient(device):
    x = leaf([1.0, 2.0])
    with pytest.raises(GradientError, match=r"shape \(2,\), not a single element.*\.sum\(\)"):
        (x * 2).backward()
    with pytest.raises(ShapeError, match=r"gradient of shape \(3,\) does not fit .* \(2,\)"):
        (x * 2).backward(ct.ones(3))
    assert x.grad is None


def test_a_gradient_on_another_device_is_refused(device, other_device):
    x = leaf([1.0, 2.0])
    with pytest.raises(DeviceError, match=rf"gradient on '{other_device}'.*\.to\('{device}'\)"):
        (x * 2).backward(ct.ones(2, device=other_device))


def test_an_operation_without_a_rule_names_itself_and_the_argument(device):
    from cltensor.core.declare import pointwise
    from cltensor.core.op import OPERATIONS

    try:
        odd = pointwise("odd_one(x, y)", "x + y", dx=lambda g: g)
        with pytest.raises(GradientError, match="odd_one has no derivative with respect to 'y'"):
            odd(leaf([1.0]), leaf([2.0])).backward()
    finally:
        OPERATIONS.pop("odd_one", None)


def test_each_gradient_owns_its_elements(device, mode):
    x, y, seed = leaf([1.0, 2.0]), leaf([3.0, 4.0]), ct.tensor([5.0, 6.0])
    (x + y).backward(seed)
    x.grad.zero_()
    x.grad.data[0] = 7.0
    assert x.grad.numpy().tolist() == [7, 0]
    assert y.grad.numpy().tolist() == [5, 6]
    assert seed.numpy().tolist() == [5, 6]


def test_a_gradient_that_is_there_is_added_to_in_place(device, mode):
    x = leaf([1.0, 2.0])
    (x * 3).sum().backward()
    held = x.grad
    (x * x).sum().backward()
    assert x.grad is held
    assert held.tolist() == [5, 7]
    x.grad = given = ct.ones(2)
    (x * 3).sum().backward()
    assert given.tolist() == [4, 4]
    x.grad = ct.ones(1).expand(2)  # whose elements are one place: not written
    (x * 3).sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_a_pass_that_is_recorded_adds_out_of_place(device):
    x = leaf([1.0, 2.0])
    x.grad = given = ct.ones(2)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    assert x.grad.tolist() == [4, 13]
    assert given.tolist() == [1, 1]


def test_what_a_hook_has_seen_is_not_a_gradient_to_write_to(device):
    x, seen = leaf([1.0, 2.0]), []
    x.register_hook(seen.append)
    (x * 3).sum().backward()
    x.grad.zero_()
    assert seen[0].tolist() == [3, 3]


@pytest.mark.parametrize(
    ("name", "gradient"),
    [
        ("view", [2, 2]), ("add", [2, 2]), ("sum", [2, 2]), ("index", [2, 0]), ("cat", [4, 4]),
        ("slice", [0, 2]), ("mean", [1, 1]), ("scaled", [3, 3]),
    ],
)  # fmt: skip
def test_a_graph_that_saved_no_elements_serves_again(device, name, gradient):
    functions = {
        "view": lambda x: x.view(2, 1), "add": lambda x: x + 1, "sum": lambda x: x.sum(),
        "index": lambda x: x[0], "cat": lambda x: ct.cat([x, x]),
        "slice": lambda x: x[1:], "mean": lambda x: x.mean(),
        "scaled": lambda x: ct.add(x, x, alpha=0.5),
    }  # fmt: skip
    x = ct.ones(2, requires_grad=True)
    y = functions[name](x)
    for _ in range(2):
        y.backward(ct.ones_like(y))
    assert x.grad.tolist() == gradient
    y = (functions[name](x).exp() + 1).sum()
    y.backward()
    with pytest.raises(GradientError, match="exp was already used and released"):
        y.backward()


def test_hooks_after_accumulation_get_the_leaf_with_its_gradient():
    x = ct.ones(2).requires_grad_()
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf.grad.tolist()))
    x.register_hook(lambda g: g * 10)
    for _ in range(2):
        (x * 3).sum().backward()
    ct.autograd.grad((x * 3).sum(), x)  # adds to no .grad
    assert seen == [[30, 30], [60, 60]]
    handle.remove()
    (x * 3).sum().backward()
    assert len(seen) == 2


def test_a_leafs_gradient_is_told_while_the_pass_goes_on():
    told = []
    first, second = (ct.ones(2).requires_grad_() for _ in range(2))
    first.register_post_accumulate_grad_hook(lambda _: told.append("first"))
    second.register_post_accumulate_grad_hook(lambda _: told.append("second"))
    x = first * 2
    x.register_hook(lambda g: told.append("x"))
    (x * second * first).sum().backward()  # of which the first has two parts
    assert told == ["second", "x", "first"]
    assert first.grad.tolist() == [4, 4]
    told.clear()
    rows = ct.zeros(3, 2).requires_grad_()  # parts of which are used
    rows.register_post_accumulate_grad_hook(lambda leaf: told.append(leaf.grad.tolist()))
    (rows[0] * 2 + rows[2] * 3).sum().backward()
    assert told == [[[2, 2], [0, 0], [3, 3]]]


def test_parts_of_the_gradient_of_a_leaf_that_is_used_twice():
    told = []

    def doubled(g):
        told.append(g.tolist())
        return g * 2

    x, once = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    for each in (x, once):
        each.register_hook(AfterGradient(lambda _: None, each, doubled))
    (x * 3 + (x * once) * 5).sum().backward()
    assert sorted(told) == [[3, 3], [5, 10]]
    assert x.grad.tolist() == [16, 26]
    assert once.grad.tolist() == [5, 10]
    told.clear()
    (x[0] * 2 + x[1] * 3).backward()  # whose parts would share a buffer
    assert sorted(told) == [[0, 3], [2, 0]]
    assert x.grad.tolist() == [20, 32]


def test_hooks_after_accumulation_may_step_within_backward_and_replay():
    w = ct.nn.Parameter(ct.ones(3))
    optimizer = ct.optim.SGD([w], lr=0.5)

    def step_now(leaf):
        optimizer.step()
        leaf.grad = None

    w.register_post_accumulate_grad_hook(step_now)

    @ct.jit
    def step(x):
        loss = (w * x).sum()
        loss.backward()
        return loss

    found = [step(ct.ones(3)).item() for _ in range(4)]
    assert found == [3, 1.5, 0, -1.5]
    assert w.grad is None


def test_hooks_after_accumulation_are_refused_where_they_make_no_sense():
    x = ct.ones(2).requires_grad_()
    with pytest.raises(GradientError, match="is no leaf; use register_hook"):
        (x * 2).register_post_accumulate_grad_hook(print)
    with pytest.raises(GradientError, match="does not require a gradient"):
        ct.ones(2).register_post_accumulate_grad_hook(print)
    x.register_post_accumulate_grad_hook(lambda leaf: 1)
    with pytest.raises(GradientError, match="returned a value, which counts for nothing"):
        x.sum().backward()
    with pytest.raises(ct.DeviceError, match="share_memory_: processes do not share"):
        x.share_memory_()


@pytest.mark.parametrize("seed", range(12))
def test_gradients_of_parts_are_added_in_place(mode, seed):
    random = np.random.default_rng(seed)
    shape = tuple(int(n) for n in random.integers(1, 6, 3))
    x = leaf(random.standard_normal(shape).astype("f"))
    base = x * 1 if seed % 2 else x  # a leaf, or what was computed
    wanted, total, keeps = np.zeros(shape), ct.zeros(()), bool(seed % 3 == 0)
    for _ in range(5):
        cut: list = []
        for n in shape:
            start, stop = sorted(int(k) for k in random.integers(-n, n, 2))
            kinds = [slice(None), slice(start, stop), int(random.integers(n)), slice(None, None, 2)]
            cut.append(kinds[random.integers(4)])
        cut.insert(int(random.integers(4)), None)
        part = base[tuple(cut)]
        weight = random.standard_normal(part.shape).astype("f")
        total = total + (part * ct.tensor(weight)).sum()
        wanted[tuple(cut)] += weight
        if random.integers(5) == 0:  # what is no part
            total, wanted = total + base.sum(), wanted + 1
    total.backward(retain_graph=keeps)
    np.testing.assert_allclose(x.grad.numpy(), wanted, atol=1e-5)
    if keeps:
        first = x.grad
        total.backward()
        np.testing.assert_allclose(first.numpy(), 2 * wanted, atol=1e-5)


def test_gradients_of_parts_share_one_buffer(device):
    x = ct.randn(64, 1 << 14, requires_grad=True)
    total = sum((row * 2).sum() for row in x).realize()
    ct.reset_peak_memory()
    before = device.pool.in_use
    total.backward()
    assert device.pool.peak - before < 1.5 * x.nbytes
    assert (x.grad.numpy() == 2).all()


def test_a_part_serves_again_after_a_pass_that_added_it_to_the_whole(device):
    x = leaf([1.0, 2.0, 3.0])
    part = x[1:]
    for whole in (True, False, True):
        loss = (part * 2).sum()
        (loss + x.sum() if whole else loss).backward()
    assert x.grad.tolist() == [2, 8, 8]
