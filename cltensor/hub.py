"""`ct.hub`: there is no hub that code is loaded from; what to do instead."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any, NoReturn

from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.errors import DataError

__all__ = ["load", "load_state_dict_from_url"]


def load(repo_or_dir: Any, model: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises DataError: a hub runs code that it downloads, written for PyTorch's own library.

    >>> try:
    ...     ct.hub.load("pytorch/vision", "resnet18")
    ... except ct.DataError:
    ...     model = ct.models.resnet18(num_classes=10)
    """
    raise DataError(
        f"hub.load: {model!r} of {repo_or_dir!r} is code for PyTorch, which is not run; build the "
        "model from ct.models or with ct.nn, and load its weights with ct.weights.load"
    )


def load_state_dict_from_url(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raises DataError: weights are files that one has.

    >>> ct.hub.load_state_dict_from_url("https://example.org/net.pth")
    Traceback (most recent call last):
        ...
    cltensor.errors.DataError: hub.load_state_dict_from_url: 'https://example.org/net.pth' is not
    downloaded; get the file, and load it with ct.weights.load
    """
    raise DataError(
        f"hub.load_state_dict_from_url: {url!r} is not downloaded; get the file, and load it with "
        "ct.weights.load"
    )


_place(__name__, {})
_suggest(_modules[__name__])
