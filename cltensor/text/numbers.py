"""Numbers of tokens, from whatever a program has them in, and files of tokenizers."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DataError, IndexingError, MissingFileError


def numbers_of(operation: str, ids: Any, count: int) -> list[int]:
    """Python's integers of a tensor, an array, a list or one number.

    Raises:  IndexingError for one that is not below `count`; TypeError for what is no integer.
    """
    if isinstance(ids, Tensor):
        ids = ids.detach().numpy()
    if isinstance(ids, np.ndarray):
        ids = ids.reshape(-1) if ids.ndim < 2 else ids
    elif not isinstance(ids, Iterable):
        ids = [ids]
    found = []
    for each in ids:
        try:
            number = operator.index(each.item() if isinstance(each, Tensor) else each)
        except (TypeError, ValueError):
            raise TypeError(
                f"{operation}: {each!r} is no number of a token; give integers in one row (of a "
                "batch, one after the other)"
            ) from None
        if not 0 <= number < count:
            raise IndexingError(f"{operation}: token {number} of {count}; numbers begin at 0")
        found.append(number)
    return found


def read(operation: str, path: Any) -> str:
    """The text of a file. Raises MissingFileError, or DataError naming what is no text."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError(f"{operation}: there is no file {str(path)!r}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{operation}: {str(path)!r} cannot be read: {error}") from error
