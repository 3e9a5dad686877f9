"""Switches that may be set."""

import cltensor as ct


def test_switches_keep_what_they_are_set_to(monkeypatch):
    monkeypatch.setattr(ct.backends.cudnn, "benchmark", True)
    assert ct.backends.cudnn.benchmark
    assert ct.backends.cudnn.enabled
    monkeypatch.setattr(ct.backends.cuda.matmul, "allow_tf32", True)
    assert "allow_tf32=True" in repr(ct.backends.cuda.matmul)


def test_what_is_available():
    assert not ct.backends.mps.is_available()
    assert not ct.backends.mps.is_built()
    assert ct.backends.cuda.is_built() == ct.cuda.is_available()


def test_switches_are_imported_by_their_path():
    import cltensor.backends.cudnn as cudnn

    assert cudnn is ct.backends.cudnn
