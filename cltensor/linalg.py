"""Linear algebra, under PyTorch's names (`ct.linalg`).

The functions declared for this namespace in `cltensor.ops`, and those of the main one that belong
to it as well.
"""

from sys import modules as _modules

from cltensor import ops as _ops
from cltensor.core.composite import publish as _publish

_publish(
    _modules[__name__], _ops.modules(),
    "cholesky", "det", "matmul", "matrix_exp", "matrix_power", "slogdet",
    householder_product="orgqr", inv="inverse",
)  # fmt: skip
