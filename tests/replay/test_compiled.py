"""A function that is replayed where no gradient flows; tests/test_compiler.py has what is built of
it."""

import cltensor as ct
from cltensor.replay.compiled import Compiled


def test_a_method_is_compiled_for_each_object():
    class Scales:
        def __init__(self, factor):
            self.factor = factor

        @Compiled
        def __call__(self, x):
            return x * self.factor

    for factor in (2, 3):
        scales = Scales(factor)
        assert [scales(ct.tensor([1.0])).item() for _ in range(4)] == [factor] * 4


def test_arguments_whose_results_require_a_gradient_are_called():
    calls = []
    double = Compiled(lambda x: calls.append(1) or x * 2)
    for _ in range(4):
        x = ct.ones(2, requires_grad=True)
        double(x).sum().backward()
        assert x.grad.tolist() == [2, 2]
    assert len(calls) == 4
