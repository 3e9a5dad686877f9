"""The examples in docstrings, each run, and compared with what it says it gives."""

import doctest
import importlib
import inspect
import math

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional
from cltensor.vision import transforms
from cltensor.vision.transforms import functional as changes

#: What examples take for given.
GIVEN = {
    "ct": ct, "np": np, "nn": nn, "F": functional, "math": math, "transforms": transforms,
    "TF": changes,
}  # fmt: skip
NAMESPACES = [
    "cltensor", "cltensor.linalg", "cltensor.fft", "cltensor.special", "cltensor.signal.windows",
    "cltensor.func", "cltensor.autograd", "cltensor.autograd.functional", "cltensor.nn",
    "cltensor.nn.functional", "cltensor.nn.init", "cltensor.nn.utils", "cltensor.nn.utils.rnn",
    "cltensor.nn.utils.parametrize", "cltensor.nn.utils.parametrizations",
    "cltensor.nn.utils.prune", "cltensor.optim", "cltensor.optim.lr_scheduler",
    "cltensor.optim.swa_utils", "cltensor.utils.data", "cltensor.utils.checkpoint",
    "cltensor.masked", "cltensor.distributions", "cltensor.testing", "cltensor.profiler",
    "cltensor.vision.transforms", "cltensor.vision.transforms.functional",
]  # fmt: skip


def examples(namespace):
    """The docstrings with examples of what a namespace names, by name, each once."""
    module, found = importlib.import_module(namespace), {}
    for name in getattr(module, "__all__", None) or dir(module):
        value = getattr(module, name)
        text = (inspect.getdoc(value) or "") if callable(value) else ""
        if ">>>" in text and text not in found.values():
            found[name] = text
    return found


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_examples_give_what_they_say(namespace, device):
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
