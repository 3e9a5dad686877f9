"""The older place of the hub."""

import pytest

import cltensor as ct
from cltensor.utils import model_zoo


def test_nothing_is_downloaded():
    with pytest.raises(ct.DataError, match=r"get the file, and load it"):
        model_zoo.load_url("https://example.org/a.pth")
