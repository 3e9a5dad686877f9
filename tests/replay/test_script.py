"""PyTorch's names for programs in a language of its own: here they are what they are."""

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.errors import DataError


def test_what_is_given_is_given_back():
    model = nn.Linear(2, 2)
    assert ct.jit.script(model) is model
    assert ct.jit.trace(model, ct.ones(1, 2)) is model
    assert ct.jit.script(abs) is abs
    assert not ct.jit.is_scripting()
    assert not ct.jit.is_tracing()
    for decorate in (ct.jit.ignore, ct.jit.ignore(drop=True), ct.jit.unused, ct.jit.export):
        assert decorate(abs) is abs

    @ct.jit
    def double(x):
        return x * 2

    assert double(ct.ones(1)).item() == 2


def test_there_are_no_files_of_programs():
    for function in (ct.jit.save, ct.jit.load):
        with pytest.raises(DataError, match=r"save the state with ct\.save"):
            function("model.pt")
