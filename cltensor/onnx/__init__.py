"""ONNX files: `load` makes a Module of one."""

from cltensor.onnx.load import load
from cltensor.onnx.module import GraphModule
from cltensor.onnx.table import supported

__all__ = ["GraphModule", "load", "supported"]
