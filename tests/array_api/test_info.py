"""What the namespace says of itself."""

import cltensor as ct
from cltensor import array_api as xp


def test_devices_and_dtypes(device, monkeypatch):
    info = xp.__array_namespace_info__()
    assert info.default_device() is device
    assert device in info.devices()
    assert info.capabilities()["boolean indexing"]
    assert info.default_dtypes(device=device)["real floating"] == xp.float32
    assert set(info.dtypes(kind="signed integer")) == {"int8", "int16", "int32", "int64"}
    assert set(info.dtypes(kind=("bool", "unsigned integer"))) >= {"bool", "uint64"}
    monkeypatch.setattr(ct.device(), "fp64", False)
    found = info.dtypes(device=device)
    assert "float32" in found
    assert not {"float64", "complex128", "float16"} & set(found)
