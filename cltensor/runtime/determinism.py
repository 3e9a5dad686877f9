"""Whether results shall be the same bits on every device, and what is refused then.

`ops/switches.py` has PyTorch's name for it, and docs/reproducibility.md what is promised. A kernel
built in this mode is compiled without contraction, with functions of its own (math.cl). What adds
floats up does so in one order, which only the sizes decide (`reduce_fixed.cl`, `gemm_fixed.cl`),
whatever device, tile or group; `build` lets no other kernel through.
"""

from __future__ import annotations

import re
import warnings

from cltensor.errors import DeterminismError
from cltensor.runtime.callers import users_frame

OFF, WARN, ERROR = range(3)


class Determinism:
    """What was asked for, in the whole process."""

    level = OFF


#: Templates whose results depend on no order: each element is a formula of its own, is moved, or
#: is added up in the one order that the sizes decide. (What reduce_merge merges is the best of each
#: part: the kernel for the moments of a part, which it merges, too, is refused before.)
FIXED = frozenset(
    """
    best chances conv_fixed_image conv_fixed_places conv_fixed_rows copy ctc gather
    gemm_fixed gemm_fixed_pack label_pick nonzero nonzero_count nonzero_gpu one_hot outside
    overlap_add pick pointwise pointwise_tiles pool pool_gpu pool_grad pool_grad_gpu
    radix_count radix_move_gpu radix_rows random recurrence recurrent_grad recurrent_step
    recurrent_sum reduce_fixed reduce_merge resample sample scan scan_extreme scatter_add
    scatter_fixed search select_digit select_place sort_merge sort_rows_gpu sort_runs split_count
    split_digit split_move split_plan split_range split_sort tally
    """.split()
)
#: Functions that drivers compute to some ulp, each its own way, and for which neither the prelude
#: nor cl_kernels/special has one of ours.
_VAGUE = re.compile(
    r"(\b(?:native_\w+|half_\w+|lgamma|tgamma|cbrt|exp10|cospi|sinpi|tanpi|erfc?|rootn|powr"
    r"|pown|acospi|asinpi|atanpi|atan2pi|mad|dot|cross|length|normalize|distance|fast_\w+"
    r"|lgamma_r|sincos|mix|smoothstep|degrees|radians|__builtin_\w+)\s*\("
    # Of other spellings: what is in parentheses is no macro, which would call ours.
    r"|(?<=\()(?:a?(?:sin|cos|tan)h?|atan2|exp\w*|log\w*|pow|hypot)\s*\)\s*\()"
)
#: Of float64, those that math.cl leaves to the driver, and functions of ours that call such.
_VAGUE_WIDE = re.compile(
    r"\b(a?(?:sin|cos|tan)h?|atan2|exp(?:2|10|m1)?|log(?:2|10|1p)?|pow|hypot"
    r"|ct_(?!(?:rsqrt|remainder|floor_divide|power|gcd|magnitude|wide|b?float16_of)\b)\w+"
    r"|cx_(?!(?:make|scaled|conj|turned|back|mul|div|inf|finite)\b)\w+)\s*\("
)
_WIDE = re.compile(r"\b(?:convert_)?double\d*\b")
#: What computes a float32, in a kernel that has float64, too.
_NARROW = re.compile(r"\bfloat\d* \w+ = (?![^;]*double)[^;]*;")
_FLOATS = re.compile(r"\b(?:float|double|half)\d*\b|\bct_b?float16")


def is_deterministic() -> bool:
    """Whether the same bits are asked for."""
    return Determinism.level > OFF


def refuse(what: str) -> None:
    """Raise DeterminismError, or warn, of `what`, which is not the same bits on every device."""
    text = (
        f"{what} is not the same bits on every device, which ct.use_deterministic_algorithms(True) "
        "asks for; with warn_only=True it only warns"
    )
    if Determinism.level == ERROR:
        raise DeterminismError(text)
    warnings.warn(text, RuntimeWarning, stacklevel=users_frame()[1] + 1)


def require_fixed(name: str, source: str, origin: str, ordered: bool | None = None) -> None:
    """Refuse a kernel, by template and own source, unless its results are the same everywhere.
    Comments, and what it calls of ours, are left out of the source.

    ordered: whether it adds up, if at all, what is the same in any order; None for a template.
    """
    if not _FLOATS.search(source):
        return
    if not (name in FIXED if ordered is None else ordered):
        refuse(f"what the kernel {name} computes")
    vague, rest = _VAGUE.search(source), _NARROW.sub("", source)
    if vague is None and _WIDE.search(rest):
        vague = _VAGUE_WIDE.search(rest)
    if vague:
        refuse(f"the function {vague[1].rstrip('() ')} in {origin}")
