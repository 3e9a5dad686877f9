"""Running the examples inside a test."""

import runpy
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "examples"


def runner(folder, monkeypatch, capsys):
    """A function that runs an example in `folder`, and returns what it printed."""
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(EXAMPLES)

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
        return capsys.readouterr().out

    return call
