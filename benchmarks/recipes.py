"""A recipe of the CIFAR-10 example in cltensor and in PyTorch, the same program twice:

    python -m benchmarks.recipes --data DIR [--model quick] [--steps 9]   a step in both, in turn
    python -m benchmarks.recipes --data DIR --train PyTorch [--seed 0]    the whole of it in one

The sources of the example and of its network are run with PyTorch's names in place of cltensor's,
so neither side has a program of its own.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.data import CIFAR10

ROOT = Path(__file__).resolve().parent.parent
SOURCES = {
    "augmenting": "examples/augmenting.py",
    "recipe": "examples/recipe.py",
    "quick": "cltensor/models/quick.py",
    "cifar": "cltensor/models/cifar.py",
    "resnet": "cltensor/models/resnet.py",
    "cifar10": "examples/cifar10.py",
}
#: What PyTorch calls otherwise, or has not.
RENAMED = {
    "from cltensor.core.tensor import Tensor\n": "from torch import Tensor\n",
    "from cltensor.errors import ShapeError\n": "ShapeError = ValueError\n",
    "from cltensor.data import CIFAR10, ImageDataset\n": "CIFAR10 = ImageDataset = object\n",
    "from cltensor.data import ImageDataset\n": "ImageDataset = object\n",
    "from training import main\n": "",
    "Tensor.from_numpy(both, weight.device)": "torch.from_numpy(both)",
    "from cltensor.ops.shape.join import pad\n": "from torch.nn.functional import pad\n",
    "    @ct.jit\n": "",
    "from cltensor.models import (": "from networks import (",
    "import numpy as np\n": "import numpy as np\nimport torch\n",
    "import cltensor as ct\n": "import torch as ct\n",
    "from cltensor": "from torch",
}


class Namespace(dict[str, ModuleType]):
    """The modules of the example under one library, by name."""

    def load(self, name: str, rename: dict[str, str]) -> None:
        """Run the source of a module, in which imports find the modules loaded before."""
        text = (ROOT / SOURCES[name]).read_text(encoding="utf-8")
        for old, new in rename.items():
            text = text.replace(old, new)
        self[name] = module = ModuleType(name)
        before = {key: sys.modules.get(key) for key in (*self, "networks")}
        networks = ModuleType("networks")
        for each in self.values():
            vars(networks).update({k: v for k, v in vars(each).items() if k[0].isupper()})
        sys.modules.update(self, networks=networks)
        try:
            exec(compile(text, SOURCES[name], "exec"), vars(module))
        finally:
            for key, old_module in before.items():
                if old_module is None:
                    del sys.modules[key]
                else:
                    sys.modules[key] = old_module


def modules_of(library: str) -> Namespace:
    """The example's modules, for "cltensor" or "PyTorch"."""
    found = Namespace()
    rename = RENAMED if library == "PyTorch" else {"from training import main\n": ""}
    for name in SOURCES:
        found.load(name, rename)
    return found


class Run:
    """A recipe in one library: batches, a network, its training step and its test."""

    def __init__(self, library: str, model: str, folder: str | None, seed: int) -> None:
        modules = modules_of(library)
        self.setting = modules["cifar10"].SETTINGS[model]
        self.lib: Any = ct if library == "cltensor" else sys.modules["torch"]
        self.lib.manual_seed(seed)
        self.train, self.test = (CIFAR10(folder, train=train) for train in (True, False))
        self.random = np.random.default_rng(seed)
        self.model = self.setting.build()
        if self.setting.prepare is not None:
            self.setting.prepare(self.model, self.train)
        self.average = self.setting.average and self.setting.average(self.model)
        self.optimizer = self.setting.optimizer(self.model, self.setting.lr)
        self.step = modules["recipe"].stepper(self.model, self.optimizer, self.setting)
        self.total = len(self.train) // self.setting.batch_size * self.setting.epochs
        self.done = 0

    def batches(self) -> Iterator[tuple[Any, Any]]:
        """An epoch of images and labels, in an order drawn anew; what is left over is left out."""
        order, size = self.random.permutation(len(self.train)), self.setting.batch_size
        for begin in range(0, len(order) - size + 1, size):
            yield self.tensors(self.train, order[begin : begin + size])

    def tensors(self, images: Any, places: Any) -> tuple[Any, Any]:
        """Images and labels as tensors of the library."""
        found, labels = images.batch(places)
        make = self.lib.from_numpy
        return make(np.ascontiguousarray(found)), make(np.asarray(labels).astype(np.int64))

    def take(self, batch: tuple[Any, Any], epoch: int) -> float:
        """One step with all that goes with it; its seconds."""
        began = time.perf_counter()
        factor = self.setting.schedule(min(1.0, self.done / self.total))
        for group in self.optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor
        _, loss = self.step(*batch, epoch % 2)
        self.done += 1
        if self.average is not None:
            self.average.step(self.done, self.done / self.total)
        loss.item()
        return time.perf_counter() - began

    def accuracy(self) -> float:
        """The share of the test images that are named rightly."""
        model = self.model if self.average is None else self.average.shown
        model.eval()
        right = 0
        with self.lib.no_grad():
            for begin in range(0, len(self.test), 500):
                end = min(begin + 500, len(self.test))
                images, labels = self.tensors(self.test, np.arange(begin, end))
                scores = self.setting.scores(model, images)
                right += int((scores.argmax(1) == labels).sum())
        return right / len(self.test)


def train(library: str, model: str, folder: str | None, seed: int) -> None:
    """All epochs of a recipe, and what it reaches."""
    run = Run(library, model, folder, seed)
    began = time.perf_counter()
    for epoch in range(run.setting.epochs):
        run.model.train()
        for batch in run.batches():
            run.take(batch, epoch)
        took = time.perf_counter() - began
        print(f"{library}, epoch {epoch + 1}: {run.accuracy():.2%} after {took:.0f} s", flush=True)


def compare(model: str, folder: str | None, steps: int) -> None:
    """Seconds of a step in both libraries, taken in turn."""
    runs = {library: Run(library, model, folder, 0) for library in ("cltensor", "PyTorch")}
    times: dict[str, list[float]] = {library: [] for library in runs}
    feeds: dict[str, Callable[[], Any]] = {
        library: iter(run.batches()).__next__ for library, run in runs.items()
    }
    for number in range(steps + 2):  # the first two build kernels and record
        for library, run in runs.items():
            run.model.train()
            seconds = run.take(feeds[library](), 0)
            if number >= 2:
                times[library].append(seconds)
    ours, theirs = times.values()
    print(
        f"{model}, batch {runs['cltensor'].setting.batch_size}: cltensor {median(ours):.3f} s, "
        f"PyTorch {median(theirs):.3f} s a step; ratio of medians "
        f"{median(ours) / median(theirs):.2f}, of the fastest {min(ours) / min(theirs):.2f}"
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", metavar="DIR", help="folder with the files of CIFAR-10")
    parser.add_argument("--model", default="quick", help="a recipe of examples/cifar10.py")
    parser.add_argument("--steps", type=int, default=9)
    parser.add_argument("--train", choices=["cltensor", "PyTorch"])
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.train != "cltensor":
        import torch

        torch.set_num_threads(ct.device().compute_units)
    if args.train:
        train(args.train, args.model, args.data, args.seed)
    else:
        compare(args.model, args.data, args.steps)


if __name__ == "__main__":
    main()
