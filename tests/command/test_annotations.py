"""Annotations as text: types, unions, aliases of what the namespace hides, and imports."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest

import cltensor as ct
from cltensor.command.annotations import Types


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (None, "None"),
        (int | None, "_int | None"),
        ("Tensor | Any", "Any"),
        (str, "str"),
        (ct.Tensor, "Tensor"),
        (Literal["cos", 1], "Literal['cos', 1]"),
        (Callable[[int], str], "Callable[..., str]"),
        (tuple[str, ...], "tuple[str, ...]"),
        (np.ndarray, "numpy.ndarray[Any, Any]"),
        ("OnlyForTypeCheckers", "Any"),
    ],
)
def test_types_are_named_as_a_stub_names_them(annotation, text):
    assert Types().of(annotation, {}) == text


def test_what_is_named_is_imported_and_what_is_hidden_has_an_alias():
    types = Types()
    assert types.of(Callable[..., int], {}) == "Callable[..., _int]"
    types.of(Any, {})
    head = types.head([("cltensor.errors", "ShapeError", "ShapeError")])
    assert head == (
        "import builtins\nfrom collections.abc import Callable\n"
        "from typing import Any, TypeAlias\n\n"
        "from cltensor.errors import ShapeError as ShapeError\n\n_int: TypeAlias = builtins.int\n\n"
    )


def test_a_package_above_the_stub_is_not_named():
    assert Types(avoid="cltensor.core").of(ct.Tensor, {}) == "Any"
