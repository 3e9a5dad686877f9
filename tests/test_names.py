"""Keywords: by any usual name, once, and unknown ones listed, everywhere."""

import inspect

import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.tensor import Tensor

#: Modules whose public functions and classes are called with a keyword that nobody has.
MODULES = {
    "ct": ct,
    "F": F,
    "nn": ct.nn,
    "nn.init": ct.nn.init,
    "nn.utils": ct.nn.utils,
    "optim": ct.optim,
    "optim.lr_scheduler": ct.optim.lr_scheduler,
    "data": ct.data,
    "autograd": ct.autograd,
    "testing": ct.testing,
}


def public(module):
    names = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    for name in names:
        value = getattr(module, name)
        if not callable(value) or isinstance(value, type) and issubclass(value, BaseException):
            continue
        if getattr(value, "__module__", "cltensor").split(".")[0] == "cltensor":
            yield name, value


def everything():
    found = {}
    for prefix, module in MODULES.items():
        for name, value in public(module):
            if id(value) not in {id(v) for v in found.values()}:
                found[f"{prefix}.{name}"] = value
    return found


EVERYTHING = everything()
#: Methods that operations are made of; wrapping them would cost each of these time.
MACHINERY = {"as_strided", "empty", "from_numpy", "show"}
METHODS = [
    name
    for name in dir(Tensor)
    if name[0] != "_" and name not in MACHINERY and callable(getattr(Tensor, name))
]
#: What takes keywords that it does not know, and why.
TAKES_ANY = {
    "nn.Identity": "as PyTorch's, so that it can stand for any layer",
    "ct.Size": "a tuple, which takes none",
    "ct.explain": "gives them to the function that is explained",
}


def has_parameters(function):
    parameters = inspect.signature(function).parameters.values()
    return any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)


def refused(function):
    return (
        "there is no keyword 'bogus'; it takes"
        if has_parameters(function)
        else "no keyword 'bogus'|unexpected keyword|takes no (keyword )?arguments"
    )


@pytest.mark.parametrize("name", sorted(set(EVERYTHING) - set(TAKES_ANY)))
def test_an_unknown_keyword_is_an_error_that_lists_the_accepted_ones(device, name):
    function = EVERYTHING[name]
    with pytest.raises(TypeError, match=refused(function)):
        function(bogus=1)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_so_it_is_for_methods(device, name, recorded):
    x = ct.ones(2, 2, requires_grad=recorded) * 1
    method = getattr(x, name)
    with pytest.raises(TypeError, match=refused(method)):
        method(bogus=1)
