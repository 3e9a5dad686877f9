# %% [markdown]
# # Gradients
#
# What is computed from a tensor with `requires_grad=True` is recorded, and `backward()` goes the
# way back.

# %%
import cltensor as ct

x = ct.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
z.mean().backward()
print(x.grad)
assert x.grad.tolist() == [[4.5, 4.5], [4.5, 4.5]]

# %% [markdown]
# Gradients add up until they are taken away, and `no_grad` records nothing.

# %%
x.grad = None
with ct.no_grad():
    print((x * 2).requires_grad)

# %% [markdown]
# ## Gradients of gradients
#
# `ct.grad` gives them without `backward`; with `create_graph=True` they can be differentiated
# again.

# %%
t = ct.tensor(2.0, requires_grad=True)
(first,) = ct.grad(t**3, t, create_graph=True)
(second,) = ct.grad(first, t)
print(first.item(), second.item())
assert (first.item(), second.item()) == (12.0, 12.0)

# %% [markdown]
# The same of functions, and of each example of a batch:

# %%
slope = ct.func.grad(lambda v: (v**3).sum())
print(slope(ct.tensor([1.0, 2.0])))
print(ct.func.vmap(slope)(ct.tensor([[1.0], [2.0]])))

# %% [markdown]
# ## An operation of one's own


# %%
class Clipped(ct.autograd.Function):
    """x, with a gradient of at most 1."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad.clamp(-1, 1)


v = ct.tensor([1.0, 2.0], requires_grad=True)
(Clipped.apply(v) * ct.tensor([0.5, 7.0])).sum().backward()
print(v.grad)
assert v.grad.tolist() == [0.5, 1.0]
