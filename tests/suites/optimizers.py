"""Every sample configuration of PyTorch's optimizers, stepped by PyTorch and by cltensor.

    python tests/suites/optimizers.py [--only PREFIX] [--dtypes float32,float64] [--steps N]

For each optimizer and configuration of torch.testing._internal.common_optimizers.optim_db, and for
Lion and LAMB by a step written here in PyTorch, the same parameters, of several shapes and complex
where PyTorch takes them, take as many steps on the same loss, with `ct.jit` and without. Weights
must agree to 1e-5 (float64: 1e-10). Prints a table; the exit status tells whether all pass. Needs
PyTorch 2.13 and the package expecttest.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
os.environ.setdefault("POCL_MAX_PTHREAD_COUNT", "1")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from comparison import Difference, Skipped, first_line, name_of  # noqa: E402
from runner import shown  # noqa: E402
from translation import from_theirs, mapped, to_theirs  # noqa: E402

import cltensor as ct  # noqa: E402

BOUNDS = {"float32": 1e-5, "float64": 1e-10}
#: Muon's matrices are in bfloat16, whose last bits hang on the order of sums.
OTHER_BOUNDS = {"Muon": {"float64": 1e-5}}
SHAPES: list[tuple[int, ...]] = [(3, 4), (5,), (), (2, 3, 2)]
MATRICES: list[tuple[int, ...]] = [(3, 4), (6, 2), (4, 4)]
#: Optimizers that cltensor refuses, and why.
REFUSED = {"SparseAdam": "sparse gradients"}


class Lion(torch.optim.Optimizer):
    """The step of Chen et al. 2023."""

    def __init__(self, params: Any, lr: float = 1e-4, betas: Any = (0.9, 0.99),
                 weight_decay: float = 0, maximize: bool = False) -> None:  # fmt: skip
        options = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, options)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move the parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                g = -p.grad if group["maximize"] else p.grad
                p.mul_(1 - group["lr"] * group["weight_decay"])
                u = torch.lerp(m, g, 1 - group["betas"][0])
                sign = torch.view_as_real(u).sign() if p.is_complex() else u.sign()
                p.sub_(group["lr"] * (torch.view_as_complex(sign) if p.is_complex() else sign))
                m.lerp_(g, 1 - group["betas"][1])


class LAMB(torch.optim.Optimizer):
    """The step of You et al. 2020."""

    def __init__(self, params: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-6,
                 weight_decay: float = 0.01, bias_correction: bool = True,
                 maximize: bool = False) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize,
                                  "weight_decay": weight_decay,
                                  "bias_correction": bias_correction})  # fmt: skip

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Move the parameters."""
        for group in self.param_groups:
            (beta1, beta2), correct = group["betas"], group["bias_correction"]
            for p in group["params"]:
                state = self.state[p]
                t = state["t"] = state.get("t", 0) + 1
                g = -p.grad if group["maximize"] else p.grad
                m = state.setdefault("m", torch.zeros_like(p)).lerp_(g, 1 - beta1)
                v = state.setdefault("v", torch.zeros_like(p)).lerp_(g * g, 1 - beta2)
                if correct:
                    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
                u = m / (v.sqrt() + group["eps"]) + group["weight_decay"] * p
                ratio = p.norm() / u.norm() if p.norm() > 0 and u.norm() > 0 else 1
                p.sub_(group["lr"] * ratio * u)


#: Configurations of what PyTorch has not.
OURS: dict[type, list[dict[str, Any]]] = {
    Lion: [{}, {"lr": 0.01, "weight_decay": 0.1}, {"betas": (0.8, 0.9), "maximize": True}],
    LAMB: [{}, {"lr": 0.01, "weight_decay": 0}, {"bias_correction": False, "betas": (0.8, 0.9)},
           {"maximize": True}],
}  # fmt: skip


def configurations() -> Iterator[tuple[str, type, dict[str, Any], bool]]:
    """(title, PyTorch's class, keywords, whether it takes complex parameters) of each."""
    from torch.testing._internal.common_optimizers import optim_db

    for info in optim_db:
        for given in info.optim_inputs_func(device="cpu"):
            takes_complex = info.supports_complex
            yield f"{info.name}: {given.desc}", info.optim_cls, given.kwargs, takes_complex
    for kind, several in OURS.items():
        for kwargs in several:
            yield f"{kind.__name__}: {kwargs or 'default'}", kind, kwargs, kind is Lion


def weights(name: str, dtype: torch.dtype, takes_complex: bool) -> list[torch.Tensor]:
    """The parameters with which an optimizer begins."""
    torch.manual_seed(0)
    shapes = MATRICES if name == "Muon" else SHAPES
    made = [torch.randn(shape, dtype=dtype) for shape in shapes]
    if takes_complex:
        made += [torch.randn(shape, dtype=dtype.to_complex()) for shape in SHAPES[:2]]
    return made


def _loss(library: Any, params: list[Any], scale: Any) -> Any:
    """A convex function whose gradients change from step to step."""
    real = [library.view_as_real(p) if library.is_complex(p) else p for p in params]
    return sum(((p - 0.5) ** 2 * scale + 0.25 * library.cos(p)).sum() for p in real)


def _steady_loss(library: Any, params: list[Any], scale: Any) -> Any:
    """The same for LBFGS: one function at all steps, which ends at 0.

    Where the function changes between steps, or a loss is known to seven digits only, the last bits
    of sums decide on which steps and pairs there are: PyTorch's own steps in float32 and float64
    part by 0.1 then.
    """
    real = [library.view_as_real(p) if library.is_complex(p) else p for p in params]
    total = 0
    for p in real:
        curvature = library.linspace(1, 10, p.numel(), dtype=p.dtype).reshape(p.shape)
        total = total + (curvature * (p - 0.5) ** 2 + 0.25 * (p - 0.5) ** 4).sum()
    return total


def _trained(library: Any, step: Callable[..., Any], params: list[Any], steps: int) -> None:
    scales = [library.tensor(1.0 + 0.1 * n, dtype=params[0].dtype) for n in range(3)]
    for n in range(steps):
        step(scales[n % 3])


def _as_it_is(function: Any) -> Any:
    return function


def _stepper(library: Any, optimizer: Any, params: list[Any], jit: Any) -> Callable[[Any], Any]:
    is_lbfgs = type(optimizer).__name__ == "LBFGS"
    loss_of = _steady_loss if is_lbfgs else _loss

    def closure(scale: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(library, params, scale)
        loss.backward()
        return loss

    def step(scale: Any) -> Any:
        closure(scale)
        return optimizer.step()

    if is_lbfgs:  # which looks at the loss to decide how to go on
        closure = jit(closure)
        return lambda scale: optimizer.step(lambda: closure(scale))
    return jit(step)


def compare(kind: type, kwargs: dict[str, Any], start: list[torch.Tensor], steps: int,
            jitted: bool) -> float:  # fmt: skip
    """How far the weights are apart after the steps, relative to their sizes."""
    theirs = [x.clone().requires_grad_() for x in start]
    _trained(torch, _stepper(torch, kind(theirs, **kwargs), theirs, _as_it_is), theirs, steps)
    ours = [from_theirs(x.clone()).requires_grad_() for x in start]
    options = mapped(kwargs, lambda x: from_theirs(x) if isinstance(x, torch.Tensor) else x)
    optimizer = getattr(ct.optim, kind.__name__)(ours, **options)
    step = _stepper(ct, optimizer, ours, ct.jit if jitted else _as_it_is)
    _trained(ct, step, ours, steps)
    apart = 0.0
    for a, b in zip(ours, theirs, strict=True):
        difference = (to_theirs(a) - b.detach()).abs() / b.detach().abs().clamp(min=1)
        apart = max(apart, float(torch.nan_to_num(difference, nan=np.inf).max()))
    return apart


def result(title: str, kind: type, kwargs: dict[str, Any], takes_complex: bool,
           args: argparse.Namespace) -> dict[str, Any]:  # fmt: skip
    """What comes of a configuration, as the suite of operators has it."""
    if kind.__name__ in REFUSED:
        return {"state": "left out", "why": REFUSED[kind.__name__]}
    errors, passed = [], 0
    worst = {}
    for name in args.dtypes.split(","):
        torch.set_default_dtype(getattr(torch, name))  # of the counts that PyTorch keeps
        start = weights(kind.__name__, getattr(torch, name), takes_complex)
        for jitted in (False, True):
            how = f"{name}{' jitted' if jitted else ''}"
            try:
                apart = compare(kind, kwargs, start, args.steps, jitted)
                worst[how] = apart
                if apart > OTHER_BOUNDS.get(kind.__name__, BOUNDS).get(name, BOUNDS[name]):
                    raise Difference(f"{apart:.1e} apart")
                passed += 1
            except Skipped as error:
                return {"state": "left out", "why": first_line(error)}
            except Exception as error:
                errors.append(f"{how}: {name_of(error)}")
    state = "passes" if not errors else "partly" if passed else "fails"
    return {
        "state": state, "passed": passed, "failed": len(errors), "errors": errors, "worst": worst
    }  # fmt: skip


def main() -> int:
    """Run what the command line asks for; the exit status tells whether all pass."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="optimizers whose names begin so; a,b for two")
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    states = []
    for title, kind, kwargs, takes_complex in configurations():
        if not title.startswith(tuple(args.only.split(","))):
            continue
        found = result(title, kind, kwargs, takes_complex, args)
        states.append(found["state"])
        apart = ", ".join(f"{how} {x:.0e}" for how, x in found.get("worst", {}).items())
        print(f"| {title} | {shown(found)} | {apart} |", flush=True)
    counted = [state for state in states if state != "left out"]
    print(f"{counted.count('passes')} of {len(counted)} configurations pass")
    return counted.count("passes") < len(counted)


if __name__ == "__main__":
    sys.exit(main())
