"""Copies of 64 MiB: on the device, to it and from it. A copy on the device reads and writes."""

import numpy as np

import cltensor as ct
from benchmarks.case import Case, Library

FAMILY = "bandwidth"
_N = 1 << 24
_BYTES = 4 * _N


def _copy(lib: Library):
    x = lib.normal(_N)
    if lib.is_ours:
        return lambda: ct.clone(x)
    out = lib.array(np.zeros(_N, np.float32))  # the rivals write where pages are there already
    if lib.name == "numpy":
        return lambda: np.copyto(out, x)
    return lambda: out.copy_(x)


def _fill(lib: Library):
    if lib.is_ours:
        return lambda: ct.full((_N,), 1.5)
    out = lib.array(np.zeros(_N, np.float32))
    return lambda: out.fill(1.5) if lib.name == "numpy" else out.fill_(1.5)


def _upload(lib: Library):
    host = np.ones(_N, np.float32)
    return (lambda: ct.tensor(host)) if lib.is_ours else host.copy


def _download(lib: Library):
    x = lib.normal(_N)
    return (lambda: (x.numpy(), None)[1]) if lib.is_ours else lambda: (x.copy(), None)[1]


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        Case(FAMILY, "copy 64 MiB", _copy, 2 * _BYTES, "GB/s"),
        Case(FAMILY, "fill 64 MiB", _fill, _BYTES, "GB/s"),
        Case(FAMILY, "upload 64 MiB", _upload, _BYTES, "GB/s", rivals=("numpy",)),
        Case(FAMILY, "download 64 MiB", _download, _BYTES, "GB/s", rivals=("numpy",)),
    ]
