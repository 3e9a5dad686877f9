"""Finding drivers, and saying why one does not load."""

import sys

import pytest
from drivers import driver_file

from cltensor.runtime import drivers as icd


def survey(monkeypatch, source):
    monkeypatch.setenv("OCL_ICD_VENDORS", str(source))
    (entry,) = icd.survey()
    return entry


@pytest.fixture
def nothing_bundled(monkeypatch):
    """pyopencl without a driver of its own, and no variable that names one."""
    monkeypatch.setattr(icd, "bundled_folders", list)
    for name in ("OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def untried(monkeypatch):
    """No library is opened; gives the list of those that would have been."""
    tried = []
    monkeypatch.setattr(icd, "_try", lambda library: tried.append(library) or "")
    return tried


def test_folders_are_read_in_the_loaders_order(monkeypatch, tmp_path, nothing_bundled, untried):
    folders = {name: tmp_path / name for name in ("system", "other", "chosen", "wheel")}
    for name, folder in folders.items():
        folder.mkdir()
        driver_file(folder, f"lib{name}2.so", "b.icd")
        driver_file(folder, f"lib{name}1.so", "a.icd")
        (folder / "notes.txt").write_text("no driver")
    monkeypatch.setattr(icd, "SYSTEM_FOLDER", str(folders["system"]))
    assert [e.library for e in icd.survey()] == ["libsystem1.so", "libsystem2.so"]
    monkeypatch.setattr(icd, "bundled_folders", lambda: [folders["wheel"]])
    monkeypatch.setenv("OPENCL_VENDOR_PATH", str(folders["other"]))
    assert [e.library[3:-4] for e in icd.survey()] == ["other", "other", "wheel", "wheel"]
    monkeypatch.setenv("OCL_ICD_VENDORS", str(folders["chosen"]))
    assert [e.library[3:-4] for e in icd.survey()] == ["chosen", "chosen", "wheel", "wheel"]
    assert [e.source for e in icd.survey()[:2]] == [
        str(folders["chosen"] / name) for name in ("a.icd", "b.icd")
    ]
    monkeypatch.setenv("OCL_ICD_VENDORS", str(folders["chosen"] / "b.icd"))
    (only,) = icd.survey()
    assert (only.library, only.problem) == ("libchosen2.so", "")


def test_a_folder_named_twice_is_read_once(monkeypatch, tmp_path, nothing_bundled, untried):
    driver_file(tmp_path, "libone.so")
    monkeypatch.setenv("OCL_ICD_VENDORS", str(tmp_path))
    monkeypatch.setattr(icd, "bundled_folders", lambda: [tmp_path])
    assert len(icd.survey()) == 1
    assert untried == ["libone.so"]


def test_no_folder_and_an_empty_one_have_no_drivers(monkeypatch, tmp_path, nothing_bundled):
    monkeypatch.setattr(icd, "SYSTEM_FOLDER", str(tmp_path))
    assert icd.survey() == []
    monkeypatch.setattr(icd, "SYSTEM_FOLDER", str(tmp_path / "missing"))
    assert icd.survey() == []


def test_a_library_may_be_named_without_a_file(monkeypatch, untried):
    entry = survey(monkeypatch, "libsomething.so")
    assert entry == icd.Icd("libsomething.so", "libsomething.so")
    assert untried == ["libsomething.so"]


def test_a_path_that_does_not_exist(monkeypatch, tmp_path, untried):
    for missing in (tmp_path / "libnone.so", tmp_path / "no folder"):
        assert survey(monkeypatch, missing).problem == "there is no such file or folder"
    assert "cannot be read" in survey(monkeypatch, tmp_path / "none.icd").problem
    assert untried == []


def test_only_the_first_line_counts(monkeypatch, tmp_path, untried):
    path = tmp_path / "two.icd"
    path.write_text("  libfirst.so \nlibsecond.so\n")
    assert survey(monkeypatch, path).library == "libfirst.so"


def test_the_bundled_drivers_load(monkeypatch):
    sources = [path for folder in icd.bundled_folders() for path in folder.glob("*.icd")]
    if not sources:
        pytest.skip("this pyopencl came without a driver")
    assert survey(monkeypatch, sources[0]).problem == ""


def test_without_pyopencl_nothing_is_bundled(monkeypatch):
    monkeypatch.setattr(icd, "find_spec", lambda name: None)
    assert icd.bundled_folders() == []


def test_a_probe_that_says_nothing_gives_its_status(monkeypatch, tmp_path):
    monkeypatch.setattr(icd, "_PROBE", "import sys; sys.exit(3)")
    assert survey(monkeypatch, driver_file(tmp_path, "lib.so")).problem == "exit status 3"
    monkeypatch.setattr(icd, "_PROBE", "import sys; sys.exit('one\\nthe last line')")
    assert survey(monkeypatch, driver_file(tmp_path, "lib.so")).problem == "the last line"


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
