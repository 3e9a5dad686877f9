"""The picture that the image examples write: curves, and test images with what was seen in them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure  # without pyplot: needs no screen

from cltensor.data import ImageDataset

Look = tuple[float, float, float]


@dataclass
class History:
    """What the curves show: (epochs done, loss, accuracy) of training and of testing."""

    train: list[Look] = field(default_factory=list)
    test: list[Look] = field(default_factory=list)


def picture(history: History, test: ImageDataset, predictions: np.ndarray) -> Figure:
    """The curves of loss and accuracy above, and test images with what the network saw in them."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[2, 3])
    loss, accuracy = top.subplots(1, 2)
    _curve(loss, history, 1, "loss")
    # Losses fall by factors, so each factor gets the same height.
    loss.set_yscale("log", nonpositive="clip")
    shown = _curve(accuracy, history, 2, "accuracy")
    accuracy.set_ylim(*_zoom(shown))
    _images(bottom, test, predictions)
    return figure


def _curve(axis, history: History, column: int, title: str) -> list[np.ndarray]:
    """Draw one column of the history; returns the lines that were drawn."""
    shown = []
    if history.train:
        looks = np.array(history.train)
        epochs, values = looks[:, 0], looks[:, column]
        axis.plot(epochs, values, color="tab:blue", alpha=0.25)
        width = min(20, len(values))
        smooth = np.convolve(values, np.full(width, 1 / width), "valid")
        axis.plot(epochs[width - 1 :], smooth, color="tab:blue", label="training")
        shown.append(smooth)
    tests = np.array(history.test)
    axis.plot(tests[:, 0], tests[:, column], "o", color="tab:orange", label="test")
    axis.set(title=title, xlabel="epoch")
    axis.grid(alpha=0.3, which="both")
    axis.legend()
    return [*shown, tests[:, column]]


def _zoom(lines: list[np.ndarray]) -> tuple[float, float]:
    """Limits that show the later part of the lines well: the rise from the start is left out."""
    later = np.concatenate([line[min(len(line) // 4 + 1, len(line) - 1) :] for line in lines])
    low, high = float(later.min()), float(later.max())
    margin = max(0.05 * (high - low), 0.002)
    return max(0.0, low - margin), min(1.0, high + margin)


def _images(part, test: ImageDataset, predictions: np.ndarray) -> None:
    rows, columns = 5, 8
    truth = test.targets[: len(predictions)]
    wrong = np.flatnonzero(predictions != truth)
    right = np.flatnonzero(predictions == truth)
    # A quarter of the grid goes to mistakes, where there are so many; few are left after training.
    mistakes = wrong[: max(rows * columns // 4, rows * columns - len(right))]
    shown = np.sort(np.concatenate([mistakes, right[: rows * columns - len(mistakes)]]))
    part.suptitle(
        f"{len(wrong):,} of {len(truth):,} test images are read wrongly (in red, with the truth)"
    )
    for axis in part.subplots(rows, columns).flat:
        axis.axis("off")
    for axis, index in zip(part.axes, shown, strict=False):
        axis.imshow(np.moveaxis(test.data[index], 0, -1).squeeze(), cmap="gray_r")
        seen, is_wrong = test.classes[predictions[index]], predictions[index] != truth[index]
        title = f"{seen} ({test.classes[truth[index]]})" if is_wrong else seen
        axis.set_title(title, color="red" if is_wrong else "black", fontsize=8, pad=2)
