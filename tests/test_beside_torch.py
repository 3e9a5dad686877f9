"""Custom functions, the same as in PyTorch, whose saved tensors are in saving_functions; the losses
of a GPT in training."""

import numpy as np
import pytest
from saving_functions import (
    ERRORS,
    a_result_changed_later,
    a_saved_input_changed_later,
    a_saved_integer,
    a_saved_result,
    leaf,
    saved_tensors_after_backward,
    show,
    two_saved_results,
)
from suites import curve

import cltensor as ct
from cltensor.autograd.function import once_differentiable

torch = pytest.importorskip("torch")


def once(lib):
    return once_differentiable if lib is ct else torch.autograd.function.once_differentiable


def two_results(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            ctx.save_for_backward(x, y)
            ctx.n = ctx.needs_input_grad
            return (x * y, x + y)

        @staticmethod
        def backward(ctx, g, h):
            x, y = ctx.saved_tensors
            return (g * y + h, g * x + h)

    x, y = (leaf(lib, [1.0, 2]), leaf(lib, [3.0, 4]))
    p, q = A.apply(x, y)
    g = lib.autograd.grad((p * p).sum() + q.sum(), (x, y), create_graph=True)
    h = lib.autograd.grad(g[0].sum(), (x, y), allow_unused=True)
    only = lib.autograd.grad(A.apply(x, y)[1].sum(), (x,))
    return ([show(t) for t in (*g, *h, *only)], p.grad_fn is not None, p.requires_grad)


def no_zeros_for_missing_gradients(lib):
    seen = []

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return (x * 1, x * 2)

        @staticmethod
        def backward(ctx, g, h):
            seen.append((g is None, h is None))
            return None if g is None else g

    x = leaf(lib, [1.0, 2])
    p, _ = A.apply(x)
    p.sum().backward()
    q2 = A.apply(x)[1]
    q2.sum().backward()
    return (seen, show(x.grad))


def zeros_for_missing_gradients(lib):
    seen = []

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return (x * 1, x * 2)

        @staticmethod
        def backward(ctx, g, h):
            seen.append((show(g), show(h)))
            return g + h

    x = leaf(lib, [1.0, 2])
    p, _ = A.apply(x)
    p.sum().backward()
    return (seen, show(x.grad))


def an_input_changed_in_place(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(3)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    a = leaf(lib, [1.0, 2])
    x = a * 1
    y = A.apply(x)
    r = y is x
    (x * x).sum().backward()
    return (r, show(x), show(a.grad))


def a_view_changed_in_place(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(3)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    a = leaf(lib, [1.0, 2])
    x = a * 1
    v = x[0:1]
    A.apply(v)
    (x * x).sum().backward()
    return (show(x), show(a.grad))


def an_input_changed_and_another_result(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            x.add_(y)
            ctx.mark_dirty(x)
            return (x, y * 2)

        @staticmethod
        def backward(ctx, g, h):
            return (g, g + h * 2)

    a, b = (leaf(lib, [1.0, 2]), leaf(lib, [3.0, 4]))
    x = a * 1
    p, q = A.apply(x, b)
    (p * q).sum().backward()
    return (show(a.grad), show(b.grad))


def results_without_gradient(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            m = x * 2
            n = x > 1
            k = x * 5
            ctx.mark_non_differentiable(k)
            return (m, n, k)

        @staticmethod
        def backward(ctx, g, h, k):
            return g * 2

    x = leaf(lib, [1.0, 2])
    m, n, k = A.apply(x)
    m.sum().backward()
    return (n.requires_grad, k.requires_grad, show(x.grad))


def a_backward_to_be_used_once(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once(lib)
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = leaf(lib, [1.0, 2])
    y = A.apply(x).sum()
    (g,) = lib.autograd.grad(y, x, create_graph=True)
    first = show(g)
    try:
        lib.autograd.grad(g.sum(), x)
        e = False
    except ERRORS:
        e = True
    return (first, e)


def needs_input_grad(lib):
    seen = []

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, n, y):
            seen.append(ctx.needs_input_grad)
            return x * n + y

        @staticmethod
        def backward(ctx, g):
            seen.append(ctx.needs_input_grad)
            return (
                g * 2 if ctx.needs_input_grad[0] else None,
                None,
                g if ctx.needs_input_grad[2] else None,
            )

    x = leaf(lib, [1.0, 2])
    A.apply(x, 2, leaf(lib, [1.0, 1], False)).sum().backward()
    A.apply(leaf(lib, [1.0, 1], False), 2, x).sum().backward()
    return (seen, show(x.grad))


def an_input_returned(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return -g

    x = leaf(lib, [1.0, 2])
    y = A.apply(x)
    y.sum().backward()
    return (y is x, show(x.grad))


def a_view_returned(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.reshape(2, 1)

        @staticmethod
        def backward(ctx, g):
            return g.reshape(2) * 2

    x = leaf(lib, [1.0, 2])
    y = A.apply(x)
    y.sum().backward()
    return (show(x.grad), y.requires_grad)


def under_no_grad(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g

    x = leaf(lib, [1.0, 2])
    with lib.no_grad():
        y = A.apply(x)
    return y.requires_grad


def a_tuple_of_one(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return (x * 2,)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = leaf(lib, [1.0, 2])
    r = A.apply(x)
    r[0].sum().backward()
    return (type(r).__name__, show(x.grad))


def results_that_are_no_tensors(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return (x * 2, None, 3)

        @staticmethod
        def backward(ctx, g, h, i):
            return g * 2

    x = leaf(lib, [1.0, 2])
    r = A.apply(x)
    r[0].sum().backward()
    return (r[1:], show(x.grad))


def setup_context(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(x, y):
            return x * y

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return (g * y, g * x)

    x, y = (leaf(lib, [1.0, 2]), leaf(lib, [3.0, 4]))
    A.apply(x, y).sum().backward()
    return show(x.grad)


FUNCTIONS = [
    two_saved_results,
    two_results,
    no_zeros_for_missing_gradients,
    zeros_for_missing_gradients,
    an_input_changed_in_place,
    a_view_changed_in_place,
    an_input_changed_and_another_result,
    results_without_gradient,
    a_backward_to_be_used_once,
    a_saved_result,
    a_saved_input_changed_later,
    needs_input_grad,
    an_input_returned,
    a_view_returned,
    under_no_grad,
    a_tuple_of_one,
    results_that_are_no_tensors,
    a_saved_integer,
    a_result_changed_later,
    setup_context,
    saved_tensors_after_backward,
]


@pytest.mark.parametrize("case", FUNCTIONS)
def test_custom_functions(case):
    assert case(ct) == case(torch)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_small_gpt_follows_pytorchs_losses(compiled):
    ours, theirs = curve.train(ct, 20, 1, compiled), curve.train(torch, 20, 1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert ours[-1] < ours[0] - 0.5
