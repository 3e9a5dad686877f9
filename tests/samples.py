"""Tiny stand-ins for the published data sets, with their digests put in place of the real ones."""

import hashlib
import struct

import numpy as np

from cltensor.data import cifar, files, mnist


def idx(array):
    """The bytes of an IDX file of unsigned bytes."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def content(data):
    """What `files.check` must find."""
    return files.Content(len(data), hashlib.sha256(data).hexdigest())


def tiny_mnist(monkeypatch, train=30, test=10):
    """Arrays by file name: noise with a bright block whose place tells the digit."""
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", train), ("t10k", test)):
        labels = random.integers(0, 10, count)
        images = random.integers(0, 60, (count, 28, 28))
        for image, label in zip(images, labels, strict=True):
            row, column = divmod(int(label), 4)
            image[9 * row : 9 * row + 8, 7 * column : 7 * column + 6] += 190
        arrays[f"{part}-images-idx3-ubyte"] = images.astype(np.uint8)
        arrays[f"{part}-labels-idx1-ubyte"] = labels.astype(np.uint8)
    digests = {name: content(idx(array)) for name, array in arrays.items()}
    monkeypatch.setattr(mnist, "FILES", digests)
    return arrays


def tiny_cifar10(monkeypatch, count=3):
    """Six batches of CIFAR-10 as records, by file name."""
    random = np.random.default_rng(1)
    batches = {}
    for name in cifar.FILES:
        batches[name] = random.integers(0, 256, (count, 3073), np.uint8)
        batches[name][:, 0] %= 10
    digests = {name: content(batch.tobytes()) for name, batch in batches.items()}
    monkeypatch.setattr(cifar, "FILES", digests)
    monkeypatch.setattr(cifar, "_SIZE", count * 3073)
    monkeypatch.setattr(cifar, "_PICKLE_LIMIT", 20 * count * 3073)
    return batches
