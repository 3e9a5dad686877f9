"""What the image examples share: options, training, evaluation, checkpoints and results."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn, optim
from cltensor.data import DataLoader, ImageDataset, Subset
from cltensor.errors import CLTensorError
from cltensor.io import weights

try:
    import keeping  # needs safetensors: better missed now than after training
    from arguments import output, real, whole
    from keeping import Interrupted, Interrupts, Refused, Standing
    from live import Board
    from picture import History, picture
    from recipe import Setting, plain, stepper
    from tqdm import tqdm
except ImportError as error:
    raise SystemExit(
        f'{error.name} is missing; the examples need: pip install -e ".[mnist]"'
    ) from error

#: Reading a loss waits for the device, so the progress bar looks only this often.
STEPS_BETWEEN_LOOKS = 20
#: Options that a resumed run takes over, since another value would be another training.
TAKEN_OVER = ("model", "batch_size", "lr", "seed", "limit")


def options(name: str, settings: dict[str, Setting]) -> argparse.Namespace:
    """The command line; what is not given is None and filled in by `complete`."""
    parser = argparse.ArgumentParser(
        description=f"Train on {name}; writes {name}.png, {name}.safetensors and, after each "
        "epoch and at Ctrl-C, a checkpoint here."
    )
    add = parser.add_argument
    add("--model", choices=list(settings))
    add("--epochs", type=whole(0), help="passes over the training images")
    add("--batch-size", type=whole(1))
    add("--lr", type=real(0), help="highest learning rate; it follows the model's schedule")
    add("--device", help="cl:0, gpu, cpu, cl:nvidia, ...; see python -m cltensor info")
    add("--data", metavar="DIR", help="folder with the data files")
    add("--seed", type=int)
    add("--limit", type=whole(1), metavar="N", help="only the first N images of each part")
    add("--checkpoint", type=output, metavar="FILE", help=f"default: {name}-checkpoint.safetensors")
    add(
        "--resume",
        metavar="FILE",
        nargs="?",
        const="",
        help="go on from a checkpoint (the default one without FILE), or start from weights",
    )
    add("--live", action="store_true", help="show loss curve, speed and memory instead of a bar")
    add("--overwrite", action="store_true", help="write over better and foreign files, too")
    return parser.parse_args()


def main(
    name: str,
    data_set: type[ImageDataset],
    settings: dict[str, Setting],
    default: str,
) -> None:
    """Run an example: read the options, train, and say what came of it."""
    args = options(name, settings)
    try:
        _run(name, data_set, settings, default, args)
    except (CLTensorError, Refused) as error:
        raise SystemExit(f"{name}: {error}") from error
    except Interrupted as error:
        print(f"{name}: {error}", file=sys.stderr)
        raise SystemExit(130) from None
    except KeyboardInterrupt:
        print(f"{name}: interrupted; nothing was saved since the last checkpoint", file=sys.stderr)
        raise SystemExit(130) from None


def _resumed(name: str, args: argparse.Namespace) -> tuple[dict[str, Any] | None, Any]:
    """(the checkpoint to go on from, the weights to start from), as --resume says; or Nones."""
    chosen = args.checkpoint is not None
    args.checkpoint = Path(args.checkpoint or f"{name}-checkpoint.safetensors")
    if args.resume is None:
        return None, None
    path = args.resume = Path(args.resume or args.checkpoint)
    found = keeping.read_checkpoint(name, path)
    if found is None:
        return None, weights.load(path)
    if not chosen:
        args.checkpoint = path
    for key in TAKEN_OVER:
        given, kept = getattr(args, key), found["options"][key]
        if given is not None and given != kept:
            option = "--" + key.replace("_", "-")
            raise Refused(
                f"'{path}' was trained with {option} {kept}, not {given}; leave {option} out, or "
                "start anew without --resume"
            )
        setattr(args, key, kept)
    args.epochs = found["options"]["epochs"] if args.epochs is None else args.epochs
    return found, None


def _complete(args: argparse.Namespace, settings: dict[str, Setting], default: str) -> Setting:
    """Fill in what neither the command line nor a checkpoint says; returns the model's setting."""
    args.model = args.model or default
    setting = settings[args.model]
    for option in ("epochs", "batch_size", "lr"):
        if getattr(args, option) is None:
            setattr(args, option, getattr(setting, option))
    args.seed = args.seed or 0
    return setting


def _run(name, data_set, settings, default, args) -> None:
    checkpoint, first_weights = _resumed(name, args)
    setting = _complete(args, settings, default)
    if args.device:
        ct.set_default_device(args.device)
    parts = [data_set(args.data, train=train) for train in (True, False)]
    chosen = [Subset(part, range(min(args.limit or len(part), len(part)))) for part in parts]
    outputs = Path(f"{name}.safetensors"), Path(f"{name}.png")
    ct.manual_seed(args.seed)
    training = Training(name, setting, chosen, args)
    if first_weights is not None:
        training.model.load_state_dict(first_weights)
        training.tested.load_state_dict(first_weights)
    if checkpoint is not None:
        training.restore(checkpoint)
    if not args.overwrite:
        keeping.standing_of_weights(name, outputs[0])
        keeping.check_picture(name, outputs[1])
    if args.epochs <= training.epoch:
        training.keeps = False
    elif args.checkpoint != args.resume and not args.overwrite:
        planned = Standing(len(chosen[1]), args.epochs * len(chosen[0]))
        training.keeps = keeping.may_checkpoint(name, args.checkpoint, planned)
        if not training.keeps:
            print(f"kept '{args.checkpoint}' of a longer run; this one writes none")
    device = next(iter(training.model.parameters())).device
    print(f"{args.model} on {device}, {device.title}: {_size(training.model):,} parameters")
    sys.stdout.flush()

    began = time.perf_counter()
    predictions = training.fit()
    took = time.perf_counter() - began
    _write(name, training, parts[1], predictions, outputs)
    accuracy = training.history.test[-1][2]
    print(f"test accuracy {accuracy:.2%} on {device}, {device.title}, after {took:.1f} s")


def _write(name, training: Training, test: ImageDataset, predictions, outputs) -> None:
    """Write weights and picture, unless those of a better run are there."""
    old = None if training.args.overwrite else keeping.standing_of_weights(name, outputs[0])
    new = training.standing()
    if old is not None and old.is_better_than(new):
        print(
            f"kept {outputs[1]} and {outputs[0]} of a better run (test accuracy "
            f"{old.accuracy:.2%} of {old.tested:,} images); --overwrite replaces them"
        )
        return
    state = training.tested.state_dict()
    weights.save(state, outputs[0], metadata=keeping.weights_metadata(name, new))
    figure = picture(training.history, test, predictions)
    title = {"Title": f"{keeping.PICTURE_TITLE} {name}"}
    figure.savefig(outputs[1], dpi=100, metadata=title)
    print(f"wrote {outputs[1]} and {outputs[0]}")


def _size(model: nn.Module) -> int:
    return sum(int(np.prod(parameter.shape)) for parameter in model.parameters())


@dataclass
class Training:
    """A network on its way: everything that a checkpoint holds.

    Attributes:  epoch, how many are done; step, how many of the present one;  order, the state of
                 the random numbers when this epoch's order was drawn;  best, the highest test
                 accuracy so far;  keeps, whether checkpoints are written.
    """

    name: str
    setting: Setting
    data: list[Subset]
    args: argparse.Namespace
    epoch: int = 0
    step: int = 0
    order: tuple[int, int] = (0, 0)
    best: float = 0.0
    keeps: bool = True
    history: History = field(default_factory=History)
    progress: Callable[..., Any] = tqdm

    def __post_init__(self) -> None:
        # A thread prepares two batches ahead: nothing here changes these images meanwhile.
        self.train_loader = DataLoader(
            self.data[0], self.args.batch_size, shuffle=True, prefetch_factor=2
        )
        self.test_loader = DataLoader(self.data[1], 500, prefetch_factor=2)
        setting = self.setting
        self.model = setting.build()
        if setting.prepare is not None:
            setting.prepare(self.model, self.data[0].dataset)
        self.average = setting.average and setting.average(self.model)
        self.criterion = nn.CrossEntropyLoss()
        if self.args.live:
            self.progress = Board(self.name).bar
        self.optimizer = setting.optimizer(self.model, self.args.lr)
        self.train_step = stepper(self.model, self.optimizer, setting)
        self.steps = max(1, len(self.train_loader) * self.args.epochs)
        self.scheduler = optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda done: setting.schedule(min(1.0, done / self.steps))
        )

    @property
    def tested(self) -> nn.Module:
        """What is tested and kept: the model, or the mean of its weights."""
        return self.model if self.average is None else self.average.shown

    def standing(self) -> Standing:
        """How far it has come."""
        images = len(self.data[0])
        seen = self.epoch * images + min(images, self.step * self.args.batch_size)
        accuracy = self.history.test[-1][2] if self.history.test else 0.0
        return Standing(len(self.data[1]), seen, accuracy)

    def state(self) -> dict[str, Any]:
        """Everything from which `restore` goes on bit for bit."""
        return {
            "example": self.name,
            "options": {key: getattr(self.args, key) for key in (*TAKEN_OVER, "epochs")},
            "standing": tuple(self.standing()),
            "model": self.model.state_dict(),
            "tested": self.tested.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": ct.get_rng_state(),
            "history": {"train": self.history.train, "test": self.history.test},
            **{key: getattr(self, key) for key in ("epoch", "step", "order", "best")},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state; with more epochs than it had, along the longer schedule."""
        self.model.load_state_dict(state["model"])
        self.tested.load_state_dict(state["tested"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        for group, factor in zip(
            self.optimizer.param_groups, self.scheduler.lr_lambdas, strict=True
        ):
            group["lr"] = group["initial_lr"] * factor(self.scheduler.last_epoch)
        ct.set_rng_state(state["random"])
        self.history = History(**state["history"])
        for key in ("epoch", "step", "order", "best"):
            setattr(self, key, state[key])

    def save(self) -> None:
        """Write a checkpoint, if this run writes any."""
        if self.keeps:
            ct.save(self.state(), self.args.checkpoint)

    def fit(self) -> np.ndarray:
        """Train up to args.epochs, testing after each; returns the last predictions.

        Raises:  Interrupted after Ctrl-C, when everything is saved.
        """
        predictions = None
        with Interrupts() as stop:
            try:
                if not self.history.test:
                    predictions = self._test(stop)
                while self.epoch < self.args.epochs:
                    self._train_epoch(stop)
                    predictions = self._test(stop)
                    self.save()
                    stop.check()
                if predictions is None:  # a finished run was resumed
                    predictions = self._evaluate(stop)[2]
            except Interrupted:
                raise Interrupted(self._leave()) from None
        return predictions

    def _leave(self) -> str:
        """Save after Ctrl-C; returns what to say."""
        self.save()
        steps = len(self.train_loader)
        where = f"interrupted in epoch {self.epoch + 1} of {self.args.epochs}"
        if self.epoch >= self.args.epochs:
            where = "interrupted after the last epoch"
        elif self.step:
            where += f" after {self.step:,} of {steps:,} steps"
        if not self.keeps:
            return f"{where}; this run saves no checkpoint"
        return f"{where}; go on with --resume from '{self.args.checkpoint}'"

    def _test(self, stop: Interrupts) -> np.ndarray:
        """Test after an epoch's steps (or before all), which ends the epoch."""
        loss, accuracy, predictions = self._evaluate(stop)
        if self.step:
            self.epoch, self.step = self.epoch + 1, 0
            print(f"epoch {self.epoch}: test loss {loss:.4f}, test accuracy {accuracy:.2%}")
            sys.stdout.flush()
        self.history.test.append((self.epoch, loss, accuracy))
        self.best = max(self.best, accuracy)
        return predictions

    def _evaluate(self, stop: Interrupts) -> tuple[float, float, np.ndarray]:
        is_last = self.epoch + bool(self.step) >= self.args.epochs
        scores = self.setting.scores if is_last else plain
        self.tested.eval()
        return evaluate(partial(scores, self.tested), self.test_loader, self.criterion, stop)

    def _batches(self) -> Iterator[Any]:
        """The batches of this epoch that are still to come, in the order drawn at its start."""
        now = ct.get_rng_state()
        if self.step:
            ct.set_rng_state(self.order)
        else:
            self.order = now
        batches = iter(self.train_loader)
        for _ in range(self.step):
            next(batches)
        if self.step:
            ct.set_rng_state(now)
        return batches

    def _train_epoch(self, stop: Interrupts) -> None:
        self.model.train()
        images, steps = len(self.data[0]), len(self.train_loader)
        with self.progress(
            total=images,
            initial=min(images, self.step * self.args.batch_size),
            desc=f"epoch {self.epoch + 1}/{self.args.epochs}",
            unit=" images",
            unit_scale=True,
        ) as bar:
            unreported = 0
            for inputs, labels in self._batches():
                outputs, loss = self.train_step(inputs, labels, self.epoch % 2)
                self.scheduler.step()
                self.step += 1
                if self.average is not None:
                    done = self.epoch * steps + self.step
                    self.average.step(done, done / self.steps)
                unreported += len(labels)
                # The first look lets a run of few steps show something, too.
                if self.step % STEPS_BETWEEN_LOOKS == 0 or self.step == 1:
                    self._look(bar, outputs, loss, labels, self.epoch + self.step / steps)
                    bar.update(unreported)
                    unreported = 0
                stop.check()
            bar.update(unreported)

    def _look(self, bar: Any, outputs: Any, loss: Any, labels: Any, epochs: float) -> None:
        right = (outputs.argmax(axis=1) == labels).float().mean().item()
        self.history.train.append((epochs, loss.item(), right))
        mean_loss, accuracy = np.mean(self.history.train[-10:], axis=0)[1:]
        bar.set_postfix(loss=f"{mean_loss:.3f}", accuracy=f"{accuracy:.1%}", refresh=False)


def evaluate(
    scores: Callable[[ct.Tensor], ct.Tensor],
    loader: DataLoader,
    criterion: nn.Module,
    stop: Interrupts,
) -> tuple[float, float, np.ndarray]:
    """Mean loss, accuracy and the predicted label of every image of `loader`.

    Raises:  Interrupted after Ctrl-C.
    """
    losses, right, predictions = [], [], []
    with ct.no_grad():
        for images, labels in loader:
            stop.check()
            outputs = scores(images)
            losses.append(criterion(outputs, labels).item() * len(labels))
            predictions.append(outputs.argmax(axis=1).numpy())
            right.append(predictions[-1] == labels.numpy())
    everyone = np.concatenate(right)
    return sum(losses) / len(everyone), float(everyone.mean()), np.concatenate(predictions)
