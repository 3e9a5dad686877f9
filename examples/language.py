"""What the text examples share: text as numbers, options, training, checkpoints, sampling."""

from __future__ import annotations

import argparse
import contextlib
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from arguments import one_sentence, output, real, whole
from live import Board

import cltensor as ct
from cltensor import nn, optim
from cltensor.errors import DataError
from cltensor.text import BPETokenizer, CharTokenizer

HERE = Path(__file__).parent
#: Options that belong to a model, and are those of the checkpoint that a run goes on from.
OF_MODEL = ("length", "size", "layers", "heads", "pairs")


def read(path: Path) -> str:
    """The text in a file."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is no text in UTF-8: {error}") from error


class Text:
    """A text as numbers of its characters, or of as many byte pairs; the last tenth is kept for
    the test."""

    def __init__(self, path: Path, pairs: int = 0) -> None:
        text = read(path)
        self.tokens: Any = CharTokenizer.train(text)
        if pairs:
            self.tokens = BPETokenizer.train(text, pairs)
        numbers = self.numbers(text)
        self.train, self.test = np.split(numbers, [len(numbers) * 9 // 10])

    def require(self, length: int) -> None:
        """Raise DataError if there are no pieces of `length` tokens and one in both parts."""
        tokens = min(len(self.train), len(self.test))
        if tokens <= length:
            raise DataError(
                f"the text has too few tokens for pieces of {length}: {tokens} in a part; give a "
                "longer --text, or shorter pieces"
            )

    def numbers(self, text: str) -> np.ndarray:
        """The number of each token; characters that the text does not have are left out."""
        options = {"errors": "ignore"} if isinstance(self.tokens, CharTokenizer) else {}
        return np.array(self.tokens.encode(text, **options), np.int64)

    def batch(self, part: np.ndarray, count: int, length: int, random: Any) -> tuple[Any, Any]:
        """`count` pieces of `length` characters from anywhere, and the characters that follow."""
        starts = random.integers(0, len(part) - length, count)
        pieces = np.stack([part[i : i + length + 1] for i in starts])
        return ct.tensor(pieces[:, :-1]), ct.tensor(pieces[:, 1:])


def options(name: str, **defaults: Any) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=f"Train a model of characters, then have it write; keeps {name}.ct here."
    )
    add = parser.add_argument
    add("--text", type=Path, default=HERE / "harbour.txt", help="what to learn from")
    add("--steps", type=whole(0), default=defaults["steps"], help="training steps in all")
    add("--batch-size", type=whole(1), default=32)
    add("--lr", type=real(0), default=defaults["lr"], help="highest learning rate")
    for key in OF_MODEL:
        if key in defaults:
            add(f"--{key}", type=whole(1), default=defaults[key])
    add("--pairs", type=whole(0), default=0, metavar="N",
        help="N tokens of byte pairs (more than 256), no characters")  # fmt: skip
    add("--device", help="cl:0, gpu, cpu, ...; see python -m cltensor info")
    add("--seed", type=int, default=0)
    add("--checkpoint", type=output, default=Path(f"{name}.ct"))
    add("--live", action="store_true", help="show loss curve, speed and memory")
    add("--resume", action="store_true", help="go on from the checkpoint")
    add("--write", type=whole(0), default=300, metavar="N", help="tokens to write at the end")
    add("--prompt", default="The harbour ", help="how the writing begins")
    add(
        "--temperature",
        type=real(0, above=True),
        default=0.8,
        help="above 1 wilder, towards 0 surer",
    )
    add("--top-k", type=whole(1), default=20, help="only the K most probable tokens")
    args = parser.parse_args()
    if 0 < args.pairs <= 256:
        parser.error("--pairs takes 0, or more than the 256 that bytes are already")
    if args.size % getattr(args, "heads", 1):
        parser.error("--heads has to divide --size")
    return args


def run(name: str, build: Callable[[argparse.Namespace, int], nn.Module], **defaults: Any) -> None:
    """Run an example: train, keep a checkpoint, write."""
    args = options(name, **defaults)
    with one_sentence(name):
        if args.device:
            ct.set_default_device(args.device)
        _run(name, build, args)


def _run(name: str, build: Callable[..., nn.Module], args: argparse.Namespace) -> None:
    ct.manual_seed(args.seed)
    found = ct.load(args.checkpoint) if args.resume else None
    if found is not None:
        vars(args).update(found["options"])
    text = Text(args.text, args.pairs)
    text.require(args.length)
    model = build(args, len(text.tokens))
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    first = 0
    if found is not None:
        model.load_state_dict(found["model"])
        optimizer.load_state_dict(found["optimizer"])
        ct.set_rng_state(found["random"])
        first = found["step"]
    weights = sum(p.numel() for p in model.parameters())
    print(f"{name}: {weights:,} weights, {text.tokens}, on {ct.device()}")
    shown: Any = contextlib.nullcontext()
    if args.live:
        tokens = args.batch_size * args.length
        shown = Board(name).bar(args.steps * tokens, first * tokens, "training", " tokens")
    with shown as bar:
        done = train(model, optimizer, text, first, args, bar)
    state = {
        "step": done,
        "options": {key: value for key, value in vars(args).items() if key in OF_MODEL},
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": ct.get_rng_state(),
    }
    ct.save(state, args.checkpoint)
    if done < args.steps:
        print(f"{name}: interrupted at step {done}; --resume goes on from it", file=sys.stderr)
        raise SystemExit(130)
    print(args.prompt + write(model, text, args))


def train(
    model: nn.Module, optimizer: optim.Optimizer, text: Text, first: int, args: argparse.Namespace,
    bar: Any = None,
) -> int:  # fmt: skip
    """Take the steps from `first` on, shown by `bar` if there is one; how many are done, fewer than
    asked for after Ctrl-C."""

    @ct.jit
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    model.train()
    began, number = time.perf_counter(), first
    try:
        for number in range(first, args.steps):
            # Of its own for each step, so that a run that goes on draws what it would have drawn.
            random = np.random.default_rng((args.seed % 2**32, number))
            optimizer.param_groups[0]["lr"] = args.lr * _share(number, args.steps)
            x, y = text.batch(text.train, args.batch_size, args.length, random)
            loss = step(x, y)
            if bar is not None:
                bar.update(x.numel())
                if number % 10 == 0:  # reading a loss waits for the device
                    bar.set_postfix(loss=f"{loss.item():.4f}")
            if (number + 1) % max(1, args.steps // 10) == 0:
                test = evaluate(model, text, args)
                seconds = time.perf_counter() - began
                print(
                    f"step {number + 1}: loss {loss.item():.3f}, test {test:.3f}, {seconds:.1f} s"
                )
    except KeyboardInterrupt:
        return number
    return max(args.steps, first)


def _share(step: int, steps: int) -> float:
    """The share of the highest learning rate: up in the first twentieth, then down a cosine."""
    warm = max(1, steps // 20)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


@ct.no_grad()
def evaluate(model: nn.Module, text: Text, args: argparse.Namespace) -> float:
    """The mean loss of the part kept for the test, of the same pieces each time."""
    model.eval()
    x, y = text.batch(text.test, 16, args.length, np.random.default_rng(0))
    loss = nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).item()
    model.train()
    return loss


@ct.no_grad()
def write(model: nn.Module, text: Text, args: argparse.Namespace) -> str:
    """args.write tokens that follow the prompt, each drawn from the most probable ones."""
    model.eval()
    known = text.numbers(args.prompt)
    numbers = list(known if len(known) else [0])
    for _ in range(args.write):
        scores = model(ct.tensor(np.array([numbers[-args.length :]])))[0, -1] / args.temperature
        best = scores.topk(min(args.top_k, len(text.tokens)))
        drawn = ct.multinomial(best.values.softmax(0), 1).item()
        numbers.append(int(best.indices[drawn].item()))
    return text.tokens.decode(numbers[len(known) :])
