"""vmap: its arguments, its results, what goes with it, and what it refuses."""

import collections

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.core.hooks import Hooks
from cltensor.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

x = ct.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
Pair = collections.namedtuple("Pair", "first second")


def same(got, wanted, tolerance=1e-5):
    np.testing.assert_allclose(
        got.detach().numpy(), wanted.detach().numpy(), rtol=tolerance, atol=tolerance
    )


# ------------------------------------------------------------------------ arguments and results


def test_dimensions_of_arguments_and_results():
    assert vmap(lambda a: a.sum())(x).tolist() == [6, 15]
    assert vmap(lambda a: a.sum(), in_dims=1)(x).tolist() == [5, 7, 9]
    assert vmap(lambda a: a.sum(), in_dims=-2)(x).tolist() == [6, 15]
    assert vmap(lambda a, b: a * b, in_dims=(None, 0))(x[0], x[:, 0]).tolist() == [
        [1, 2, 3], [4, 8, 12],
    ]  # fmt: skip
    for out_dims, want in ((0, x), (1, x.T), (-1, x.T), (-2, x)):
        assert vmap(lambda a: a, out_dims=out_dims)(x).tolist() == want.tolist()
    assert ct.vmap is vmap


def test_nested_arguments_and_results():
    given = {"a": x, "b": [x.T, Pair(x[0], x[:, 1])]}

    def function(d, k):
        b, (one, two) = d["b"]
        return {"sum": d["a"].sum() * k + two}, Pair(b + one, (d["a"],))

    got = vmap(
        function,
        in_dims=({"a": 0, "b": [1, (None, 0)]}, None),
        out_dims=({"sum": 0}, (1, (0,))),
    )(given, 2.0)
    assert got[0]["sum"].tolist() == [14, 35]
    assert type(got[1]) is Pair
    assert got[1].first.tolist() == [[2, 5], [4, 7], [6, 9]]
    assert got[1].second[0].tolist() == x.tolist()
    assert vmap(lambda pair: pair[0] + pair[1])((x, x))[1].tolist() == [8, 10, 12]


def test_results_that_are_the_same_for_all():
    got = vmap(lambda a: (ct.ones(2), a.sum(), 7), out_dims=(0, 0, None))(x)
    assert got[0].tolist() == [[1, 1], [1, 1]]
    assert got[1].tolist() == [6, 15]
    assert got[2] == 7
    assert vmap(lambda a: ct.ones(2), out_dims=None)(x).tolist() == [1, 1]


def test_keywords_are_the_same_for_all():
    assert vmap(lambda a, k: a.sum() + k.sum())(x, k=x).tolist() == [27, 36]


def test_an_empty_batch():
    assert vmap(lambda a: (a @ a) * 2)(ct.zeros(0, 3)).shape == (0,)


@pytest.mark.parametrize(("message", "call"), [
    ("without arguments by position", lambda: vmap(lambda: x)()),
    ("None for every argument", lambda: vmap(lambda a: a, in_dims=None)(x)),
    ("2, 3 examples along in_dims", lambda: vmap(lambda a, b: a, in_dims=(0, 1))(x, x)),
    ("use -2 to 1", lambda: vmap(lambda a: a, in_dims=2)(x)),
    ("use None", lambda: vmap(lambda a: a)(x[0, 0])),
    (r"like that of the arguments, \(\*, \*\)",
     lambda: vmap(lambda a, b: a, in_dims=(0, 0, 0))(x, x)),
    ("in_dims is 'a'", lambda: vmap(lambda a: a, in_dims="a")(x)),
    (r"in_dims is \(0,\)", lambda: vmap(lambda a: a, in_dims=({"a": (0,)},))({"a": (x, x)})),
    ("out_dims is 2 for a result of shape", lambda: vmap(lambda a: a, out_dims=2)(x)),
    ("not the same for all examples", lambda: vmap(lambda a: a, out_dims=None)(x)),
    ("out_dims is", lambda: vmap(lambda a: a, out_dims=(0, 0))(x)),
    ("randomness is 'some'", lambda: vmap(lambda a: a, randomness="some")),
    ("chunk_size is 0", lambda: vmap(lambda a: a, chunk_size=0)),
])  # fmt: skip
def test_what_does_not_fit_is_told(message, call):
    with pytest.raises(ct.ShapeError, match=message):
        call()
    assert not Hooks.observed


def test_what_is_no_tensor_is_told():
    with pytest.raises(ct.DTypeError, match=r"in_dims is 0 for 2\.5, which is no tensor"):
        vmap(lambda a, b: a)(x, 2.5)
    with pytest.raises(ct.DTypeError, match="the function returned 1"):
        vmap(lambda a: 1)(x)


# --------------------------------------------------------------------------------- composition


def test_calls_nest():
    y = ct.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [2.0, 0.0, 0.0]])
    got = vmap(lambda a: vmap(lambda b: (a * b).sum())(y))(x)
    same(got, x @ y.T)
    got = vmap(lambda b: vmap(lambda a: a * b.sum(), out_dims=1)(x), out_dims=2)(y)
    assert got.shape == (3, 2, 4)
    same(got[:, 1, 0], x[1] * 3)


def loss(w, a, t):
    return ((w @ a).tanh() - t).square().sum()


W = ct.tensor([[0.5, -1.0, 0.25], [1.0, 0.0, -0.5]])


def test_gradients_for_each_example():
    t = ct.tensor([[0.5, 1.0], [-1.0, 0.0]])
    got = vmap(grad(loss), in_dims=(None, 0, 0))(W, x, t)
    assert got.shape == (2, 2, 3)
    for k in (0, 1):
        same(got[k], grad(loss)(W, x[k], t[k]))
    several = vmap(grad(loss, argnums=(0, 1)), in_dims=(None, 0, 0))(W, x, t)
    same(several[0], got)
    same(several[1][1], grad(loss, 1)(W, x[1], t[1]))
    # What the function reaches by itself is differentiated by as well as an argument.
    same(vmap(lambda a, t: grad(lambda w: loss(w, a, t))(W))(x, t), got)
    assert not got.requires_grad


def test_derivatives_of_vmap_and_vmap_of_derivatives():
    def f(a):
        return (a.sin() * a.sum()).sum()

    one = [grad(f)(a) for a in x]
    same(vmap(grad(f))(x), ct.stack(one))
    same(grad(lambda a: vmap(f)(a).sum())(x), ct.stack(one))
    same(vmap(hessian(f))(x), ct.stack([hessian(f)(a) for a in x]), 1e-4)
    same(vmap(grad(lambda a: grad(f)(a)[0]))(x), ct.stack([hessian(f)(a)[0] for a in x]), 1e-4)
    same(vmap(jacrev(ct.sin))(x), ct.stack([ct.diag(a.cos()) for a in x]))
    same(vmap(jacfwd(ct.sin))(x), ct.stack([ct.diag(a.cos()) for a in x]))
    rows = jacrev(vmap(f))(x)
    same(rows, jacfwd(vmap(f))(x))
    same(rows[1, 1], one[1])
    assert rows[0, 1].tolist() == [0, 0, 0]
    t = x.flip(1)
    got = vmap(lambda a, v: jvp(f, (a,), (v,)))(x, t)
    same(got[0], vmap(f)(x))
    same(got[1], ct.stack([g @ v for g, v in zip(one, t, strict=True)]), 1e-4)
    got = vmap(lambda a, v: vjp(ct.exp, a)[1](v)[0])(x, t)
    same(got, x.exp() * t)
    value, back = vjp(ct.exp, x[0])
    same(vmap(back)(ct.eye(3))[0], ct.diag(value))
    same(vmap(lambda a: vmap(vjp(ct.sin, a)[1])(ct.eye(3))[0])(x)[1], ct.diag(x[1].cos()))


def test_the_graph_outside_sees_what_happens_inside():
    a = x.clone().requires_grad_()
    vmap(lambda a: (a * a).sum())(a).sum().backward()
    same(a.grad, 2 * x)
    w = W.clone().requires_grad_()
    vmap(lambda a: (w @ a).sum())(x).sum().backward()
    same(w.grad, x.sum(0).expand(2, 3))
    inner = vmap(grad(lambda a: (a * w[0]).square().sum()))(x)
    (g,) = ct.autograd.grad(inner.sum(), w)
    same(g[0], (4 * x * W[0]).sum(0))


def test_a_network_and_an_ensemble_of_it():
    net = ct.nn.Sequential(ct.nn.Conv2d(1, 2, 3), ct.nn.ReLU(), ct.nn.Flatten(), ct.nn.Linear(8, 3))
    parameters = {name: p.detach() for name, p in net.named_parameters()}
    images, labels = ct.randn(4, 1, 4, 4), ct.tensor([0, 2, 1, 1])

    def cost(parameters, image, label):
        scores = functional_call(net, parameters, (image[None],))
        return F.cross_entropy(scores, label[None])

    got = vmap(grad(cost), in_dims=(None, 0, 0))(parameters, images, labels)
    whole = grad(lambda p: F.cross_entropy(functional_call(net, p, (images,)), labels))(parameters)
    one = grad(cost)(parameters, images[3], labels[3])
    for name in parameters:
        same(got[name].mean(0), whole[name], 1e-4)
        same(got[name][3], one[name], 1e-4)
    stacked = {name: ct.stack([p, p * 2]) for name, p in parameters.items()}
    several = vmap(lambda p: functional_call(net, p, (images,)))(stacked)
    twice = {name: p * 2 for name, p in parameters.items()}
    same(several[1], functional_call(net, twice, (images,)), 1e-4)


def test_in_parts():
    sizes = []

    def function(a):
        sizes.append(a.batch)
        return a * 2, a.sum()

    rows = ct.arange(15, dtype="float32").reshape(5, 3)
    got = vmap(function, out_dims=(1, 0), chunk_size=2)(rows)
    assert sizes == [(2,), (2,), (1,)]
    same(got[0], (rows * 2).T)
    same(got[1], rows.sum(1))
    assert jacrev(ct.sin, chunk_size=2)(x[0]).tolist() == jacrev(ct.sin)(x[0]).tolist()


def test_recorded_calls():
    inner = vmap(ct.jit(lambda a: a * a.sum()))
    for k in range(3):
        same(inner(x + k), (x + k) * (x + k).sum(1, keepdim=True))
    outer = ct.jit(lambda a: vmap(lambda b: b * b.sum())(a))
    for k in range(4):
        same(outer(x + k), (x + k) * (x + k).sum(1, keepdim=True))


class Doubled(ct.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * 2

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


def test_custom_functions_and_checkpoints():
    with pytest.warns(UserWarning, match="Doubled"):
        same(vmap(Doubled.apply)(x), x * 2)
    with pytest.warns(UserWarning, match="Doubled"):
        same(vmap(grad(lambda a: Doubled.apply(a).sum()))(x), x)
    same(jacrev(Doubled.apply)(x[0]), ct.diag(x[0]))
    checkpoint = ct.utils.checkpoint.checkpoint
    same(vmap(grad(lambda a: checkpoint(ct.exp, a).sum()))(x), x.exp())


# ------------------------------------------------------------------------------------- in place


def test_changes_in_place():
    def function(a):
        z = a.clone()
        z[0] = 5
        z[1] += a[2]
        z.mul_(2).add_(a)
        z.unsqueeze_(0)
        z[:, 2:] = z[:, :1]
        return z[0].sin_()

    same(vmap(function)(x), ct.stack([function(a) for a in x]))

    def number(a):
        return (function(a) ** 2).sum()

    same(vmap(grad(number))(x), ct.stack([grad(number)(a) for a in x]), 1e-4)
    z = x.clone()
    vmap(lambda a: a.add_(1))(z)
    same(z, x + 1)


def test_what_all_examples_share_takes_nothing_of_one():
    shared = ct.zeros(3)
    for change in (shared.add_, shared.copy_, lambda a: shared.__setitem__(0, a[0])):
        with pytest.raises(ct.VmapError, match="cannot take elements that differ between them"):
            vmap(change)(x)
    assert shared.tolist() == [0, 0, 0]
    vmap(lambda a: shared.add_(1) + a)(x)
    assert shared.tolist() == [1, 1, 1]
    norm = ct.nn.BatchNorm1d(3)
    with pytest.raises(ct.VmapError, match="track_running_stats=False"):
        vmap(norm)(ct.randn(2, 4, 3))


@pytest.mark.parametrize(
    "make",
    [
        ct.zeros_like,
        lambda a: ct.full_like(a, 0),
        lambda a: ct.zeros_like(input=a),
        lambda a: a.new_zeros(3),
        lambda a: a.new_tensor([0.0, 0, 0]),
        lambda a: ct.empty_like(a).zero_(),
    ],
)
def test_what_is_made_like_an_example_takes_elements_of_it(make):
    def put(a):
        y = make(a)
        y[0] = a[1]
        y[1:].add_(a[2])
        return y

    same(vmap(put)(x), ct.stack([put(a) for a in x]))
    same(vmap(vmap(put, in_dims=0), in_dims=0)(x.reshape(1, -1, 3))[0], vmap(put)(x))


def test_running_statistics_of_their_own():
    norm = ct.nn.BatchNorm1d(3)
    state = {name: ct.stack([b, b]) for name, b in norm.named_buffers()}
    given = ct.randn(2, 4, 3)
    vmap(lambda s, a: functional_call(norm, s, (a,)))(state, given)
    same(state["running_mean"], given.mean(1) * 0.1)


# ----------------------------------------------------------------------------------- randomness

RANDOM = {
    "rand": lambda a: ct.rand(2),
    "randn_like": ct.randn_like,
    "randint": lambda a: ct.randint(0, 1 << 30, (3,)),
    "randperm": lambda a: ct.randperm(20),
    "dropout": lambda a: F.dropout(a.repeat(10)),
    "bernoulli": lambda a: ct.bernoulli(ct.full((30,), 0.5) + 0 * a[0]),
    "normal": lambda a: ct.normal(a * 0, 1.0),
    "uniform_": lambda a: a.clone().uniform_(),
    "exponential_": lambda a: a.clone().exponential_(),
    "multinomial": lambda a: ct.multinomial(ct.ones(50), 20),
}
#: Their parameters differ between the examples.
OF_PARAMETERS = {
    "poisson": lambda a: ct.poisson(a.repeat(5) * 100),
    "gamma": lambda a: ct.distributions.Gamma(a, 1.0).rsample(),
}


@pytest.mark.filterwarnings("ignore:vmap")
@pytest.mark.parametrize("name", [*RANDOM, *OF_PARAMETERS])
def test_random_numbers(name):
    function = {**RANDOM, **OF_PARAMETERS}[name]
    rows = x[:1].expand(2, 3)
    with pytest.raises(ct.VmapError, match="randomness="):
        vmap(function)(rows)
    one, two = vmap(function, randomness="different")(rows).tolist()
    assert one != two
    if name in OF_PARAMETERS:
        with pytest.raises(ct.VmapError, match="use 'different'"):
            vmap(function, randomness="same")(rows)
    else:
        one, two = vmap(function, randomness="same")(rows).tolist()
        assert one == two


def test_randomness_of_nested_calls():
    def pairs(outer, inner):
        return vmap(
            lambda a: vmap(lambda b: ct.rand(2) + 0 * b, randomness=inner)(a), randomness=outer
        )(ct.zeros(2, 3)).numpy()

    got = pairs("different", "same")
    assert (got[:, 0] == got[:, 1]).all()
    assert (got[0] != got[1]).all()
    got = pairs("same", "different")
    assert (got[0] == got[1]).all()
    assert (got[:, 0] != got[:, 1]).all()
    with pytest.raises(ct.VmapError, match="randomness="):
        pairs("error", "different")


@pytest.mark.filterwarnings("ignore:vmap")
def test_a_loop_draws_as_the_call_says():
    def function(a):
        return ct.histc(a + ct.rand(100), 10, 0, 8)

    one, two = vmap(function, randomness="same")(ct.ones(2, 100)).tolist()
    assert one == two

    def chosen(a):
        return ct.multinomial(a, 10)

    one, two = vmap(chosen, randomness="same")(ct.ones(2, 50)).tolist()
    assert one == two
    one, two = vmap(chosen, randomness="different")(ct.ones(2, 50)).tolist()
    assert one != two


def test_the_same_random_numbers_in_recorded_calls(counts):
    def call(x):
        return ct.vmap(lambda row: row + ct.rand(()), randomness="same")(x), ct.rand(1)

    def found(through):
        ct.manual_seed(5)
        run = through(call)
        return [[t.tolist() for t in run(ct.zeros(3))] for _ in range(5)]

    assert found(ct.jit) == found(lambda f: f)
    assert counts["replay"] == 3
