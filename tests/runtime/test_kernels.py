"""How many built kernels stay in memory, and which."""

import cltensor as ct
from cltensor.runtime.kernels import Kernels


def make_kernels(monkeypatch, most):
    monkeypatch.setattr(Kernels, "MOST", most)
    return Kernels()


def test_kernels_in_memory_are_bounded_and_those_in_use_stay(monkeypatch):
    kernels = make_kernels(monkeypatch, 10)
    built = []

    def launch(key):
        found = kernels.get(key) or kernels.recall(key)
        if found is None:
            built.append(key)
            found = f"kernel {key}"
            kernels.admit(key, found)
        assert found == f"kernel {key}"

    for i in range(100):
        launch("always")
        launch(i)
        assert len(kernels) + len(kernels.older) <= 10
    assert built == ["always", *range(100)]
    launch(99)
    assert built[-1] == 99
    launch(0)
    assert built[-1] == 0  # let go long ago


def test_a_device_builds_again_what_it_let_go(device, monkeypatch):
    monkeypatch.setattr(device, "kernels", make_kernels(monkeypatch, 4))
    x = ct.arange(3, dtype="float32").realize()
    for _ in range(2):
        got = [
            f(x).numpy().tolist()
            for f in (ct.exp, ct.sqrt, ct.sin, ct.cos, ct.tanh, ct.abs, ct.square)
        ]
        assert got[5:] == [[0, 1, 2], [0, 1, 4]]
    assert len(device.kernels) + len(device.kernels.older) <= 4
