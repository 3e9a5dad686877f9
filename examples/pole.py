"""A pole that stands on a cart: the cart is pushed to the left or to the right, so that the pole
does not fall.

Source: A. Barto, R. Sutton, C. Anderson, "Neuronlike Adaptive Elements That Can Solve Difficult
Learning Control Problems" (1983).
"""

from __future__ import annotations

import math

import numpy as np

GRAVITY, CART, POLE, HALF_LENGTH, FORCE, SECONDS = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
#: Where it ends: metres from the middle, and radians from upright.
FARTHEST, STEEPEST = 2.4, math.radians(12)


class Pole:
    """The environment. A state is four numbers: place and speed of the cart, angle of the pole and
    how fast that turns. An action is 0 (left) or 1 (right); each step is worth 1."""

    inputs, actions = 4, 2

    def __init__(self, seed: int = 0, longest: int = 500) -> None:
        self.random = np.random.default_rng(seed)
        self.longest = longest

    def reset(self) -> np.ndarray:
        """The state at the start, nearly upright."""
        self.state = self.random.uniform(-0.05, 0.05, 4).astype(np.float32)
        self.steps = 0
        return self.state

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool]:
        """What an action leads to: the state, the reward, whether the pole fell (or the cart left),
        and whether the time is over."""
        place, speed, angle, turning = map(float, self.state)
        push = FORCE if action else -FORCE
        sine, cosine = math.sin(angle), math.cos(angle)
        mass = CART + POLE
        common = (push + POLE * HALF_LENGTH * turning**2 * sine) / mass
        bends = (GRAVITY * sine - cosine * common) / (
            HALF_LENGTH * (4 / 3 - POLE * cosine**2 / mass)
        )
        pulls = common - POLE * HALF_LENGTH * bends * cosine / mass
        place, speed = place + SECONDS * speed, speed + SECONDS * pulls
        angle, turning = angle + SECONDS * turning, turning + SECONDS * bends
        self.state = np.array([place, speed, angle, turning], np.float32)
        self.steps += 1
        fell = abs(place) > FARTHEST or abs(angle) > STEEPEST
        return self.state, 1.0, fell, self.steps >= self.longest
