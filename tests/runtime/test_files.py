"""Files appear whole or not at all, whatever happens while they are written."""

import os
import stat
import subprocess
import sys
import time

import pytest

import cltensor as ct
from cltensor.runtime import files

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "file"
    found.write_bytes(b"old")
    return found


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_successor(tmp_path):
    files.replace("write", tmp_path / "new", b"one")
    files.replace("write", str(tmp_path / "new"), b"two")
    assert (tmp_path / "new").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["new"]


@POSIX
def test_the_mode_is_kept_and_a_new_file_follows_the_umask(path):
    path.chmod(0o640)
    files.replace("write", path, b"new")
    assert mode(path) == 0o640
    before = os.umask(0o027)
    try:
        files.replace("write", path.with_name("fresh"), b"new")
        path.chmod(0o666)
        files.replace("write", path, b"newer")
    finally:
        os.umask(before)
    assert mode(path.with_name("fresh")) == 0o640
    assert mode(path) == 0o666


@POSIX
@pytest.mark.parametrize("letter", ["x", "\u5b57", "\U0001f600"])
def test_the_longest_names(tmp_path, letter):
    name = letter * (255 // len(letter.encode()))
    files.replace("write", tmp_path / name, b"new")
    assert os.listdir(tmp_path) == [name]


@POSIX
@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_file_can_have(tmp_path, name):
    path = str(tmp_path / name)
    calls = {
        "save": lambda: ct.save({"x": 1}, path),
        "load": lambda: ct.load(path),
        "weights.save": lambda: ct.weights.save({"x": ct.ones(1)}, path),
        "weights.load": lambda: ct.weights.load(path),
    }
    for operation, call in calls.items():
        with pytest.raises(ct.DataError, match=f"^{operation}: '.* cannot be (read|written): "):
            call()
    assert os.listdir(tmp_path) == []


@POSIX
@pytest.mark.parametrize("exists", [True, False])
def test_a_link_stays_one(path, exists):
    link = path.with_name("link")
    if not exists:
        path.unlink()
    link.symlink_to("file")
    files.replace("write", link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"


@POSIX
def test_what_is_no_regular_file_is_written_to(path):
    files.replace("write", "/dev/null", b"new")
    assert not stat.S_ISREG(os.stat("/dev/null").st_mode)
    with pytest.raises(ct.DataError, match=r"write: '.*' cannot be written: .*Is a directory"):
        files.replace("write", path.parent, b"new")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_device():
    with pytest.raises(ct.DataError, match="write: '/dev/full' cannot be written: .*No space left"):
        files.replace("write", "/dev/full", b"new")


@pytest.mark.parametrize("where", ["open", "fchmod", "fsync", "replace"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError(28, "No space left")])
def test_an_exception_leaves_the_old_file_and_nothing_else(path, monkeypatch, where, error):
    real = getattr(os, where)

    def failing(*args, **kwargs):
        if where == "open":
            os.close(real(*args, **kwargs))  # the interrupt comes when the file is there
        raise error

    kind = ct.DataError if isinstance(error, OSError) else error
    with monkeypatch.context() as patch:
        patch.setattr(os, where, failing)
        with pytest.raises(kind):
            files.replace("write", path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


# An interrupt just before the end of a `with` has the file object closed as garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_line(path):
    """The old file or the new one, and nothing beside it, wherever the interrupt comes."""

    def run(line):
        seen = 0

        def local(frame, event, arg):
            nonlocal seen
            if event == "line":
                seen += 1
                if seen == line:
                    raise KeyboardInterrupt
            return local

        def tracer(frame, event, arg):
            return local if frame.f_code.co_filename == files.__file__ else None

        before = sys.gettrace()
        sys.settrace(tracer)
        try:
            files.replace("write", path, b"new")
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(before)
        return False

    line = 1
    while run(line):
        assert path.read_bytes() in (b"old", b"new")
        assert os.listdir(path.parent) == ["file"]
        path.write_bytes(b"old")
        line += 1
    assert line > 10


@POSIX
def test_what_a_killed_process_left_goes_with_the_next_file(path):
    def left(name, age):
        found = path.with_name(name)
        found.write_bytes(b"part")
        then = time.time() - age
        os.utime(found, (then, then))
        return found

    left(".file.0123456789ab", 3600)
    kept = [
        left(".file.0123456789ac", 10),  # perhaps another is about to lock it
        left(".file.0123456789ad", 3600),  # another writes it
        left(".file.mine", 3600),
        left(".file2.0123456789ab", 3600),
        left("file.0123456789ab", 3600),
    ]
    handle = files.hold(kept[1])
    files.replace("write", path, b"new")
    assert sorted(os.listdir(path.parent)) == sorted(["file", *(k.name for k in kept)])
    os.close(handle)
    files.replace("write", path, b"new")
    assert not kept[1].exists()


@POSIX
def test_a_file_is_locked_while_it_is_written(path, monkeypatch):
    real = os.fsync

    def looking(handle):
        found = [p for p in path.parent.iterdir() if p != path]
        assert [files.hold(p) for p in found] == [None] * len(found)
        seen.extend(found)
        real(handle)

    seen = []
    monkeypatch.setattr(os, "fsync", looking)
    files.replace("write", path, b"new")
    assert len(seen) == 1


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(ct.DataError, match=r"write: '.*nowhere.*file' cannot be written: .*choose"):
        files.replace("write", tmp_path / "nowhere" / "file", b"new")


def test_the_longest_name_that_a_folder_takes(tmp_path):
    name = "n" * 255
    files.replace("write", tmp_path / name, b"new")
    assert os.listdir(tmp_path) == [name]


COUNT = """
import sys
from pathlib import Path
from cltensor.runtime import files
path = Path(sys.argv[1])
for _ in range(40):
    with files.alone(path):
        files.replace("count", path, str(int(path.read_text() or 0) + 1).encode())
"""


@POSIX
def test_who_reads_and_replaces_is_alone(path):
    path.write_text("")
    counters = [subprocess.Popen([sys.executable, "-c", COUNT, str(path)]) for _ in range(3)]
    assert [counter.wait(60) for counter in counters] == [0, 0, 0]
    assert path.read_text() == "120"
    assert os.listdir(path.parent) == ["file"]


@POSIX
def test_nobody_waits_long_for_one_that_was_stopped(path, monkeypatch):
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    with files.alone(path), files.alone(path):
        pass
    with files.alone(path.parent / "no such folder" / "file"), files.alone("a\0b"):
        pass
    assert os.listdir(path.parent) == ["file"]
