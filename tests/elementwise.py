"""The dtypes of elementwise operations, and the operations that other answers say more of."""

from cltensor import ops
from cltensor.core.op import OPERATIONS, Op
from cltensor.selftest.answers import ANSWERS

FLOATS, INTEGERS = ("float32", "float64"), ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")


def special():
    """Names of the operations of cltensor.ops.special, and of the slopes of such functions, which
    their own files of tests compare with mpmath."""
    modules = [m for m in ops.modules() if ".special." in m.__name__]
    found = {v.name for m in modules for v in vars(m).values() if isinstance(v, Op)}
    return (found | {n for n in OPERATIONS if n.endswith("_slope")}) - set(ANSWERS)
