"""What the examples on handwritten digits share: options, batches without end, and how they run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from arguments import one_sentence, real, whole

import cltensor as ct
from cltensor.data import MNIST


def options(description: str, **defaults: Any) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    for name, kind in (("steps", whole(1)), ("batch_size", whole(2)), ("lr", real(0, above=True))):
        given = defaults[name]
        add(f"--{name.replace('_', '-')}", type=kind, default=given, help=f"default {given}")
    add("--data", metavar="DIR", help="folder with the files of MNIST")
    add("--device", help="cl:0, gpu, cpu, ...; see python -m cltensor info")
    add("--seed", type=whole(0), default=0)
    return parser.parse_args()


def run(name: str, train: Callable[[argparse.Namespace], None], **defaults: Any) -> None:
    """Run an example: options, device, seed, and errors as one sentence."""
    args = options(f"The example {name!r}, on the digits of MNIST.", **defaults)
    with one_sentence(name):
        if args.device:
            ct.set_default_device(args.device)
        ct.manual_seed(args.seed)
        train(args)


def load(args: argparse.Namespace, train: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """All images, (N, 1, 28, 28) bytes, and their labels."""
    digits = MNIST(args.data, train=train)
    return digits.data.reshape(-1, 1, 28, 28), digits.targets


def batches(args: argparse.Namespace) -> Iterator[tuple[Any, Any]]:
    """`args.steps` batches of images in [0, 1], each drawn from all."""
    images, labels = load(args)
    random = np.random.default_rng(args.seed)
    for _ in range(args.steps):
        chosen = random.integers(0, len(images), args.batch_size)
        yield ct.tensor(images[chosen]).float() / 255, ct.tensor(labels[chosen])


def shows(step: int, args: argparse.Namespace) -> bool:
    """Whether to print something after this step: ten times in all, and at the end."""
    return step % max(1, args.steps // 10) == 0 or step == args.steps - 1
