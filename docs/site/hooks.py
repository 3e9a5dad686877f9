"""What mkdocs does besides reading the pages in docs/: it writes those that come from code and
data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
sys.path[:0] = [str(_HERE), str(_ROOT)]

import notebooks  # noqa: E402  (found by the line above)
import pictures  # noqa: E402
import reference  # noqa: E402
import results  # noqa: E402


def on_config(config: Any) -> Any:
    """Put the reference into the menu."""
    config.nav.append({"Reference": [f"reference/{name}.md" for name in reference.NAMESPACES]})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    pages = {
        **{f"reference/{name}.md": reference.page(name) for name in reference.NAMESPACES},
        **notebooks.pages(_ROOT / "examples" / "notebooks"),
        "contributing.md": (_ROOT / "CONTRIBUTING.md").read_text("utf-8").replace("(docs/", "("),
        "benchmarks.md": results.page(_ROOT / "benchmarks" / "results"),
        "pictures.md": pictures.page(),
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **kwargs: Any) -> str:
    """Lead links to the file beside docs/ to its page."""
    return markdown.replace("(../CONTRIBUTING.md", "(contributing.md")
