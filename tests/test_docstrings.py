"""The examples in docstrings, each run, and compared with what it says it gives."""

import ast
import doctest
import importlib
import inspect
import math
import textwrap

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import library, nn
from cltensor.core.op import OPERATIONS
from cltensor.nn import functional
from cltensor.vision import transforms
from cltensor.vision.transforms import functional as changes

#: What examples take for given.
GIVEN = {
    "ct": ct, "np": np, "nn": nn, "F": functional, "math": math, "transforms": transforms,
    "TF": changes, "xp": ct.array_api,
}  # fmt: skip
NAMESPACES = [
    "cltensor", "cltensor.linalg", "cltensor.fft", "cltensor.special", "cltensor.signal.windows",
    "cltensor.func", "cltensor.autograd", "cltensor.autograd.functional", "cltensor.nn",
    "cltensor.nn.functional", "cltensor.nn.init", "cltensor.nn.utils", "cltensor.nn.utils.rnn",
    "cltensor.nn.utils.parametrize", "cltensor.nn.utils.parametrizations",
    "cltensor.nn.utils.prune", "cltensor.optim", "cltensor.optim.lr_scheduler",
    "cltensor.optim.swa_utils", "cltensor.utils.data", "cltensor.utils.checkpoint",
    "cltensor.masked", "cltensor.distributions", "cltensor.distributions.constraints",
    "cltensor.distributions.transforms", "cltensor.testing", "cltensor.profiler",
    "cltensor.vision.datasets", "cltensor.vision.transforms",
    "cltensor.vision.transforms.functional", "cltensor.distributed", "cltensor.models",
    "cltensor.array_api", "cltensor.array_api.linalg", "cltensor.cuda", "cltensor.accelerator",
    "cltensor.backends", "cltensor.multiprocessing", "cltensor.amp", "cltensor.hub",
    "cltensor.library", "cltensor.onnx",
]  # fmt: skip
#: What the examples of a namespace need.
PACKAGES = {"cltensor.onnx": "onnx"}


def examples(namespace):
    """The docstrings with examples of a namespace and of what it names, by name, each once."""
    module = importlib.import_module(namespace)
    found = {"": module.__doc__} if ">>>" in (module.__doc__ or "") else {}
    for name in getattr(module, "__all__", None) or dir(module):
        value = getattr(module, name)
        text = (inspect.getdoc(value) or "") if callable(value) else ""
        if ">>>" in text and text not in found.values():
            found[name] = text
    return found


@pytest.fixture
def operations(monkeypatch):
    """Takes away the operations that examples make."""
    monkeypatch.setattr(library, "_made", {})
    before = {*OPERATIONS}
    yield
    for name in {*OPERATIONS} - before:
        del OPERATIONS[name]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_examples_give_what_they_say(namespace, device, operations):
    if namespace in PACKAGES:
        pytest.importorskip(PACKAGES[namespace])
    found, reports = examples(namespace), []
    assert found
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    for name, text in found.items():
        ct.manual_seed(0)
        title = f"{namespace}.{name}"
        runner.run(
            doctest.DocTestParser().get_doctest(text, dict(GIVEN), title, None, 0),
            out=reports.append,
        )
    assert runner.tries > 0
    assert runner.failures == 0, "".join(reports)


#: What stands above an example that needs two ranks; `expression  # value` says what rank 0 gets.
RANKS = "In two ranks, and what rank 0 has then:\n\n"
#: What a program does once, before its other calls.
ONCE = {"init_process_group"}


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_name_has_an_example(namespace):
    module = importlib.import_module(namespace)
    without = set()
    for name in getattr(module, "__all__", None) or dir(module):
        value = getattr(module, name)
        ours = str(getattr(value, "__module__", "")).startswith("cltensor")
        text = inspect.getdoc(value) or ""
        if ours and callable(value) and name[0] != "_" and ">>>" not in text and RANKS not in text:
            without.add(name)
    assert without <= ONCE


def blocks():
    """The examples for ranks, by name."""
    found = {}
    members = {name: getattr(ct.distributed, name) for name in ct.distributed.__all__}
    members["optim.ZeroRedundancyOptimizer"] = ct.optim.ZeroRedundancyOptimizer
    del members["rpc"]
    for name, member in members.items():
        _, head, rest = (inspect.getdoc(member) or "").partition(RANKS)
        if head:
            found[name] = textwrap.dedent(rest)
    return found


def in_ranks_examples(rank, size):
    for name, code in blocks().items():
        names, lines = dict(GIVEN), code.splitlines()
        for statement in ast.parse(code).body:
            wanted = lines[statement.end_lineno - 1].partition("  # ")[2].strip()
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), name, "eval"), names)
                assert rank or not wanted or repr(value) == wanted, (name, value)
            else:
                exec(compile(ast.Module([statement], []), name, "exec"), names)


def test_examples_for_ranks():
    assert len(blocks()) > 30
    ranks.run(2, __file__, "in_ranks_examples")
