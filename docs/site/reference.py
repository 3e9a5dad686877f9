"""The reference: a page for each public namespace, and what griffe is told of its names.

cltensor gathers its names when it is imported, which nobody who only reads the files can see. So
an extension of griffe puts into its tree what `import cltensor` shows: functions, classes and their
methods, with signatures and docstrings; mkdocstrings does the rest.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import griffe
from prose import markdown

#: The namespaces that have a page, and what a page says first.
NAMESPACES = {
    "cltensor": "Tensors, and functions of them. Most are methods of a Tensor too.",
    "cltensor.nn": "Modules and layers.",
    "cltensor.nn.functional": "Layers as functions.",
    "cltensor.nn.init": "Ways to begin.",
    "cltensor.nn.utils": "Gradients, vectors of parameters, and what changes a module.",
    "cltensor.nn.utils.rnn": "Sequences of several lengths.",
    "cltensor.nn.utils.parametrize": "Parameters that are computed from others.",
    "cltensor.nn.utils.parametrizations": "Such parameters, ready to use.",
    "cltensor.nn.utils.prune": "Weights that are held at zero.",
    "cltensor.nn.parallel": "Several devices.",
    "cltensor.optim": "Optimizers.",
    "cltensor.optim.lr_scheduler": "Schedules of learning rates.",
    "cltensor.optim.swa_utils": "Averages of weights.",
    "cltensor.utils.data": "Datasets, samplers and loaders.",
    "cltensor.utils.checkpoint": "Less memory for more computing.",
    "cltensor.linalg": "Linear algebra.",
    "cltensor.fft": "Fourier transforms.",
    "cltensor.special": "Special functions.",
    "cltensor.signal.windows": "Windows.",
    "cltensor.random": "Generators of random numbers.",
    "cltensor.masked": "Reductions of what a mask leaves.",
    "cltensor.func": "Functions that take and give functions.",
    "cltensor.autograd": "Derivatives.",
    "cltensor.autograd.functional": "Derivatives of functions.",
    "cltensor.amp": "Mixed precision.",
    "cltensor.distributions": "Distributions.",
    "cltensor.distributions.constraints": "Where parameters and values may lie.",
    "cltensor.distributions.transforms": "Transforms of random variables.",
    "cltensor.models": "Networks, with the names of their weights elsewhere.",
    "cltensor.vision.datasets": "Images with labels.",
    "cltensor.vision.transforms": "Changes of images.",
    "cltensor.vision.transforms.functional": "Changes of images, as functions.",
    "cltensor.vision.utils": "Images side by side.",
    "cltensor.text": "Tokenizers.",
    "cltensor.onnx": "ONNX files.",
    "cltensor.compiler": "Recording and replaying, under PyTorch's names.",
    "cltensor.profiler": "Where the time of a run goes.",
    "cltensor.testing": "Comparing tensors in tests.",
    "cltensor.distributed": "Several processes.",
    "cltensor.accelerator": "The device at hand.",
    "cltensor.cuda": "Programs that ask for CUDA get the GPU there is.",
    "cltensor.backends": "Switches that PyTorch's programs set.",
    "cltensor.multiprocessing": "Processes.",
    "cltensor.hub": "Downloads.",
    "cltensor.array_api": "The array API standard.",
    "cltensor.errors": "What is raised.",
}


def public(namespace: str) -> Iterator[tuple[str, Any]]:
    """The names of a namespace that are documented, and what they stand for."""
    module = importlib.import_module(namespace)
    chosen = getattr(module, "__all__", None)
    for name in sorted(chosen or dir(module)):
        value = getattr(module, name)
        if name.startswith("_") or isinstance(value, ModuleType) or not callable(value):
            continue
        if chosen is None and inspect.isclass(value) and not _of_ours(value):
            continue
        yield name, value


def page(namespace: str) -> str:
    """The page of a namespace, in Markdown."""
    names = "\n".join(f"        - {name}" for name, _ in public(namespace))
    return (
        f"# {namespace}\n\n{NAMESPACES[namespace]}\n\n::: {namespace}\n"
        f"    options:\n      members:\n{names}\n"
    )


class Imported(griffe.Extension):
    """Exchanges what griffe read of the package for what an import shows."""

    def on_package(self, *, pkg: griffe.Module, loader: Any, **kwargs: Any) -> None:
        if pkg.name != "cltensor":
            return
        for namespace in NAMESPACES:
            _module(pkg, namespace).members.update(
                {name: _described(name, value) for name, value in public(namespace)}
            )


def _of_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] == "cltensor"


def _module(package: griffe.Module, namespace: str) -> griffe.Module:
    """The module of a namespace, empty, under the package's."""
    module = package
    for name in namespace.split(".")[1:]:
        within = module.members.get(name)
        if not isinstance(within, griffe.Module):
            within = griffe.Module(name, filepath=package.filepath)
            module.set_member(name, within)
        module = within
    if module is not package:
        module.docstring = None
    return module


def _described(name: str, value: Any) -> griffe.Object:
    if not inspect.isclass(value):
        return _function(name, value)
    found = griffe.Class(name, bases=[each.__name__ for each in value.__bases__])
    found.docstring = _docstring(value, found)
    try:
        found.set_member("__init__", _function("__init__", value))
    except ValueError:
        found.labels.add("class")
    for attribute, method in sorted(vars(value).items()):
        if attribute.startswith("_") or not callable(getattr(value, attribute, None)):
            continue
        if inspect.isclass(method) or not _documented(method):
            continue
        found.set_member(attribute, _function(attribute, getattr(value, attribute)))
    return found


def _documented(value: Any) -> bool:
    return bool((getattr(value, "__doc__", None) or "").strip())


def _function(name: str, value: Any) -> griffe.Function:
    function = griffe.Function(name, parameters=_parameters(value))
    if name != "__init__":
        function.docstring = _docstring(value, function)
    return function


def _parameters(value: Any) -> griffe.Parameters:
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):
        return griffe.Parameters(griffe.Parameter("args", kind=griffe.ParameterKind.var_positional))
    kinds = {
        inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
        inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
        inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
        inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
        inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
    }
    empty = inspect.Parameter.empty
    return griffe.Parameters(
        *[
            griffe.Parameter(
                each.name,
                kind=kinds[each.kind],
                default=None if each.default is empty else _written(each.default),
            )
            for each in signature.parameters.values()
        ]
    )


def _written(default: Any) -> str:
    """A default as one writes it; what has no such form goes by its name."""
    if isinstance(default, (bool, int, float, complex, str, tuple, list, dict, type(None))):
        return repr(default)
    return getattr(default, "__name__", None) or type(default).__name__


def _docstring(value: Any, parent: griffe.Object) -> griffe.Docstring | None:
    text = inspect.getdoc(value)
    return griffe.Docstring(markdown(text), parent=parent) if text else None
