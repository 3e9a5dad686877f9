"""The package `onnx`, which knows how a file's bytes are to be read and written."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cltensor.errors import DependencyError


def package(operation: str, part: str = "") -> Any:
    """The package, or its module `part`.

    Raises DependencyError where it is not installed.
    """
    try:
        whole: Any = import_module("onnx")
        if not hasattr(whole, "ModelProto"):  # a folder of that name in the program's path
            raise ImportError("what is imported as onnx is another")
        return import_module(f"onnx.{part}") if part else whole
    except ImportError as error:
        raise DependencyError(
            f'{operation}: ONNX files need the package onnx ({error}); pip install "cltensor[onnx]"'
        ) from None
