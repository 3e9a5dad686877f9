"""Optimizers as drawn programs beside PyTorch's: parameters that share storage or are parts of one,
options and states that change in the middle, gradients that come, go and alias, steps under jit.

A failure prints the seed; `CLTENSOR_DRAWS=2000` draws more programs.
"""

import copy
import os

import numpy as np
import pytest

import cltensor as ct

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "0"))
SHAPES = [(3,), (2, 3), (4, 1), ()]
NAMES = ["SGD", "Adam", "AdamW", "Adadelta", "Adafactor", "Adagrad", "Adamax", "ASGD", "NAdam"]
NAMES += ["RAdam", "RMSprop", "Rprop"]
#: What of a state is a number for each parameter.
COUNTS = ("step", "eta", "mu", "mu_product")
#: Options that PyTorch asks a state for, and has none where they are set later.
STATEFUL = ("amsgrad", "centered")


class Program:
    """A drawn sequence of statements on parameters and optimizers, each a pair."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.params = []
        self.log = []
        self.held = []
        self.aliases = True
        for _ in range(2 + self.below(3)):
            self.add_param()
        self.optimizers, self.steps = [], []
        for _ in range(1 + (self.below(4) == 0)):
            self.add_optimizer()

    def draw(self, options):
        return options[self.rng.integers(len(options))]

    def below(self, n):
        return int(self.rng.integers(n))

    def run(self, statements):
        kinds = [self.step] * 5 + [self.gradients] * 4
        kinds += [self.option, self.assign_data, self.write, self.hold, self.replace_state]
        kinds += [self.reload, self.add_group, self.zero, self.regroup, self.begin_anew]
        looks = self.draw((0, 3, 10))  # to look at the state is to change what is done with it
        try:
            for _ in range(statements):
                self.draw(kinds)()
                self.check(looks and self.below(looks) == 0)
            self.check(True)
        except Exception as error:
            raise AssertionError("\n".join(self.log)) from error

    def check(self, states):
        for p, q in self.params:
            close(p, q)
        for ours, its in self.optimizers if states else ():
            for (p, mine), (q, theirs) in zip(
                listed(ours), [(q, its.state.get(q, {})) for g in its.param_groups
                               for q in g["params"]], strict=True,
            ):  # fmt: skip
                for name, value in theirs.items():
                    if name in COUNTS:
                        np.testing.assert_allclose(mine[name], value, rtol=1e-9)
                    elif isinstance(value, torch.Tensor):
                        assert mine[name].shape == tuple(value.shape)
                        close(mine[name], value)
                assert p.shape == tuple(q.shape)

    # -- parameters ----------------------------------------------------------------------------

    def values(self, shape):
        return self.rng.uniform(-1, 1, shape)

    def add_param(self):
        kind = self.below(5)
        a = self.values(self.draw(SHAPES))
        if kind == 0 and self.params:
            p, q = self.draw(self.params)
            self.log.append("tied")
            pair = p.detach().requires_grad_(), q.detach().requires_grad_()
        elif kind == 1:
            self.log.append("a part")
            big = self.values((2, *a.shape))
            ours, its = ct.tensor(big), torch.tensor(big)
            self.held.append((ours, its))
            pair = ct.nn.Parameter(ours[1]), torch.nn.Parameter(its[1])
        elif kind == 2 and a.ndim == 2:
            self.log.append("transposed")
            pair = ct.nn.Parameter(ct.tensor(a).T), torch.nn.Parameter(torch.tensor(a).T)
        else:
            self.log.append(f"leaf {a.shape}")
            pair = ct.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
        self.params.append(pair)

    # -- optimizers ----------------------------------------------------------------------------

    def add_optimizer(self):
        name = self.draw([*NAMES[:3], *NAMES])
        options = self.options(name)
        chosen = [p for p in self.params if self.below(4)] or self.params[:1]
        self.log.append(f"{name} {options} of {len(chosen)}")
        shrinks = name in ("AdamW", "ASGD", "Adafactor") or "decoupled_weight_decay" in options
        if shrinks:  # PyTorch's shrinks the weights, and so such a gradient, at once
            self.aliases = False
        if len(chosen) > 1 and self.below(2):
            first = [{"params": [x[k] for x in chosen[:1]], "lr": 0.05} for k in (0, 1)]
            rest = [{"params": [x[k] for x in chosen[1:]]} for k in (0, 1)]
            groups = [[a, b] for a, b in zip(first, rest, strict=True)]
        else:
            groups = [[x[k] for x in chosen] for k in (0, 1)]
        self.optimizers.append((
            getattr(ct.optim, name)(groups[0], **options),
            getattr(torch.optim, name)(groups[1], foreach=False, **options),
        ))  # fmt: skip
        ours = self.optimizers[-1][0]
        jitted = self.below(3) == 0
        self.log[-1] += ", jitted" if jitted else ""
        self.steps.append(ct.jit(lambda: ours.step()) if jitted else ours.step)

    def options(self, name):
        options = {"lr": 0.1, "weight_decay": self.draw([0, 0.1]), "maximize": self.below(4) == 0}
        if name == "SGD":
            options["momentum"] = self.draw([0, 0.9, 0.5])
            if options["momentum"]:
                options["nesterov"] = self.below(2) == 0
                options["dampening"] = 0 if options["nesterov"] else self.draw([0, 0.3])
            return options
        if name == "Rprop":
            del options["weight_decay"]
        more = {
            "Adam": {"amsgrad": [False, False, True]},
            "AdamW": {"amsgrad": [False, False, True]},
            "Adadelta": {"rho": [0.9, 0.5], "eps": [1e-6, 1e-2]},
            "Adafactor": {"d": [1.0, 2.0], "beta2_decay": [-0.8, -0.5]},
            "Adagrad": {"lr_decay": [0, 0.1], "initial_accumulator_value": [0, 0.5]},
            "Adamax": {"betas": [(0.9, 0.999), (0.5, 0.9)]},
            "ASGD": {"t0": [2, 1e6], "lambd": [1e-4, 0.1], "alpha": [0.75, 0.5]},
            "NAdam": {"decoupled_weight_decay": [False, True], "momentum_decay": [4e-3, 0.1]},
            "RAdam": {"decoupled_weight_decay": [False, True], "betas": [(0.9, 0.9), (0.5, 0.99)]},
            "RMSprop": {"momentum": [0, 0.9], "centered": [False, True], "eps": [1e-3]},
            "Rprop": {"etas": [(0.5, 1.2), (0.7, 1.5)], "step_sizes": [(1e-6, 50), (0.01, 0.2)]},
        }
        return {**options, **{key: self.draw(values) for key, values in more[name].items()}}

    def option(self):
        """An option of a group changes in the middle."""
        ours, its = self.draw(self.optimizers)
        place = self.below(len(ours.param_groups))
        options = self.options(type(ours).__name__)
        name = self.draw([*options, "lr"])
        value = self.draw([0.1, 0.02]) if name == "lr" else options[name]
        changes = {name: value}
        if name in ("momentum", "nesterov", "dampening"):
            changes = {n: options.get(n, 0) for n in ("momentum", "nesterov", "dampening")}
        is_stateful = name in STATEFUL or (name == "momentum" and "centered" in options)
        if is_stateful and value and any(q in its.state for q in its.param_groups[place]["params"]):
            return  # PyTorch has no state for it then
        self.log.append(f"option {changes} of group {place}")
        for groups in (ours.param_groups, its.param_groups):
            groups[place].update(changes)

    def step(self):
        place = self.below(len(self.optimizers))
        self.log.append(f"step {place}")
        self.steps[place]()
        self.optimizers[place][1].step()

    def gradients(self):
        for place, (p, q) in enumerate(self.params):
            kind = self.below(9)
            self.log.append(f"gradient {kind} of {place}")
            if kind == 0:
                p.grad = q.grad = None
            elif kind == 1:
                # Not what another parameter shows: PyTorch moves one after the other.
                fit = [x for x in self.params if x[0].shape == p.shape and self.has_own_grad(x[1])]
                if fit:
                    a, b = self.draw(fit)
                    p.grad, q.grad = a.grad, b.grad
            elif kind == 2 and self.aliases:
                p.grad, q.grad = p.data, q.data
            elif kind == 3:
                a = self.values(())
                p.grad, q.grad = ct.tensor(a).expand(p.shape), torch.tensor(a).expand(q.shape)
            elif kind == 4:
                a = self.values(p.shape)
                p.grad, q.grad = ct.tensor(a) * 2, torch.tensor(a) * 2  # pending
            elif kind == 5 and p.grad is not None:
                p.grad, q.grad = p.grad * 0.5, q.grad * 0.5
            else:
                if kind == 6:
                    p.grad = q.grad = None
                a = self.values(p.shape)
                if p.grad is None or 0 not in p.grad.strides:
                    (p * ct.tensor(a)).sum().backward()
                    (q * torch.tensor(a)).sum().backward()

    def has_own_grad(self, q):
        places = {each.untyped_storage().data_ptr() for _, each in self.params}
        return q.grad is not None and q.grad.untyped_storage().data_ptr() not in places

    def zero(self):
        ours, its = self.draw(self.optimizers)
        if all(0 not in p.grad.strides for p, _ in self.params if p.grad is not None):
            none = self.below(2) == 0
            self.log.append(f"zero_grad {none}")
            ours.zero_grad(set_to_none=none)
            its.zero_grad(set_to_none=none)

    # -- changes around them -------------------------------------------------------------------

    def assign_data(self):
        p, q = self.draw(self.params)
        a = self.values(p.shape)
        self.log.append("data =")
        p.data, q.data = ct.tensor(a), torch.tensor(a)
        p.grad = q.grad = None  # it may have been what another parameter shows

    def write(self):
        p, q = self.draw(self.params)
        self.log.append("data.mul_")
        if self.below(2) and p.shape:
            p.data[0] = 0.25
            q.data[0] = 0.25
        else:
            p.data.mul_(0.9)
            q.data.mul_(0.9)

    def hold(self):
        """A view, and something pending, of a parameter."""
        p, q = self.draw(self.params)
        self.log.append("hold")
        self.held.append((p.detach() * 2, q.detach() * 2))
        self.held.append((p.detach().reshape(-1), q.detach().reshape(-1)))
        for x, y in self.held:
            if self.below(3) == 0:
                close(x, y)

    def replace_state(self):
        ours, its = self.draw(self.optimizers)
        for p, q in self.params:
            mine, theirs = ours.state.get(p, {}), its.state.get(q, {})
            for name, value in theirs.items():
                is_state = name not in COUNTS and value is not None and value.shape == q.shape
                if is_state and self.below(2):
                    a = np.abs(self.values(p.shape))
                    self.log.append(f"state {name}")
                    if self.below(2):
                        mine[name], theirs[name] = ct.tensor(a), torch.tensor(a)
                    else:
                        mine[name].copy_(ct.tensor(a))
                        value.copy_(torch.tensor(a))

    def reload(self):
        place = self.below(len(self.optimizers))
        ours, its = self.optimizers[place]
        self.log.append("load_state_dict")
        kept = copy.deepcopy((ours.state_dict(), its.state_dict()))
        if self.below(2):
            self.step()
        ours.load_state_dict(kept[0])
        its.load_state_dict(kept[1])

    def add_group(self):
        ours, its = self.draw(self.optimizers)
        if len(self.params) > 7 or isinstance(its, torch.optim.Adagrad):
            return  # for which PyTorch makes no state then
        self.add_param()
        p, q = self.params[-1]
        self.log.append("add_param_group")
        ours.add_param_group({"params": [p], "lr": 0.03})
        its.add_param_group({"params": [q], "lr": 0.03})

    def regroup(self):
        """Groups and what is in them change without the optimizer's help."""
        ours, its = self.draw(self.optimizers)
        kind, place = self.below(3), self.below(len(its.param_groups))
        self.log.append(f"regroup {kind} {place}")
        for optimizer in (ours, its):
            groups = optimizer.param_groups
            if kind == 0 and len(groups) > 1:
                for param in groups.pop(place)["params"]:
                    optimizer.state.pop(param, None)  # PyTorch cannot save it otherwise
            elif kind == 1:
                groups[place]["params"].reverse()
            elif kind == 2:
                groups[place] = {**groups[place], "lr": 0.05}

    def begin_anew(self):
        """The state of a parameter, or of all, is thrown away."""
        ours, its = self.draw(self.optimizers)
        p, q = self.draw(self.params)
        if isinstance(its, torch.optim.Adagrad):
            return  # which PyTorch makes at the beginning alone
        every = self.below(2) == 0
        self.log.append(f"state gone, all: {every}")
        for optimizer, param in ((ours, p), (its, q)):
            if every:
                optimizer.state.clear()
            else:
                optimizer.state.pop(param, None)


def listed(optimizer):
    state = optimizer.state
    return [(p, state.get(p, {})) for g in optimizer.param_groups for p in g["params"]]


def close(x, y):
    found = x.detach().numpy()
    np.testing.assert_allclose(found, y.detach().numpy(), rtol=1e-7, atol=1e-9)


def run(seeds, statements=25):
    for seed in seeds:
        try:
            Program(seed).run(statements)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.fixture
def counts_of_64_bits():
    """PyTorch counts in its default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("fp64", "counts_of_64_bits")
def test_drawn_training():
    run(range(DRAWS or 60))
