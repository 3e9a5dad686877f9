"""Attributes of the library's own objects: what a recorded call reads of them is followed."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import amp, data, distributions, nn, optim
from cltensor.autograd.saved import saved_tensors_hooks
from cltensor.core.changes import GuardedByName
from cltensor.vision import transforms as vision

ROWS = data.TensorDataset(np.arange(8.0))
ITEMS = distributions.Normal(0.0, 1.0)


def _optimizer():
    return optim.SGD([nn.Parameter(ct.ones(2))], lr=0.5)


def _transformed():
    return distributions.TransformedDistribution(ITEMS, [distributions.ExpTransform()])


MAKERS = {
    "GradScaler": lambda: amp.GradScaler("cpu", init_scale=4.0),
    "autocast": lambda: amp.autocast("cpu"),
    "no_grad": ct.no_grad,
    "enable_grad": ct.enable_grad,
    "inference_mode": ct.inference_mode,
    "detect_anomaly": lambda: ct.autograd.detect_anomaly(),
    "AffineTransform": lambda: distributions.AffineTransform(1.0, 2.0),
    "ComposeTransform": lambda: distributions.ComposeTransform([distributions.ExpTransform()]),
    "Normal": lambda: distributions.Normal(0.0, 1.0, validate_args=False),
    "Independent": lambda: distributions.Independent(distributions.Normal(ct.ones(2), 1.0), 1),
    "Multinomial": lambda: distributions.Multinomial(3, ct.ones(2) / 2),
    "TransformedDistribution": _transformed,
    "interval": lambda: distributions.constraints.interval(0.0, 1.0),
    "Subset": lambda: data.Subset(ROWS, [1, 2]),
    "ConcatDataset": lambda: data.ConcatDataset([ROWS, ROWS]),
    "TensorDataset": lambda: data.TensorDataset(np.arange(3.0)),
    "RandomSampler": lambda: data.RandomSampler(ROWS, num_samples=3),
    "BatchSampler": lambda: data.BatchSampler([0, 1, 2], 2, True),
    "DistributedSampler": lambda: data.DistributedSampler(ROWS, 1, 0),
    "DataLoader": lambda: data.DataLoader(ROWS, 2),
    "Compose": lambda: data.Compose([]),
    "vision.Compose": lambda: vision.Compose([]),
    "Normalize": lambda: vision.Normalize([0.0], [2.0]),
    "Resize": lambda: vision.Resize(4),
    "CenterCrop": lambda: vision.CenterCrop(4),
    "Pad": lambda: vision.Pad(1),
    "Grayscale": lambda: vision.Grayscale(1),
    "RandomCrop": lambda: vision.RandomCrop(2),
    "RandomHorizontalFlip": lambda: vision.RandomHorizontalFlip(0.25),
    "RandomErasing": lambda: vision.RandomErasing(),
    "ColorJitter": lambda: vision.ColorJitter(0.5),
    "GaussianBlur": lambda: vision.GaussianBlur(3),
    "RandAugment": lambda: vision.RandAugment(),
    "MixUp": lambda: vision.MixUp(num_classes=3),
    "SGD": _optimizer,
    "Adam": lambda: optim.Adam([nn.Parameter(ct.ones(2))]),
    "StepLR": lambda: optim.lr_scheduler.StepLR(_optimizer(), 3),
    "CosineAnnealingLR": lambda: optim.lr_scheduler.CosineAnnealingLR(_optimizer(), 5),
    "ReduceLROnPlateau": lambda: optim.lr_scheduler.ReduceLROnPlateau(_optimizer()),
    "OneCycleLR": lambda: optim.lr_scheduler.OneCycleLR(_optimizer(), 0.5, 9),
}


def vars_of(value):
    return getattr(value, "__dict__", None) or isinstance(value, dict)


def other(value):
    """A value of the same kind that is not `value`; None for objects."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return 2 * value + 1
    if isinstance(value, str):
        return value + "x"
    if value is None:
        return 3
    if isinstance(value, (tuple, list)) and not any(map(vars_of, value)):
        return type(value)([*value, 1])
    if isinstance(value, np.ndarray) and value.dtype.kind in "if":
        return value + 1
    return None


def number(value):
    """A number for each value, in small numbers of no error."""
    return sum(map(ord, repr(value))) % 4096


@pytest.mark.parametrize("name", MAKERS)
def test_a_call_follows_each_simple_attribute(name, counts):
    held, x = MAKERS[name](), ct.ones(1)
    tried = 0
    for attribute, value in [*vars(held).items()]:
        changed = other(value)
        if changed is None:
            continue
        # The code names the attribute, as a user's would.
        space = {"held": held, "x": x, "number": number, "__name__": "somebody"}
        call = ct.jit(eval(f"lambda: x * number(held.{attribute})", space))
        for _ in range(3):
            assert call().item() == number(value), attribute
        vars(held)[attribute] = changed
        for _ in range(2):
            assert call().item() == number(changed), attribute
        vars(held)[attribute] = value
        assert call().item() == number(value), attribute
        tried += 1
    assert tried > 0
    assert counts["replay"] >= 2 * tried


@pytest.mark.parametrize("name", [n for n in MAKERS if not n.startswith("DataL")])
def test_a_call_follows_what_nobody_named(name):
    """What the library's own code reads, but for what it asks for anew."""
    held, x = MAKERS[name](), ct.ones(1)
    if isinstance(held, GuardedByName):
        return
    call = ct.jit(lambda: x * number([v for v in vars(held).values() if other(v) is not None]))
    for attribute, value in [*vars(held).items()]:
        if other(value) is not None:
            for _ in range(3):
                call()
            vars(held)[attribute] = other(value)
            now = number([v for v in vars(held).values() if other(v) is not None])
            assert call().item() == now, attribute


def test_entries_of_what_they_hold(counts):
    indices, parts = data.Subset(ROWS, [1, 2]), data.ConcatDataset([ROWS, ROWS])
    x = ct.ones(1)
    first = ct.jit(lambda: x * float(indices[0][0]))
    second = ct.jit(lambda: x * float(parts[3][0]))
    for call, expected in ((first, 1), (second, 3)):
        for _ in range(3):
            assert call().item() == expected
    assert counts["replay"] == 2
    indices.indices[0] = 7
    parts.datasets[0] = data.TensorDataset(np.arange(8.0) * 2)
    assert first().item() == 7
    assert second().item() == 6


def test_hooks_of_saved_tensors(device):
    context, w = saved_tensors_hooks(lambda x: x, lambda x: x), ct.ones(2, requires_grad=True)

    @ct.jit
    def gradient():
        w.grad = None
        with context:
            loss = (w * w).sum()
        loss.backward()
        return w.grad

    for _ in range(3):
        assert gradient().numpy().tolist() == [2, 2]
    context.unpack_hook = lambda x: x * 3
    assert gradient().numpy().tolist() == [6, 6]


def test_options_that_an_optimizer_began_with(counts):
    optimizer, x = _optimizer(), ct.ones(1)
    call = ct.jit(lambda: x * optimizer.defaults["lr"])
    for _ in range(3):
        assert call().item() == 0.5
    assert counts["replay"] == 1
    optimizer.defaults["lr"] = 2.0
    assert call().item() == 2


def test_a_scaler_in_a_loop_is_replayed_until_its_factor_changes(device, counts):
    model = nn.Linear(2, 1, bias=False)
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    scaler = amp.GradScaler(init_scale=4.0, growth_interval=4)
    x = ct.ones(1, 2)

    @ct.jit
    def gradients():
        optimizer.zero_grad()
        loss = model(x).sum()
        scaler.scale(loss).backward()
        return model.weight.grad

    found = []
    for _ in range(6):
        found.append(gradients().numpy()[0, 0])
        scaler.step(optimizer)
        scaler.update()
    assert found == [4, 4, 4, 4, 8, 8]
    assert counts == {"record": 2, "replay": 3}


def test_a_pass_of_a_loader_is_never_replayed(device, counts):
    rows = ct.arange(4).float()
    loader = data.DataLoader(data.TensorDataset(rows), 2)
    call = ct.jit(lambda: next(batch * 2 for (batch,) in loader))
    for _ in range(3):
        call()
    loader.dataset.tensors = (rows + 1,)
    assert call().numpy().tolist() == [2, 4]
    assert counts["replay"] == 0


def test_a_loader_beside_the_step_does_no_harm(device, counts):
    """A trainer has it, with more behind it than can be compared."""

    class Trainer:
        def __init__(self):
            self.loader = data.DataLoader(data.TensorDataset(np.zeros((1 << 17, 1))), 4)
            self.factor = 2.0

        def step(self, x):
            return x * self.factor

    trainer = Trainer()
    call = ct.jit(trainer.step)
    for batch, _ in zip(trainer.loader, range(4), strict=False):
        call(batch[0])
    assert counts == {"record": 1, "replay": 2}
    trainer.factor = 3.0
    assert call(ct.ones(4, 1, dtype="float64")).numpy()[0, 0] == 3
