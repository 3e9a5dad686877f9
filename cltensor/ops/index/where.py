"""where: of two, by a condition; and where a condition holds."""

from __future__ import annotations

from typing import Any

from cltensor.core.checks import NOT_GIVEN
from cltensor.core.composite import composite
from cltensor.core.op import require_tensor
from cltensor.ops.elementwise import select
from cltensor.ops.index.pick import nonzero


@composite(method=False)
def where(condition: Any, a: Any = NOT_GIVEN, b: Any = NOT_GIVEN) -> Any:
    """a where `condition` holds, b elsewhere; all three broadcast. condition is a bool tensor.

    where(condition) alone gives a vector of indices for each axis, as nonzero does as a tuple.
    """
    if a is NOT_GIVEN or b is NOT_GIVEN:
        if a is not b:
            raise TypeError("where: takes a condition alone, or two tensors or numbers more")
        require_tensor("where", "condition", condition)
        return nonzero(condition, as_tuple=True)
    return select.where(condition, a, b)
