## Pieces of the special functions. Each file of this folder holds functions of one family, and comes
## in front of the kernels that call one of them (see cltensor/runtime/source.py).
##
## Polynomials are tables of coefficients, the constant one first, for float and for double: those of
## Chebyshev interpolation at 50 digits, good to 2^-25 and 2^-54 of the value.

## The polynomial `table` of T at x, by Horner's rule.
<%def name="horner(T, x, table)"><%
    terms = [f"{c}f" if T == "float" else c for c in table[T].split()]
    text = terms[-1]
    for c in reversed(terms[:-1]):
        text = f"({text} * {x} + {c})"
    context.write(text)
%></%def>

## x from [low, high], a number of T, as one from [-1, 1].
<%def name="scaled(T, x, low, high)"><%
    context.write(f"(({x}) * ({T}){2 / (high - low)!r} - ({T}){(high + low) / (high - low)!r})")
%></%def>
