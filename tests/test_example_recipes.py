"""What the image examples' recipes are made of."""

import numpy as np
import pytest
import samples
from example_runs import EXAMPLES

import cltensor as ct
from cltensor import nn

pytest.importorskip("matplotlib", reason="the examples need the extra 'mnist'")
pytest.importorskip("safetensors", reason="the examples need the extra 'mnist'")
pytest.importorskip("tqdm", reason="the examples need the extra 'mnist'")


@pytest.fixture(autouse=True)
def examples(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)


def images(count=40):
    return np.random.default_rng(3).standard_normal((count, 2, 6, 5)).astype(np.float32)


def test_each_image_is_mirrored_in_every_second_epoch(device):
    from augmenting import Augment

    x = images()
    augment = Augment(shift=0)
    even, odd = [augment(ct.tensor(x), turn).numpy() for turn in (0, 1)]
    mirrored = [(found == x[..., ::-1]).all(axis=(1, 2, 3)) for found in (even, odd)]
    as_given = [(found == x).all(axis=(1, 2, 3)) for found in (even, odd)]
    assert (mirrored[0] ^ mirrored[1]).all()
    assert (as_given[0] == mirrored[1]).all()
    assert 8 < mirrored[0].sum() < 32


@pytest.mark.parametrize("fill", ["zeros", "reflect"])
def test_shifted_images_are_windows_of_wider_ones(device, fill):
    from augmenting import Augment

    x = images()
    found = Augment(shift=2, fill=fill, mirror=False)(ct.tensor(x), 0).numpy()
    mode = {"mode": "constant"} if fill == "zeros" else {"mode": "reflect"}
    wider = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)), **mode)
    places = set()
    for k in range(len(x)):
        fits = [
            (top, left)
            for top in range(5)
            for left in range(5)
            if (wider[k, :, top : top + 6, left : left + 5] == found[k]).all()
        ]
        assert fits
        places.add(fits[0])
    assert len(places) > 10


def test_a_square_is_cut_out(device):
    from augmenting import Augment

    x = np.ones((50, 2, 9, 8), np.float32)
    found = Augment(shift=0, mirror=False, cut=3)(ct.tensor(x), 0).numpy()
    gone = (found == 0).sum(axis=(2, 3))
    assert (gone[:, 0] == gone[:, 1]).all()
    assert gone.min() >= 4
    assert gone.max() == 9


def test_schedules():
    from recipe import cosine, triangle, warm

    assert [cosine(p) for p in (0.0, 1.0)] == [1, 0]
    assert [warm(0.5)(p) for p in (0.0, 0.25, 0.5, 1.0)] == [0, 0.5, 1, 0]
    slope = triangle(0.2, 0.25, 0.1)
    assert [slope(p) for p in (0.0, 0.25, 1.0)] == pytest.approx([0.2, 1.0, 0.1])


def test_means_of_weights():
    from recipe import Average

    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = Average(model, lambda progress: progress, 2, feeds_back=True)
    first = model[0].weight.detach().clone()
    with ct.no_grad():
        model[0].weight.add_(4.0)
    average.step(1, 0.75)  # not one of every two
    assert (average.shown[0].weight - first).abs().max().item() == 0
    average.step(2, 0.75)
    for each in (model, average.shown):
        np.testing.assert_allclose((each[0].weight - first).detach().numpy(), 1.0, rtol=1e-6)


def test_decay_of_fast_shifts_is_that_of_weights():
    from recipe import sgd_with_fast_shifts

    model = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.BatchNorm2d(2))
    model[1].weight.requires_grad_(False)
    shifts, others = sgd_with_fast_shifts(0.01, 0.9, 64)(model, 0.5).param_groups
    assert shifts["params"] == [model[1].bias]
    assert others["params"] == [model[0].weight]
    assert shifts["lr"] * shifts["weight_decay"] == pytest.approx(0.01)
    assert others["lr"] * others["weight_decay"] == pytest.approx(0.01)


def test_views_of_the_test_images():
    from recipe import mirrored, plain, six_views

    x = ct.tensor(images(3))
    weights = ct.randn(2, 6, 5)

    def model(x):
        return (x * weights).sum(dim=(1, 2, 3))

    def shifted(x, k):
        wide = np.pad(x.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect")
        return ct.tensor(wide[:, :, k : k + 6, k : k + 5])

    both = (model(x) + model(x.flip(3))) / 2
    around = (mirrored(model, shifted(x, 0)) + mirrored(model, shifted(x, 2))) / 2
    assert (plain(model, x) == model(x)).all()
    np.testing.assert_allclose(mirrored(model, x).numpy(), both.numpy(), rtol=1e-5)
    wanted = (both + around) / 2
    np.testing.assert_allclose(six_views(model, x).numpy(), wanted.numpy(), rtol=1e-4, atol=1e-5)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.fc = nn.BatchNorm2d(1), nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(self.norm(x).flatten(1))


def test_a_resumed_recipe_equals_an_uninterrupted_one(tmp_path, monkeypatch, capsys):
    """Augmented, averaged, with two groups of parameters."""
    import keeping
    import training
    from augmenting import Augment
    from recipe import Setting, lookahead, mirrored, sgd_with_fast_shifts, triangle
    from test_examples import leaves

    from cltensor.data import MNIST

    for name, array in samples.tiny_mnist(monkeypatch, train=64, test=20).items():
        (tmp_path / name).write_bytes(samples.idx(array))
    setting = Setting(
        Small, 0.05, 8, 3, sgd_with_fast_shifts(0.001, 0.9, 4), triangle(0.2, 0.5, 0.1), 0.1,
        Augment(2, "reflect", cut=3), lookahead, mirrored,
    )  # fmt: skip

    def run(*options):
        monkeypatch.setattr("sys.argv", ["mnist.py", "--data", str(tmp_path), *options])
        training.main("mnist", MNIST, {"small": setting}, "small")

    def checkpoint(folder, stop_at=None):
        folder.mkdir()
        monkeypatch.chdir(folder)
        calls = []

        def check(self):
            calls.append(1)
            if len(calls) == stop_at:
                raise keeping.Interrupted

        if stop_at is not None:
            with monkeypatch.context() as patch:
                patch.setattr(keeping.Interrupts, "check", check)
                with pytest.raises(SystemExit, match="130"):
                    run()
        run(*(["--resume"] if stop_at else []))
        return ct.load(folder / "mnist-checkpoint.safetensors")

    whole = checkpoint(tmp_path / "whole")
    parts = checkpoint(tmp_path / "parts", stop_at=17)
    assert leaves(whole) == leaves(parts)
    assert leaves(whole["model"]) != leaves(whole["tested"])
