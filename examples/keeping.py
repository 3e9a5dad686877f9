"""What the image examples keep on disk: whose file is there, whether it is better, and Ctrl-C."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open

import cltensor as ct


class Refused(Exception):
    """A sentence with which the example ends."""


class Interrupted(Exception):
    """Ctrl-C was pressed, and the step that ran then is done."""


class Interrupts:
    """While entered, Ctrl-C asks for an end after the present step; a second one ends at once."""

    def __enter__(self) -> Interrupts:
        self.asked = False
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def _ask(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def check(self) -> None:
        """Raise Interrupted if an end was asked for."""
        if self.asked:
            raise Interrupted

    def __exit__(self, *exc: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


class Standing(NamedTuple):
    """How far a run has come: images tested, images trained on (repeats count), test accuracy."""

    tested: int
    seen: int
    accuracy: float = 0.0

    def is_better_than(self, other: Standing) -> bool:
        """Whether this came from a longer run, or one on more images, and saw no less. Training
        that did not take place is worse than any."""
        if not (self.seen and other.seen):
            return self.seen > other.seen
        if self.tested != other.tested:
            return self.tested > other.tested
        return self.seen > other.seen and self.accuracy >= other.accuracy


def weights_metadata(name: str, standing: Standing) -> dict[str, str]:
    """What a file of weights says of its run."""
    return {"example": name, **{key: repr(value) for key, value in standing._asdict().items()}}


def standing_of_weights(name: str, path: Path) -> Standing | None:
    """The run whose weights are at `path`, None where there is no file.

    Raises Refused for a file that is not from this example.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="np") as file:
            found = file.metadata() or {}
        if found.get("example") == name:
            return Standing(int(found["tested"]), int(found["seen"]), float(found["accuracy"]))
    except (OSError, SafetensorError, LookupError, ValueError):
        pass
    raise foreign(path)


def foreign(path: Path) -> Refused:
    """The refusal to write over a file that is not from this example."""
    return Refused(
        f"'{path}' is not a file of this example; --overwrite writes over it, or go to another "
        "folder"
    )


#: Written into the pictures, so that a foreign one is known.
PICTURE_TITLE = "cltensor example"


def check_picture(name: str, path: Path) -> None:
    """Raise Refused if there is a picture at `path` that is not from this example."""
    if path.exists():
        with open(path, "rb") as file:
            if f"{PICTURE_TITLE} {name}".encode() not in file.read(4096):
                raise foreign(path)


def read_checkpoint(name: str, path: Path) -> dict[str, Any] | None:
    """The checkpoint of this example at `path`; None for other tensors.

    Raises DataError for a file that cannot be read, Refused for the checkpoint of another example.
    """
    found = ct.load(path)
    if not isinstance(found, dict) or "example" not in found:
        return None
    if found["example"] != name:
        raise Refused(f"'{path}' is a checkpoint of {found['example']}, not of {name}")
    return found


def may_checkpoint(name: str, path: Path, planned: Standing) -> bool:
    """Whether a new run may write checkpoints to `path`; False where a longer run's is there.

    Raises Refused for an unfinished run's checkpoint, and for a file that is no checkpoint.
    """
    if not path.exists():
        return True
    try:
        found = read_checkpoint(name, path)
    except ct.DataError:
        found = None
    if found is None:
        raise foreign(path)
    if Standing(*found["standing"])._replace(accuracy=1.0).is_better_than(planned):
        return False
    done, wanted = found["epoch"], found["options"]["epochs"]
    if done < wanted:
        raise Refused(
            f"'{path}' holds a run that stopped in epoch {done + 1} of {wanted}; go on with "
            "--resume, or start anew with --overwrite"
        )
    return True
