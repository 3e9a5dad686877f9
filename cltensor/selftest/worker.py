"""The process that touches the device: it runs the plan, and says before and after each check where
it is, in lines of JSON. The process that reads them outlives whatever the driver does here."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cltensor as ct
from cltensor.selftest.checks import Check, Missing
from cltensor.selftest.facts import facts
from cltensor.selftest.plan import plan

#: The most of a message that is kept, from its beginning and from its end.
_MOST = 1500
_PACKAGE = Path(__file__).resolve().parents[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the plan from a number on; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--skip", default="", help="numbers of checks, with commas")
    options = parser.parse_args(argv)
    skipped = {int(number) for number in options.skip.split(",") if number}
    say = _voice()
    try:
        device = ct.device(options.device) if options.device else ct.get_default_device()
        ct.set_default_device(device)
        checks = plan(options.quick)
        say({"facts": facts(device), "plan": [(c.family, c.name, c.note) for c in checks]})
    except Exception as error:
        say({"failed": _message(error)})
        return 1
    for number, check in enumerate(checks):
        if number not in skipped:
            say({"begin": number})
            say({"end": number, **tried(check)})
    say({"done": True})
    return 0


def _voice() -> Callable[[Any], None]:
    """What writes lines to the standard output, of which drivers and others get another one."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(what: Any) -> None:
        own.write(json.dumps(what) + "\n")
        own.flush()

    return say


def tried(check: Check) -> dict[str, Any]:
    """How a check went: verdict, seconds, message, and what it measured."""
    found: dict[str, Any] = {"verdict": "right", "message": ""}
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ct.manual_seed(0)
            found["value"] = check.run()
    except Missing as missing:
        found = {"verdict": "left out", "message": str(missing)}
    except AssertionError as error:
        found = {"verdict": "wrong", "message": _message(error)}
    except Exception as error:
        found = {"verdict": "error", "message": _message(error)}
    if found["verdict"] == "error":
        _forget()
    return {**found, "seconds": time.perf_counter() - began}


def _forget() -> None:
    """Take back what kernels noted of bad indices, which the next read would raise."""
    try:
        ct.get_default_device().synchronize()
    except Exception:  # that of the check, or a device that does not work any more
        return


def _message(error: Exception) -> str:
    """The error with its kind, unless it is a comparison's, and the place in cltensor."""
    text = str(error)
    if not isinstance(error, AssertionError):
        text = f"{type(error).__name__}: {text}{_place(error)}"
    return text if len(text) <= 2 * _MOST else f"{text[:_MOST]}\n ...\n{text[-_MOST:]}"


def _place(error: Exception) -> str:
    """Where in the package, beside this, the error arose, innermost."""
    where, step = "", error.__traceback__
    while step is not None:
        path = Path(step.tb_frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE / "cltensor") and path.parts[-2:-1] != ("selftest",):
            where = f" (in {path.relative_to(_PACKAGE).as_posix()}, line {step.tb_lineno})"
        step = step.tb_next
    return where


if __name__ == "__main__":
    sys.exit(main())
