"""Docstrings as Markdown."""

from __future__ import annotations

import re

_SECTION = re.compile(r"^([A-Z][a-z]+):\s+")
#: What Markdown would take for its own.
_SPECIAL = re.compile(r"([\\*_\[\]<>|])")


def markdown(text: str) -> str:
    """A docstring (see docs/architecture.md for its form) as Markdown: formulas and examples as
    code, sections by their names in bold, everything else as it is written."""
    return "\n\n".join(part for block in _blocks(text) for part in _written(block))


def _blocks(text: str) -> list[list[str]]:
    """The lines between empty lines; those of one formula stay together."""
    blocks: list[list[str]] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        lines = block.splitlines()
        if blocks and lines[0].startswith("    ") and blocks[-1][0].startswith("    "):
            blocks[-1] += ["", *lines]
        else:
            blocks.append(lines)
    return blocks


def _written(lines: list[str]) -> list[str]:
    if lines[0].startswith(">>>"):
        return [_fence("pycon", lines)]
    if lines[0].startswith("    "):
        return [_fence("text", [line.removeprefix("    ") for line in lines])]
    parts: list[list[str]] = []
    for line in lines:
        if not parts or _SECTION.match(line):
            parts.append([])
        parts[-1].append(line.strip())
    return [_paragraph(" ".join(part)) for part in parts]


def _fence(language: str, lines: list[str]) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _paragraph(text: str) -> str:
    found = _SECTION.match(text)
    if not found:
        return _escaped(text)
    return f"**{found[1]}:** {_escaped(text[found.end() :])}"


def _escaped(text: str) -> str:
    """`text`, of which nothing outside of backquotes means anything to Markdown."""
    parts = text.split("`")
    parts[::2] = [_SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
