import gc

import numpy as np
import pytest

import cltensor as ct
from cltensor import library
from cltensor.core.op import OPERATIONS
from cltensor.errors import DTypeError, GradientError, KernelError, ShapeError
from cltensor.testing import gradcheck

SCALE = """
// kernel void decoy(global int *x)
kernel void scale(global const float *x, float by, global float *out)
{
    size_t i = get_global_id(0);
    out[i] = by * x[i];
}
"""


@pytest.fixture
def swish(monkeypatch):
    monkeypatch.setattr(library, "_made", {})
    op = library.pointwise(
        "swish_of_a_test(x, beta)",
        "x / (1 + exp(-beta * x))",
        result="float",
        dx=lambda g, out, x, beta: g * (beta * out + ct.sigmoid(beta * x) * (1 - beta * out)),
    )
    yield op
    del OPERATIONS[op.name]


def test_pointwise_is_fused_and_differentiated(device, swish):
    x = ct.tensor(np.random.default_rng(0).normal(size=(3, 5)), device=device)
    assert np.allclose(swish(x, 1.5).numpy(), (x * ct.sigmoid(1.5 * x)).numpy())
    if device.fp64:
        assert gradcheck(lambda x: swish(x, 1.5), [x.double().requires_grad_()])
    y = x.float()
    assert len(ct.explain(swish(y * 2, y) + 1)) == 1


def test_pointwise_may_be_made_again_but_takes_no_name_of_ours(device, swish):
    again = library.pointwise("swish_of_a_test(x, beta)", "x * beta")
    assert again(ct.ones(2, device=device), 3.0).tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match="'exp'"):
        library.pointwise("exp(x)", "x")


def test_pointwise_says_what_does_not_compile(device, monkeypatch):
    monkeypatch.setattr(library, "_made", {})
    wrong = library.pointwise("wrong_of_a_test(x)", "x + nothing_here")
    try:
        with pytest.raises(KernelError, match="nothing_here"):
            wrong(ct.ones(3, device=device)).numpy()
    finally:
        del OPERATIONS[wrong.name]
        gc.collect()  # what is pending of it, which the error's frames hold


def test_kernel_writes_in_program_order(device):
    scale = library.Kernel(SCALE)
    x = ct.arange(24, dtype=ct.float32, device=device).reshape(4, 6)
    out = ct.ones(4, 6, device=device)
    before = out + 1  # pending, of the elements as they are
    scale(x, 2.0, out, global_size=24)
    assert before.tolist() == [[2.0] * 6] * 4
    assert out.tolist() == (2 * x).tolist()
    scale(x.T, 3.0, out, global_size=(24,))
    assert out.flatten().tolist() == (3 * x.T).flatten().tolist()
    scale(x[1:2], 1.0, out[:1], global_size=6, local_size=2)
    assert out[0].tolist() == x[1].tolist()


def test_kernel_raises_the_version_of_what_it_writes(device):
    scale = library.Kernel(SCALE)
    weight = ct.ones(4, device=device, requires_grad=True)
    x = ct.ones(4, device=device)
    loss = (weight * x).sum()
    scale(x, 2.0, x, global_size=4)
    with pytest.raises(GradientError, match="scale"):
        loss.backward()


def test_kernel_in_replays(device):
    scale = library.Kernel(SCALE)

    @ct.jit
    def scaled(x):
        out = ct.empty_like(x)
        scale(x, 3.0, out, global_size=x.numel())
        return out + 1

    for number in range(5):
        x = ct.full((3, 7), float(number), device=device)
        assert scaled(x).tolist() == [[3.0 * number + 1] * 7] * 3


def test_kernel_in_a_function_of_its_own(device):
    scale = library.Kernel(SCALE)

    class Double(ct.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = ct.empty_like(x)
            scale(x, 2.0, out, global_size=x.numel())
            return out

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    x = ct.ones(5, device=device, requires_grad=True)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 5
    with pytest.raises(GradientError, match="autograd.Function"):
        scale(x, 2.0, ct.empty(5, device=device), global_size=5)


def test_kernel_refuses_what_does_not_fit(device):
    scale = library.Kernel(SCALE)
    x, out = ct.ones(4, 6, device=device), ct.zeros(4, 6, device=device)
    with pytest.raises(DTypeError, match="points to float, got a tensor of int32"):
        scale(x, 2.0, out.int(), global_size=24)
    with pytest.raises(TypeError, match="by is a number"):
        scale(x, x, out, global_size=24)
    with pytest.raises(TypeError, match="x is a tensor"):
        scale(1.0, 1.0, out, global_size=24)
    with pytest.raises(TypeError, match=r"\(x, by, out\), got 2"):
        scale(x, 2.0, global_size=24)
    with pytest.raises(ShapeError, match="strides"):
        scale(x.T, 2.0, out.T, global_size=24)
    with pytest.raises(ShapeError, match="begins at element 6"):
        scale(x[1], 2.0, out[1], global_size=6)
    with pytest.raises(ShapeError, match="groups of"):
        scale(x, 2.0, out, global_size=24, local_size=5)
    assert out.sum().item() == 0


def test_kernel_of_a_source(device):
    with pytest.raises(KernelError, match=r"the kernels \[\]"):
        library.Kernel("int f(int x) { return x; }")
    two = "kernel void a(global int *x) { *x = 1; } kernel void b(global int *x) { *x = 2; }"
    with pytest.raises(KernelError, match="'a', 'b'"):
        library.Kernel(two)
    x = ct.zeros(1, dtype=ct.int32, device=device)
    library.Kernel(two, "b")(x, global_size=1)
    assert x.item() == 2
    wrong = library.Kernel("kernel void f(global unsigned int *x) { *x = nowhere; }")
    with pytest.raises(KernelError, match="nowhere"):
        wrong(x.to(ct.uint32), global_size=1)
