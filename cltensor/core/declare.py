"""Declarations of elementwise operations and reductions by a C expression."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import numpy as np

from cltensor.core.batching import Batch
from cltensor.core.checks import check_scalar, normalize_axes
from cltensor.core.examples import EXAMPLES
from cltensor.core.hooks import watchers
from cltensor.core.op import OPERATIONS, Op, broadcast_shapes, no_tensor, same_device
from cltensor.core.tensor import Tensor, show
from cltensor.dtypes import (
    SHORT,
    arithmetic,
    bool_,
    complex_of,
    float32,
    following_default,
    int64,
    real_of,
    result_type,
    to_float,
    uint64,
    with_scalar,
)
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import cast_array, to_array
from cltensor.lazy import fusion
from cltensor.lazy.fusion import Value
from cltensor.lazy.kinds import Pointwise, Reducer
from cltensor.runtime.kernel import Live

_KINDS = {
    "b": "bool",
    "i": "signed integer",
    "u": "unsigned integer",
    "f": "floating-point",
    "c": "complex",
}


def pointwise(
    signature: str,
    text: str | Mapping[str, str],
    result: str = "same",
    accepts: str = "biuf",
    doc: str | None = None,
    space: str = "",
    **rules: Callable[..., Any],
) -> Op:
    """Declare an elementwise operation by its C expression.

    text: C over the argument names and the type T, or one such text for each kind of T. result:
    "same" (computed in the promoted dtype), "float" (integers become float32 first), "real" (as
    "same", and of complex numbers a part's dtype), "complex" (of two parts) or "bool". accepts: the
    dtype kinds that make sense, of "b", "i", "u", "f", "c"; complex numbers, kind "c", too where
    they have a text of their own. space: the namespace that it is public in (`Op.space`).
    """
    if doc is None:
        first = text if isinstance(text, str) else next(iter(text.values()))
        doc = f"{signature}, elementwise: `{first}`. Operands broadcast and their dtypes promote."
    if not isinstance(text, str) and "c" in text and "c" not in accepts:
        accepts += "c"
    doc = _with_example(signature, doc)
    op = Op(signature, _run_later, rules, doc, calls_operations=False, public=True, space=space)
    formula = Pointwise(op.name, op.params, text)
    dtypes = _dtypes_of(op.name, result, accepts)
    op.run = _pointwise_run(op.name, formula, dtypes, result == "bool")
    op.batched(_pointwise_batched)
    if len(op.params) == 2:
        op.operator = _operator(op, formula, dtypes)
    return op


def _with_example(signature: str, doc: str) -> str:
    """The docstring, and the example of that operation if there is one."""
    call, result = EXAMPLES.get(signature.partition("(")[0], ("", ""))
    return f"{cleandoc(doc)}\n\n>>> {call}\n{result}" if call else doc


def _operator(op: Op, formula: Pointwise, dtypes: Dtypes) -> Callable[[Any, Any], Any]:
    """`op` as the method of an operator. Most are used on two tensors alike outside the graph, for
    which this goes straight to what `op` would do: it takes a fifth off the time of `x + y`."""

    def operator(self: Any, other: Any) -> Any:
        alike = type(self) is Tensor is type(other)
        if alike and self._node is self._view is other._node is other._view is None:
            a, b = self._value, other._value
            shape, dtype, device = a.shape, a.dtype, a.device
            if b.shape == shape and b.dtype is dtype and b.device is device and not watchers:
                domain, kept = dtypes(dtype)
                return Tensor(fusion.pointwise(formula, (a, b), shape, domain, kept, device))
        return op(self, other)

    return operator


def _pointwise_batched(op: Op, batch: Batch, *args: Any) -> Any:
    """Operands of a batch, or more, broadcast with others as examples do, and their dtypes promote
    as those of examples."""
    tensors = [a for a in args if isinstance(a, Tensor)]
    rank = max([a.ndim for a in tensors])
    given = [batch.thin(a, rank) for a in args]
    dtypes = {a.dtype for a in tensors}
    if len(dtypes) > 1 and any(not a.ndim for a in tensors):
        wholes = [a for a in given if isinstance(a, Tensor)]
        wanted, found = [
            _promoted(op.name, [(a.dtype, not a.ndim) for a in some]) for some in (tensors, wholes)
        ]
        if wanted != found:
            cast = OPERATIONS["astype"]
            given = [cast(a, wanted) if isinstance(a, Tensor) else a for a in given]
    return op(*given)


def no_complex(operation: str, dtype: np.dtype) -> DTypeError:
    """The error for complex numbers where they have no meaning."""
    return DTypeError(
        f"{operation}: not defined for {dtype.name}; take the parts, x.real and x.imag, or abs(x)"
    )


def _run_later(*args: Any) -> Tensor:
    """Stands in for what depends on the name of the operation."""
    raise NotImplementedError


#: In which dtype an operation computes operands of a dtype, and that of the result.
Dtypes = Callable[[np.dtype], tuple[np.dtype, np.dtype]]


def _dtypes_of(name: str, result: str, accepts: str) -> Dtypes:
    @following_default
    def dtypes(promoted: np.dtype) -> tuple[np.dtype, np.dtype]:
        if promoted.kind not in accepts:
            allowed = ", ".join(_KINDS[k] for k in accepts)
            raise DTypeError(
                f"{name}: not defined for {promoted.name}; it takes {allowed}; cast with .to(dtype)"
            )
        domain = to_float(promoted) if result == "float" else promoted
        if result == "complex":
            return domain, complex_of(domain)
        kept = {"bool": bool_, "real": real_of(domain)}.get(result, domain)
        return arithmetic(domain), kept

    return dtypes


def _pointwise_run(
    name: str, formula: Pointwise, dtypes: Dtypes, compares: bool
) -> Callable[..., Tensor]:
    arity = len(formula.params)
    lifted = _with_compared_scalars if compares else _with_scalars

    def run(*args: Any) -> Tensor:
        if len(args) != arity:
            raise TypeError(f"{name}: takes {arity} operands, got {len(args)}")
        first: Value | None = None
        values = []
        scalars = mixed = False
        for a in args:
            if type(a) is Tensor or isinstance(a, Tensor):
                v = a._value
                if first is None:
                    first, shape, dtype = v, v.shape, v.dtype
                else:
                    if v.device is not first.device:
                        same_device(name, *[x for x in args if isinstance(x, Tensor)])
                    if v.shape != shape:
                        shape = broadcast_shapes(name, shape, v.shape)
                    if v.dtype is not dtype:
                        mixed = True
                values.append(v)
            else:
                values.append(a)
                scalars = True
        if first is None:
            raise no_tensor(name, args)
        if mixed:
            dtype = _promote(name, values)
            if compares and dtype in SHORT:
                values = _rounded(args, values, dtype)
        if scalars:
            values, dtype = lifted(name, values, dtype)
        domain, kept = dtypes(dtype)
        if scalars:
            for a in values:
                check_scalar(name, a, domain)
        return Tensor(fusion.pointwise(formula, tuple(values), shape, domain, kept, first.device))

    return run


def _promote(name: str, values: Iterable[Any]) -> np.dtype:
    return _promoted(name, [(v.dtype, not v.shape) for v in values if type(v) is Value])


def _promoted(name: str, operands: Sequence[tuple[np.dtype, bool]]) -> np.dtype:
    try:
        return result_type(*operands)
    except DTypeError as error:
        raise DTypeError(f"{name}: {error}") from None


def _with_scalars(name: str, values: list[Any], dtype: np.dtype) -> tuple[list[Any], np.dtype]:
    """Python numbers for the scalars, and the dtype that they lift `dtype` to."""
    plain = []
    for a in values:
        if type(a) is not Value:
            if isinstance(a, np.generic):
                a = a.item()
            kind: type = float if type(a) is Live else type(a)
            if kind not in (bool, int, float, complex):
                raise DTypeError(
                    f"{name}: cannot combine a tensor with {show(a)}; wrap it with ct.tensor(...)"
                )
            dtype = with_scalar(dtype, kind)
        plain.append(a)
    return plain, dtype


def _with_compared_scalars(
    name: str, values: list[Any], dtype: np.dtype
) -> tuple[list[Any], np.dtype]:
    """The same for what compares: integers with numbers that their dtype does not hold as int64,
    and with floats of 16 bits numbers as such floats."""
    plain, dtype = _with_scalars(name, values, dtype)
    if dtype.kind in "iu" and dtype is not uint64:
        limits = np.iinfo(dtype)
        if not all(limits.min <= a <= limits.max for a in plain if type(a) is int):
            return plain, int64
    if dtype not in SHORT:
        return plain, dtype
    with np.errstate(over="ignore"):
        return [
            float(to_array(cast_array(np.asarray(float(a)), dtype)))
            if type(a) in (int, float)
            else a
            for a in plain
        ], dtype


def _rounded(args: Sequence[Any], values: Sequence[Any], dtype: np.dtype) -> list[Any]:
    """The values of operands that are compared in `dtype`, to which no kernel would round them."""
    cast = OPERATIONS["astype"].run
    return [
        cast(a, dtype)._value if isinstance(a, Tensor) and v.dtype is not dtype else v
        for a, v in zip(args, values, strict=True)
    ]


def reduction(
    signature: str,
    start: Mapping[str, str] | str,
    combine: str = "",
    better: str = "",
    accumulate: Callable[[np.dtype], np.dtype] = lambda dtype: dtype,
    result: np.dtype | None = None,
    identity: bool = True,
    complex_combine: str = "",
    doc: str | None = None,
    public: bool = True,
    **rules: Callable[..., Any],
) -> Op:
    """Declare a reduction over axes by its start value and its combining C expression.

    signature: "name(x, axis, keepdims)". combine is C over acc, x and T. accumulate maps the
    operand's dtype to that of the accumulator. result overrides the dtype of the result. identity
    says whether reducing nothing is defined. complex_combine: combine for complex numbers, which
    are refused without one.
    """
    real = Reducer(signature.split("(")[0], start, combine, better)
    of_complex = Reducer(real.name, start, complex_combine) if complex_combine else None
    cast = OPERATIONS.get("astype")

    def run(x: Tensor, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        spec = real
        if x.dtype.kind == "c":
            if of_complex is None:
                raise no_complex(real.name, x.dtype)
            spec = of_complex
        axes = normalize_axes(spec.name, axis, x.ndim)
        dtype, short = x._value.dtype, None
        if dtype is not float32 and dtype in SHORT:  # reduced in float32, and rounded once
            dtype, short = float32, dtype
        accumulator = accumulate(dtype)
        if x._value.dtype is not accumulator:
            assert cast is not None
            x = cast.run(x, accumulator)
        value = x._value
        kept = tuple([d not in axes for d in range(len(value.shape))])
        if not identity and any(value.shape[d] == 0 for d in axes):
            raise ShapeError(
                f"{spec.name}: axis {axis} of shape {value.shape} is empty and {spec.name} of "
                "nothing is not defined; reduce a non-empty tensor"
            )
        if keepdims:
            shape = tuple([n if k else 1 for n, k in zip(value.shape, kept, strict=True)])
        else:
            shape = tuple([n for n, k in zip(value.shape, kept, strict=True) if k])
        found = Tensor(fusion.reduction(spec, (value,), kept, shape, result or accumulator))
        if short is None or result is not None:
            return found
        assert cast is not None
        return cast.run(found, short)

    run.__qualname__ = real.name  # what Python calls it where an argument is missing
    doc = doc and _with_example(signature, doc)
    return Op(signature, run, rules, doc, calls_operations=False, public=public)
