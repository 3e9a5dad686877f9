"""Lengths as products of small factors, and the small transforms as C."""

from __future__ import annotations

from functools import cache, lru_cache
from math import cos, pi, sin

#: The odd factors that transforms of their own are written for.
ODD = (3, 5, 7, 11, 13)


@lru_cache(maxsize=4096)
def factors(n: int) -> tuple[int, ...] | None:
    """Factors of n, each 16, 8, 4, 2 or one of ODD; None where another prime divides n."""
    found = []
    for p in ODD:
        while n % p == 0:
            found.append(p)
            n //= p
    twos = n.bit_length() - 1
    if n != 1 << twos:
        return None
    while twos >= 3 and twos != 4:
        found.append(8)
        twos -= 3
    if twos:
        found.append(1 << twos)
    return tuple(sorted(found, reverse=True))


@lru_cache(maxsize=4096)
def smooth_above(n: int) -> int:
    """The smallest length of at least n whose factors are 2, 3 and 5."""
    best = 1 << (n - 1).bit_length()
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = threes << max(0, (-(-n // threes) - 1).bit_length())
            if n <= twos < best:
                best = twos
            threes *= 3
        fives *= 5
    return best


@lru_cache(maxsize=4096)
def divided(n: int) -> tuple[int, int] | None:
    """Two factors of n, neither with a prime that has no small transform, as near to each other as
    can be, the larger one first; None where n is no such product."""
    for low in range(int(n**0.5), 7, -1):
        if n % low == 0 and factors(low) and factors(n // low):
            return n // low, low
    return None


@cache
def butterfly(radix: int) -> tuple[str, ...]:
    """C statements that turn x0r, x0i, x1r, ... into y0r, y0i, ..., their transform:

        y_k = sum_j x_j exp(-2 pi i j k / radix)

    V is the type of the variables, R that of a part.
    """
    if radix % 2:
        return tuple(_odd(radix))
    lines: list[str] = []
    _even([f"x{j}" for j in range(radix)], [f"y{k}" for k in range(radix)], lines)
    return tuple(lines)


def _odd(radix: int) -> list[str]:
    """Elements j and radix - j share their cosines, and their sines but for the sign."""
    half = range(1, radix // 2 + 1)
    lines = []
    for part in "ri":
        for j in half:
            a, b = f"x{j}{part}", f"x{radix - j}{part}"
            lines.append(f"const V s{j}{part} = {a} + {b}, d{j}{part} = {a} - {b};")
        total = " + ".join([f"x0{part}", *[f"s{j}{part}" for j in half]])
        lines.append(f"const V y0{part} = {total};")
    for k in half:
        angles = {j: 2 * pi * (j * k % radix) / radix for j in half}
        for part in "ri":
            even = " + ".join([f"x0{part}", *[f"(R){cos(angles[j])!r} * s{j}{part}" for j in half]])
            odd = " + ".join([f"(R){sin(angles[j])!r} * d{j}{part}" for j in half])
            lines.append(f"const V e{k}{part} = {even}, o{k}{part} = {odd};")
        lines.append(f"const V y{k}r = e{k}r + o{k}i, y{k}i = e{k}i - o{k}r;")
        lines.append(f"const V y{radix - k}r = e{k}r - o{k}i, y{radix - k}i = e{k}i + o{k}r;")
    return lines


def _even(xs: list[str], ys: list[str], lines: list[str]) -> None:
    """Of a power of two: the transforms of the even and of the odd elements, put together."""
    n = len(xs)
    if n == 1:
        lines.append(f"const V {ys[0]}r = {xs[0]}r, {ys[0]}i = {xs[0]}i;")
        return
    half = n // 2
    es = [f"{ys[0]}e{n}_{k}" for k in range(half)] if n > 2 else [xs[0]]
    os = [f"{ys[0]}o{n}_{k}" for k in range(half)] if n > 2 else [xs[1]]
    if n > 2:
        _even(xs[::2], es, lines)
        _even(xs[1::2], os, lines)
    for k in range(half):
        e, o, y, z = es[k], os[k], ys[k], ys[k + half]
        if k == 0:
            r, i = f"{o}r", f"{o}i"
        elif 4 * k == n:
            r, i = f"{o}i", f"(-{o}r)"
        else:
            c, s = cos(2 * pi * k / n), sin(2 * pi * k / n)
            t = f"{y}t{n}"
            if 8 * k == n:
                real, imag = f"(R){c!r} * ({o}r + {o}i)", f"(R){c!r} * ({o}i - {o}r)"
            elif 8 * k == 3 * n:
                real, imag = f"(R){s!r} * ({o}i - {o}r)", f"(R){-s!r} * ({o}i + {o}r)"
            else:
                real = f"(R){c!r} * {o}r + (R){s!r} * {o}i"
                imag = f"(R){c!r} * {o}i - (R){s!r} * {o}r"
            lines.append(f"const V {t}r = {real}, {t}i = {imag};")
            r, i = f"{t}r", f"{t}i"
        lines.append(
            f"const V {y}r = {e}r + {r}, {y}i = {e}i + {i}, {z}r = {e}r - {r}, {z}i = {e}i - {i};"
        )
