"""The exception classes: what they are caught as, and how they print."""

import pytest

import cltensor as ct
from cltensor import errors

BUILT_IN = {
    "ShapeError": ValueError,
    "DTypeError": TypeError,
    "DeviceError": RuntimeError,
    "KernelError": RuntimeError,
    "OutOfMemoryError": MemoryError,
    "GradientError": RuntimeError,
    "VmapError": RuntimeError,
    "DeterminismError": RuntimeError,
    "DistributedError": RuntimeError,
    "LinAlgError": RuntimeError,
    "IndexingError": IndexError,
    "DataError": ValueError,
    "MissingFileError": FileNotFoundError,
    "StateError": KeyError,
    "SettingError": ValueError,
    "DependencyError": ImportError,
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_error_is_also_the_built_in_one(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.CLTensorError)
    assert issubclass(kind, BUILT_IN[name])


def test_no_error_is_missing_from_the_table():
    found = {k for k, v in vars(errors).items() if isinstance(v, type) and k != "CLTensorError"}
    assert found == set(BUILT_IN)


def test_state_error_prints_lines_and_not_their_repr():
    assert str(errors.StateError("first\nsecond")) == "first\nsecond"


def test_errors_are_those_that_programs_for_pytorch_catch():
    found = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, Exception)]
    assert len(found) > 10
    assert all(issubclass(v, RuntimeError) for v in found)
    with pytest.raises(RuntimeError, match="matmul"):
        ct.ones(2, 3) @ ct.ones(2, 3)
