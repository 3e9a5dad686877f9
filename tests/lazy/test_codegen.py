"""Formulas, collapsed iteration spaces, and the text that templates get."""

import itertools

import numpy as np
import pytest

from cltensor.lazy.codegen import (
    BROADCAST,
    STRIDED,
    UNIT,
    Formula,
    Reduction,
    contiguous_strides,
    geometry,
)

F32, I8 = np.dtype("float32"), np.dtype("int8")


def walk(shape, strides, kept=None, *more):
    """The geometry of one operand of `shape`, or of several."""
    return geometry(shape, ((shape, strides), *more), kept)


def test_contiguous_strides():
    assert contiguous_strides((2, 3, 4)) == (12, 4, 1)
    assert contiguous_strides(()) == ()
    assert contiguous_strides((3, 0, 2)) == (2, 2, 1)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 4), (1, 5, 1), (2, 1, 3)])
def test_contiguous_operands_collapse_to_one_dimension(shape):
    space = walk(shape, contiguous_strides(shape))
    assert space.sizes == (int(np.prod(shape)),)
    assert space.flags == ((UNIT,),)
    assert space.strides == ()


def test_transposes_stay_apart_and_ones_disappear():
    space = walk((3, 1, 4), (1, 7, 3))
    assert space.sizes == (3, 4)
    assert space.flags == ((UNIT, STRIDED),)
    assert space.strides == (3,)


def test_broadcast_operands_have_stride_zero():
    space = geometry((3, 4), (((3, 1), (1, 1)), ((4,), (1,)), ((), ())))
    assert space.sizes == (3, 4)
    assert space.flags == ((UNIT, BROADCAST), (BROADCAST, UNIT), (BROADCAST, BROADCAST))


def test_reversed_and_stepped_runs_collapse_too():
    assert walk((2, 3), (-3, -1)).sizes == (6,)
    assert walk((2, 3), (-3, -1)).strides == (-1,)
    assert walk((2, 3), (6, 2)).strides == (2,)


def test_kept_and_reduced_dimensions_never_merge():
    space = walk((2, 3, 4), (12, 4, 1), (True, True, False))
    assert space.sizes == (6, 4)
    assert space.kept == (True, False)
    assert walk((2, 3, 4), (12, 4, 1), (False, False, False)).sizes == (24,)


def test_a_single_element_is_one_step():
    for shape in ((), (1,), (1, 1)):
        space = walk(shape, contiguous_strides(shape))
        assert space.sizes == (1,)
        assert space.flags == ((BROADCAST,),)


def test_collapsing_visits_the_same_elements():
    def places(shape, strides):
        return [
            sum(i * s for i, s in zip(at, strides, strict=True))
            for at in itertools.product(*map(range, shape))
        ]

    cases = [
        ((2, 3, 4), (12, 4, 1)),
        ((2, 3, 4), (1, 2, 6)),
        ((4, 3, 2), (6, 2, 1)),
        ((2, 2, 3, 2), (24, 6, 2, 1)),
        ((3, 2, 2), (-4, 2, 1)),
        ((2, 3, 2), (0, 2, 1)),
    ]
    for shape, strides in cases:
        space = walk(shape, strides)
        given = iter(space.strides)
        found = [next(given) if f == STRIDED else f for f in space.flags[0]]
        assert places(space.sizes, found) == places(shape, strides)


def test_a_formula_puts_arguments_and_type_in_place():
    formula = Formula("f", ("a", "b"), "(T)a + b * max_a")
    assert formula.c(F32, ("x0", "k1")) == "(float)x0 + k1 * max_a"


def test_a_formula_may_differ_by_kind():
    formula = Formula("f", ("x",), {"f": "fabs(x)", "i": "abs(x)"})
    assert formula.c(F32, ("v",)) == "fabs(v)"
    assert formula.c(I8, ("v",)) == "abs(v)"
    with pytest.raises(KeyError):
        formula.c(np.dtype("uint8"), ("v",))


def test_formulas_and_reductions_have_ids_of_their_own():
    one, two = Formula("f", ("x",), "x"), Formula("f", ("x",), "x")
    assert one.id != two.id
    assert Reduction("r", "0").id not in (one.id, two.id)


@pytest.mark.parametrize(
    ("dtype", "least", "most"),
    [
        ("int8", "((char)-128L)", "((char)127L)"),
        ("uint8", "((uchar)0UL)", "((uchar)255UL)"),
        ("bool", "((uchar)0L)", "((uchar)255L)"),
        ("int64", "(-9223372036854775807L - 1L)", "((long)9223372036854775807L)"),
        ("uint64", "((ulong)0UL)", "((ulong)18446744073709551615UL)"),
        ("float32", "-INFINITY", "INFINITY"),
    ],
)
def test_reductions_start_at_the_least_or_most(dtype, least, most):
    low = Reduction("max", {"f": "-INFINITY", "i": "min"})
    high = Reduction("min", {"f": "INFINITY", "i": "max"})
    assert low.start_of(np.dtype(dtype)) == least
    assert high.start_of(np.dtype(dtype)) == most
    assert Reduction("sum", "0").start_of(np.dtype(dtype)) == "0"
