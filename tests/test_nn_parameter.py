"""Parameter: a leaf that says what it is."""

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable


def test_parameter_text_and_class():
    parameter = nn.Parameter(ct.ones(2))
    assert repr(parameter) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert isinstance(parameter, Variable)
    assert type(parameter * 2) is Variable
    frozen = nn.Parameter(Variable(ct.ones(2), requires_grad=True), requires_grad=False)
    assert not frozen.requires_grad
