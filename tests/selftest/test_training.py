"""A step of LeNet is NumPy's, and what is wrong in it is seen."""

import numpy as np
import pytest

from cltensor.optim.sgd import SGD
from cltensor.selftest import training


def test_loss_gradients_and_parameters_are_numpys():
    found = training.a_step()
    assert found["loss"] == pytest.approx(found["loss in NumPy"], rel=1e-5)


def test_a_wrong_step_is_seen(monkeypatch):
    step = SGD.step

    def wrong(self, *arguments):
        step(self, *arguments)
        step(self, *arguments)

    monkeypatch.setattr(SGD, "step", wrong)
    with pytest.raises(AssertionError, match=r"features.0.weight: assert_close"):
        training.a_step()


def test_recorded_steps_and_their_time():
    found = training.recorded_steps()
    assert found["last loss"] < found["first loss"]
    assert set(training.time_of_a_step()) == {"as written", "through ct.jit"}


def test_the_gradients_of_the_reference_by_differences():
    random = np.random.default_rng(2)
    shapes = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,),
              (10, 84), (10,)]  # fmt: skip
    parameters = [random.standard_normal(s) * 0.1 for s in shapes]
    images, labels = random.standard_normal((2, 1, 28, 28)), np.array([3, 8])
    _, gradients = training.reference(parameters, images, labels)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        at = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
        losses = []
        for step in (1e-6, -2e-6):
            parameter[at] += step
            losses.append(training.reference(parameters, images, labels)[0])
        parameter[at] += 1e-6
        slope = (losses[0] - losses[1]) / 2e-6
        assert slope == pytest.approx(gradient[at], rel=1e-4)
