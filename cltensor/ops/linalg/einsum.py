"""Sums of products in Einstein's notation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from cltensor.core.composite import composite
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.reduce.fold import sum
from cltensor.ops.shape.cut import diagonal
from cltensor.ops.shape.view import broadcast_to, movedim, permute, reshape, unsqueeze

_DOTS = "..."
#: A label of an axis: a letter, or the place of an axis of "..." counted from the last.
Label = str | int
Term = tuple[Label, ...]


def _letters(text: str, operation: str) -> list[str]:
    """The labels of one operand, "..." being one. Raises ShapeError for other characters."""
    text = text.replace(" ", "")
    before, dots, after = text.partition(_DOTS)
    if not all(c.isascii() and c.isalpha() for c in before + after):
        raise ShapeError(
            f"{operation}: {text!r} names axes by something else than letters and one '...'"
        )
    return [*before, *([_DOTS] if dots else []), *after]


def _number_label(number: Any) -> str:
    if number is Ellipsis:
        return _DOTS
    number = int(number)
    if not 0 <= number < 52:
        raise ShapeError(f"einsum: {number} in a list of axes is not from 0 to 51")
    return chr(ord("A") + number) if number < 26 else chr(ord("a") + number - 26)


def _from_lists(args: Sequence[Any]) -> tuple[list[list[str]], list[str] | None, list[Any]]:
    """What einsum(x, [0, 1], y, [1, 2], [0, 2]) says."""
    operands = list(args[0 : len(args) - len(args) % 2 : 2])
    terms = [[_number_label(n) for n in each] for each in args[1::2]]
    wanted = [_number_label(n) for n in args[-1]] if len(args) % 2 else None
    return terms, wanted, operands


def _from_text(
    equation: str, operands: Sequence[Any]
) -> tuple[list[list[str]], list[str] | None, list[Any]]:
    left, arrow, right = equation.partition("->")
    terms = [_letters(term, "einsum") for term in left.split(",")]
    return terms, _letters(right, "einsum") if arrow else None, list(operands)


def _spelled(term: Sequence[str], ndim: int) -> Term:
    """The labels of all axes of an operand: "..." gives those that are left, numbered from the
    last."""
    dots = ndim - (len(term) - term.count(_DOTS))
    if dots < 0 or (dots and _DOTS not in term):
        raise ShapeError(
            f"einsum: {''.join(term)!r} names {len(term)} axes of an operand with {ndim}; name "
            "each, or write '...'"
        )
    more: list[Label] = list(range(dots - 1, -1, -1))
    found: list[Label] = []
    for label in term:
        found += more if label == _DOTS else [label]
    return tuple(found)


def _output(terms: Sequence[Term], wanted: Sequence[str] | None) -> Term:
    """The labels of the result: as written, or those that come once, in alphabetical order."""
    flat = [label for term in terms for label in term]
    dots = sorted({label for label in flat if isinstance(label, int)}, reverse=True)
    letters = [label for label in flat if isinstance(label, str)]
    if wanted is None:
        return (*dots, *sorted(c for c in set(letters) if letters.count(c) == 1))
    found: list[Label] = []
    for label in wanted:
        found += dots if label == _DOTS else [label]
    for name in found:
        if name not in flat or found.count(name) > 1:
            raise ShapeError(
                f"einsum: the result names axis {name!r}, which no operand has, or twice"
            )
    return tuple(found)


def _without_repeats(x: Any, term: Term) -> tuple[Any, Term]:
    """x with the diagonal of axes of one label."""
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            i = term.index(label)
            j = term.index(label, i + 1)
            if x.shape[i] != x.shape[j]:
                raise ShapeError(
                    f"einsum: axes {i} and {j} of shape {x.shape} are both {label!r} and differ"
                )
            x = movedim(diagonal(x, 0, i, j), -1, i)
            term = (*term[:j], *term[j + 1 :])
    return x, term


def _summed(x: Any, term: Term, keep: set[Label]) -> tuple[Any, Term]:
    """x summed over the axes whose labels nobody keeps."""
    axes = tuple([d for d, label in enumerate(term) if label not in keep])
    if not axes:
        return x, term
    return sum(x, axes), tuple([label for label in term if label in keep])


def _pair(a: Any, of_a: Term, b: Any, of_b: Term, keep: set[Label]) -> tuple[Any, Term]:
    """The product of two operands, summed over the labels that nobody keeps: a stack of matrix
    products."""
    a, of_a = _summed(a, of_a, keep | set(of_b))
    b, of_b = _summed(b, of_b, keep | set(of_a))
    shared = [label for label in of_a if label in of_b]
    batch = [label for label in shared if label in keep]
    inner = [label for label in shared if label not in keep]
    rows = [label for label in of_a if label not in shared]
    columns = [label for label in of_b if label not in shared]
    size = dict(zip(of_a, a.shape, strict=True)) | dict(zip(of_b, b.shape, strict=True))
    result = (*batch, *rows, *columns)
    left = permute(a, [of_a.index(label) for label in (*batch, *rows, *inner)])
    right = permute(b, [of_b.index(label) for label in (*batch, *inner, *columns)])
    if not inner:
        for _ in columns:
            left = unsqueeze(left, -1)
        for _ in rows:
            right = unsqueeze(right, len(batch))
        return multiply(left, right), result

    def sizes(*labels: Sequence[Label]) -> tuple[int, ...]:
        return tuple([prod([size[label] for label in group]) for group in labels])

    outer = tuple([size[label] for label in batch])
    left = reshape(left, (*outer, *sizes(rows, inner)))
    right = reshape(right, (*outer, *sizes(inner, columns)))
    return reshape(matmul(left, right), tuple([size[label] for label in result])), result


@lru_cache(maxsize=1024)
def _path(
    terms: tuple[Term, ...], output: Term, sizes: tuple[tuple[Label, int], ...]
) -> tuple[tuple[int, int], ...]:
    """Which two operands to multiply next, the result coming last: by opt_einsum if it is
    installed, else from left to right."""
    try:
        import opt_einsum
    except ImportError:
        return ((0, 1),) + tuple([(0, k) for k in range(len(terms) - 2, 0, -1)])
    symbols = {label: opt_einsum.get_symbol(k) for k, (label, _) in enumerate(sizes)}
    names = ["".join([symbols[label] for label in term]) for term in (*terms, output)]
    size = dict(sizes)
    shapes = [tuple([size[label] for label in term]) for term in terms]
    equation = f"{','.join(names[:-1])}->{names[-1]}"
    steps, _ = opt_einsum.contract_path(equation, *shapes, shapes=True)
    return tuple([(step[0], step[1]) for step in steps if len(step) == 2])


@composite(method=False)
def einsum(*args: Any) -> Tensor:
    """Sums of products of elements over axes with names.

        einsum("bij,bjk->bik", x, y)[b, i, k] = sum_j x[b, i, j] * y[b, j, k]

    Args:    an equation and operands, or operands each with a list of numbers for its axes, and
             perhaps one for the result. "..." stands for further axes, which broadcast; without
             "->" the result has the axes that are named once, in alphabetical order. An axis of
             size 1 goes with any other of its name.
    Returns: the sums, in the operands' dtype; integers that are summed before they are multiplied,
             or alone, become int64. Of more than two operands, those are multiplied
             first that opt_einsum says, if it is installed; else from left to right.
    Raises:  ShapeError for an equation that does not fit the operands.

    >>> ct.einsum("ij,jk->ik", ct.ones(2, 3), ct.ones(3, 2))
    tensor([[3., 3.],
            [3., 3.]])
    """
    if args and isinstance(args[0], str):
        operands = args[1:]
        if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
            operands = tuple(operands[0])
        named, wanted, xs = _from_text(args[0], operands)
    else:
        named, wanted, xs = _from_lists(args)
    if len(named) != len(xs) or not xs:
        raise ShapeError(f"einsum: {len(named)} lists of axes for {len(xs)} operands")
    for x in xs:
        require_tensor("einsum", "an operand", x)
    terms = [_spelled(term, x.ndim) for term, x in zip(named, xs, strict=True)]
    output = _output(terms, wanted)
    made = [_without_repeats(x, term) for x, term in zip(xs, terms, strict=True)]
    return _contracted(_of_one_size(made), output)


def _of_one_size(made: Sequence[tuple[Any, Term]]) -> list[tuple[Any, Term]]:
    """The operands with axes of size 1 repeated where another operand has more."""
    size: dict[Label, int] = {}
    for x, term in made:
        for label, n in zip(term, x.shape, strict=True):
            if size.setdefault(label, n) in (1, n):
                size[label] = n
            elif n != 1:
                raise ShapeError(
                    f"einsum: axis {label!r} is of size {size[label]} and, in shape {x.shape}, {n}"
                )
    return [(broadcast_to(x, [size[label] for label in term]), term) for x, term in made]


def _contracted(made: list[tuple[Any, Term]], output: Term) -> Any:
    if len(made) > 1:
        size = {label: n for x, term in made for label, n in zip(term, x.shape, strict=True)}
        path = _path(tuple([term for _, term in made]), output, tuple(size.items()))
        for i, j in path:
            later, earlier = max(i, j), min(i, j)
            (b, of_b), (a, of_a) = made.pop(later), made.pop(earlier)
            keep = set(output).union(*[term for _, term in made])
            made.append(_pair(a, of_a, b, of_b, keep))
    x, term = _summed(*made[0], set(output))
    order = [term.index(label) for label in output]
    return permute(x, order) if order != sorted(order) else x
