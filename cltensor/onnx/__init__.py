"""ONNX files: `load` makes a Module of one, `export` writes one of a Module."""

from cltensor.onnx.export import export
from cltensor.onnx.load import load, supported
from cltensor.onnx.module import GraphModule

__all__ = ["GraphModule", "export", "load", "supported"]
