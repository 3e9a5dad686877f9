"""Small ONNX models, made by the package onnx, and modules written and read again."""

import io

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn

helper = pytest.importorskip("onnx.helper", reason="needs the extra 'onnx'")
onnx = pytest.importorskip("onnx")

FLOAT, INT64, BOOL = 1, 7, 9


def value(name, shape=None, kind=FLOAT):
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def node(operator, inputs, outputs, **attributes):
    """A node; names of inputs and outputs in a string."""
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def tensor(name, array):
    """An initializer."""
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def graph(nodes, inputs, outputs, initializers=(), name="main"):
    """A graph."""
    return helper.make_graph(nodes, name, inputs, outputs, list(initializers))


def model(nodes, inputs, outputs, initializers=(), version=18, **more):
    """The message of a whole model."""
    made = graph(nodes, inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", version), *more.pop("opsets", ())]
    return helper.make_model(made, opset_imports=opsets, **more)


def loaded(*args, **more):
    """The module of such a model."""
    return ct.onnx.load(model(*args, **more).SerializeToString())


class Of(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)


def written(module, *args, **more):
    """The message that `export` writes of a module."""
    file = io.BytesIO()
    ct.onnx.export(module, args, file, **more)
    return onnx.load_from_string(file.getvalue())


def operators(message):
    """The operators of a message's nodes, without those that name the outputs."""
    return [n.op_type for n in message.graph.node if not n.output[0].startswith("output")]


def same_in_runtime(message, module, *args):
    """Fail unless onnxruntime, where it is there, gives the same as the module."""
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'test'")
    session = runtime.InferenceSession(
        message.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [i.name for i in session.get_inputs()]
    found = session.run(None, dict(zip(names, [x.numpy() for x in args], strict=True)))
    wanted = module(*args)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(f, w.detach().numpy(), rtol=1e-4, atol=1e-5)
