"""The guides in docs/, whose programs run as they are written, and what the site makes of
docstrings."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

import cltensor as ct

DOCS = Path(__file__).parent.parent / "docs"
GUIDES = ["index", "install", "from-numpy", "training", "jit", "speed", "own"]


@pytest.mark.parametrize("name", GUIDES)
def test_programs_of_a_guide_run_one_after_the_other(name, device, tmp_path, monkeypatch):
    if name == "training":
        pytest.importorskip("safetensors")
    monkeypatch.chdir(tmp_path)
    before = ct.get_default_device()
    page = DOCS / f"{name}.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert blocks
    names = {"__name__": "guide"}
    try:
        for block in blocks:
            exec(compile(block, str(page), "exec"), names)
    finally:
        ct.set_default_device(before)


@pytest.fixture
def markdown(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "site"))
    yield import_module("prose").markdown
    del sys.modules["prose"]


def test_docstrings_as_markdown(markdown):
    text = """The root of x*y, for x < 1.

    out = sqrt(x * y)

>>> ct.exp(0)
1

Args:    x_1: `a_b`;
         y: [any].
Returns: one."""
    assert markdown(text).split("\n\n") == [
        r"The root of x\*y, for x \< 1.",
        "```text\nout = sqrt(x * y)\n```",
        "```pycon\n>>> ct.exp(0)\n1\n```",
        r"**Args:** x\_1: `a_b`; y: \[any\].",
        "**Returns:** one.",
    ]
