"""The functions are where programs look for them."""

import cltensor as ct
from cltensor.vision.transforms import functional


def test_every_name_is_a_function_of_an_image():
    assert len(functional.__all__) > 30
    for name in functional.__all__:
        assert callable(getattr(functional, name)), name
        assert getattr(functional, name).__doc__, name


def test_they_are_found_as_in_torchvision():
    import cltensor.vision.transforms.functional as F

    assert F is ct.vision.transforms.functional
    assert F.to_grayscale is F.rgb_to_grayscale
