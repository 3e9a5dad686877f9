"""Policies of several changes, and mixtures of a batch."""

import numpy as np
import pytest
from pictures import HOST, Pictures, image, noise, pixels_of, planes

import cltensor as ct
from cltensor.data import DataLoader
from cltensor.errors import DTypeError, ShapeError
from cltensor.vision import transforms
from cltensor.vision.transforms import functional as F
from cltensor.vision.transforms.augment import _changed, _table

ARRAY = planes(noise(17, 15))
POLICIES = [
    transforms.RandAugment(),
    transforms.RandAugment(3, 20),
    transforms.TrivialAugmentWide(),
    transforms.AutoAugment(),
    transforms.AugMix(severity=5),
]


@pytest.mark.parametrize("policy", POLICIES, ids=["rand", "strong", "trivial", "auto", "mix"])
def test_policies_change_images_and_tensors(policy):
    pytest.importorskip("PIL")
    x, picture = ct.tensor(ARRAY), image(noise(17, 15))
    changed = 0
    for seed in range(10):
        ct.manual_seed(seed)
        found = policy(x)
        ct.manual_seed(seed)
        assert policy(x).tolist() == found.tolist()
        ct.manual_seed(seed)
        of_image = pixels_of(policy(picture))
        assert found.dtype == ct.uint8
        assert found.shape == of_image.shape == ARRAY.shape
        changed += found.tolist() != ARRAY.tolist()
    assert changed > 3


@pytest.mark.parametrize(
    ("name", "strength", "function", "args"),
    [
        ("ShearX", 0.3, F.affine, (0, (0, 0), 1.0, (np.degrees(np.arctan(0.3)), 0))),
        ("ShearY", -0.3, F.affine, (0, (0, 0), 1.0, (0, np.degrees(np.arctan(-0.3))))),
        ("TranslateX", -4.0, F.affine, (0, (-4, 0), 1.0, (0, 0))),
        ("TranslateY", 3.0, F.affine, (0, (0, 3), 1.0, (0, 0))),
        ("Rotate", 20.0, F.rotate, (20.0,)),
        ("Brightness", 0.4, F.adjust_brightness, (1.4,)),
        ("Color", -0.4, F.adjust_saturation, (0.6,)),
        ("Contrast", 0.4, F.adjust_contrast, (1.4,)),
        ("Sharpness", 0.4, F.adjust_sharpness, (1.4,)),
        ("Posterize", 4.0, F.posterize, (4,)),
        ("Solarize", 100.0, F.solarize, (100.0,)),
        ("AutoContrast", 0.0, F.autocontrast, ()),
        ("Equalize", 0.0, F.equalize, ()),
        ("Invert", 0.0, F.invert, ()),
    ],
)
def test_what_the_names_do(name, strength, function, args):
    x = ct.tensor(ARRAY)
    options = {"center": (0, 0)} if name.startswith("Shear") else {}
    wanted = function(x, *args, **options).tolist()
    assert _changed(x, name, strength, "nearest", None).tolist() == wanted
    assert _changed(x, "Identity", 0.0, "nearest", None) is x


def test_the_strengths():
    table = transforms.RandAugment()._strengths(331, 662)
    assert len(table) == 14
    assert table["TranslateX"][0][-1] == 300
    assert table["TranslateY"][0][-1] == 150
    assert table["Posterize"][0].tolist()[:5] == [8, 8, 8, 8, 7]
    assert table["Posterize"][0][-1] == 4
    assert table["Solarize"][0][[0, -1]].tolist() == [255, 0]
    wide = transforms.TrivialAugmentWide()._strengths(9, 9)
    assert [wide[name][0][-1] for name in ("ShearX", "TranslateX", "Rotate", "Color")] == [
        0.99, 32, 135, 0.99,
    ]  # fmt: skip
    assert _table(31, 1, 1, 1, 1, 1, 6)["Posterize"][0][-1] == 2


def test_policies_refuse():
    for policy in POLICIES:
        with pytest.raises(DTypeError, match=f"{type(policy).__name__}: a tensor of float32"):
            policy(ct.zeros(3, 4, 4))
    with pytest.raises(ValueError, match="RandAugment: magnitude is 31; give one from 0 to 30"):
        transforms.RandAugment(magnitude=31)


def test_policies_work_in_workers():
    pytest.importorskip("PIL")
    change = transforms.Compose([transforms.RandAugment(), transforms.ToTensor()])
    (batch, _), *_ = DataLoader(Pictures(4, change), 4, num_workers=1)
    assert batch.shape == (4, 3, 9, 9)


def test_cutout():
    for x in (ct.ones(2, 8, 9), ct.Tensor.from_numpy(np.ones((2, 8, 9), np.float32), HOST)):
        sizes = set()
        for seed in range(20):
            ct.manual_seed(seed)
            gone = transforms.Cutout(4)(x).numpy() == 0
            assert np.array_equal(gone[0], gone[1])
            rows, columns = gone[0].any(1).sum(), gone[0].any(0).sum()
            assert rows * columns == gone[0].sum()
            sizes.add((rows, columns))
        assert (4, 4) in sizes
        assert all(2 <= rows <= 4 and 2 <= columns <= 4 for rows, columns in sizes)


def batch():
    return ct.arange(4.0).reshape(4, 1, 1, 1).expand(4, 2, 6, 8), ct.tensor([0, 1, 2, 0])


def test_mixup_adds_the_image_before():
    images, labels = batch()
    ct.manual_seed(0)
    mixed, weights = transforms.MixUp(alpha=0.8, num_classes=3)(images, labels)
    share = weights[1, 1].item()
    assert 0 < share < 1
    wanted = [share * i + (1 - share) * (i - 1) % 4 for i in range(4)]
    wanted[0] = (1 - share) * 3
    np.testing.assert_allclose(mixed[:, 1, 2, 3].numpy(), wanted, rtol=1e-5, atol=1e-6)
    rows = [[1, 0, 0], [1 - share, share, 0], [0, 1 - share, share], [share, 0, 1 - share]]
    np.testing.assert_allclose(weights.numpy(), rows, rtol=1e-5)
    again, _ = transforms.MixUp(alpha=0.8)(images, weights)
    assert again.shape == images.shape, "weights may be mixed again"


def test_cutmix_takes_a_rectangle_of_the_image_before():
    images, labels = batch()
    for seed in range(10):
        ct.manual_seed(seed)
        mixed, weights = transforms.CutMix(num_classes=3)(images, labels)
        for i in range(4):
            taken = mixed[i].numpy() == (i - 1) % 4
            assert np.all(taken | (mixed[i].numpy() == i))
            share = 1 - taken[0].mean()
            assert taken.any(0).any(0).sum() * taken.any(0).any(1).sum() == taken[0].sum()
        np.testing.assert_allclose(weights[1].numpy(), [1 - share, share, 0], atol=1e-6)
    assert images[:, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_mixtures_refuse():
    images, labels = batch()
    for make in (transforms.MixUp, transforms.CutMix):
        name = make.__name__
        with pytest.raises(ValueError, match=f"{name}: alpha is 0"):
            make(alpha=0)
        with pytest.raises(ValueError, match=f"{name}: labels are numbers; give num_classes"):
            make()(images, labels)
        with pytest.raises(ShapeError, match=rf"{name}: images \(4, 2, 6, 8\) and labels \(3,\)"):
            make(num_classes=3)(images, labels[:3])
        assert repr(make(num_classes=3)) == f"{name}(alpha=1.0, num_classes=3)"


@pytest.mark.parametrize("policy", ["imagenet", "cifar10", "svhn"])
def test_auto_augment_takes_a_pair_of_its_policy(policy, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "cltensor.vision.transforms.augment._changed",
        lambda img, name, strength, mode, fill: seen.append((name, strength)) or img,
    )
    from cltensor.vision.transforms.policies import POLICIES

    chosen = transforms.AutoAugmentPolicy(policy)
    change = transforms.AutoAugment(chosen)
    assert "policy=" in repr(change)
    strengths = _table(10, 0.9, 0.3, 150 / 331 * 15, 150 / 331 * 17, 30.0, 4)
    x = ct.tensor(ARRAY)
    for seed in range(40):
        ct.manual_seed(seed)
        seen.clear()
        change(x)
        pairs = [[name for name, _, _ in pair] for pair in POLICIES[chosen]]
        assert any([name for name, _ in seen] == [n for n in p if n in dict(seen)] or
                   (len(seen) == 2 and [name for name, _ in seen] == p) for p in pairs)  # fmt: skip
        for name, strength in seen:
            values, signed = strengths.get(name, (None, False))
            known = [0.0] if values is None else [float(v) for v in values]
            assert (abs(strength) if signed else strength) in known


def test_aug_mix_keeps_what_all_chains_keep():
    flat = ct.full((3, 9, 9), 255, dtype=ct.uint8)
    ct.manual_seed(1)
    found = transforms.AugMix(severity=1, all_ops=False)(flat)
    assert found.dtype == ct.uint8
    assert "Color" not in transforms.AugMix(all_ops=False)._strengths(9, 9)
    bits = transforms.AugMix()._strengths(9, 9)["Posterize"][0]
    assert bits.tolist() == [4, 4, 3, 3, 2, 2, 1, 1, 0, 0]
    with pytest.raises(ValueError, match="AugMix: severity is 11; give one from 1 to 10"):
        transforms.AugMix(11)
    for policy in (transforms.AugMix(), transforms.AutoAugment()):
        with pytest.raises(DTypeError, match="a tensor of float32; give uint8"):
            policy(flat.float())
