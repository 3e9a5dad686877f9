"""Results that are the same bits on every device: their checksums, as other devices gave them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.errors import DeterminismError
from cltensor.selftest.checks import Family, Missing

BITS = Family("the same bits")


@contextmanager
def _deterministic() -> Iterator[None]:
    before = ct.get_deterministic_debug_mode()
    ct.use_deterministic_algorithms(True)
    try:
        yield
    except DeterminismError as error:
        raise Missing(str(error)) from None
    finally:
        ct.set_deterministic_debug_mode(before)


def _drawn(*shape: int) -> Any:
    """Numbers in (-2, 2), the same bits on every device."""
    generator = ct.Generator().manual_seed(sum(shape))
    return 4 * ct.rand(*shape, generator=generator) - 2


def _sums() -> list[Any]:
    x = _drawn(37, 6, 301)
    return [x.sum(), x.sum(0), x.sum(1), x.mean(2), x.var(2), x.norm(), x.amax((0, 2))]


def _functions() -> list[Any]:
    x = _drawn(3001)
    a = x.abs() + 0.001
    ways = (ct.exp, ct.tanh, ct.sigmoid, ct.erf, nn.functional.gelu, nn.functional.softplus)
    return [*[way(x) for way in ways], a.log(), a.sqrt(), a.rsqrt(), 1 / x, x.softmax(0)]


def _products() -> list[Any]:
    a, b = _drawn(33, 700), _drawn(700, 19)
    return [a @ b, b.T @ a.T, _drawn(5, 17, 9) @ _drawn(9, 4)]


def _learned(net: Any, x: Any) -> list[Any]:
    """The weights after two steps of Adam."""
    made = ct.Generator().manual_seed(5)
    for parameter in net.parameters():
        parameter.data.uniform_(-0.3, 0.3, generator=made)
    moves = ct.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(2):
        moves.zero_grad()
        net(x).square().mean().backward()
        moves.step()
    return list(net.parameters())


class _Last(nn.Module):
    """An LSTM's last state."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.LSTM(5, 9, batch_first=True)

    def forward(self, x: Any) -> Any:
        return self.cells(x)[0][:, -1]


def _images() -> list[Any]:
    body = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)
    return _learned(nn.Sequential(*body, nn.Flatten(), nn.Linear(96, 4)), _drawn(8, 3, 8, 8))


def _sequences() -> list[Any]:
    return _learned(_Last(), _drawn(8, 7, 5))


def _attention() -> list[Any]:
    return _learned(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), _drawn(4, 6, 8))


#: The checksums, as PoCL, Intel's runtime, Mesa's and Oclgrind give them.
_WANTED: dict[Callable[[], list[Any]], int] = {
    _sums: 0x6ADCB432,
    _functions: 0xDDDD191,
    _products: 0xB59EBA6,
    _images: 0x7379278F,
    _sequences: 0x761CBD4A,
    _attention: 0x50C41F18,
}


def checksum(of: Callable[[], list[Any]]) -> int:
    """Of the bytes of all results."""
    with _deterministic():
        found = [np.ascontiguousarray(x.detach().numpy()).tobytes() for x in of()]
    return zlib.crc32(b"".join(found))


@BITS.each(*_WANTED)
def _bits(of: Callable[[], list[Any]]) -> None:
    found = checksum(of)
    if found != _WANTED[of]:
        raise AssertionError(f"the bits have the checksum {found:#x}, not {_WANTED[of]:#x}")
