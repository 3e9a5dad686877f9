"""The package of operations: its modules, and what they declare."""

from cltensor import ops
from cltensor.core.composite import gather
from cltensor.core.op import OPERATIONS


def test_all_modules_are_found():
    names = [module.__name__ for module in ops.modules()]
    assert len(names) == len(set(names)) > 30
    assert {
        "cltensor.ops.sort",
        "cltensor.ops.conv.conv",
        "cltensor.ops.elementwise.arithmetic",
    } <= {*names}


def test_no_name_is_declared_twice_and_operations_are_registered():
    functions = gather(ops.modules())
    assert {"exp", "matmul", "max", "cat", "conv2d"} <= set(functions)
    assert OPERATIONS["exp"] is functions["exp"]
