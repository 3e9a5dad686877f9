"""Custom functions that save what they computed, written for cltensor and for PyTorch alike: each
takes the library and gives what it found."""

import numpy as np

from cltensor.errors import GradientError

#: What the libraries raise.
ERRORS = (GradientError, RuntimeError)


def leaf(lib, values, records=True):
    values = np.array(values, "float32")
    return lib.tensor(values, requires_grad=records)


def show(x):
    return None if x is None else np.asarray(x.detach().numpy()).round(3).tolist()


def a_saved_result(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(lib, [0.0, 1])
    y = A.apply(x)
    (g,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = lib.autograd.grad(g.sum(), x)
    y = A.apply(x)
    y.mul_(2)
    try:
        y.sum().backward()
        e = False
    except ERRORS:
        e = True
    return (show(g), show(h), e)


def a_saved_input_changed_later(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * g * x

    a = leaf(lib, [1.0, 2])
    x = a * 1
    y = A.apply(x)
    x.mul_(2)
    try:
        y.sum().backward()
        return False
    except ERRORS:
        return True


def a_saved_integer(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x, i):
            ctx.save_for_backward(i)
            return (x * 2, i)

        @staticmethod
        def backward(ctx, g, h):
            return (g * 2, None)

    x = leaf(lib, [1.0, 2])
    i = lib.tensor([1])
    r = A.apply(x, i)
    r[0].sum().backward()
    return (r[1].requires_grad, show(x.grad))


def a_result_changed_later(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return (x * 2, x * 3)

        @staticmethod
        def backward(ctx, g, h):
            return g * 2 + h * 3

    x = leaf(lib, [1.0, 2])
    p, q = A.apply(x)
    p.mul_(5)
    (p + q).sum().backward()
    return show(x.grad)


def saved_tensors_after_backward(lib):

    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 1

        @staticmethod
        def backward(ctx, g):
            assert len(ctx.saved_tensors) == 1
            return g

    x = leaf(lib, [1.0, 2])
    y = A.apply(x)
    y.sum().backward()
    try:
        y.sum().backward()
        return "twice"
    except ERRORS:
        return "error"


def two_saved_results(lib):
    class A(lib.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y, z = x.exp(), x.sin()
            ctx.save_for_backward(y, z, x)
            return y, z

        @staticmethod
        def backward(ctx, g, h):
            y, _, x = ctx.saved_tensors
            return g * y + h * x.cos()

    x = leaf(lib, [0.5, 1])
    y, z = A.apply(x)
    (first,) = lib.autograd.grad((y * z).sum(), x, create_graph=True)
    (second,) = lib.autograd.grad(first.sum(), x)
    return show(first), show(second)
