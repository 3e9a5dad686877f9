"""Switches that may be set."""

import cltensor as ct


def test_switches_keep_what_they_are_set_to(monkeypatch):
    monkeypatch.setattr(ct.backends.cudnn, "benchmark", True)
    assert ct.backends.cudnn.benchmark
    assert ct.backends.cudnn.enabled
    monkeypatch.setattr(ct.backends.cudnn, "allow_tf32", True)
    assert "allow_tf32=True" in repr(ct.backends.cudnn)


def test_the_precision_of_products_by_other_names():
    products = ct.backends.cuda.matmul
    for name, value, precision in [
        ("allow_tf32", True, "high"), ("allow_tf32", False, "highest"),
        ("fp32_precision", "tf32", "high"), ("fp32_precision", "ieee", "highest"),
    ]:  # fmt: skip
        setattr(products, name, value)
        assert getattr(products, name) == value
        assert ct.get_float32_matmul_precision() == precision
    ct.set_float32_matmul_precision("medium")
    assert products.allow_tf32
    ct.set_float32_matmul_precision("highest")
    assert not products.allow_tf32


def test_what_is_available():
    assert not ct.backends.mps.is_available()
    assert not ct.backends.mps.is_built()
    assert ct.backends.cuda.is_built() == ct.cuda.is_available()


def test_switches_are_imported_by_their_path():
    import cltensor.backends.cudnn as cudnn

    assert cudnn is ct.backends.cudnn


def test_libraries_that_are_not_there():
    assert ct.backends.cudnn.version() is None
    for name in ("mkl", "mkldnn", "openmp"):
        assert not getattr(ct.backends, name).is_available()
    assert not ct.backends.cudnn.is_available()
    assert isinstance(ct.backends.cpu.get_cpu_capability(), str)
    assert ct.version.cuda is ct.version.hip is None


def test_switches_of_a_block_and_of_attention():
    with ct.backends.cudnn.flags(benchmark=True, enabled=False):
        assert ct.backends.cudnn.benchmark
        assert not ct.backends.cudnn.enabled
    assert ct.backends.cudnn.enabled
    ct.backends.cuda.enable_flash_sdp(False)
    assert not ct.backends.cuda.flash_sdp_enabled()
    ct.backends.cuda.enable_flash_sdp(True)
    assert ct.backends.cuda.flash_sdp_enabled()
    assert ct.backends.cuda.math_sdp_enabled()
