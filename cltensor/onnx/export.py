"""Writing ONNX files: a module runs once, and what it calls is written down."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import DataError
from cltensor.nn.module import Module
from cltensor.onnx import writers
from cltensor.onnx.elements import CODES
from cltensor.onnx.functions import main as ct
from cltensor.onnx.load import load
from cltensor.onnx.package import package
from cltensor.onnx.record import Recorder
from cltensor.onnx.structure import NEWEST
from cltensor.runtime import files

#: Versions of the operators that can be written.
OLDEST = 18


def export(
    model: Any, args: Any, f: Any, *, input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None, opset_version: int = 20, verify: bool = True,
) -> None:  # fmt: skip
    """Write a module, or a function of tensors, as an ONNX file.

    The module runs once on `args`, in evaluation. The operations that it calls become nodes under
    their names in ONNX, its parameters initializers under theirs in the module. Shapes, and
    numbers that were read on the way, are those of this run. The file is checked by the package
    onnx, and then loaded and compared with the module on other numbers in `args`.

    Args:    args: a tensor, or a tuple of them; f: a path, or a file open for writing bytes;
             input_names, output_names: what to call them, else "input_0" and so on; opset_version:
             that of ONNX's operators, 18 to 28; verify: False to leave out the comparison.
    Raises:  DataError naming an operation that has no counterpart, or where the file computes
             something else than the module; DependencyError without the package onnx.

    Example: ::

        ct.onnx.export(model, images, "model.onnx", input_names=["images"])

    >>> import io
    >>> file = io.BytesIO()
    >>> ct.onnx.export(nn.Linear(2, 3), ct.ones(4, 2), file, input_names=["features"])
    >>> file.tell() > 0
    True
    """
    library, helper = package("onnx.export"), package("onnx.export", "helper")
    if not OLDEST <= opset_version <= NEWEST:
        raise ValueError(
            f"onnx.export: opset_version is {opset_version}; give one of {OLDEST} to {NEWEST}"
        )
    writers.declare()
    given = [args] if isinstance(args, Tensor) else list(args)
    if not given or not all(isinstance(x, Tensor) for x in given):
        raise TypeError("onnx.export: args is no tensor or tuple of tensors")
    modes = [(m, m.training) for m in model.modules()] if isinstance(model, Module) else []
    for module, _ in modes:
        module.training = False
    try:
        message = _recorded(model, given, helper, opset_version, input_names, output_names)
        _check(library, message)
        if verify:
            _compare(model, given, message)
    finally:
        for module, training in modes:
            module.training = training
    data = message.SerializeToString()
    if isinstance(f, (str, os.PathLike)):
        files.replace("onnx.export", f, data)
    else:
        f.write(data)


def _recorded(
    model: Any, args: list[Tensor], helper: Any, version: int, inputs: Sequence[str] | None,
    outputs: Sequence[str] | None,
) -> Any:  # fmt: skip
    """The message for one run of the model."""
    names = {}
    if isinstance(model, Module):
        names = {id(t): n for n, t in (*model.named_parameters(), *model.named_buffers())}
    names_in = _names("input", inputs, len(args))
    taken = set(names.values()) & set(names_in)
    if taken:
        raise ValueError(f"onnx.export: input_names has {sorted(taken)}, which are parameters")
    own = [x.detach().clone() for x in args]
    recorder = Recorder(helper, version, names)
    for x, name in zip(own, names_in, strict=True):
        recorder.know(x, name)
    with no_grad(), recorder:
        found = _flat(model(*own))
    names_out = _names("output", outputs, len(found))
    described = [_described(helper, n, x) for n, x in zip(names_out, found, strict=True)]
    for name, x in zip(names_out, found, strict=True):
        recorder.nodes.append(helper.make_node("Identity", [recorder.value(x)], [name]))
    used = {name for node in recorder.nodes for name in node.input}
    graph = helper.make_graph(
        recorder.nodes, type(model).__name__,
        [_described(helper, n, x) for n, x in zip(names_in, own, strict=True)], described,
        [t for name, t in recorder.initializers.items() if name in used],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    made.ir_version = helper.find_min_ir_version_for(list(made.opset_import))
    made.producer_name = "cltensor"
    return made


def _names(kind: str, given: Sequence[str] | None, count: int) -> list[str]:
    names = [f"{kind}_{i}" for i in range(count)] if given is None else list(given)
    if len(names) != count or len(set(names)) != count:
        raise ValueError(f"onnx.export: {kind}_names is {names}; give {count} names")
    return names


def _described(helper: Any, name: str, x: Tensor) -> Any:
    return helper.make_tensor_value_info(name, CODES[x.dtype], x.shape)


def _flat(out: Any) -> list[Tensor]:
    """The tensors in what a module gave."""
    if isinstance(out, Tensor):
        return [out]
    if isinstance(out, dict):
        out = list(out.values())
    if not isinstance(out, (tuple, list)):
        raise TypeError(f"onnx.export: the model gives a {type(out).__name__} among its results")
    return [t for part in out for t in _flat(part)]


def _check(library: Any, message: Any) -> None:
    try:
        library.checker.check_model(message, full_check=True)
    except Exception as error:  # the classes are the package's own
        raise DataError(
            f"onnx.export: the package onnx refuses what was written: {error}"
        ) from error


def _others(x: Any) -> Any:
    """As many numbers of the same range: those of `x` from the last on, floats a bit smaller."""
    turned = ct.flip(x.reshape(-1), (0,)).reshape(x.shape)
    return turned * 0.9 if x.dtype.kind == "f" else turned.clone()


def _compare(model: Any, args: list[Tensor], message: Any) -> None:
    """Raise DataError where the file gives something else than the model for the numbers of `args`
    in another order, which shows what was taken from the run for a constant."""
    other = [_others(x.detach()) for x in args]
    written = load(message.SerializeToString())
    with no_grad():
        wanted = _flat(model(*[x.clone() for x in other]))
        found = _flat(written(*other))
    for place, (a, b) in enumerate(zip(wanted, found, strict=True)):
        x, y = a.detach().numpy(), b.detach().numpy()
        scale = float(np.max(np.abs(x[np.isfinite(x)]), initial=1.0)) if x.dtype.kind == "f" else 1
        same = np.array_equal(x, y) if x.dtype.kind not in "fc" else np.allclose(
            x, y, rtol=2e-3, atol=2e-3 * scale if x.dtype.itemsize > 2 else 2e-2 * scale,
            equal_nan=True,
        )  # fmt: skip
        if x.shape != y.shape or not same:
            raise DataError(
                f"onnx.export: for other numbers of the same shape, output {place} of the file is "
                "not that of the model: it depends on numbers that were read on the way"
            )
