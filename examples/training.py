"""What the image examples share: options, training, evaluation, weights and the picture."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import cltensor as ct
from cltensor import nn, optim, weights
from cltensor.data import DataLoader, ImageDataset, Subset
from cltensor.errors import CLTensorError

try:
    import safetensors.numpy  # noqa: F401  saving needs it: better missed now than after training
    from matplotlib.figure import Figure  # without pyplot: needs no screen
    from tqdm import tqdm
except ImportError as error:
    raise SystemExit(
        f'{error.name} is missing; the examples need: pip install -e ".[mnist]"'
    ) from error

#: Reading a loss waits for the device, so the progress bar looks only this often.
STEPS_BETWEEN_LOOKS = 20


@dataclass(frozen=True)
class Setting:
    """A network and the training that suits it."""

    build: Callable[[], nn.Module]
    lr: float
    batch_size: int = 64
    epochs: int = 5


@dataclass
class History:
    """What the curves show: (epochs done, loss, accuracy) of training and of testing."""

    train: list[tuple[float, float, float]] = field(default_factory=list)
    test: list[tuple[float, float, float]] = field(default_factory=list)


def options(name: str, settings: dict[str, Setting], default: str) -> argparse.Namespace:
    """The command line, with what the chosen model suggests filled in."""
    parser = argparse.ArgumentParser(
        description=f"Train on {name}; writes {name}.png and {name}.safetensors here."
    )
    add = parser.add_argument
    add("--model", choices=list(settings), default=default)
    add("--epochs", type=int, help="passes over the training images")
    add("--batch-size", type=int)
    add("--lr", type=float, help="highest learning rate; it follows a cosine down to 0")
    add("--device", help="cl:0, gpu, cpu, cl:nvidia, ...; see python -m cltensor info")
    add("--data", metavar="DIR", help="folder with the data files")
    add("--seed", type=int, default=0)
    add("--limit", type=int, metavar="N", help="only the first N images of each part")
    add(
        "--resume",
        metavar="FILE",
        nargs="?",
        const=f"{name}.safetensors",
        help="start from these weights",
    )
    args = parser.parse_args()
    for option in ("epochs", "batch_size", "lr"):
        if getattr(args, option) is None:
            setattr(args, option, getattr(settings[args.model], option))
    limit = 1 if args.limit is None else args.limit
    if args.epochs < 0 or args.batch_size < 1 or args.lr < 0 or limit < 1:
        parser.error("--epochs and --lr take 0 or more, --batch-size and --limit 1 or more")
    return args


def main(
    name: str,
    data_set: type[ImageDataset],
    settings: dict[str, Setting],
    default: str,
) -> None:
    """Run an example: read the options, train, and say what came of it."""
    args = options(name, settings, default)
    try:
        _run(name, data_set, settings[args.model], args)
    except CLTensorError as error:
        raise SystemExit(f"{name}: {error}") from error


def _run(name, data_set, setting, args) -> None:
    if args.device:
        ct.set_default_device(args.device)
    ct.manual_seed(args.seed)
    train = data_set(args.data, train=True)
    test = data_set(args.data, train=False)
    chosen = [
        Subset(part, range(min(args.limit or len(part), len(part)))) for part in (train, test)
    ]
    train_loader = DataLoader(chosen[0], args.batch_size, shuffle=True, seed=args.seed)
    test_loader = DataLoader(chosen[1], 500)

    model = setting.build()
    if args.resume:
        model.load_state_dict(weights.load(args.resume))
    device = next(iter(model.parameters())).device
    print(f"{args.model} on {device}, {device.title}: {_size(model):,} parameters", flush=True)

    began = time.perf_counter()
    history, predictions = fit(model, train_loader, test_loader, args)
    took = time.perf_counter() - began

    weights.save(model.state_dict(), f"{name}.safetensors")
    picture(history, test, predictions, f"{name}.png")
    print(f"wrote {name}.png and {name}.safetensors")
    accuracy = history.test[-1][2]
    print(f"test accuracy {accuracy:.2%} on {device}, {device.title}, after {took:.1f} s")


def _size(model: nn.Module) -> int:
    return sum(int(np.prod(parameter.shape)) for parameter in model.parameters())


def fit(
    model: nn.Module, train_loader: DataLoader, test_loader: DataLoader, args: argparse.Namespace
) -> tuple[History, np.ndarray]:
    """Train for args.epochs, testing after each; returns the curves and the last predictions."""
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    steps = len(train_loader)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, steps * args.epochs))
    history = History()
    loss, accuracy, predictions = evaluate(model, test_loader, criterion)
    history.test.append((0, loss, accuracy))
    for epoch in range(args.epochs):
        model.train()
        bar = tqdm(
            total=len(train_loader.dataset),
            desc=f"epoch {epoch + 1}/{args.epochs}",
            unit=" images",
            unit_scale=True,
        )
        unreported = 0
        for step, (images, labels) in enumerate(train_loader, 1):
            optimizer.zero_grad()
            outputs = model(images)
            batch_loss = criterion(outputs, labels)
            batch_loss.backward()
            optimizer.step()
            scheduler.step()
            unreported += len(labels)
            # The first look lets a run of few steps show something, too.
            if step % STEPS_BETWEEN_LOOKS == 0 or step == 1:
                right = (outputs.argmax(axis=1) == labels).float().mean().item()
                history.train.append((epoch + step / steps, batch_loss.item(), right))
                loss, accuracy = np.mean(history.train[-10:], axis=0)[1:]
                bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.1%}", refresh=False)
                bar.update(unreported)
                unreported = 0
        bar.update(unreported)
        bar.close()
        loss, accuracy, predictions = evaluate(model, test_loader, criterion)
        history.test.append((epoch + 1, loss, accuracy))
        print(f"epoch {epoch + 1}: test loss {loss:.4f}, test accuracy {accuracy:.2%}", flush=True)
    return history, predictions


def evaluate(
    model: nn.Module, loader: DataLoader, criterion: nn.Module
) -> tuple[float, float, np.ndarray]:
    """Mean loss, accuracy and the predicted label of every image of `loader`."""
    model.eval()
    losses, right, predictions = [], [], []
    with ct.no_grad():
        for images, labels in loader:
            outputs = model(images)
            losses.append(criterion(outputs, labels).item() * len(labels))
            predictions.append(outputs.argmax(axis=1).numpy())
            right.append(predictions[-1] == labels.numpy())
    everyone = np.concatenate(right)
    return sum(losses) / len(everyone), float(everyone.mean()), np.concatenate(predictions)


def picture(history: History, test: ImageDataset, predictions: np.ndarray, path: str) -> None:
    """Write the curves of loss and accuracy, and test images with what the network saw in them."""
    rows, columns = 5, 8
    figure = Figure(figsize=(11, 9), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[2, 3])
    axes = top.subplots(1, 2)
    for axis, column, title in zip(axes, (1, 2), ("loss", "accuracy"), strict=True):
        if history.train:
            looks = np.array(history.train)
            epochs, values = looks[:, 0], looks[:, column]
            axis.plot(epochs, values, color="tab:blue", alpha=0.25)
            width = min(20, len(values))
            smooth = np.convolve(values, np.full(width, 1 / width), "valid")
            axis.plot(epochs[width - 1 :], smooth, color="tab:blue", label="training")
        tests = np.array(history.test)
        axis.plot(tests[:, 0], tests[:, column], "o", color="tab:orange", label="test")
        axis.set(title=title, xlabel="epoch")
        axis.grid(alpha=0.3)
        axis.legend()

    truth = test.targets[: len(predictions)]
    wrong = np.flatnonzero(predictions != truth)
    right = np.flatnonzero(predictions == truth)
    # A quarter of the grid goes to mistakes, where there are so many; few are left after training.
    mistakes = wrong[: max(rows * columns // 4, rows * columns - len(right))]
    shown = np.sort(np.concatenate([mistakes, right[: rows * columns - len(mistakes)]]))
    bottom.suptitle(
        f"{len(wrong):,} of {len(truth):,} test images are read wrongly (in red, with the truth)"
    )
    for axis in bottom.subplots(rows, columns).flat:
        axis.axis("off")
    for axis, index in zip(bottom.axes, shown, strict=False):
        axis.imshow(np.moveaxis(test.data[index], 0, -1).squeeze(), cmap="gray_r")
        seen, is_wrong = test.classes[predictions[index]], predictions[index] != truth[index]
        title = f"{seen} ({test.classes[truth[index]]})" if is_wrong else seen
        axis.set_title(title, color="red" if is_wrong else "black", fontsize=8, pad=2)
    figure.savefig(Path(path), dpi=100)
