"""A line search for the strong Wolfe conditions, by cubic interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cltensor.core.tensor import Tensor

#: Of the conditions: how much of the slope the value must fall by, and how much of it may be left.
_FALL, _LEFT = 1e-4, 0.9


@dataclass
class Point:
    """A place on the line: how far along, the value there, the gradient, and the slope."""

    at: float
    value: float
    gradient: Tensor
    slope: float


@dataclass
class _Search:
    """The points between which the searched one lies, and how often the function was called.

    low and high: the ends of the bracket, as long as there is one, by their values.
    """

    evaluate: Callable[[float], Point]
    start: Point
    most: int
    calls: int = 0
    rounds: int = 0

    def look(self, at: float) -> Point:
        self.calls += 1
        return self.evaluate(at)

    def falls_too_little(self, point: Point) -> bool:
        return point.value > self.start.value + _FALL * point.at * self.start.slope

    def is_flat(self, point: Point) -> bool:
        return abs(point.slope) <= -_LEFT * self.start.slope

    def bracket(self, step: float) -> tuple[list[Point], bool]:
        """Two points around a good one, or (one point, True) where that is good."""
        before, point = self.start, self.look(step)
        while self.rounds < self.most:
            not_first = self.rounds > 1 and point.value >= before.value
            if self.falls_too_little(point) or not_first:
                return [before, point], False
            if self.is_flat(point):
                return [point], True
            if point.slope >= 0:
                return [before, point], False
            least, largest = point.at + 0.01 * (point.at - before.at), point.at * 10
            step = interpolated(before, point, (least, largest))
            before, point = point, self.look(step)
            self.rounds += 1
        return [self.start, point], False

    def zoom(self, ends: list[Point], smallest: float) -> Point:
        """The best point found while the bracket shrinks, to a length of `smallest` at least."""
        low, high = (0, 1) if ends[0].value <= ends[1].value else (1, 0)
        was_near_end = False
        while self.rounds < self.most and abs(ends[1].at - ends[0].at) >= smallest:
            least, largest = sorted((ends[0].at, ends[1].at))
            step, margin = interpolated(ends[0], ends[1]), 0.1 * (largest - least)
            is_near_end = min(largest - step, step - least) < margin
            if is_near_end and (was_near_end or step >= largest or step <= least):
                nearer_largest = abs(step - largest) < abs(step - least)
                step = largest - margin if nearer_largest else least + margin
                is_near_end = False
            was_near_end = is_near_end
            point = self.look(step)
            self.rounds += 1
            if self.falls_too_little(point) or point.value >= ends[low].value:
                ends[high] = point
                low, high = (0, 1) if ends[0].value <= ends[1].value else (1, 0)
                continue
            is_done = self.is_flat(point)
            if not is_done and point.slope * (ends[high].at - ends[low].at) >= 0:
                ends[high] = ends[low]
            ends[low] = point
            if is_done:
                break
        return ends[low]


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, step: float, most: int, smallest: float
) -> tuple[Point, int]:
    """A point on the line that fulfils the strong Wolfe conditions, or the best found.

    Args:    evaluate: gives the point so far along; start: where `at` is 0; step: where to look
             first; most: rounds to go at most; smallest: the length at which a bracket is a point.
    Returns: the point, and how often `evaluate` was called.
    Source:  Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6, as in PyTorch.
    """
    search = _Search(evaluate, start, most)
    ends, is_done = search.bracket(step)
    return (ends[0] if is_done else search.zoom(ends, smallest)), search.calls


def interpolated(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two points with their slopes is least, between them or `bounds`."""
    least, largest = bounds or (min(a.at, b.at), max(a.at, b.at))
    if a.at > b.at:
        a, b = b, a
    if a.at == b.at:
        return least
    middle = a.slope + b.slope - 3 * (a.value - b.value) / (a.at - b.at)
    square = middle * middle - a.slope * b.slope
    if not square >= 0:
        return (least + largest) / 2
    root = math.sqrt(square)
    curvature = b.slope - a.slope + 2 * root
    if curvature == 0:
        return (least + largest) / 2
    found = b.at - (b.at - a.at) * ((b.slope + root - middle) / curvature)
    return min(max(found, least), largest)
