"""One operator of PyTorch's samples, computed by PyTorch and by cltensor, and compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from translation import (
    Function,
    Missing,
    ToOurs,
    copied,
    draws,
    flat,
    from_theirs,
    mapped,
    of_suite,
    ours,
    to_theirs,
    widened,
    with_ours,
    with_theirs,
)

import cltensor as ct

#: Operators whose elements nobody set: shapes and dtypes are compared.
UNSET = {
    "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided",
    "resize_", "resize_as_",
}  # fmt: skip

#: Operators that name the place of a value among equals, any of which will do: where the dimension
#: is among their arguments, and the places among their results.
PLACES = {"argsort": (0, 0), "kthvalue": (1, 1), "mode": (0, 1), "sort": (0, 1), "topk": (1, 1)}


class Difference(Exception):
    """cltensor gives something else."""


class Skipped(Exception):
    """PyTorch itself does not compute the sample."""


def samples(operator: Any, dtype: torch.dtype) -> Iterator[Any]:
    """The operator's samples of a dtype, requiring gradients where it has them."""
    records = operator.supports_autograd and (dtype.is_floating_point or dtype.is_complex)
    torch.manual_seed(0)
    yield from operator.sample_inputs("cpu", dtype, requires_grad=records)


def _arguments(sample: Any) -> list[Any]:
    return [sample.input, list(sample.args), sample.kwargs]


def _run(operator: Any, function: Function, sample: Any, arguments: list[Any], change: Any) -> Any:
    """The result of a call, changed as PyTorch's tests change it where it is not unique."""
    first, args, kwargs = arguments
    wrapper = operator.gradcheck_wrapper
    if of_suite(wrapper) and not re.search("masked|seed", wrapper.__name__):
        result = change(wrapper)(function, first, *args, **kwargs)
    else:
        result = function(first, *args, **kwargs)
    return change(sample.output_process_fn_grad)(result)


class _Theirs:
    """What PyTorch computes: the leaves of the result and the gradients of the inputs."""

    def __init__(
        self, operator: Any, sample: Any, leaf: Function, seed: int = 0, change: Any = None
    ) -> None:
        torch.manual_seed(seed)
        made: list[tuple[Any, Any]] = []

        def convert(x: Any) -> Any:
            for given, twin in made:
                if given is x:
                    return twin
            made.append((x, leaf(x)))
            return made[-1][1]

        arguments = mapped(_arguments(sample), convert)
        self.inputs = [t for x, t in made if isinstance(x, torch.Tensor) and x.requires_grad]
        if change:  # of one element of an input
            place, number, by = change
            self.inputs[place].detach().view(-1)[number] += by
        function = with_theirs(operator.op) if of_suite(operator.op) else operator.op
        try:
            self.results = flat(_run(operator, function, sample, arguments, with_theirs))
            recorded = [x for x in self.results if isinstance(x, torch.Tensor) and x.requires_grad]
            self.weights = [_weight(x) for x in recorded]
            self.gradients = (
                torch.autograd.grad(recorded, self.inputs, self.weights, allow_unused=True)
                if recorded and self.inputs
                else [None] * len(self.inputs)
            )
        except (RuntimeError, ValueError, TypeError, NotImplementedError, IndexError) as error:
            raise Skipped(first_line(error)) from None


def _weight(x: torch.Tensor) -> torch.Tensor:
    """A number for each element of a result, the same in every precision."""
    random = torch.Generator().manual_seed(1)
    drawn = torch.rand(x.shape, generator=random, dtype=torch.float64) + 0.5
    return drawn.to(torch.bfloat16).to(x.dtype)


def compare(operator: Any, sample: Any, function: Function | None = None) -> None:
    """Compute a sample by both, cltensor by `function` if it is given. Raises Difference, Missing,
    Skipped, or what cltensor raises."""
    function = function or ours(operator)
    convert = ToOurs()
    arguments = mapped(_arguments(sample), convert)
    theirs = _Theirs(operator, sample, copied)
    seeds = range(1, 41 if draws(operator.op) else 2)
    by_chance = operator.name in UNSET or any(
        _differ(theirs, _Theirs(operator, sample, copied, seed)) for seed in seeds
    )
    wide: list[_Theirs] = []

    def exact() -> _Theirs:
        if not wide:
            wide.append(_Theirs(operator, sample, widened))
        return wide[0]

    found = flat(_run(operator, function, sample, arguments, with_ours))
    if len(found) != len(theirs.results):
        raise Difference(f"{len(found)} results, not {len(theirs.results)}")
    for i, (a, b) in enumerate(zip(found, theirs.results, strict=True)):
        if _equal_there(operator, sample, i, to_theirs(a), b):
            continue
        where = f"result {i}: " if len(found) > 1 else ""
        _same(where, to_theirs(a), b, lambda i=i: exact().results[i], by_chance)
    inputs = [mine for given, mine in convert.pairs if given.requires_grad]
    if any(g is not None for g in theirs.gradients):
        quotients = lambda i: _quotients(operator, sample, i)  # noqa: E731
        _same_gradients(theirs, found, inputs, exact, quotients, by_chance)


def _equal_there(operator: Any, sample: Any, result: int, a: Any, b: Any) -> bool:
    """Whether a result, a here and b in PyTorch, is places where the input has the same values."""
    place, which = PLACES.get(operator.name, (0, -1))
    if result != which:
        return False
    x = sample.input.detach()
    if sample.kwargs.get("stable") or not x.ndim or a.shape != b.shape or a.dtype != b.dtype:
        return False
    dim = sample.args[place] if len(sample.args) > place else sample.kwargs.get("dim", -1)
    a, b = [i if i.ndim == x.ndim else i.unsqueeze(dim) for i in (a, b)]
    return torch.equal(torch.take_along_dim(x, a, dim), torch.take_along_dim(x, b, dim))


def _quotients(operator: Any, sample: Any, place: int) -> Any:
    """The gradient of an input by PyTorch's values in double precision next to it."""
    x = _Theirs(operator, sample, widened).inputs[place]
    if x.numel() > 100 or not x.is_contiguous() or x.dtype != torch.float64:
        return None
    slopes = torch.zeros(x.numel(), dtype=torch.float64)
    for number in range(x.numel()):
        for by in (1e-6, -1e-6):
            moved = _Theirs(operator, sample, widened, change=(place, number, by))
            recorded = [r for r in moved.results if isinstance(r, torch.Tensor) and r.requires_grad]
            for r, w in zip(recorded, moved.weights, strict=True):
                slopes[number] += (r.detach() * w).sum() / (2 * by)
    return slopes.view(x.shape)


def _same_gradients(
    theirs: _Theirs, found: list[Any], inputs: list[Any], exact: Any, quotients: Any,
    by_chance: bool,
) -> None:  # fmt: skip
    """Raise Difference unless the gradients are PyTorch's, or its own values refute those."""
    recorded, weights, given = [], [], iter(theirs.weights)
    for a, b in zip(found, theirs.results, strict=True):
        if isinstance(b, torch.Tensor) and b.requires_grad:
            weight = next(given)
            if a.requires_grad:
                recorded.append(a)
                weights.append(from_theirs(weight))
            elif b.numel():
                raise Difference("the result requires no gradient")
    if not recorded:  # no elements have one
        return
    gradients = ct.autograd.grad(recorded, inputs, weights, allow_unused=True)
    for i, (a, b) in enumerate(zip(gradients, theirs.gradients, strict=True)):
        if a is None and b is None:
            continue
        a = torch.zeros_like(theirs.inputs[i]) if a is None else to_theirs(a)
        b = torch.zeros_like(theirs.inputs[i]) if b is None else b
        wide = lambda i=i: exact().gradients[i]  # noqa: E731
        try:
            _same(f"gradient {i}: ", a, b, wide, by_chance)
        except Difference:
            slopes = quotients(i)
            near = {"rtol": 1e-3, "atol": 1e-3}
            if slopes is None or torch.allclose(b.double(), slopes, **near):
                raise
            if not torch.allclose(a.double(), slopes, **near):
                raise


def _differ(one: _Theirs, other: _Theirs) -> bool:
    """Whether two runs gave different numbers, as those of random operators do."""
    for a, b in zip(one.results, other.results, strict=True):
        if isinstance(a, torch.Tensor):
            a, b = a.detach(), b.detach()
            if a.shape != b.shape or not torch.allclose(a, b, equal_nan=True):
                return True
        elif a != b and a == a:
            return True
    return False


def _same(where: str, a: Any, b: Any, wide: Any, by_chance: bool) -> None:
    """Raise Difference unless a, cltensor's, is b, PyTorch's, as exactly as its dtype allows."""
    if not isinstance(b, torch.Tensor):
        if type(a) is not type(b) and not (isinstance(a, (int, float)) and a == b):
            raise Difference(f"{where}{_shown(a)} instead of {_shown(b)}")
        if not by_chance and a != b and not (a != a and b != b):
            raise Difference(f"{where}{_shown(a)} instead of {_shown(b)}")
        return
    if not isinstance(a, torch.Tensor):
        raise Difference(f"{where}{_shown(a)} instead of a tensor")
    b = b.detach().resolve_conj().resolve_neg()
    if a.shape != b.shape:
        raise Difference(f"{where}shape {tuple(a.shape)} instead of {tuple(b.shape)}")
    if a.dtype != b.dtype:
        raise Difference(f"{where}{a.dtype} instead of {b.dtype}")
    if by_chance:
        return
    try:
        torch.testing.assert_close(a, b, equal_nan=True)
    except AssertionError as error:
        if not _as_near(a, b, wide):
            raise Difference(where + _worst(a, b, error)) from None


def _as_near(a: torch.Tensor, b: torch.Tensor, wide: Any) -> bool:
    """Whether a is about as far from the result in double precision as PyTorch's own is."""
    if b.dtype not in _NEAR:
        return False
    try:
        c = wide()
    except Skipped:
        return False
    if c is None or c.shape != b.shape:
        return False
    c = c.detach().to(torch.promote_types(a.dtype, torch.float32))
    finite = torch.isfinite(a) & torch.isfinite(b) & torch.isfinite(c)
    rest = a[~finite], b[~finite]
    if not torch.equal(torch.nan_to_num(rest[0]), torch.nan_to_num(rest[1])):
        return False
    a, b, c = a[finite], b[finite], c[finite]
    slack = 4 * (b - c).abs().max() if b.numel() else 0
    return bool(((a - c).abs() <= 1e-5 + _NEAR[b.dtype] * c.abs() + slack).all())


#: How far, relatively, a result may be from that in double precision.
_NEAR = {
    torch.float32: 1.3e-6, torch.complex64: 1.3e-6, torch.float16: 1e-3, torch.bfloat16: 8e-3
}  # fmt: skip


def _worst(a: torch.Tensor, b: torch.Tensor, error: AssertionError) -> str:
    if not a.is_floating_point() or not a.numel():
        differing = int((a != b).sum())
        return f"{differing} of {a.numel()} elements differ"
    difference = (a.double() - b.double()).abs()
    difference = torch.where(a == b, torch.zeros_like(difference), difference)
    difference = torch.where(a.isnan() & b.isnan(), torch.zeros_like(difference), difference)
    at = int(torch.nan_to_num(difference, nan=float("inf")).argmax())
    mine, right = a.flatten()[at].item(), b.flatten()[at].item()
    return f"{mine:.8g} instead of {right:.8g} among {a.numel()}"


def _shown(x: Any) -> str:
    return repr(x) if isinstance(x, (bool, int, float, str)) else type(x).__name__


def lacking(error: Exception) -> str:
    """The dtype that the device lacks, not cltensor, if that is what it says."""
    found = re.search(r"\) has no ((float|complex)\d+); ", str(error))
    return found[1] if found else ""


def first_line(error: BaseException) -> str:
    """An error in one line."""
    text = str(error).strip().split("\n")[0]
    return text[:150] or type(error).__name__


def name_of(error: BaseException) -> str:
    """An error in one line with its kind, where that says more."""
    if isinstance(error, (Difference, Missing, Skipped)):
        return first_line(error)
    return f"{type(error).__name__}: {first_line(error)}"
