"""The notebooks as pages."""

from __future__ import annotations

from pathlib import Path

import jupytext


def pages(folder: Path) -> dict[str, str]:
    """Each notebook in `folder`, by the path of its page."""
    return {
        f"notebooks/{path.stem}.md": jupytext.writes(jupytext.read(path), fmt="md").split(
            "---\n\n", 1
        )[-1]
        for path in sorted(folder.glob("*.py"))
    }
