"""What transforms that draw are made of, and those that choose among others.

They draw on the host, from the default generator of cltensor: `ct.manual_seed` decides, and in the
worker processes of a loader the seed that it gives each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cltensor.data.sampler import host_random
from cltensor.vision.transforms.fixed import Transform


def draws(name: str) -> np.random.Generator:
    """The generator for one call."""
    return host_random(name, None)


def span(
    name: str, value: Any, middle: float = 0.0, least: float = -math.inf
) -> tuple[float, float]:
    """(low, high) of two numbers, or of one: as far below `middle` as above, not below `least`."""
    if np.ndim(value) == 0:
        if value < 0:
            raise ValueError(f"{name}: {value} is below 0; give 0 or more, or two numbers")
        return max(middle - value, least), middle + value
    if len(value) != 2 or value[0] > value[1] or value[0] < least:
        raise ValueError(f"{name}: {value!r} is no (low, high) of numbers that are allowed")
    return float(value[0]), float(value[1])


class Perhaps(Transform):
    """What is done with probability p: a subclass says what, as `_changed`."""

    _shown: tuple[str, ...] = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: p is {p}; give a number between 0 and 1")
        self.p = p

    def __call__(self, img: Any) -> Any:
        return self._changed(img) if draws(type(self).__name__).random() < self.p else img

    def _changed(self, img: Any) -> Any:
        raise NotImplementedError


class RandomApply(Perhaps):
    """Several transforms together, with probability p.

    >>> transforms.RandomApply([transforms.CenterCrop(2)], p=1.0)(ct.rand(3, 8, 8)).shape
    Size([3, 2, 2])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        super().__init__(p)
        self.transforms = transforms

    def _changed(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img


class RandomChoice(Transform):
    """One of several transforms, each as probable as its share of `p`.

    >>> transforms.RandomChoice([transforms.CenterCrop(4), transforms.CenterCrop(2)], p=[1, 0])(
    ...     ct.rand(3, 8, 8)
    ... ).shape
    Size([3, 4, 4])
    """

    def __init__(
        self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None
    ) -> None:
        self.transforms = transforms
        self.p = None if p is None else np.array(p, np.float64) / np.sum(p)

    def __call__(self, img: Any) -> Any:
        place = draws("RandomChoice").choice(len(self.transforms), p=self.p)
        return self.transforms[int(place)](img)


class RandomOrder(Transform):
    """Several transforms in random order.

    >>> transforms.RandomOrder([transforms.CenterCrop(4), transforms.RandomInvert()])(
    ...     ct.rand(3, 8, 8)
    ... ).shape
    Size([3, 4, 4])
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for i in draws("RandomOrder").permutation(len(self.transforms)):
            img = self.transforms[i](img)
        return img
