# %% [markdown]
# # A network for photographs
#
# CIFAR-10 has photographs of ten kinds of things; the files come from the folder that
# `CLTENSOR_DATA` names, or from a download. `examples/cifar10.py` trains larger networks for
# longer.

# %%
import os

import numpy as np

import cltensor as ct
from cltensor import nn, optim
from cltensor.data import CIFAR10, DataLoader, Subset

IMAGES = int(os.environ.get("NOTEBOOK_COUNT", "10000"))
ct.manual_seed(0)
train, test = CIFAR10(train=True), CIFAR10(train=False)
part = Subset(train, range(min(IMAGES, len(train))))
print(train.classes)

# %% [markdown]
# Some of them, as one picture of floats in [0, 1]:

# %%
grid = ct.vision.utils.make_grid(ct.tensor(train.data[:12]).float() / 255, nrow=6)
print(grid.shape)

# %%
model = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(32 * 8 * 8, 10),
)  # fmt: skip
print(model.summary(input_size=(1, 3, 32, 32)))

# %% [markdown]
# The learning rate goes up and down again within the run; half of the images are mirrored.

# %%
loader = DataLoader(part, batch_size=64, shuffle=True)
optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.05, total_steps=2 * len(loader))
random = np.random.default_rng(0)
model.train()
for epoch in range(2):
    for images, labels in loader:
        if random.random() < 0.5:
            images = images.flip(3)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        schedule.step()
    print(f"epoch {epoch + 1}: loss {loss.item():.3f}")

# %%
model.eval()
right = np.zeros(10)
count = np.zeros(10)
with ct.no_grad():
    for images, labels in DataLoader(test, batch_size=500):
        hits = (model(images).argmax(1) == labels).numpy()
        np.add.at(right, labels.numpy(), hits)
        np.add.at(count, labels.numpy(), 1)
for name, share in zip(test.classes, right / np.maximum(count, 1), strict=True):
    print(f"{name:<12} {share:.0%}")
