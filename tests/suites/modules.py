"""Every layer and loss in PyTorch's own samples, computed by PyTorch and by cltensor.

    python tests/suites/modules.py [--only nn.Conv,nn.LSTM] [--dtype float32] [--json FILE]
        [--jobs N] [--samples N] [--timeout S]

For each module of torch.testing._internal.common_modules.module_db, and for the others of torch.nn
that are listed here, the class of the same name in cltensor is made with the same arguments and
gets PyTorch's state. Arguments, state, text and attributes must be the same; then, in training and
in evaluation, results, buffers and gradients of inputs and parameters are compared as those of
operators are (`operators.py`).

--json keeps the results, and takes those of modules that are not run from the file. Needs PyTorch
2.13 and the package expecttest.
"""

from __future__ import annotations

import copy
import inspect
import re
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import runner

#: Modules that are left out, by regular expressions of their names, and why.
LEFT_OUT = {
    r"Lazy|Uninitialized": "modules whose sizes are not known",
    r"quant|\.qat|sparse": "quantized or sparse",
}

#: Modules of torch.nn without samples there: arguments, keywords, and shapes of the inputs, or an
#: integer for labels below it in a shape (`(labels, *shape)` in a list).
OTHERS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any], list[Any]]]] = {
    "AlphaDropout": [((0.3,), {}, [(2, 3, 4)])],
    "ChannelShuffle": [((3,), {}, [(2, 6, 2, 3)])],
    "CosineSimilarity": [((), {}, [(2, 3), (2, 3)]), ((0, 1e-6), {}, [(4, 2), (4, 2)])],
    "CrossMapLRN2d": [((3, 0.5), {}, [(2, 2, 3, 3)])],  # its PyTorch errs beyond the window
    "Dropout": [((), {}, [(2, 3)]), ((0.2, True), {}, [(2, 3)])],
    "Dropout1d": [((0.4,), {}, [(2, 3, 4)])],
    "Dropout2d": [((0.4,), {}, [(2, 3, 4, 4)])],
    "Dropout3d": [((0.4,), {}, [(2, 3, 2, 2, 2)])],
    "EmbeddingBag": [
        ((7, 3), {}, [[7, 2, 4]]),
        ((7, 3), {"mode": "sum", "padding_idx": -2}, [[7, 2, 4]]),
        ((7, 3), {"mode": "max", "max_norm": 1.0}, [[7, 2, 4]]),
        # With scale_grad_by_freq PyTorch divides by the counts of other rows.
    ],
    "FeatureAlphaDropout": [((0.3,), {}, [(2, 3, 4)])],
    "Flatten": [((), {}, [(2, 3, 4)]), ((0, 1), {}, [(2, 3, 4)])],
    "Fold": [(((4, 5), (2, 2)), {}, [(2, 8, 12)]), ((4, 3), {"padding": 1}, [(9, 16)])],
    "Hardsigmoid": [((), {}, [(3, 4)]), ((True,), {}, [(3, 4)])],
    "Identity": [((1, 2), {"x": 3}, [(2, 3)])],
    "MaxUnpool1d": [((2,), {}, [(1, 2, 3), [6, 1, 2, 3]])],
    "MaxUnpool2d": [((2, 1), {}, [(1, 1, 2, 2), [9, 1, 1, 2, 2]])],
    "MaxUnpool3d": [((2,), {"stride": 2}, [(1, 1, 1, 2, 1), [16, 1, 1, 1, 2, 1]])],
    "NLLLoss2d": [((), {}, [(2, 3, 2, 2), [3, 2, 2, 2]])],
    "PairwiseDistance": [((), {}, [(2, 3), (2, 3)]), ((3, 1e-3, True), {}, [(2, 3), (2, 3)])],
    "PixelShuffle": [((2,), {}, [(1, 8, 2, 3)])],
    "PixelUnshuffle": [((2,), {}, [(1, 2, 4, 6)])],
    "RReLU": [((), {}, [(3, 4)]), ((0.1, 0.3, True), {}, [(3, 4)])],
    "SyncBatchNorm": [((3,), {}, [(2, 3, 4)]), ((3, 1e-3, None), {"bias": False}, [(4, 3)])],
    "TripletMarginLoss": [((), {}, [(3, 4)] * 3), ((2.0, 1.0, 1e-3, True), {}, [(3, 4)] * 3)],
    "TripletMarginWithDistanceLoss": [((), {"swap": True, "margin": 2.0}, [(3, 4)] * 3)],
    "Unflatten": [((1, (2, -1)), {}, [(2, 6, 3)])],
    "Unfold": [((2,), {}, [(2, 3, 4, 5)]), ((3, 1, 1, 2), {}, [(3, 5, 5)])],
    "Upsample": [
        ((5,), {}, [(1, 2, 3)]),
        ((None, (2, 1.5), "bilinear", False), {}, [(1, 2, 3, 4)]),
        ((None, 2, "bicubic"), {"align_corners": True}, [(1, 2, 3, 4)]),
    ],
    "UpsamplingBilinear2d": [(((4, 5),), {}, [(1, 2, 3, 3)])],
    "UpsamplingNearest2d": [((None, 2), {}, [(1, 2, 3, 3)])],
}


class Sampled:
    """A module and where its samples come from."""

    def __init__(self, cls: type, info: Any = None) -> None:
        self.cls, self.info = cls, info
        self.name = f"nn.{cls.__name__}"

    def samples(self, dtype: Any, training: bool) -> Iterator[Any]:
        """(arguments, keywords) of the class and of a call."""
        import torch

        torch.manual_seed(0)
        if self.info is None:
            for args, kwargs, shapes in OTHERS[self.cls.__name__]:
                yield (args, kwargs), ([_input(shape, dtype) for shape in shapes], {})
            return
        made = self.info.module_inputs_func(
            self.info, device="cpu", dtype=dtype, requires_grad=True, training=training
        )
        for one in made:
            c, f = one.constructor_input, one.forward_input
            yield (c.args, c.kwargs), (list(f.args), f.kwargs)


def _input(shape: Any, dtype: Any) -> Any:
    import torch

    if isinstance(shape, tuple):
        return torch.randn(shape, dtype=dtype, requires_grad=True)
    return (
        torch.randperm(shape[0])[: _size(shape)].reshape(shape[1:])
        if _size(shape) <= shape[0]
        else torch.randint(shape[0], shape[1:])
    )


def _size(shape: list[int]) -> int:
    size = 1
    for n in shape[1:]:
        size *= n
    return size


def entries() -> dict[str, Any]:
    """The modules by name."""
    import torch
    from torch.testing._internal.common_modules import module_db

    found = {info.name: Sampled(info.module_cls, info) for info in module_db}
    others = {f"nn.{name}": Sampled(getattr(torch.nn, name)) for name in OTHERS}
    return dict(sorted((others | found).items()))


# ---------------------------------------------------------------------------------------- worker


def result(entry: Sampled, dtype_name: str, most: int, pipe: Any) -> dict[str, Any]:
    """What comes of the samples of a module, in a worker."""
    import torch

    import cltensor as ct

    dtype = getattr(torch, dtype_name)
    why = next((w for what, w in LEFT_OUT.items() if re.search(what, entry.name)), None)
    if why or (entry.info is not None and dtype not in entry.info.dtypes):
        return {"state": "left out", "why": why or f"no samples of {dtype_name}"}
    ours = getattr(ct.nn, entry.cls.__name__, None)
    if ours is None:
        return {"state": "missing", "why": f"no {entry.name}"}

    def samples() -> Iterator[Any]:
        for training in (True, False):
            for made, called in entry.samples(dtype, training):
                yield made, called, training

    return runner.tried(
        samples(), lambda one: _compare(entry, ours, *one, dtype), dtype, most, pipe,
        _signature(entry.cls, ours),
    )  # fmt: skip


def _signature(theirs: type, ours: type) -> list[str]:
    """How the arguments differ."""
    wanted, found = [
        [
            (n, getattr(p.default, "__name__", p.default), p.kind)
            for n, p in inspect.signature(cls).parameters.items()
        ]
        for cls in (theirs, ours)
    ]
    if found == wanted or any(kind == inspect.Parameter.VAR_KEYWORD for *_, kind in wanted):
        return []
    names = [[n for n, *_ in one] for one in (found, wanted)]
    if names[0] != names[1]:
        return [f"arguments {names[0]} instead of {names[1]}"]
    rest = [f"{a} instead of {b}" for a, b in zip(found, wanted, strict=True) if a != b]
    return [f"argument {rest[0]}"]


def _compare(
    entry: Sampled, ours: type, made: Any, called: Any, training: bool, dtype: Any
) -> None:
    """Make a module in both, compare them, and what they compute. Raises Difference."""
    import torch
    from comparison import Difference, compare
    from translation import ToOurs, from_theirs, mapped

    import cltensor as ct

    args, kwargs = copy.deepcopy(made)
    torch.manual_seed(0)
    theirs = entry.cls(*args, **kwargs).to(dtype).train(training)
    args, kwargs = mapped([list(made[0]), made[1]], ToOurs())
    mine = ours(*args, **{k: v for k, v in kwargs.items() if k != "device"})
    if dtype.is_floating_point and list(mine.parameters()):
        mine.to(str(dtype).partition(".")[2])
    mine.train(training)
    state = theirs.state_dict()
    if list(mine.state_dict()) != list(state):
        raise Difference(f"state {list(mine.state_dict())} instead of {list(state)}")
    mine.load_state_dict({name: from_theirs(value) for name, value in state.items()})
    if repr(mine) != repr(theirs):
        raise Difference(f"{mine!r} instead of {theirs!r}")
    _same_attributes(mine, theirs)
    hidden = {n: b for n, b in theirs.named_buffers() if n not in state}
    values = {**dict(theirs.named_parameters()), **dict(theirs.named_buffers())}
    buffers = [n for n, _ in theirs.named_buffers() if n not in hidden]

    def their_call(given: Any, *args: Any, **kwargs: Any) -> Any:
        found = torch.func.functional_call(theirs, given, tuple(args), kwargs)
        return [found, [given[n] for n in buffers]]

    def my_call(given: Any, *args: Any, **kwargs: Any) -> Any:
        found = ct.func.functional_call(mine, given, tuple(args), kwargs)
        return [found, [given[n] for n in buffers]]

    operator = SimpleNamespace(
        name=entry.name,
        op=their_call,
        gradcheck_wrapper=lambda function, *a, **k: function(*a, **k),
    )
    sample = SimpleNamespace(
        input=values, args=called[0], kwargs=called[1], output_process_fn_grad=_as_it_is
    )
    compare(operator, sample, my_call)


def _as_it_is(x: Any) -> Any:
    return x


#: Attributes that say how PyTorch computes, not what.
_OF_ITS_OWN = {"use_nested_tensor"}


def _same_attributes(mine: Any, theirs: Any) -> None:
    """Raise Difference unless public attributes that are numbers, words or sizes are the same."""
    from comparison import Difference

    for name, value in vars(theirs).items():
        if (
            name[0] == "_"
            or name in _OF_ITS_OWN
            or not isinstance(value, (bool, int, float, str, tuple, type(None)))
        ):
            continue
        found = getattr(mine, name, "none")
        if found != value:
            raise Difference(f"attribute {name} is {found!r}, not {value!r}")


def main() -> int:
    """Run what the command line asks for; the exit status tells whether all pass."""
    args = runner.parser(__doc__).parse_args()
    found, _ = runner.run("modules", list(entries()), args)
    for name, one in found.items():
        print(f"{name:34}{runner.shown(one)}")
    return runner.ended(found, "modules")


if __name__ == "__main__":
    sys.exit(main())
