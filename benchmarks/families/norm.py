"""Normalisations and softmax, counted in the bytes of arguments and results, each moved once."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import Case, Library

FAMILY = "norm"
_IMAGES = (64, 64, 32, 32)
_ROWS = (4096, 1024)
_SCORES = (4096, 1000)


def _batch_norm_relu(lib: Library, x: Any, weight: Any, bias: Any):
    return lib.nn.functional.batch_norm(x, None, None, weight, bias, training=True).relu()


def _layer_norm(lib: Library, x: Any, weight: Any, bias: Any):
    return lib.nn.functional.layer_norm(x, _ROWS[1:], weight, bias)


def _softmax(lib: Library, x: Any):
    return lib.nn.functional.softmax(x, 1)


def _log_softmax(lib: Library, x: Any):
    return lib.nn.functional.log_softmax(x, 1)


def _cases(
    name: str, function: Callable[..., Any], shape: tuple[int, ...], channels: int = 0
) -> list[Case]:
    """Forward alone, and with the gradients of x and of a weight and a bias for `channels`."""
    nbytes = 4.0
    for extent in shape:
        nbytes *= extent

    def build(lib: Library, gradients: bool):
        inputs = [lib.normal(*shape), *[lib.normal(channels) for _ in range(2 if channels else 0)]]
        if gradients:
            return lib.with_gradients(lambda *a: function(lib, *a), inputs, shape)
        return lambda: function(lib, *inputs)

    # Forward reads x and writes the result; backward reads x and a gradient and writes another.
    return [
        Case(FAMILY, f"{name}, forward", lambda lib: build(lib, False), 2 * nbytes, "GB/s",
             rivals=("torch",)),
        Case(FAMILY, f"{name}, forward and backward", lambda lib: build(lib, True), 5 * nbytes,
             "GB/s", rivals=("torch",)),
    ]  # fmt: skip


def _cross_entropy(lib: Library):
    x, labels = lib.normal(*_SCORES), lib.integers(_SCORES[1], _SCORES[0])
    leaf = lib.require_grad(x)
    one = lib.array(np.ones((), np.float32))
    return lambda: lib.gradients(lib.nn.functional.cross_entropy(leaf, labels), [leaf], one)


def cases() -> list[Case]:
    """The cases of this family."""
    scores = 4.0 * _SCORES[0] * _SCORES[1]
    return [
        *_cases("batch norm + ReLU 64x64x32x32", _batch_norm_relu, _IMAGES, _IMAGES[1]),
        *_cases("layer norm 4096x1024", _layer_norm, _ROWS, _ROWS[1]),
        *_cases("softmax 4096x1000", _softmax, _SCORES),
        *_cases("log-softmax 4096x1000", _log_softmax, _SCORES),
        Case(FAMILY, "cross-entropy 4096x1000, with gradient", _cross_entropy, 2 * scores, "GB/s",
             rivals=("torch",)),
    ]  # fmt: skip
