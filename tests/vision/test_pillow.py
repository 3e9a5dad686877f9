"""Pillow is optional: it is asked for where images are."""

import sys

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DependencyError
from cltensor.vision.pillow import is_image, pillow


def test_without_pillow_the_error_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DependencyError, match=r'save_image: .*pip install "cltensor\[vision\]"'):
        pillow("save_image")
    x = ct.vision.transforms.functional.hflip(ct.arange(6).reshape(1, 2, 3))
    assert x.tolist() == [[[2, 1, 0], [5, 4, 3]]], "tensors do without it"


def test_what_an_image_is():
    image = pytest.importorskip("PIL.Image")
    assert pillow("a test").Image is image
    assert is_image(image.new("L", (2, 3)))
    assert not is_image(np.zeros((2, 3)))
    assert not is_image(ct.zeros(2, 3))


def test_importing_needs_no_pillow(run_python):
    code = "import sys, cltensor.vision; print('PIL' in sys.modules, 'pooch' in sys.modules)"
    assert run_python(code).stdout.split() == ["False", "False"]
