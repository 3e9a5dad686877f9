"""Reading ONNX files."""

from __future__ import annotations

import os
from typing import Any

from cltensor.errors import CLTensorError, DataError, DependencyError, MissingFileError
from cltensor.onnx import operators, table
from cltensor.onnx.build import Builder
from cltensor.onnx.elements import Folder
from cltensor.onnx.module import GraphModule
from cltensor.onnx.package import package
from cltensor.onnx.structure import read


def load(f: Any, *, device: Any = None) -> GraphModule:
    """Read an ONNX file as a Module that runs and trains.

    The file's tensors of floats are the Module's parameters (see `GraphModule`). Versions 7 to 28
    of ONNX's operators are read; docs/onnx.md lists them. Nothing in a file is run as code, and
    tensors in other files are read from the file's own folder only.

    Args:    f: a path, a file open for reading bytes, or the bytes; device: where the parameters
             shall be, the default device if left out.
    Raises:  MissingFileError; DataError naming the file for one that is damaged, and naming the
             operators or the element types that cltensor has not; DependencyError without the
             package onnx.

    Example: ::

        model = ct.onnx.load("model.onnx")
        scores = model(images)

    >>> import io
    >>> file = io.BytesIO()
    >>> ct.onnx.export(nn.Linear(2, 3), ct.ones(4, 2), file)
    >>> ct.onnx.load(file.getvalue())(ct.ones(4, 2)).shape
    Size([4, 3])
    """
    library = package("onnx.load")
    source, data, path = _content(f)
    try:
        message = library.ModelProto.FromString(data)
    except Exception as error:  # the class is protobuf's own
        raise DataError(f"onnx.load: {source} is no ONNX file, or damaged: {error}") from None
    try:
        model = read(message)
        return GraphModule(source, model, Builder(model, Folder(path)), device)
    except (DataError, DependencyError) as error:
        raise type(error)(f"onnx.load: {source} {error}") from error
    except CLTensorError:  # a device that lacks the dtype, or the memory
        raise
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DataError(f"onnx.load: {source} is damaged: {error}") from error


def supported() -> list[str]:
    """The names of the operators that `load` knows.

    >>> "Conv" in ct.onnx.supported()
    True
    """
    operators.declare()
    return table.names()


def _content(f: Any) -> tuple[str, bytes, Any]:
    """What to call the file, its bytes, and its path, None where there is none."""
    if isinstance(f, (bytes, bytearray, memoryview)):
        return "the model", bytes(f), None
    if hasattr(f, "read"):
        return str(getattr(f, "name", "the model")), f.read(), None
    if not isinstance(f, (str, os.PathLike)):
        raise TypeError(f"onnx.load: f is a {type(f).__name__}; give a path, a file or bytes")
    try:
        with open(f, "rb") as file:
            return os.fspath(f), file.read(), f
    except FileNotFoundError:
        raise MissingFileError(f"onnx.load: there is no file {os.fspath(f)!r}") from None
    except OSError as error:
        raise DataError(f"onnx.load: {os.fspath(f)!r} cannot be read: {error.strerror}") from None
