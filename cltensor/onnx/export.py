"""Writing ONNX files: a module runs once, and what it calls is written down."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import CLTensorError, DataError
from cltensor.nn.module import Module
from cltensor.onnx import writers
from cltensor.onnx.elements import CODES
from cltensor.onnx.free import Axes, Recording, joined
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
    output_names: Sequence[str] | None = None, opset_version: int = 20,
    dynamic_axes: Mapping[str, Any] | None = None, verify: bool = True,
) -> None:  # fmt: skip
    """Write a module, or a function of tensors, as an ONNX file.

    The module runs once on `args`, in evaluation. The operations that it calls become nodes under
    their names in ONNX, its parameters initializers under theirs in the module. Shapes, and
    numbers that were read on the way, are those of this run. The file is checked by the package
    onnx, and then loaded and compared with the module on other numbers in `args`.

    Axes in `dynamic_axes` have any size in the file. The module then runs at four sizes or more: it
    must do the same at all, with numbers that follow the sizes as sums of their products do, and
    the file is compared with it at others, 1 among them. What code does for some sizes only,
    `if x.shape[0] > 100`, is not seen.

    Args:    args: a tensor, or a tuple of them; f: a path, or a file open for writing bytes;
             input_names, output_names: what to call them, else "input_0" and so on; opset_version:
             that of ONNX's operators, 18 to 28; dynamic_axes: by the name of an input, names of its
             free sizes by axis, `{"images": {0: "batch"}}`, or a list of axes; outputs take names
             for theirs; verify: False to leave out the comparison.
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
    axes = Axes(dynamic_axes, _names("input", input_names, len(given)), given)
    modes = [(m, m.training) for m in model.modules()] if isinstance(model, Module) else []
    for module, _ in modes:
        module.training = False
    try:
        message = _written(model, axes, helper, opset_version, output_names)
        _check(library, message)
        if verify:
            _verify(model, axes, message)
    finally:
        for module, training in modes:
            module.training = training
    data = message.SerializeToString()
    if isinstance(f, (str, os.PathLike)):
        files.replace("onnx.export", f, data)
    else:
        f.write(data)


def _written(model: Any, axes: Axes, helper: Any, version: int, outputs: Any) -> Any:
    """The message for a model, with the axes free that shall be."""
    taken = {n for _, n in _members(model)} & set(axes.names)
    if taken:
        raise ValueError(f"onnx.export: input_names has {sorted(taken)}, which are parameters")

    def record(args: list[Tensor], follows: bool = False) -> Recording:
        names = {id(t): n for t, n in _members(model)}
        recorder = Recorder(helper, version, names, shares=not axes.axes, follows=follows)
        return _recorded(model, args, axes, recorder, outputs)

    graph, results = joined(axes, record) if axes.axes else record(axes.inputs)
    used = {name for node in graph.nodes for name in node.input}
    inputs = [
        _described(helper, name, x.dtype, axes.described(i))
        for i, (name, x) in enumerate(zip(axes.names, axes.inputs, strict=True))
    ]
    made = helper.make_model(
        helper.make_graph(
            graph.nodes, type(model).__name__, inputs, [_described(helper, *r) for r in results],
            [t for name, t in graph.initializers.items() if name in used],
        ),
        opset_imports=[helper.make_opsetid("", version)],
    )  # fmt: skip
    made.ir_version = helper.find_min_ir_version_for(list(made.opset_import))
    made.producer_name = "cltensor"
    return made


def _recorded(
    model: Any, args: list[Tensor], axes: Axes, recorder: Recorder, outputs: Sequence[str] | None
) -> Recording:
    """What one run of the model writes."""
    own = [x.detach().clone() for x in args]
    for x, name in zip(own, axes.names, strict=True):
        recorder.know(x, name)
    with no_grad(), recorder:
        found = _flat(model(*own))
    names_out = _names("output", outputs, len(found))
    for name, x in zip(names_out, found, strict=True):
        recorder.nodes.append(recorder.helper.make_node("Identity", [recorder.value(x)], [name]))
    if axes.axes:
        for x in found:
            x.detach().numpy()  # an index that is out of range for this size is raised here
    results = [(n, x.dtype, tuple(x.shape)) for n, x in zip(names_out, found, strict=True)]
    unknown = sorted(set(axes.of_outputs) - set(names_out))
    if unknown:
        raise ValueError(
            f"onnx.export: dynamic_axes has {unknown}; the inputs are {axes.names}, and the "
            f"outputs {names_out}"
        )
    return Recording(recorder, results)


def _members(model: Any) -> list[tuple[Tensor, str]]:
    """The tensors of a module and their names."""
    if not isinstance(model, Module):
        return []
    return [(t, n) for n, t in (*model.named_parameters(), *model.named_buffers())]


def _names(kind: str, given: Sequence[str] | None, count: int) -> list[str]:
    names = [f"{kind}_{i}" for i in range(count)] if given is None else list(given)
    if len(names) != count or len(set(names)) != count:
        raise ValueError(f"onnx.export: {kind}_names is {names}; give {count} names")
    return names


def _described(helper: Any, name: str, dtype: Any, shape: Sequence[Any]) -> Any:
    return helper.make_tensor_value_info(name, CODES[dtype], shape)


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


def _verify(model: Any, axes: Axes, message: Any) -> None:
    """Compare the file with the module: for other numbers, and for other sizes where some are
    free. Of those the module need not take every one, but the file must not be wrong."""
    written = load(message.SerializeToString())
    _compare(model, written, axes.inputs, "other numbers of the same shape")
    if not axes.axes:
        return
    for sizes in ([1] * len(axes.axes), [2 * n + 3 for n in axes.sizes()]):
        try:
            _read(model, axes.args(sizes))
        except Exception:  # the module's own, for a size that it does not take
            continue
        _compare(model, written, axes.args(sizes), axes.text(sizes))


def _read(model: Any, args: list[Tensor]) -> list[np.ndarray]:
    """What the model gives; reading it raises what its kernels met."""
    with no_grad():
        return [x.detach().numpy() for x in _flat(model(*[x.clone() for x in args]))]


def _compare(model: Any, written: Any, args: list[Tensor], what: str) -> None:
    """Raise DataError where the file gives something else than the model for the numbers of `args`
    in another order, which shows what was taken from the run for a constant."""
    other = [_others(x.detach()) for x in args]
    wanted = _read(model, other)
    try:
        found = _read(written, other)
    except (CLTensorError, IndexError) as error:
        raise DataError(f"onnx.export: for {what} the file cannot be run: {error}") from error
    for place, (x, y) in enumerate(zip(wanted, found, strict=True)):
        scale = float(np.max(np.abs(x[np.isfinite(x)]), initial=1.0)) if x.dtype.kind == "f" else 1
        if x.shape != y.shape or not _is_close(x, y, scale):
            raise DataError(
                f"onnx.export: for {what}, output {place} of the file is not that of the model: it "
                "depends on numbers, or sizes, that were read on the way"
            )


def _is_close(x: np.ndarray, y: np.ndarray, scale: float) -> bool:
    if x.dtype.kind not in "fc":
        return np.array_equal(x, y)
    most = 2e-3 * scale if x.dtype.itemsize > 2 else 2e-2 * scale
    return np.allclose(x, y, rtol=2e-3, atol=most, equal_nan=True)
