"""ct.explain lists the launches of a value or a call, with their source."""

import pytest

import cltensor as ct
from cltensor.runtime.events import Listeners


@pytest.mark.usefixtures("deferred")
def test_a_chain_is_one_kernel_with_its_formula():
    x, y = ct.ones(1000).realize(), ct.ones(1000).realize()
    launches = ct.explain((x * y + 1).tanh() * 0.5)
    assert [launch.name for launch in launches] == ["pointwise"]
    assert "tanh" in launches[0].source
    text = str(launches)
    assert text.startswith("1 launches\n  [1] pointwise: ")
    assert "__kernel void pointwise(" in text
    assert "ct_power" not in text  # the prelude is left out


def test_a_computed_tensor_takes_no_launch():
    x = ct.ones(3).realize()
    assert ct.explain(x) == []


def test_a_function_is_called_and_its_results_computed():
    calls = []

    def function(a, b, scale):
        calls.append(scale)
        return {"sum": (a @ b).sum(), "pair": [a * scale]}

    a = ct.ones(4, 4).realize()
    launches = ct.explain(ct.jit(function), a, a, scale=2.0)
    assert calls == [2.0]
    assert len(launches) >= 3
    again = ct.explain(function, a, a, 2.0)
    assert {launch.source for launch in launches} == {launch.source for launch in again}


def test_errors_leave_nobody_listening():
    with pytest.raises(TypeError, match="takes a tensor or a function, not a int"):
        ct.explain(3)
    with pytest.raises(ct.ShapeError):
        ct.explain(lambda: ct.ones(2) + ct.ones(3))
    assert Listeners.present == ()


def test_the_functions_that_a_kernel_calls_are_left_out_too(device):
    (launch,) = ct.explain(ct.tensor([0.5]).erfc())
    assert "ct_erfc(" in launch.source
    assert "ct_erfcx" not in launch.source
