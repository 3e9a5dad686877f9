# %% [markdown]
# # Tensors
#
# Names and meanings are PyTorch's and NumPy's.

# %%
import numpy as np

import cltensor as ct

x = ct.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(x)
print(x.shape, x.dtype, x.device)

# %% [markdown]
# Operations broadcast, as NumPy's do; there and back is one call each.

# %%
row = ct.arange(3)
print(x + row)
print((x @ x.T).numpy())
print(ct.from_numpy(np.eye(2, dtype=np.float32)))

# %% [markdown]
# Slices are views: they show the same elements.

# %%
first = x[0]
first += 10
print(x)
assert x[0, 0].item() == 11

# %% [markdown]
# ## When things run
#
# Operations wait until somebody needs a value; a chain of them is then one kernel, which
# `ct.explain` shows. `CLTENSOR_EAGER=1` in the environment runs each at once.

# %%
print(ct.explain(lambda: (x * 2 + 1).relu().sum().item()))

# %% [markdown]
# ## Devices
#
# Without a word, tensors are made on the first GPU, else on the CPU.

# %%
for device in ct.devices():
    print(device.name, device.title)
print(ct.memory_summary())
