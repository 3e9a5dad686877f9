"""Every operator in PyTorch's own samples, computed by PyTorch and by cltensor.

    python tests/suites/operators.py [--only PREFIX] [--dtype float32] [--json FILE]
        [--write docs/coverage.md] [--jobs N] [--samples N] [--timeout S]

For each operator of torch.testing._internal.common_methods_invocations.op_db, the function of the
same name and path in cltensor gets the same arguments. Results are compared by PyTorch's
tolerances for the dtype (or be as near to its result in double precision as its own), then the
gradients of all inputs that require one. An operator without float32 is taken with int64, bool or
complex64.
Samples run in processes of their own: a crash or a hang is one line of the report.

--json keeps the results, and takes those of operators that are not run from the file; --write makes
the table of them. Needs PyTorch 2.13 and the package expecttest.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import runner

#: Operators that are left out, by regular expressions of their names, and why.
LEFT_OUT = {
    r"^_(?!_)|\._(?!_)": "internal to PyTorch",
    r"sparse": "sparse storage",
    r"^jiterator": "CUDA source as an argument",
    r"^(max_pool2d_with_indices_backward|native_dropout_backward|slice)$": "not public in PyTorch",
    r"^torch\.": "not public in PyTorch",
    r"^chalf$": "complex numbers of half precision, which OpenCL has not",
}
#: Where cltensor gives something else on purpose, by regular expressions of names, and why.
OTHERWISE = {
    r"^(addmv|addbmm|baddbmm)$": "refuses a fractional factor of integers, which PyTorch cuts off",
    r"avg_pool|local_response_norm": "refuses means of integers, which PyTorch cuts off",
    r"^(add|sub|rsub|index_add|full_like|scalar_tensor)$": (
        "refuses a number that the dtype does not hold, which PyTorch wraps around"
    ),
    r"^masked.logsumexp$": "gives floats for integers, which PyTorch cuts off",
    r"margin_ranking_loss": "does not negate unsigned targets, which PyTorch wraps around",
    r"interpolate|upsample": "rounds integers once, PyTorch after each axis",
    r"^(lin|log)space": "computes in double and rounds once, PyTorch in the dtype of the result",
    r"^m?sort$": "equal numbers keep their order, as PyTorch's do with stable=True",
    r"^(view_as_)?complex$": "complex numbers of half precision, which OpenCL has not",
    r"soft_margin_loss|^matrix_exp$": "computes 16 bits in float32, where PyTorch overflows",
    r"^special.bessel_(j0|y1)$": "PyTorch's float64 is up to 4e-7 off beyond 5, beside mpmath",
}


def reason(name: str) -> str | None:
    """Why the operator called `name` is left out, None if it is not."""
    return next((why for what, why in LEFT_OUT.items() if re.search(what, name)), None)


def title(operator: Any) -> str:
    """The operator's name, with that of the variant."""
    variant = operator.variant_test_name
    return f"{operator.name} ({variant})" if variant else operator.name


def entries() -> dict[str, Any]:
    """PyTorch's operators by name."""
    from torch.testing._internal.common_methods_invocations import op_db

    return {title(operator): operator for operator in op_db}


def _dtype(operator: Any, name: str) -> Any:
    import torch

    others = (torch.int64, torch.bool, torch.complex64) if name == "float32" else ()
    for dtype in (getattr(torch, name), *others):
        if dtype in operator.dtypes:
            return dtype
    return None


def result(operator: Any, dtype_name: str, most: int, pipe: Any) -> dict[str, Any]:
    """What comes of the samples of an operator, in a worker."""
    from comparison import compare, samples
    from translation import Missing, of_suite, ours

    import cltensor as ct

    why, dtype = reason(operator.name), _dtype(operator, dtype_name)
    if why or dtype is None:
        return {"state": "left out", "why": why or f"no samples of {dtype_name}"}
    try:
        ours(operator)
    except Missing as error:
        return {"state": "missing", "why": str(error)}
    simple = "." not in operator.name and not operator.variant_test_name
    lacks = simple and operator.method_variant and not hasattr(ct.Tensor, operator.name)
    return runner.tried(
        samples(operator, dtype),
        lambda sample: compare(operator, sample),
        dtype,
        most,
        pipe,
        ["no method of Tensor"] if lacks else [],
        of_suite(operator.op),
    )


def _row(name: str, result: dict[str, Any]) -> str:
    """A line of the table."""
    samples, note = "", result.get("why", "")
    if "passed" in result:
        samples = f"{result['passed']} of {result['passed'] + result['failed']}"
        note = result["errors"][0] if result["errors"] else ""
    if note and result["state"] in ("partly", "fails"):
        note = next((why for what, why in OTHERWISE.items() if re.search(what, name)), note)
    note = note.replace("|", "\\|").replace("<", "&lt;")
    return f"| {name} | {result['state']} | {samples} | {note} |"


_HEAD = ["| operator | state | samples | note |", "| --- | --- | --- | --- |"]


def table(kept: dict[str, dict[str, Any]]) -> str:
    """docs/coverage.md, of the results by dtype."""
    first = next(iter(sorted(kept, key=lambda d: d != "float32")))
    lines = [
        "# PyTorch's operators",
        "",
        "Written by `tests/suites/operators.py` ([testing.md](testing.md)); not by hand. Each "
        "operator of PyTorch 2.13's public samples,",
        f"{first} (int64, bool or complex64 where it takes no floats): whether cltensor has it "
        "under the same name, and gives the same results and gradients.",
        "",
        runner.summary(kept[first]),
        "",
        *_HEAD,
        *[_row(name, result) for name, result in sorted(kept[first].items())],
    ]
    for dtype in sorted(set(kept) - {first}):
        results = kept[dtype]
        rest = [_row(n, r) for n, r in sorted(results.items()) if r["state"] in ("partly", "fails")]
        lines += ["", f"## {dtype}", "", runner.summary(results)]
        lines += ["", *_HEAD, *rest] if rest else []
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what the command line asks for; the exit status tells whether all pass."""
    parser = runner.parser(__doc__)
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    found, kept = runner.run("operators", list(entries()), args)
    if args.write:
        args.write.write_text(table(kept))
    return runner.ended(found, "operators")


if __name__ == "__main__":
    sys.exit(main())
