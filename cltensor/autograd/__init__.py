"""Recording of operations and the backward pass over the record.

A Tensor that takes part in differentiation has a node of the graph. The backward pass (`engine`)
hands gradients from node to node by the operations' own rules.
"""

from sys import modules as _modules

from cltensor.autograd import anomaly, graph, multigrad, record, saved
from cltensor.autograd.anomaly import detect_anomaly, set_detect_anomaly
from cltensor.autograd.derivatives import backward, grad
from cltensor.autograd.engine import Pass
from cltensor.autograd.function import Context, Function
from cltensor.autograd.graph import Node
from cltensor.autograd.record import Variable
from cltensor.core import mode
from cltensor.core.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest

__all__ = [
    "Context",
    "Function",
    "Node",
    "Pass",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]

#: Where PyTorch has them: hooks know of nodes, not nodes of hooks.
vars(graph).update({
    name: getattr(module, name) for module in (multigrad, saved) for name in module.__all__
})  # fmt: skip
_name_all(globals(), set(__all__) - {"functional", "graph", "profiler"})
_place("cltensor.autograd", {"anomaly_mode": anomaly, "grad_mode": mode, "variable": record})
#: What lies above is imported when it is first asked for.
_suggest(
    _modules["cltensor.autograd"],
    later={
        "functional": "autograd.functional",
        "gradcheck": "testing",
        "gradgradcheck": "testing",
        "profiler": "autograd.profiler",
    },
)
