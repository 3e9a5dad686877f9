"""What recurrent layers launch: runs of equal steps, products whose sizes leave tiles unfilled."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.nn import recurrent_launches
from cltensor.nn.recurrence import recurrence
from cltensor.nn.recurrent_launches import GATES, Run, runs, windows
from cltensor.runtime.kernel import Counters
from cltensor.selftest.references import sigmoid


def test_windows():
    assert windows((3, 2), False) == [(3, 0, -1, 2), (2, 3, 0, 0)]
    assert windows((3, 3), True) == [(3, 3, -1, 3), (3, 0, 3, 0)]


def test_runs():
    assert runs((2, 2, 2), False) == [Run(2, 3, 0, 2, -1, 6, 0)]
    assert runs((2, 2, 2), True) == [Run(2, 3, 4, -2, -1, 6, 0)]
    assert runs((4, 4, 3, 1, 1), False) == [
        Run(4, 2, 0, 4, -1, 8, 3),
        Run(3, 1, 8, 3, 4, 11, 1),
        Run(1, 2, 11, 1, 8, 13, 0),
    ]


@pytest.mark.parametrize("sizes", [(13, 13, 13), (13, 12, 7, 7, 6, 1)])
@pytest.mark.parametrize("units", [4, 8, 33])
def test_tiles_that_are_not_full(skeleton, registers, units, sizes):
    random = np.random.default_rng(1)
    x = random.standard_normal((sum(sizes), 4 * units)).astype("float32")
    w = (random.standard_normal((4 * units, units)) / 6).astype("float32")
    h, c = random.standard_normal((2, sizes[0], units)).astype("float32")
    out, last, cells = recurrence("lstm", *map(ct.tensor, (x, h, c, w)), None, None, sizes, False)
    wanted, at = [], 0
    for rows in sizes:
        i, f, g, o = np.split(x[at : at + rows] + h[:rows] @ w.T, 4, 1)
        c[:rows] = sigmoid(f) * c[:rows] + sigmoid(i) * np.tanh(g)
        h[:rows] = sigmoid(o) * np.tanh(c[:rows])
        wanted.append(h[:rows].copy())
        at += rows
    np.testing.assert_allclose(out.numpy(), np.concatenate(wanted), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(last.numpy(), h, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(cells.numpy(), c, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "relu"])
def test_gradients_where_tiles_are_not_full(fp64, skeleton, registers, cell):
    sizes, units = (13, 12, 7, 7, 6, 1), 33
    random = np.random.default_rng(2)
    gates = {"lstm": 4, "gru": 3, "relu": 1}[cell] * units

    def draw(*shape):
        return ct.tensor(random.standard_normal(shape) / 4, requires_grad=True)

    args = [draw(sum(sizes), gates), draw(13, units), draw(13, units) if cell == "lstm" else None]
    args += [draw(gates, units), None, draw(gates) if cell == "gru" else None]
    found = [r for r in recurrence(cell, *args, sizes, False) if r is not None]
    given = [ct.tensor(random.standard_normal(r.shape)) for r in found]
    leaves = [a for a in args if a is not None]
    ours = ct.autograd.grad(found, leaves, given, retain_graph=True)
    recorded = ct.autograd.grad(found, leaves, given, create_graph=True)
    for a, b in zip(ours, recorded, strict=True):
        np.testing.assert_allclose(a.numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["recurrent_step", "recurrent_grad"])
@pytest.mark.parametrize("group", [64, 128, 256, 1024])
@pytest.mark.parametrize("local", [16, 32, 64])
def test_groups_are_within_what_a_gpu_has(device, use_skeletons, monkeypatch, group, local, name):
    use_skeletons("gpu")
    limits = {"max_work_group": group, "local_mem": local << 10, "compute_units": 32}
    for limit, value in limits.items():
        monkeypatch.setattr(device, limit, value)
    for cell, gates in GATES.items():
        for size in (1, 32, 33, 64, 128, 200, 256, 512, 1024):
            launcher = recurrent_launches.Launcher(ct.zeros(1), cell, size)
            for rows in (1, 2, 3, 16, 64, 128):
                found = launcher._group(name, rows)
                if size <= group:
                    few = 4 * gates * size * size <= 1 << 20
                    assert (found is not None) == few or local == 16, (cell, size, rows)
                if found is not None:
                    elements = found.room + 4 * found.items * found.rows
                    assert found.items <= min(group, 256)
                    assert 4 * elements <= min(local, 32) << 10
                    assert found.rows == 1 or found.rows < 2 * rows


@pytest.mark.parametrize("cell", ["lstm", "gru", "tanh"])
def test_groups_compute_what_single_steps_do(device, use_skeletons, monkeypatch, cell):
    """A work-group for some sequences, and a product and a kernel for each step."""
    use_skeletons("gpu")
    sizes, units, gates = (6, 6, 5, 5), 9, GATES[cell]
    random = np.random.default_rng(4)

    def draw(*shape):
        return ct.tensor(random.standard_normal(shape) / 3, dtype=ct.float32, requires_grad=True)

    args = [draw(sum(sizes), gates * units), draw(6, units)]
    args += [draw(6, units) if cell == "lstm" else None, draw(gates * units, units), None]
    args += [draw(gates * units) if cell == "gru" else None]
    leaves = [a for a in args if a is not None]

    def run():
        before = Counters.launches
        found = [r for r in recurrence(cell, *args, sizes, False) if r is not None]
        gradients = ct.autograd.grad([r.sin().sum() for r in found], leaves)
        results = [r.detach().numpy() for r in (*found, *gradients)]
        return Counters.launches - before, results

    run()
    few, ours = run()
    monkeypatch.setattr(recurrent_launches, "_MOST_WEIGHTS", 0)
    many, alone = run()
    assert few <= many - 8
    for a, b in zip(ours, alone, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["recurrent_step", "recurrent_grad"])
@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_a_kernel_that_takes_no_group_of_all_units_is_launched_for_each_step(
    narrow_kernels, name, cell
):
    layer = getattr(ct.nn, cell)(3, 40)
    x = ct.tensor(np.random.default_rng(5).standard_normal((6, 2, 3)).astype("float32"))

    def results():
        layer.zero_grad()
        out, _ = layer(x)
        out.square().sum().backward()
        return [out.detach().numpy(), *[p.grad.numpy() for p in layer.parameters()]]

    narrow_kernels(1 << 10, name)
    want = results()
    narrow_kernels(32, name)
    assert len([e for e in ct.explain(results) if e.name == name]) == 6
    for ours, theirs in zip(results(), want, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
