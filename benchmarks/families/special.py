"""Special functions of 1e6 numbers, counted in elements."""

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Library

FAMILY = "special"


def _case(name: str, function: Callable[[Any, Any], Any]) -> Case:
    """`function` of torch.special, or ours, and of numbers from 0.1 to some 4."""

    def build(lib: Library):
        x = abs(lib.normal(10**6)) + 0.1
        if lib.is_ours:
            x = x.realize()
        return lambda: function(lib.m.special, x)

    return Case(FAMILY, name, build, 1e6, "million/s", rivals=("torch",))


def cases() -> list[Case]:
    """The cases of this family."""
    names = ("erf", "erfinv", "erfcx", "ndtri", "digamma", "i0", "i1e", "bessel_j0", "bessel_y1")
    aliases = {"lgamma": "gammaln"}
    return [
        *[_case(name, lambda special, x, name=name: getattr(special, name)(x)) for name in names],
        *[_case(name, lambda s, x, own=own: getattr(s, own)(x)) for name, own in aliases.items()],
        _case("gammainc", lambda special, x: special.gammainc(x, x)),
        _case("zeta", lambda special, x: special.zeta(x + 1, x)),
        _case("xlogy", lambda special, x: special.xlogy(x, x)),
    ]
