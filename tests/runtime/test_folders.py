"""Folders for compiled kernels: whose they are, how much room they have, and who cleans up."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cltensor.runtime import files, folders

POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners by number")
_WORK = """
import warnings, os, cltensor as ct
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    print((ct.arange(4, dtype="float32") * 2 + 1).numpy().tolist())
for each in seen:
    print(each.category.__name__, each.message)
"""
_RIGHT = "[1.0, 3.0, 5.0, 7.0]"


@pytest.fixture(autouse=True)
def fresh():
    """What is remembered of folders belongs to one test."""
    yield
    folders._cache_folder.cache_clear()


def everything(folder):
    return sorted(str(p.relative_to(folder)) for p in Path(folder).rglob("*"))


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_folder_that_others_can_write_is_refused_and_stays_empty(run_python, tmp_path, mode):
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(mode)
    lines = run_python(_WORK, CLTENSOR_CACHE=str(cache)).stdout.splitlines()
    assert lines[0] == _RIGHT
    assert lines[1].startswith(f"RuntimeWarning cache: '{cache}' is not used, because others may")
    assert len(lines) == 2
    assert everything(cache) == []


@POSIX
@pytest.mark.parametrize("name", ["programs", "running"])
def test_a_folder_inside_that_others_can_write_is_refused(run_python, tmp_path, name):
    cache = tmp_path / "cache"
    (cache / name).mkdir(parents=True)
    cache.chmod(0o700)
    (cache / name).chmod(0o777)
    settings = {"CLTENSOR_CACHE": str(cache), "XDG_RUNTIME_DIR": None, "POCL_CACHE_DIR": None}
    lines = run_python(_WORK, **settings).stdout.splitlines()
    assert lines[0] == _RIGHT
    assert f"'{cache / name}' is not used" in lines[1]
    assert everything(cache / name) == []


@POSIX
def test_a_link_to_a_folder_that_others_can_write_is_refused(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "open")
    (tmp_path / "open" / "inside").mkdir()
    for wished in (tmp_path / "link", tmp_path / "link" / "inside"):
        with pytest.warns(RuntimeWarning, match="is not used, because others may"):
            assert folders.usable(wished, "CLTENSOR_CACHE") is None
    (tmp_path / "open").chmod(0o755)
    assert folders.usable(tmp_path / "link" / "inside", "X") == tmp_path / "open" / "inside"


@POSIX
def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    with pytest.warns(RuntimeWarning, match=f"belongs to user {user}, and you are user {user + 1}"):
        assert folders.usable(tmp_path, "CLTENSOR_CACHE") is None


def test_without_owners_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "geteuid", raising=False)
    assert folders.exposed(tmp_path) == ""


@pytest.mark.parametrize("chosen", ["/dev/null/x", "", "x" * 5000])
def test_a_folder_of_pocl_that_cannot_be_made_costs_time_only(run_python, tmp_path, chosen):
    done = run_python(_WORK, POCL_CACHE_DIR=chosen, CLTENSOR_CACHE=str(tmp_path / "cache"))
    assert done.stdout.splitlines() == [_RIGHT]


def test_pocl_works_in_a_folder_of_this_process_which_goes_with_it(run_python, tmp_path):
    code = (
        f"{_WORK}\nfrom cltensor.runtime.folders import drivers_folder\nprint(drivers_folder())\n"
    )
    code += "print(os.environ.get('POCL_CACHE_DIR'))"
    chosen = tmp_path / "chosen"
    done = run_python(code, POCL_CACHE_DIR=str(chosen), CLTENSOR_CACHE=str(tmp_path / "cache"))
    _, own, after = done.stdout.splitlines()
    assert Path(own).parent == chosen
    assert after == str(chosen)  # children of this process get their own
    assert everything(chosen) == []


@POSIX
def test_the_runtime_folder_is_preferred_where_it_is_ours(tmp_path, monkeypatch):
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("CLTENSOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.delenv("POCL_CACHE_DIR", raising=False)
    assert folders.own_folder().parent == runtime / "cltensor"
    runtime.chmod(0o777)  # not worth a warning: it is not the user's choice
    assert folders.own_folder().parent == tmp_path / "cache" / "running"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert folders.own_folder().parent == tmp_path / "cache" / "running"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs tmpfs")
def test_a_full_disk_costs_time_only(run_python, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    for option in ("size=4k", "nr_inodes=3"):
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(disk)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("this user may not mount a file system of a few bytes")
        try:
            (disk / "cache").mkdir(mode=0o700)
            done = run_python(_WORK, CLTENSOR_CACHE=str(disk / "cache"), POCL_CACHE_DIR=None)
            assert done.stdout.splitlines() == [_RIGHT]
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_whose_disk_fills_is_moved_and_found_under_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "temporary", lambda: tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    own = tmp_path / "own"
    (own / "AB").mkdir(parents=True)
    (own / "AB" / "file").write_text("kept")
    folders.relocate(own)
    assert own.is_symlink()
    assert (own / "AB" / "file").read_text() == "kept"
    assert own.resolve().parent == tmp_path / "elsewhere"
    folders.relocate(own)  # it is there already
    assert (own / "AB" / "file").read_text() == "kept"
    folders._remove(own, os.getpid())
    assert not os.path.lexists(own)


def test_no_room_is_seen_before_it_is_needed(tmp_path, monkeypatch):
    assert folders.has_room(tmp_path)
    monkeypatch.setattr(folders, "_ROOM", 1 << 60)
    assert not folders.has_room(tmp_path)
    assert not folders.has_room(tmp_path / "missing")


@pytest.mark.skipif(files.fcntl is None, reason="folders cannot be locked here")
def test_what_killed_processes_left_is_removed_and_what_is_in_use_is_not(tmp_path, monkeypatch):
    left, used, young, other = (tmp_path / n for n in ("process-a", "process-b", "process-c", "x"))
    for folder in (left, used, young, other):
        folder.mkdir()
        old = time.time() - (3600 if folder is not young else 0)
        os.utime(folder, (old, old))
    (tmp_path / "process-link").symlink_to(tmp_path / "gone")
    monkeypatch.setattr(folders, "_YOUNG", 600)
    held = files.hold(used)
    folders.sweep(tmp_path, "process-")
    os.close(held)
    assert [p.name for p in (left, used, young, other) if p.exists()] == [
        "process-b",
        "process-c",
        "x",
    ]


def test_a_process_makes_no_temporary_folder_that_it_does_not_need(run_python, tmp_path):
    code = f"{_WORK}\nos._exit(0)"
    code = code.replace("tolist())", "tolist(), flush=True)")
    settings = {"CLTENSOR_CACHE": str(tmp_path / "cache"), "POCL_CACHE_DIR": None}
    (tmp_path / "temporary").mkdir()
    done = run_python(code, TMPDIR=str(tmp_path / "temporary"), **settings)
    assert done.stdout.splitlines() == [_RIGHT]
    assert everything(tmp_path / "temporary") == []


@pytest.mark.skipif(files.fcntl is None, reason="folders cannot be locked here")
def test_temporary_folders_of_killed_processes_are_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(folders, "_YOUNG", -1)
    make = folders.temporary.__wrapped__
    first = make()
    assert make() != first
    assert first.exists(), "its lock is held"
    killed = tmp_path / f"{folders._TEMPORARY}killed"
    (killed / "process-x").mkdir(parents=True)
    (tmp_path / "cltensor-1-2-3").mkdir()  # of a loader
    third = make()
    assert (killed.exists(), first.exists(), third.exists()) == (False, True, True)
    assert (tmp_path / "cltensor-1-2-3").exists()


@POSIX
def test_folders_of_other_users_are_left_alone(tmp_path, monkeypatch):
    (tmp_path / "process-a").mkdir()
    monkeypatch.setattr(folders, "_YOUNG", -1)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    folders.sweep(tmp_path, "process-")
    assert (tmp_path / "process-a").exists()
