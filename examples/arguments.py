"""What the command lines of the examples share: numbers in a range, errors as one sentence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cltensor.errors import CLTensorError


def whole(least: int) -> Callable[[str], int]:
    """The type of an option: whole numbers from `least` on."""

    def convert(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least:
            raise argparse.ArgumentTypeError(f"{text!r}; give a whole number, {least} or more")
        return found

    return convert


def real(least: float, above: bool = False) -> Callable[[str], float]:
    """The type of an option: numbers from `least` on, or above it."""

    def convert(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = float("nan")
        if not (least < found if above else least <= found) or found == float("inf"):
            wanted = f"above {least:g}" if above else f"{least:g} or more"
            raise argparse.ArgumentTypeError(f"{text!r}; give a number, {wanted}")
        return found

    return convert


def output(text: str) -> Path:
    """The type of an option: a file to write, in a folder that is there."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"{text!r}; {'that is a folder' if path.is_dir() else 'there is no such folder'}"
        )
    return path


def count(description: str | None, name: str, default: int) -> int:
    """The only option of a short example: a number, which needs no name before it."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(name, type=whole(1), nargs="?", default=default, help=f"default {default}")
    return int(getattr(parser.parse_args(), name))


@contextmanager
def one_sentence(name: str) -> Iterator[None]:
    """Say what went wrong without a traceback, and leave with 1, or with 130 after Ctrl-C."""
    try:
        yield
    except (CLTensorError, OSError) as error:
        raise SystemExit(f"{name}: {error}") from error
    except KeyboardInterrupt:
        print(f"{name}: interrupted; nothing was kept", file=sys.stderr)
        raise SystemExit(130) from None
