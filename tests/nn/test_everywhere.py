"""Hooks of all modules."""

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn import everywhere
from cltensor.nn.modules import module as place


@pytest.fixture(autouse=True)
def none_stays():
    plain = nn.Module.__call__
    yield
    assert nn.Module.__call__ is plain


def test_they_see_every_module_before_its_own_hooks():
    net, seen = nn.Sequential(nn.Identity(), nn.Flatten()), []
    net[0].register_forward_hook(lambda m, args, out: seen.append("own"))
    net[0].register_forward_pre_hook(lambda m, args: seen.append("own before"))
    note = lambda m, args, out: seen.append(type(m).__name__)  # noqa: E731
    before = lambda m, args: seen.append("before")  # noqa: E731
    with place.register_module_forward_hook(note), place.register_module_forward_pre_hook(before):
        net(ct.ones(1, 2))
    assert seen == [
        "before", "before", "own before", "Identity", "own", "before", "Flatten", "Sequential",
    ]  # fmt: skip
    net(ct.ones(1, 2))
    assert len(seen) == 10


def test_they_replace_what_goes_in_and_out():
    layer, x = nn.Identity(), ct.tensor([1.0], requires_grad=True)
    with place.register_module_forward_pre_hook(lambda m, args: args[0] + 1):
        assert layer(x).tolist() == [2]
        with place.register_module_forward_hook(
            lambda m, args, kwargs, out: out * 10, with_kwargs=True
        ):
            assert layer(x).tolist() == [20]
    assert layer(x).tolist() == [1]


def test_those_in_backward():
    net, seen = nn.Sequential(nn.Identity(), nn.Identity()), []
    x = ct.tensor([1.0], requires_grad=True)
    with (
        place.register_module_full_backward_hook(lambda m, gin, gout: (gin[0] * 2,)),
        place.register_module_full_backward_pre_hook(lambda m, gout: seen.append(gout)),
    ):
        net(x * 1).backward()
    assert x.grad.tolist() == [8]
    assert len(seen) == 3
    with pytest.raises(NotImplementedError, match="use register_module_full_backward_hook"):
        place.register_module_backward_hook(print)


def test_one_that_is_always_called():
    seen = []
    with (
        everywhere.register_module_forward_hook(
            lambda m, args, out: seen.append(out), always_call=True
        ),
        pytest.raises(ct.ShapeError),
    ):
        nn.Linear(2, 2)(ct.ones(1, 3))
    assert seen == [None]


def test_recorded_calls_notice_them():
    net = nn.Sequential(nn.Identity())
    step = ct.jit(lambda x: net(x) + 1)
    x = ct.ones(2)
    for _ in range(2):
        assert [step(x).tolist() for _ in range(3)] == [[2, 2]] * 3
        for factor in (3, 5):
            hook = lambda m, args, out, k=factor: out * k  # noqa: E731
            with everywhere.register_module_forward_hook(hook):
                found = [step(x).tolist() for _ in range(3)]
                assert found == [[factor**2 + 1] * 2] * 3


def test_they_see_what_becomes_a_member():
    seen, shared = [], nn.Parameter(ct.full((1,), 5.0))

    def note(module, name, value):
        seen.append((type(module).__name__, name, type(value).__name__))

    def exchange(module, name, value):
        return shared if name == "bias" else None

    with (
        place.register_module_parameter_registration_hook(note),
        place.register_module_parameter_registration_hook(exchange),
        place.register_module_buffer_registration_hook(note),
        place.register_module_module_registration_hook(note),
    ):
        net = nn.Sequential(nn.Linear(1, 1))
        net.weight = nn.Parameter(ct.ones(1))
        net.register_parameter("none", None)
        net.register_buffer("b", ct.ones(1))
        net.b = ct.zeros(1)
        net.b = None
        net[0] = None
    assert seen == [
        ("Linear", "weight", "Parameter"), ("Linear", "bias", "Parameter"),
        ("Sequential", "0", "Linear"), ("Sequential", "weight", "Parameter"),
        ("Sequential", "b", "Tensor"), ("Sequential", "b", "Tensor"),
        ("Sequential", "b", "NoneType"), ("Sequential", "0", "NoneType"),
    ]  # fmt: skip
    layer = nn.Linear(1, 1)
    assert layer.bias is not shared
    with place.register_module_parameter_registration_hook(exchange):
        layer.bias = nn.Parameter(ct.ones(1))
    assert layer.bias is shared
    assert len(seen) == 8
