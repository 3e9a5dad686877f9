"""What a hub's names answer."""

import pytest

import cltensor as ct
from cltensor.errors import DataError


def test_there_is_no_hub():
    with pytest.raises(DataError, match=r"'resnet18' of 'pytorch/vision' is code .* ct\.models"):
        ct.hub.load("pytorch/vision", "resnet18", pretrained=True)
    with pytest.raises(DataError, match=r"get the file, and load it"):
        ct.hub.load_state_dict_from_url("https://example.org/a.pth")
