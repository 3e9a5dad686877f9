"""Environment variables: what they say, and values that mean nothing."""

import pytest

from cltensor.errors import SettingError
from cltensor.runtime.settings import hidden_extensions, parse_seconds, parse_size, setting


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("2k", 2048), (" 3 MiB ", 3 << 20), ("1.5 GB", 3 << 29), ("4G", 4 << 30)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["much", "-1", "inf", "1e9", "9" * 400, "4TB", ".", ""])
def test_what_is_no_size(text):
    with pytest.raises(SettingError, match="is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("60s", 60), ("2m", 120), ("7", 7), ("0.5s", 0.5), (" 1.5 m", 90)]
)
def test_times(text, seconds):
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-3s", "0", "0.0m", "soon", "1ms", "nan", "inf", "1e9"])
def test_what_is_no_time(text):
    with pytest.raises(SettingError, match="is no time"):
        parse_seconds(text)


def test_a_value_that_means_nothing_is_warned_of_and_left_out(monkeypatch):
    monkeypatch.setenv("CLTENSOR_X", "2k")
    assert setting("CLTENSOR_X", parse_size, 7) == 2048
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("CLTENSOR_X")
        else:
            monkeypatch.setenv("CLTENSOR_X", value)
        assert setting("CLTENSOR_X", parse_size, 7) == 7
    monkeypatch.setenv("CLTENSOR_X", "some")
    with pytest.warns(RuntimeWarning, match="^CLTENSOR_X: 'some' is not a size.* leaves 7$"):
        assert setting("CLTENSOR_X", parse_size, 7) == 7
    assert setting("CLTENSOR_X", parse_size, 7) == 7  # and says nothing more


def test_no_value_breaks_an_import_or_an_operation(run_python):
    code = """
import warnings
warnings.simplefilter("default")
import cltensor as ct
x = ct.ones(1, 1, 4, 4)
f = ct.jit(lambda x: ct.conv2d(x, ct.ones(1, 1, 3, 3)).sum())
print([f(x).item() for _ in range(4)])
"""
    sizes = ("MEMORY_LIMIT", "CACHE_LIMIT", "WINOGRAD")
    names = (*sizes, "HIDE", "DEBUG", "EAGER", "COMMAND_BUFFERS", "QUIET")
    done = run_python(code, **{f"CLTENSOR_{name}": "odd" for name in names})
    assert done.stdout == "[36.0, 36.0, 36.0, 36.0]\n"
    for name in sizes:
        assert done.stderr.count(f"CLTENSOR_{name}: 'odd' is no") <= 1
    assert "CLTENSOR_MEMORY_LIMIT: 'odd' is not a size" in done.stderr


def test_what_is_hidden(monkeypatch):
    monkeypatch.delenv("CLTENSOR_HIDE", raising=False)
    assert hidden_extensions() == frozenset()
    monkeypatch.setenv("CLTENSOR_HIDE", "fp64")
    assert hidden_extensions() == {"cl_khr_fp64"}
    monkeypatch.setenv("CLTENSOR_HIDE", "everything")
    with pytest.warns(RuntimeWarning, match="CLTENSOR_HIDE: 'everything' cannot be hidden"):
        assert hidden_extensions() == frozenset()
