"""Small data sets: to load, and in place of published ones, whose digests they bring."""

import gzip
import hashlib
import pickle
import struct
import threading

import numpy as np

from cltensor.data import Dataset, ImageDataset, TensorDataset, cifar, files, mnist


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
    pickles = {name: md5(pickled(batch)) for name, batch in batches.items()}
    monkeypatch.setattr(cifar, "PICKLES", pickles)
    monkeypatch.setattr(cifar, "_SIZE", count * 3073)
    monkeypatch.setattr(cifar, "_PICKLE_LIMIT", 20 * count * 3073)
    return batches


def pickled(batch):
    """A batch of CIFAR-10 as a file of the python version."""
    dictionary = {
        b"batch_label": b"a batch",
        b"labels": batch[:, 0].tolist(),
        b"data": np.ascontiguousarray(batch[:, 1:]),
        b"filenames": [b"a.png"] * len(batch),
    }
    return pickle.dumps(dictionary, protocol=2)


def md5(data):
    """The digest by which a file of the python version is known."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def write_digits(folder, packed, gz=False):
    """Write the files of `packed` into `folder`; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in packed.items():
        path = folder / (name + ".gz" if gz else name)
        path.write_bytes(gzip.compress(data) if gz else data)
    return folder


class Squares(Dataset):
    """Items (i, i * i) as Python numbers, so the loader must collate; notes who asked."""

    def __init__(self, count, fail_at=None, dtype=float):
        self.count = count
        self.dtype = dtype
        self.fail_at = fail_at
        self.threads = set()

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.threads.add(threading.current_thread().name)
        if index == self.fail_at:
            raise RuntimeError(f"item {index} is broken")
        return index, self.dtype(index * index)


def numbers(count):
    """The pairs (i, 2 i)."""
    return TensorDataset(np.arange(count), np.arange(count, dtype=np.float32) * 2)


def read(loader):
    """The first tensor of every batch, as lists."""
    return [batch[0].numpy().tolist() for batch in loader]


def images(count=6, transform=None):
    """Random images, each with its place as label."""
    random = np.random.default_rng(0)
    data = random.integers(0, 256, (count, 3, 5, 4), np.uint8)
    return ImageDataset(data, np.arange(count, dtype=np.uint8), transform)
