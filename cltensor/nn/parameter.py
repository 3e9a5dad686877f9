"""Parameter: a Variable that a Module counts among its own weights."""

from __future__ import annotations

from cltensor.autograd import Variable
from cltensor.tensor import Tensor


class Parameter(Variable):
    """A leaf Variable that registers itself when it is set as a Module's attribute.

    Args:    data: a Tensor, or a Variable whose value is taken and whose history is left behind;
             requires_grad: False for a weight that shall stay as it is.
    """

    def __init__(self, data: Tensor | Variable, requires_grad: bool = True) -> None:
        values = data.data if isinstance(data, Variable) else data
        super().__init__(values, requires_grad=requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
