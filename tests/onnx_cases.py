"""ONNX's own cases for its operators: a model of one node, inputs, and what comes out."""

import importlib
import sys
import warnings

import numpy as np

import cltensor as ct
from cltensor.onnx.narrow import NARROW, Narrow

#: What a case draws at random is compared by shape and dtype alone.
DRAWN = ("test_bernoulli", "test_training_dropout")
#: Our numbers for the types of ml_dtypes that are no dtype here.
_NARROW = {
    "float8_e4m3fn": 17, "float8_e4m3fnuz": 18, "float8_e5m2": 19, "float8_e5m2fnuz": 20,
    "uint4": 21, "int4": 22, "float4_e2m1fn": 23, "float8_e8m0fnu": 24, "uint2": 25, "int2": 26,
}  # fmt: skip


def modules():
    """The names of the modules that hold the cases, an operator each."""
    import pkgutil

    node = importlib.import_module("onnx.backend.test.case.node")
    return [name for _, name, package in pkgutil.iter_modules(node.__path__) if not package]


def cases(module):
    """The cases in a module whose model is one operator of the default domain."""
    node = importlib.import_module("onnx.backend.test.case.node")
    name = f"onnx.backend.test.case.node.{module}"
    start = len(node._NodeTestCases)
    sys.modules.pop(name, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(name)
    found, node._NodeTestCases[start:] = node._NodeTestCases[start:], []
    return [c for c in found if "_expanded" not in c.name and _is_single(c.model)]


def _is_single(model):
    return len(model.graph.node) == 1 and model.graph.node[0].domain in ("", "ai.onnx")


def given(value):
    """An input of a case as a module takes it."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return [given(v) for v in value]
    array = _array(value)
    if array.dtype.name in _NARROW:
        kind = NARROW[_NARROW[array.dtype.name]]
        codes = array.view(np.uint8) & ((1 << kind.bits) - 1)
        return Narrow(kind, ct.tensor(codes))
    if array.dtype.name == "bfloat16":
        return ct.tensor(array.astype(np.float32)).astype(ct.bfloat16)
    return ct.tensor(np.ascontiguousarray(array).reshape(array.shape))


def _array(value):
    if hasattr(value, "raw_data"):
        return importlib.import_module("onnx.numpy_helper").to_array(value)
    return np.asarray(value)


def compare(found, wanted, case):
    """Fail unless an output is what the case says."""
    if wanted is None:
        assert found is None
    elif isinstance(wanted, (list, tuple)):
        assert isinstance(found, list)
        for f, w in zip(found, wanted, strict=True):
            compare(f, w, case)
    else:
        _compare_arrays(found, _array(wanted), case)


def _compare_arrays(found, wanted, case):
    assert tuple(found.shape) == wanted.shape
    if isinstance(found, Narrow):
        numbers = found.kind.values[found.codes.numpy()].astype(np.float32)
        np.testing.assert_array_equal(numbers, wanted.astype(np.float32))
        return
    assert found.dtype.name == wanted.dtype.name
    if case.name.startswith(DRAWN):
        return
    if found.dtype.kind not in "fc":
        np.testing.assert_array_equal(found.numpy(), wanted)
        return
    rtol, atol = max(case.rtol, 1e-5), max(case.atol, 1e-6)
    if found.dtype.name == "float16":
        rtol, atol = 2e-3, 1e-3
    if found.dtype.name == "bfloat16":
        found, wanted, rtol, atol = found.astype("float32"), wanted.astype(np.float32), 1e-2, 1e-2
    np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=rtol, atol=atol)


def run(case):
    """Compute a case and compare. Raises DataError for one that `load` refuses."""
    module = ct.onnx.load(case.model.SerializeToString())
    for inputs, outputs in case.data_sets:
        found = module(*[given(x) for x in inputs])
        found = found if isinstance(found, tuple) else (found,)
        for f, w in zip(found, outputs, strict=True):
            compare(f, w, case)


def check(module, most=2):
    """Compute the first cases of a module that are not refused."""
    done = 0
    for case in cases(module):
        if done == most:
            break
        run(case)
        done += 1
    assert done
