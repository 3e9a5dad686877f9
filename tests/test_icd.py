"""Finding drivers, and saying why one does not load."""

import sys

import pytest
from drivers import driver_file

from cltensor import icd


def survey(monkeypatch, source):
    monkeypatch.setenv("OCL_ICD_VENDORS", str(source))
    (entry,) = icd.survey()
    return entry


def test_a_library_that_is_no_driver(monkeypatch, tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("the name of a library that is always there is known for Linux only")
    entry = survey(monkeypatch, driver_file(tmp_path, "libm.so.6"))
    assert entry.library == "libm.so.6"
    assert "is no OpenCL driver" in entry.problem


def test_a_file_that_names_nothing(monkeypatch, tmp_path):
    entry = survey(monkeypatch, driver_file(tmp_path, ""))
    assert "its first line is empty" in entry.problem


def test_a_file_that_is_not_text(monkeypatch, tmp_path):
    path = tmp_path / "binary.icd"
    path.write_bytes(b"\xff\xfe\x80")
    assert "cannot be read" in survey(monkeypatch, path).problem


def test_a_library_beside_its_file_is_found(monkeypatch, tmp_path):
    (tmp_path / "libdriver.so").write_bytes(b"no library")
    entry = survey(monkeypatch, driver_file(tmp_path, "libdriver.so"))
    assert entry.library == str(tmp_path / "libdriver.so")
    assert entry.problem  # it is found, and it is no library


def test_a_driver_that_kills_its_process(monkeypatch, tmp_path):
    monkeypatch.setattr(icd, "_PROBE", "import os; os.abort()")
    entry = survey(monkeypatch, driver_file(tmp_path, "libdriver.so"))
    assert "kills the process (SIGABRT)" in entry.problem


def test_a_driver_that_never_answers(monkeypatch, tmp_path):
    monkeypatch.setattr(icd, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(icd, "_TIMEOUT", 0.2)
    entry = survey(monkeypatch, driver_file(tmp_path, "libdriver.so"))
    assert "did not answer within" in entry.problem
