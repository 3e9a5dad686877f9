"""Images of noise, as Pillow, a device and the memory of the host have them."""

import numpy as np

import cltensor as ct
from cltensor.data import Dataset
from cltensor.runtime.host import HostDevice

HOST = HostDevice()
SIZES = [(7, 5), (8, 6), (5, 9), (1, 1)]


def noise(height=7, width=5, channels=3, seed=0):
    """Bytes (H, W, C), or (H, W) for one channel."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def planes(pixels):
    """Bytes as (C, H, W)."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) if pixels.ndim == 3 else pixels[None]


def image(pixels):
    """Bytes as one of Pillow's images."""
    from PIL import Image

    return Image.fromarray(pixels)


def pixels_of(picture):
    """What one of Pillow's images shows, as (C, H, W)."""
    return planes(np.array(picture))


def everywhere(function, array, *args, atol=1e-6, **kwargs):
    """What function makes of a tensor with these elements; on a device and on the host the same."""
    found = function(ct.tensor(array), *args, **kwargs)
    on_host = function(ct.Tensor.from_numpy(array.copy(), HOST), *args, **kwargs)
    assert on_host.device is HOST
    assert on_host.dtype == found.dtype
    np.testing.assert_allclose(on_host.numpy(), found.numpy(), rtol=1e-5, atol=atol)
    return found.numpy()


def near(found, wanted, most=1):
    """Assert that bytes differ by at most that much."""
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    assert np.abs(found.astype(int) - wanted.astype(int)).max(initial=0) <= most


class Pictures(Dataset):
    """The same image again and again, changed."""

    def __init__(self, count, transform, height=9, width=9):
        self.count, self.transform = count, transform
        self.pixels = noise(height, width)

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index >= self.count:
            raise IndexError(index)
        return self.transform(image(self.pixels)), index
