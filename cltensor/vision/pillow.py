"""Pillow, an optional extra: asked for where images are, with an error that names the extra."""

from __future__ import annotations

from typing import Any

from cltensor.errors import DependencyError


def pillow(operation: str) -> Any:
    """The package PIL. Raises DependencyError if it is missing."""
    try:
        import PIL.Image
        import PIL.ImageEnhance
        import PIL.ImageFilter
        import PIL.ImageOps
    except ImportError as error:
        raise DependencyError(
            f"{operation}: images need Pillow, which is not installed; "
            'pip install "cltensor[vision]"'
        ) from error
    return PIL


def is_image(x: Any) -> bool:
    """Whether x is one of Pillow's images (nothing is imported for the question)."""
    return hasattr(x, "getbands") and hasattr(x, "resize")
