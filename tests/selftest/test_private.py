"""Reports hold no names of users, machines and folders."""

import pytest

from cltensor.selftest import private
from cltensor.selftest.private import clean, cleaned


@pytest.fixture(autouse=True)
def somebody(monkeypatch):
    monkeypatch.setattr(private, "_names", lambda: {"anna": "USER", "tower.lan": "HOST"})


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("/home/anna/drivers/libcl.so: cannot open", "…/libcl.so: cannot open"),
        ("OCL_ICD_VENDORS=/opt/x/libcl.so.2", "OCL_ICD_VENDORS=…/libcl.so.2"),
        ("in /home/berta", "in …"),
        ("in C:\\Users\\Berta", "in …"),
        ("C:\\tools\\cl\\driver.dll failed", "…/driver.dll failed"),
        ("~/.cache/kernels/a.cl:3: error", "…/a.cl:3: error"),
        ("'/tmp/a-b/c_d.cl', line 3", "'…/c_d.cl', line 3"),
        ("anna on tower.lan, not annabel", "USER on HOST, not annabel"),
        ("62 GB/s, a / b and y[i]/2 // a remark", "62 GB/s, a / b and y[i]/2 // a remark"),
        ("cltensor/runtime/device.py, line 3", "cltensor/runtime/device.py, line 3"),
        ("-I/home/berta/include and -L/opt/lib/x", "-I…/include and -L…/x"),
        ("file:///home/berta/x", "file:///home/USER/x"),
        ("\\\\server\\berta\\x.dll", "…/x.dll"),
        ("caf\udce9", "caf?"),
        ("docs/portability.md", "docs/portability.md"),
    ],
)
def test_paths_and_names_go_and_the_rest_stays(text, want):
    assert clean(text) == want
    assert clean(clean(text)) == want


def test_data_of_any_nesting():
    found = cleaned({"a": ["/x/y/z", 3, (True, None)], "b": {"c": "anna"}})
    assert found == {"a": ["…/z", 3, [True, None]], "b": {"c": "USER"}}


def test_the_names_of_this_user_and_machine(monkeypatch):
    monkeypatch.undo()
    private._names.cache_clear()
    monkeypatch.setattr(private.getpass, "getuser", lambda: "mwalker")
    monkeypatch.setattr(private.platform, "node", lambda: "cave.example.org")
    found = private._names()
    private._names.cache_clear()
    assert found["mwalker"] == "USER"
    assert found["cave.example.org"] == found["cave"] == "HOST"
    assert "root" not in found
