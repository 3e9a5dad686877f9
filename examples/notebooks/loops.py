# %% [markdown]
# # A loop in Python, NumPy, cltensor
#
# The same thing three times: points of a plane, and how many of them lie in the unit circle, which
# gives a number for pi.

# %%
import os
import random
import time

import numpy as np

import cltensor as ct

COUNT = int(os.environ.get("NOTEBOOK_COUNT", "1000000"))

# %% [markdown]
# Python takes one point after the other.

# %%
start = time.perf_counter()
inside = 0
for _ in range(COUNT):
    x, y = random.random(), random.random()
    if x * x + y * y < 1:
        inside += 1
print(f"Python:   {4 * inside / COUNT:.4f} in {time.perf_counter() - start:.3f} s")

# %% [markdown]
# NumPy takes all of them at once, one operation after the other.

# %%
start = time.perf_counter()
x, y = np.random.default_rng(0).random((2, COUNT))
inside = np.count_nonzero(x * x + y * y < 1)
print(f"NumPy:    {4 * inside / COUNT:.4f} in {time.perf_counter() - start:.3f} s")

# %% [markdown]
# cltensor writes the same, and makes one kernel of the operations that belong together. The first
# time that kernel is compiled; after that it is there, also in the next program.


# %%
def estimate():
    x, y = ct.rand(COUNT), ct.rand(COUNT)
    return 4 * (x * x + y * y < 1).float().mean().item()


ct.manual_seed(0)
estimate()
start = time.perf_counter()
found = estimate()
print(f"cltensor: {found:.4f} in {time.perf_counter() - start:.3f} s on {ct.device()}")

# %% [markdown]
# Which kernels were those?

# %%
with ct.profiler.profile() as taken:
    estimate()
print(taken.key_averages().table())
assert abs(found - np.pi) < 10 / COUNT**0.5
