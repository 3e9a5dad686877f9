"""PyTorch's values, functions and results as cltensor's, and back.

Values are converted and nothing else: a call that needs more than that is one that cltensor does
not take.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

import cltensor as ct

Function = Callable[..., Any]


class Missing(Exception):
    """cltensor has no such function."""


def mapped(value: Any, leaf: Function) -> Any:
    """`value` with leaf(x) for every x in its lists, tuples and dictionaries."""
    if isinstance(value, torch.Size):
        return tuple([leaf(x) for x in value])
    if isinstance(value, (list, tuple)):
        inner = [mapped(x, leaf) for x in value]
        return type(value)(*inner) if hasattr(value, "_fields") else type(value)(inner)
    if isinstance(value, dict):
        return {k: mapped(x, leaf) for k, x in value.items()}
    if isinstance(value, slice):
        return slice(*[mapped(x, leaf) for x in (value.start, value.stop, value.step)])
    return leaf(value)


def flat(value: Any) -> list[Any]:
    """The leaves of `value`, in order."""
    found: list[Any] = []
    mapped(value, found.append)
    return found


def _encoder_layer(x: torch.nn.TransformerEncoderLayer) -> Any:
    """The layer of cltensor with the sizes and the state of one of PyTorch's."""
    made = ct.nn.TransformerEncoderLayer(
        x.self_attn.embed_dim, x.self_attn.num_heads, x.linear1.out_features, x.dropout.p,
        function_of(x.activation), x.norm1.eps, x.self_attn.batch_first, x.norm_first,
        bias=x.linear1.bias is not None,
    )  # fmt: skip
    made.to(str(x.linear1.weight.dtype).partition(".")[2])
    made.load_state_dict({name: from_theirs(value) for name, value in x.state_dict().items()})
    return made


class ToOurs:
    """Converts arguments; one tensor becomes one tensor, however often it comes."""

    def __init__(self) -> None:
        #: Pairs (PyTorch's, ours) of the tensors met so far.
        self.pairs: list[tuple[Any, Any]] = []

    def __call__(self, x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            return self._tensor(x)
        if isinstance(x, torch.dtype):
            return dtype_of(x)
        if isinstance(x, torch.device):
            return None
        if isinstance(x, (torch.layout, torch.memory_format)):
            return str(x).partition(".")[2]
        if isinstance(x, torch.Generator):
            return ct.Generator()
        if isinstance(x, torch.nn.TransformerEncoderLayer):
            return _encoder_layer(x)
        if isinstance(x, torch.nn.Module):
            made = getattr(ct.nn, type(x).__name__)()
            vars(made).update({k: v for k, v in vars(x).items() if k[0] != "_" and k in vars(made)})
            return made
        return function_of(x) if callable(x) else x

    def _tensor(self, x: torch.Tensor) -> Any:
        for theirs, ours in self.pairs:
            if theirs is x:
                return ours
        plain = x.detach().resolve_conj().resolve_neg()
        if plain.is_contiguous() or not plain.numel():
            made = from_theirs(plain)
        else:
            span = 1 + sum((n - 1) * s for n, s in zip(plain.shape, plain.stride(), strict=True))
            whole = from_theirs(torch.as_strided(plain, (span,), (1,)))
            made = whole.as_strided(tuple(plain.shape), plain.stride(), 0).detach()
        if x.requires_grad:
            made.requires_grad_()
        self.pairs.append((x, made))
        return made


def copied(x: Any) -> Any:
    """A leaf of PyTorch's own arguments that a call may change."""
    if not isinstance(x, torch.Tensor):
        return x
    return x.detach().clone().requires_grad_(x.requires_grad)


WIDER = {torch.float32: torch.float64, torch.complex64: torch.complex128}
WIDER |= {torch.float16: torch.float64, torch.bfloat16: torch.float64}


def widened(x: Any) -> Any:
    """A leaf of PyTorch's own arguments in double precision."""
    if isinstance(x, torch.dtype):
        return WIDER.get(x, x)
    if isinstance(x, torch.Tensor) and x.dtype in WIDER:
        return x.detach().to(WIDER[x.dtype]).requires_grad_(x.requires_grad)
    return copied(x)


def dtype_of(x: torch.dtype) -> Any:
    """PyTorch's dtype as ours."""
    name = str(x).partition(".")[2]
    return getattr(ct, name, name) if name != "bool" else ct.bool_


def to_theirs(x: Any) -> Any:
    """A leaf of our result as PyTorch's."""
    if isinstance(x, ct.Tensor):
        if x.dtype == ct.bfloat16:  # which NumPy has not
            return torch.from_numpy(np.array(x.detach().view(ct.uint16).numpy())).view(
                torch.bfloat16
            )
        return torch.from_numpy(np.array(x.detach().numpy()))
    if isinstance(x, np.dtype) or x is ct.bfloat16:
        return getattr(torch, x.name)
    return x


def from_theirs(x: torch.Tensor) -> ct.Tensor:
    """A dense tensor of PyTorch as ours."""
    if x.dtype == torch.bfloat16:
        return ct.from_numpy(x.view(torch.uint16).numpy()).view(ct.bfloat16)
    return ct.from_numpy(x.numpy())


def by_path(path: str) -> Any:
    """What cltensor has under `path`, such as linalg.norm. Raises Missing."""
    found: Any = ct
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise Missing(f"no {path}") from None
    return found


def function_of(theirs: Any) -> Function:
    """The function of cltensor that has the name and path of PyTorch's."""
    path = torch.overrides.resolve_name(theirs)
    if path and path.startswith("torch."):
        return by_path(path.removeprefix("torch."))
    if isinstance(theirs, types.FunctionType):
        return with_ours(theirs)
    raise Missing(f"no {theirs}")


def _called(function: Function, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _rebuilt(function: Any, **names: Any) -> Any:
    if not isinstance(function, types.FunctionType):
        return function
    made = types.FunctionType(
        function.__code__,
        {**function.__globals__, "wrapper_set_seed": _called, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


class _Torch:
    """cltensor for a function that looks for torch: its functions, or else its methods."""

    def __getattr__(self, name: str) -> Any:
        return getattr(ct, name) if hasattr(ct, name) else getattr(ct.Tensor, name)


def with_ours(function: Function) -> Function:
    """A function of PyTorch's test suite, such as a lambda around a method, that finds cltensor
    under the name torch, and lets the seed be."""
    return _rebuilt(function, torch=_Torch())


def with_theirs(function: Function) -> Function:
    """The same with PyTorch itself."""
    return _rebuilt(function)


def of_suite(function: Any) -> bool:
    """Whether `function` is one of PyTorch's test suite, not of PyTorch."""
    where = getattr(function, "__module__", None) or ""
    return isinstance(function, types.FunctionType) and where.startswith("torch.testing")


def draws(function: Any) -> bool:
    """Whether PyTorch's test suite sets the seed before it calls `function`."""
    return of_suite(function) and "wrapper_set_seed" in function.__code__.co_names


def ours(operator: Any) -> Function:
    """What of cltensor answers to an operator of PyTorch's samples: the function of its name and
    path, or else the method. Raises Missing."""
    if of_suite(operator.op):
        return with_ours(operator.op)
    name = operator.name
    try:
        found = by_path(name)
    except Missing:
        if "." in name or not hasattr(ct.Tensor, name):
            raise
        return partial(_method, name)
    return found if callable(found) else partial(_method, name)  # a dtype, such as cfloat


def _method(name: str, x: Any, *args: Any, **kwargs: Any) -> Any:
    return getattr(x, name)(*args, **kwargs)
