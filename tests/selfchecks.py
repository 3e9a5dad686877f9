"""The checks of the self-test, run in this process: which are wrong, and which see nothing."""

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.selftest.checks import Family
from cltensor.selftest.worker import tried


def checks_of(module, every=False):
    """The checks of a module's families, by default those of a quick run."""
    families = [v for v in vars(module).values() if type(v) is Family]
    assert families
    return [c for family in families for c in family.checks if every or c.brief]


def failures(module, every=False):
    """What went wrong in the checks, by name."""
    found = {f"{c.family}: {c.name}": tried(c) for c in checks_of(module, every)}
    return {n: f["message"] for n, f in found.items() if f["verdict"] not in ("right", "left out")}


def spoiled(array):
    """The array with another first element."""
    array = array.copy()
    if array.size:
        first = array.reshape(-1)[:1]
        wrong = (
            ~first if array.dtype.kind == "b" else first + 1 if array.dtype.kind in "iu" else 1e3
        )
        array.reshape(-1)[:1] = np.asarray(wrong).astype(array.dtype)
    return array


def blind(module, monkeypatch):
    """The names of the quick checks that are content though each array that is read back is wrong
    in one element."""
    numpy = Tensor.numpy
    monkeypatch.setattr(Tensor, "numpy", lambda self, *a, **k: spoiled(numpy(self, *a, **k)))
    found = [c.name for c in checks_of(module) if tried(c)["verdict"] == "right"]
    monkeypatch.undo()
    return found
