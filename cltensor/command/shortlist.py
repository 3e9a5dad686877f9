"""Whole configurations that the tuner tries before it climbs, by the maker of the device.

Parameters depend on each other: of a tile that is twice as large and half as deep, neither half
need be better alone. These are what compilers' counts, registers and sizes of waves let expect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cltensor.runtime import tuning
from cltensor.runtime.device import Device

#: Makers by words in the names of device, its vendor and its platform, the first that fits.
_MAKERS = {
    "mobile": ("mali", "adreno", "powervr", "videocore"),
    "nvidia": ("nvidia",),
    "amd": ("amd", "advanced micro", "radeon", "gfx"),
    "intel": ("intel",),
    "apple": ("apple",),
}


def _tile(edge: int, each: int, depth: int) -> dict[str, int]:
    return {"edge": edge, "each": each, "depth": depth, "staged": 1}


def _straight(edge: int, each: int, depth: int = 4) -> dict[str, int]:
    return {"edge": edge, "each": each, "depth": depth, "staged": 0}


_SMALL_GROUPS = [{"local": 64, "shares": 32}, {"local": 64, "shares": 16}]
_STRAIGHT = [
    _straight(8, 8), _straight(8, 8, 8), _straight(8, 4), _straight(8, 4, 8), _straight(16, 8),
    _tile(8, 4, 8),
]  # fmt: skip
#: By maker, then by how the kind begins.
_LISTS: dict[str, dict[str, Sequence[Mapping[str, int]]]] = {
    "nvidia": {
        "gemm_gpu": [_tile(16, 8, 8), _tile(16, 8, 16), _tile(8, 8, 16), _tile(16, 4, 32)],
        "conv": [_tile(16, 8, 8), _tile(16, 4, 16), _tile(8, 8, 16)],
        "pointwise": [{"local": 128, "shares": 32}, {"local": 256, "shares": 16}],
        "reduce": [{"local": 256, "shares": 16}, {"local": 128, "shares": 32}],
    },
    "amd": {
        "gemm_gpu": [_tile(16, 8, 8), _tile(8, 8, 16), _tile(16, 4, 16), _tile(16, 4, 32)],
        "conv": [_tile(16, 8, 8), _tile(8, 8, 16), _tile(16, 4, 16)],
        "pointwise": [{"local": 256, "shares": 16}, {"local": 64, "shares": 64}],
        "reduce": [{"local": 256, "shares": 16}, {"local": 64, "shares": 32}],
    },
    "intel": {
        "gemm_gpu": [*_STRAIGHT, _tile(16, 4, 16)],
        "conv": [_tile(16, 4, 16), _tile(8, 4, 16), _tile(8, 8, 8)],
        "pointwise": [{"local": 256, "shares": 4}, {"local": 64, "shares": 16}],
        "reduce": _SMALL_GROUPS,
    },
    "apple": {
        "gemm_gpu": [*_STRAIGHT, _tile(8, 8, 16), _tile(16, 4, 16)],
        "conv": [_tile(16, 4, 16), _tile(8, 8, 8)],
        "pointwise": [{"local": 256, "shares": 32}],
        "reduce": [{"local": 256, "shares": 32}],
    },
    "mobile": {
        "gemm_gpu": _STRAIGHT,
        "conv": [_tile(8, 4, 8), _tile(8, 2, 8), _tile(8, 4, 16)],
        "pointwise": _SMALL_GROUPS,
        "reduce": _SMALL_GROUPS,
    },
}


def maker(device: Device) -> str:
    """Whose device it is: a name of `_LISTS`, or ""."""
    d = device.cl_device
    for text in (d.name, d.vendor, d.platform.name):
        for name, words in _MAKERS.items():
            if any(word in text.lower() for word in words):
                return name
    return ""


def shortlist(device: Device, kind: str, size_class: str) -> list[dict[str, int]]:
    """What to try for a kind of kernel on `device`, as far as the kind has such parameters."""
    if not kind.endswith("_gpu"):
        return []
    choices = tuning.KINDS[kind].choices
    lists = _LISTS.get(maker(device), {})
    listed = next((each for name, each in lists.items() if kind.startswith(name)), ())
    found = [{n: value for n, value in each.items() if n in choices} for each in listed]
    return [each for each in found if not tuning.KINDS[kind].objection(size_class, each)]
