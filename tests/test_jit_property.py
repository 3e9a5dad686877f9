"""Random programs around a jitted function give the bits that they give without jit.

A program is text: a function drawn statement by statement, and a sequence of calls and of changes
between them. It runs twice in worlds of its own, once with `ct.jit` and once without. What a call
returns or raises, and what is afterwards in every tensor, gradient and state, must be the same.

CLTENSOR_JIT_DRAWS says how many programs are drawn, CLTENSOR_JIT_SEED where they start.
"""

import os
import random
import textwrap
from collections import namedtuple

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn

DRAWS = int(os.environ.get("CLTENSOR_JIT_DRAWS", "300"))
SEED = int(os.environ.get("CLTENSOR_JIT_SEED", "0"))

Pair = namedtuple("Pair", "first rest")


class Settings:
    """A plain object that functions read numbers and tensors from."""


class Options:
    """A class whose own attribute functions read."""

    factor = 1.0


class Scaled(nn.Module):
    """A module of the user's, with plain attributes."""

    offset = 0.25

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(ct.full((3,), 0.5))
        self.scale, self.steps, self.seen = 2.0, [1.0, 2.0], 0
        self.register_buffer("total", ct.zeros(3))

    def forward(self, v):
        if self.training:
            self.total.add_(v.detach().reshape(-1, 3).sum(0))
        return v * self.weight * self.scale + self.steps[0] + self.offset


class Counting(Scaled):
    """One that counts its calls in Python, and uses the count."""

    def forward(self, v):
        self.seen += 1
        return super().forward(v) / self.seen


WORLD = """
def build():
    ct.manual_seed(11)
    rng = np.random.default_rng(5)
    def new(*shape):
        return ct.tensor(rng.integers(-4, 5, shape).astype("float32") / 2)
    ns["x"] = [new(2, 3), new(2, 3), new(4, 3), new(1, 3), new(2, 3)]
    ns["w"], ns["m"], ns["c"] = new(2, 3), new(3), new(3)
    ns["base"] = new(6, 3)
    ns["p"] = new(3).requires_grad_()
    ns["q"] = new(3).requires_grad_()
    ns["net"] = nn.Sequential(
        nn.Linear(3, 3), nn.BatchNorm1d(3, eps=0.5), nn.Dropout(0.5), nn.Linear(3, 3)
    )
    ns["own"], ns["counting"], ns["rec"] = Scaled(), Counting(), nn.GRU(3, 3)
    params = [ns["p"], ns["q"], *ns["net"].parameters(), *ns["own"].parameters()]
    ns["opt"] = OPTIMIZER
    ns["scheduler"] = ct.optim.lr_scheduler.StepLR(ns["opt"], 2, 0.5)
    ns["o"] = Settings()
    ns["o"].s, ns["o"].t, ns["o"].deep = 0.5, new(3), Settings()
    ns["o"].deep.s = 2.0
    ns["numbers"], ns["tensors"] = [0.5, 1.0], [new(3), new(3)]
    ns["table"] = {"s": 2.0, "t": new(3)}
    ns["kept"] = []
"""

OPTIMIZERS = (
    "ct.optim.SGD(params, lr=0.25)",
    "ct.optim.SGD(params, lr=0.25, momentum=0.5)",
    "ct.optim.SGD(params, lr=0.125, momentum=0.5, weight_decay=0.25, nesterov=True)",
    "ct.optim.Adam(params, lr=0.125)",
    "ct.optim.AdamW(params, lr=0.125, betas=(0.5, 0.75))",
)

CAPTURED = ("w", "m", "c", "o.t", "tensors[0]", "table['t']", "base[2:4]", "base[1]")
NUMBERS = (
    "k", "o.s", "o.deep.s", "numbers[0]", "table['s']", "G", "Options.factor",
    "float(len(numbers))",
    "2.0",
)  # fmt: skip


class Drawn:
    """One drawn program: the text of its function, and those of its events."""

    def __init__(self, seed):
        self.seed = seed
        self.rng = random.Random(seed)
        self.lines, self.temps, self.depth = [], [], 1
        self.is_method = self.rng.random() < 0.15
        self.takes = self.rng.choice((0, 1, 1, 2, 2, 2))
        self.optimizer = self.rng.choice(OPTIMIZERS)
        # Statements whose effect on gradients is drawn together, or the function is without.
        self.trains = self.rng.random() < 0.5
        self.function = self._function()
        self.events = self._events()

    # -- the function

    def operand(self):
        rng = self.rng
        sources = [*"ab"[: self.takes] * 2, *self.temps[-3:], rng.choice(CAPTURED)]
        if self.is_method:
            sources.append("self.w")
        return rng.choice(sources)

    def number(self):
        return self.rng.choice(NUMBERS)

    def expression(self):
        rng, x, y = self.rng, self.operand(), self.operand()
        return rng.choice((
            f"{x} {rng.choice('+-*')} {y}", f"{x} {rng.choice('+-*')} {y}",
            f"{x} * {self.number()}",
            f"{x} + {self.number()}", f"{x}[:1]", f"{x}[-1]", f"{x}.detach()",
            f"{x}.reshape(-1, 3)",
            f"{x}.T.T", f"{x}.sum(0)", f"ct.relu({x})", f"F.dropout({x}, 0.5, True)",
            "ct.rand(3)", "ct.ones(3)", f"helper({x})", f"inner({x})", f"({x}).clone()",
            f"({x}).flip(-1)", f"{x} + nested.get()", f"({x}).expand(2, 3)",
            f"({x})[..., 1:].sum()",
        ))  # fmt: skip

    def put(self, text):
        self.lines.append("    " * self.depth + text)

    def new(self, expression):
        name = f"t{len(self.temps)}"
        self.put(f"{name} = {expression}")
        self.temps.append(name)

    def statement(self):
        rng = self.rng
        kind = rng.choices(
            ("new", "change", "grad", "net", "number", "raise", "block", "step", "index", "python"),
            (8, 5, 4 * self.trains, 2, 1, 0.4, 0.6, 2 * self.trains, 0.7, 0.4),
        )[0]
        if kind == "new":
            self.new(self.expression())
        elif kind == "change":
            x, y = self.operand(), self.operand()
            plain = rng.choice((
                f"{x}.add_({y})", f"{x}.mul_({self.number()})", f"{x}[0] = {y}.sum()",
                f"{x}.copy_({y})", f"{x}.zero_()", f"{x}[:1].add_(1.0)",
                f"{x}.fill_({self.number()})",
                f"{x}.clamp_(-4.0, 4.0)",
            ))  # fmt: skip
            local = "a b t0 t1 t2".split()
            self.put(f"{x} += {y}" if x in local and rng.random() < 0.3 else plain)
        elif kind == "grad":
            self.gradient()
        elif kind == "net":
            module = rng.choice(("net", "net", "own", "own", "counting", "rec"))
            self.new(f"{module}(({self.operand()}).reshape(-1, 3))" + "[0]" * (module == "rec"))
        elif kind == "number":
            self.put(f"k = k + {self.number()}")
        elif kind == "python":
            self.put(rng.choice((
                "o.t = o.t * 0.5", "o.s = o.s + 0.25", "numbers[0] += 1", "tensors.reverse()",
                "net.train()", "net.eval()", "own.scale = 1.0", "m.data = m * 0.5",
                "p.requires_grad_(False)", "opt.param_groups[0]['lr'] *= 0.5", "scheduler.step()",
                "ct.manual_seed(5)", "table['t'] = m", "q.requires_grad_()", "nested.step()",
            )))  # fmt: skip
        elif kind == "raise":
            self.put(
                rng.choice(("if k > 1.5: raise ValueError(k)", "if G > 2: raise KeyError('G')"))
            )
        elif kind == "step":
            self.put(
                rng.choice(("opt.step()", "opt.step()", "nn.utils.clip_grad_norm_([p, q], 1.0)"))
            )
        elif kind == "index":
            self.new("base[i]")
        elif self.depth == 1:
            self.put(rng.choice(("with ct.no_grad():", "if o.s > 0.4:", "for _ in range(2):")))
            self.depth, inside = 2, len(self.temps)
            for _ in range(rng.randint(1, 3)):
                self.statement()
            self.put("pass")
            self.depth = 1
            del self.temps[inside:]

    def gradient(self):
        leaf = self.rng.choice(("p", "q"))
        self.put(
            self.rng.choice((
                f"(({self.operand()}) * {leaf}).sum().backward()",
                f"(({self.operand()}) * p * q).sum().backward()",
                f"net(({self.operand()}).reshape(-1, 3)).sum().backward()",
                "opt.zero_grad()", "opt.zero_grad()", "opt.zero_grad(set_to_none=False)",
                "net.zero_grad()", f"{leaf}.grad = None",
                f"{leaf}.grad = ({self.operand()}).sum(0)",
                f"{leaf}.grad = {self.rng.choice(('m', 'c', 'm.detach()', 'q.grad'))}",
                f"if {leaf}.grad is not None: {leaf}.grad.mul_({self.number()})",
                f"if {leaf}.grad is not None: m.add_({leaf}.grad)",
                f"({leaf} * 2).sum().backward()",
                f"(own({self.operand()}) * {leaf}).sum().backward()",
                "if a.requires_grad: (a * p).sum().backward()" if self.takes else "pass",
                "ct.autograd.grad((p * q).sum(), [p], create_graph=True)[0].sum().backward()",
                f"(({self.operand()})[..., :2] * {leaf}[1:] * q[:2]).sum().backward()",
                f"sum([({leaf}[n:] * c[n:]).sum() for n in range(3)] + [{leaf}.sum()]).backward()",
                f"l = (rec(({self.operand()}).reshape(-1, 1, 3))[0] * {leaf}).sum(); "
                f"l.backward(retain_graph={self.rng.choice((True, False))})",
                "l = (p * q)[1:].sum(); l.backward(retain_graph=True); l.backward()",
                f"y = {leaf} * m; y.retain_grad(); y[::2].sum().backward(); c.add_(y.grad)",
            ))
        )  # fmt: skip

    def result(self):
        rng = self.rng
        some = [
            *self.temps[-3:], *"ab"[: self.takes], rng.choice(CAPTURED), self.operand() + "[:1]",
            "p.grad", "k", "'text'", "p", "net[0].weight", "o", "own.total", "own.weight.grad",
            "Settings()", *(["a.grad"] if self.takes else []),
        ]  # fmt: skip
        x, y, z = (rng.choice(some) for _ in range(3))
        return rng.choice((
            x, x, x, f"({x}, {y})", f"[{x}, [{y}, {z}]]", f"{{'a': {x}, 'b': ({y}, {z})}}",
            f"Pair({x}, [{y}])", "None", f"ct.topk({self.operand()}, 1)",
        ))  # fmt: skip

    def _function(self):
        for _ in range(self.rng.randint(1, 7)):
            self.statement()
        parameters = [*"ab"[: self.takes], "k=1.0", "i=None"]
        self.put(f"return {self.result()}")
        body = "\n".join(self.lines)
        if self.is_method:
            head = f"class Trainer:\n    @wrap\n    def f(self, {', '.join(parameters)}):\n"
            tail = "\ntrainer = Trainer()\ntrainer.w = ct.full((3,), 0.5)\nf = trainer.f"
            return head + textwrap.indent(body, "    ") + tail
        return f"@wrap\ndef f({', '.join(parameters)}):\n{body}"

    # -- what happens

    def argument(self):
        return self.rng.choice((
            "x[0]", "x[0]", "x[1]", "x[4]", "x[2]", "x[3]", "x[2][:2]", "x[2][2:]", "x[2][1:3]",
            "w",
            "m", "base[0:2]", "base[2:4]", "x[0] * 2", "o.t", "p.detach()", "q", "leaf()", "leaf()",
            "e", "base[:2].T.clone().T", "x[0][0]", "p.grad", "own.total",
        ))  # fmt: skip

    def call(self):
        rng = self.rng
        args = [self.argument() for _ in range(self.takes)]
        if rng.random() < 0.25:
            args.append(f"k={rng.choice(('1.0', '1', 'True', '0.0', '-0.0', '2.0'))}")
        if "base[i]" in self.function:
            index = rng.choice(("x[0][0].abs()", "ct.full((2,), 1.0)", "ct.full((2,), 9.0)"))
            args.append(f"i=({index}).astype('int64')")
        text = f"r = f({', '.join(args)})"
        if rng.random() < 0.05:
            return f"with ct.profiler.profile(): {text}"
        return f"with ct.no_grad(): {text}" if rng.random() < 0.1 else text

    def change(self):
        rng = self.rng
        return rng.choice((
            "m.add_(1.0)", "w.mul_(0.5)", "x[0].add_(0.5)", "base.add_(0.25)", "w[0] = m",
            "m.data = c.data", "m.data = m * 2", "ns['m'] = m.clone()", "ns['w'] = x[1]",
            "ns['G'] = ns['G'] + 0.5", "o.s = o.s + 0.25", "o.s = 0.25", "o.t = o.t * 2",
            "o.deep.s += 1", "o.deep = Settings(); o.deep.s = 0.5", "numbers[0] += 1",
            "numbers.append(0.5)", "numbers[:] = [0.5, 1.0]", "tensors[0] = tensors[1]",
            "tensors.reverse()", "table['s'] = -table['s']", "table['t'] = m", "net.eval()",
            "net.train()", "net[2].p = 0.25", "net[1].momentum = 0.5",
            "net[0] = nn.Linear(3, 3)", "net[3].weight = nn.Parameter(ct.ones(3, 3))",
            "net[1].running_mean = ct.zeros(3)", "net[1].running_mean.add_(0.5)",
            "net.requires_grad_(False)", "net.requires_grad_()", "p.requires_grad_(False)",
            "p.requires_grad_()", "net[0].weight.data = net[0].weight.data * 0.5",
            "net.load_state_dict(net.state_dict())", "opt.load_state_dict(opt.state_dict())",
            "opt.param_groups[0]['lr'] *= 0.5", "opt.param_groups[0]['weight_decay'] = 0.5",
            "opt.param_groups[0].update(momentum=0.25, betas=(0.5, 0.5))", "scheduler.step()",
            "opt.step()", "opt.zero_grad()", "opt.zero_grad(set_to_none=False)",
            "nn.utils.clip_grad_norm_([p, q], 0.5)", "p.grad = None", "p.grad = m",
            "q.grad = p.grad",
            "x[0].copy_(ct.tensor(np.full((2, 3), 0.5, 'f')))", "m[1:] = ct.tensor([0.5, 1.0])",
            "kept.append(p.grad)", "kept.append(r)", "kept.append(p.data)",
            "(p * m).sum().backward()",
            "p.grad.mul_(2) if p.grad is not None else None", "ct.manual_seed(7)", "ct.rand(2)",
            "p.register_hook(double)", "net[0].register_forward_hook(after)", "own.scale += 1",
            "own.steps[0] += 1", "own.eval()", "own.train()", "Scaled.offset = Scaled.offset + 0.5",
            "handle.append(own.register_forward_hook(after))", "handle.pop().remove()",
            "own.register_buffer('total', ct.ones(3))", "own.to(ct.float32)", "nested.step()",
            "own.weight.requires_grad_(False)",
            "net[0].zero_grad()", "e.grad = None", "own.load_state_dict(own.state_dict())",
            "Options.factor += 0.5", "ns['helper'] = other_helper",
            "r.add_(1) if isinstance(r, ct.Tensor) and not r.requires_grad else None",
            "r.requires_grad_(False) if isinstance(r, ct.Tensor) and r.is_leaf else None",
        ))  # fmt: skip

    def _events(self):
        rng = self.rng
        calls = [self.call() for _ in range(rng.choice((1, 1, 2, 3)))]
        events = []
        for _ in range(rng.randint(4, 14)):
            events += [rng.choice(calls)] * rng.choice((1, 2, 3))
            if rng.random() < 0.6:
                events.append(self.change())
        # A look computes what is pending, so not everything is looked at every time.
        return [(text, rng.random() < 0.2) for text in events]

    def __str__(self):
        events = "\n".join(text for text, _ in self.events)
        return f"seed {self.seed}, {self.optimizer}\n{self.function}\n{events}"


def content(value):
    """What can be compared of a result or a state."""
    if isinstance(value, ct.Tensor):
        elements = value.detach().numpy()
        return value.shape, str(value.dtype), value.requires_grad, elements.tobytes()
    if isinstance(value, dict):
        return {k: content(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value).__name__, [content(v) for v in value]
    return "settings" if isinstance(value, Settings) else repr(value)


def attempt(action):
    """What `action` returns, or what it raises."""
    try:
        return action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def places(value, named):
    """Which named tensors a result consists of."""
    if isinstance(value, ct.Tensor):
        return next((name for name, t in named.items() if t is value), "new")
    if isinstance(value, dict):
        value = list(value.values())
    return [places(v, named) for v in value] if isinstance(value, (tuple, list)) else None


def state(ns):
    """All that a call may have changed."""
    names = "x w m c base p q e kept tensors numbers".split()
    found = {name: attempt(lambda name=name: content(ns[name])) for name in names}
    found |= {f"{n}.grad": attempt(lambda n=n: content(ns[n].grad)) for n in "pqe"}
    for name in ("net", "opt", "own", "counting"):
        found[name] = attempt(lambda name=name: content(ns[name].state_dict()))
    for name in ("net", "rec"):
        parameters = ns[name].parameters()
        found[f"{name}.grad"] = [attempt(lambda p=p: content(p.grad)) for p in parameters]
    found["own.grad"] = attempt(lambda: content(ns["own"].weight.grad))
    found["plain"] = ns["o"].s, ns["counting"].seen, ns["own"].scale, ns["net"].training
    found["o"] = attempt(lambda: content(vars(ns["o"])["t"]))
    found["table"] = attempt(lambda: content(ns["table"]))
    return found


def run(drawn, wrap):
    """All observations of the program."""
    Options.factor, Scaled.offset = 1.0, 0.25
    ns = {
        "ct": ct, "nn": nn, "F": nn.functional, "np": np, "wrap": wrap, "Pair": Pair, "G": 1.0,
        "Settings": Settings, "Options": Options, "Scaled": Scaled, "Counting": Counting,
        "r": None, "handle": [],
         "__name__": "program",
    }  # fmt: skip
    ns["ns"] = ns
    exec(WORLD.replace("OPTIMIZER", drawn.optimizer) + "build()", ns)
    exec(
        "def helper(v): return v * G\ndef other_helper(v): return v - G\n"
        "@wrap\ndef inner(v): return v * m + 1.0\n"
        "def leaf(): return (x[0] + 1).detach().requires_grad_()\n"
        "e = leaf()\n"
        "def double(g): return g * 2\n"
        "def after(module, args, out): return out + 0.5\n"
        "def make():\n    count, held = 1.0, ct.ones(3)\n    def step():\n"
        "        nonlocal count, held\n        count += 1\n        held = held * count\n"
        "    nested.step = step\n    nested.get = lambda: held * count\n"
        "nested = Settings()\nmake()\n",
        ns,
    )
    exec(drawn.function, ns)
    seen = []
    for text, look in drawn.events:
        raised = attempt(lambda text=text: exec(text, ns))
        seen.append((text, "raised", raised))
        named = {n: v for n, v in ns.items() if isinstance(v, ct.Tensor) and n != "r"}
        named |= {"weight": ns["net"][0].weight, "o.t": ns["o"].t, "p.grad": ns["p"].grad}
        if text.startswith(("r =", "with")):
            seen.append((text, "is", places(ns["r"], named)))
            seen.append((text, "result", attempt(lambda: content(ns["r"]))))
        if look:
            seen += [(text, name, value) for name, value in state(ns).items()]
    seen += [("end", name, value) for name, value in state(ns).items()]
    return seen


def plain(function):
    """Instead of `ct.jit`."""
    return function


def check(seed):
    drawn = Drawn(seed)
    expected = run(drawn, plain)
    for number, (right, got) in enumerate(zip(expected, run(drawn, ct.jit), strict=True)):
        assert got == right, f"observation {number} of\n{drawn}\nwithout jit {right}\nwith {got}"


@pytest.mark.filterwarnings("ignore:jit. .* was recorded")
@pytest.mark.parametrize("first", range(SEED, SEED + DRAWS, 25))
def test_random_programs_have_the_same_bits(first):
    for seed in range(first, min(first + 25, SEED + DRAWS)):
        check(seed)
