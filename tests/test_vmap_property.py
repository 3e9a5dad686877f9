"""vmap beside a loop over the examples: drawn functions of many operations, and their gradients.

A failure prints the seed and the statements; `CLTENSOR_DRAWS=2000` draws more functions.
"""

import os

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.func import grad, vmap

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "0"))
ROWS, COLUMNS = 3, 4
ORDER = ct.tensor([2, 0, 3, 1])


def written(x, y):
    z = x.clone()
    z[0] = y[1] * 2
    z[:, 1] += x[:, 2]
    z.mul_(x.cos())
    z[ORDER[:2] % ROWS] = y[:2]
    return z


def scattered(x, y):
    index = (x > y).long() + ct.tensor([[0, 1, 0, 2], [1, 0, 2, 1], [2, 2, 0, 0]])
    return ct.zeros(ROWS, COLUMNS).scatter_add(0, index % ROWS, x) + y


def picked(x, y):
    order = y.argsort(1)
    return x.gather(1, order) + x[ct.tensor([1, 2, 0])][:, order[0]]


#: Functions of two tensors (ROWS, COLUMNS) that give one.
STEPS = {
    "add": lambda x, y: x + y * 0.5,
    "mul": lambda x, y: (x * y).tanh(),
    "scalar": lambda x, y: x * y[0, 1] - y.sum(),
    "row": lambda x, y: x * y.mean(1, keepdim=True) + y[0],
    "softmax": lambda x, y: x.softmax(1) + y.log_softmax(0),
    "norm": lambda x, y: x / (x.norm() + 1) + y / (y.norm(dim=1, keepdim=True) + 1),
    "transposed": lambda x, y: (x.T @ y).reshape(2, 8)[:, :6].reshape(ROWS, COLUMNS).sin(),
    "matmul": lambda x, y: (x @ y.T @ x).tanh(),
    "vectors": lambda x, y: ct.outer(x[:, 0], y[0]).sin() + (x @ y[1]).unsqueeze(1),
    "linear": lambda x, y: F.linear(x, y.T @ y).tanh(),
    "einsum": lambda x, y: ct.einsum("ij,kj->ik", x, y).sin() @ x,
    "where": lambda x, y: ct.where(x > y, x, y * 2),
    "maximum": lambda x, y: ct.maximum(x, y) - x.amin(0),
    "sort": lambda x, y: x.sort(1).values + y.sort(0, descending=True)[0],
    "topk": lambda x, y: x.topk(2, 1).values.repeat(1, 2) + y.max(0).values,
    "cumsum": lambda x, y: (x.cumsum(1) + y.cumprod(0)).tanh(),
    "cummax": lambda x, y: x.cummax(1).values + y.logcumsumexp(0).sin(),
    "moved": lambda x, y: x.flip(0).roll(1, 1) + y.T.reshape(ROWS, COLUMNS),
    "joined": lambda x, y: ct.cat([x, y], 1)[:, 2:6] + ct.stack([x, y]).prod(0),
    "parted": lambda x, y: x.chunk(2, 1)[1].repeat(1, 2) + y.narrow(0, 1, 1),
    "padded": lambda x, y: F.pad(x, (1, 1))[:, :COLUMNS] + y.tril(),
    "picked": picked,
    "scattered": scattered,
    "written": written,
    "filled": lambda x, y: x.masked_fill(y > 0, 0.5) + y.index_add(0, ORDER[:2] % ROWS, x[:2]),
    "spread": lambda x, y: x.var(1, keepdim=True) + y.std(0),
    "layer_norm": lambda x, y: F.layer_norm(x, (COLUMNS,), y[0], y[1]),
    "conv": lambda x, y: F.conv2d(
        x.reshape(1, 1, ROWS, COLUMNS), y[:, :3].reshape(1, 1, 3, 3), padding=1
    )[0, 0].tanh(),
    "pool": lambda x, y: F.max_pool2d(x[None], 3, 1, 1)[0] + F.avg_pool2d(y[None], 3, 1, 1)[0],
    "solve": lambda x, y: ct.linalg.solve(x @ x.T + 4 * ct.eye(ROWS), y).tanh(),
    "loss": lambda x, y: x + F.cross_entropy(y, ct.tensor([1, 0, 3])),
    "logsumexp": lambda x, y: x - x.logsumexp(1, keepdim=True) + y.abs().sqrt().sum(0),
}  # fmt: skip


class Drawn:
    """A drawn function of two tensors, and how it is mapped."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.names = [str(n) for n in self.rng.choice(list(STEPS), self.rng.integers(2, 6))]
        self.places = self.rng.integers(0, 100, (len(self.names), 2))
        self.count = int(self.rng.integers(1, 4))
        self.in_dims = (self.dim(), self.dim() if self.rng.integers(3) else None)
        self.chunk_size = int(self.rng.integers(1, 4)) if self.rng.integers(2) else None

    def dim(self):
        return int(self.rng.integers(-3, 3))

    def __call__(self, x, y):
        pool = [x, y]
        for name, (a, b) in zip(self.names, self.places, strict=True):
            pool.append(STEPS[name](pool[a % len(pool)], pool[b % len(pool)]))
        return pool[-1]

    def number(self, x, y):
        """The function as one of a number, all of whose elements count."""
        weights = ct.arange(ROWS * COLUMNS, dtype="float32").reshape(ROWS, COLUMNS) / 6 - 1
        return (self(x, y) * weights).sum()

    def arguments(self, more=()):
        """Examples along the drawn dimensions: tensors, and each example in turn."""
        given, examples = [], []
        for dim in self.in_dims:
            shape = (ROWS, COLUMNS) if dim is None else (self.count, ROWS, COLUMNS)
            values = ct.tensor(self.rng.normal(0, 1, (*more, *shape)).astype("float32"))
            examples.append(
                [values] * self.count if dim is None else list(values.unbind(len(more)))
            )
            if dim is not None:
                values = values.movedim(len(more), len(more) + dim % 3)
            given.append(values)
        return given, list(zip(*examples, strict=True))


def compare(got, wanted, drawn):
    wanted = np.stack([w.numpy() for w in wanted])
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    np.testing.assert_allclose(
        got.numpy(), wanted, rtol=1e-4, atol=1e-4 * scale, err_msg=f"{drawn.names} {drawn.in_dims}"
    )


@pytest.mark.filterwarnings("error")  # nothing here is computed for one example after another
@pytest.mark.parametrize("seed", range(DRAWS or 5))
def test_a_drawn_function_is_that_of_each_example(seed):
    drawn = Drawn(seed)
    (x, y), examples = drawn.arguments()
    how = {"in_dims": drawn.in_dims, "chunk_size": drawn.chunk_size}
    compare(vmap(drawn, **how)(x, y), [drawn(*e) for e in examples], drawn)
    inside = grad(drawn.number, argnums=(0, 1))
    got = vmap(inside, **how)(x, y)
    wanted = [inside(*e) for e in examples]
    for k in (0, 1):
        compare(got[k], [w[k] for w in wanted], drawn)
    outside = grad(lambda x, y: vmap(drawn.number, **how)(x, y).sum(), argnums=(0, 1))(x, y)
    for k, dim in enumerate(drawn.in_dims):
        if dim is None:
            compare(outside[k][None], [sum(w[k] for w in wanted)], drawn)
        else:
            compare(outside[k].movedim(dim % 3, 0), [w[k] for w in wanted], drawn)


@pytest.mark.parametrize("seed", range(DRAWS or 2))
def test_a_drawn_function_nests(seed):
    drawn = Drawn(1000 + seed)
    (x, y), _ = drawn.arguments(more=(2,))
    inside = vmap(grad(drawn.number), in_dims=drawn.in_dims)
    got = vmap(inside)(x, y)
    compare(got, [inside(*each) for each in zip(x.unbind(), y.unbind(), strict=True)], drawn)
    one = vmap(inside, in_dims=(None, 0))(x[0], y)
    compare(one, [inside(x[0], each) for each in y.unbind()], drawn)
