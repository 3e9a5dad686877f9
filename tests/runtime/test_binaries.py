"""What was built, on disk: checked before it is used, bounded, and the same from PoCL's hands."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import cltensor as ct
from cltensor.runtime import binaries
from cltensor.runtime.folders import drivers_folder
from cltensor.runtime.kernel import Counters, build

_SOURCE = """
__kernel void add_%d(__global float* x_g, const int n) {
    for (int i = get_global_id(0); i < n; i += get_global_size(0)) x_g[i] += %d;
}
"""
_WORK = """
import cltensor as ct
from cltensor.runtime.kernel import Counters
x = ct.arange(100, dtype="float32")
print((x * 2 + 1).numpy().sum(), (ct.ones(8, 8) @ ct.ones(8, 8)).numpy().sum())
print(Counters.builds, Counters.disk_hits)
"""
_RIGHT = "10000.0 512.0"


def add(device, k):
    """x + k by a kernel whose source tells k."""
    x = ct.arange(3, dtype="float32").realize()
    build(device, f"add_{k}", _SOURCE % (k, k), "the test")((1,), (1,), x_g=x.buffer, n=3)
    return (x.numpy() - np.arange(3)).tolist()


def entries(folder):
    return [p for p in (folder / "programs").iterdir() if p.is_file()]


@pytest.fixture
def with_own_cache(device, monkeypatch):
    """The device, whose driver keeps files of its own; skips where it does not."""
    monkeypatch.delenv("POCL_KERNEL_CACHE", raising=False)
    if not binaries.has_own_cache(device):
        pytest.skip(f"'{device}' ({device.title}) keeps no files of its own")
    return device


def test_an_entry_gives_back_what_was_written(device, disk_cache):
    files = {"AB/CDE/program.bc": b"\x00\n\xff" * 100, "AB/CDE/f/1-1-1/f.so": b""}
    entry = binaries.Entry(device, "some source")
    assert entry.read() is None
    entry.write(files)
    assert binaries.Entry(device, "some source").read() == files
    assert binaries.Entry(device, "other source").read() is None
    entry.remove()
    entry.remove()
    assert entry.read() is None


def test_any_changed_byte_or_length_is_noticed(device, disk_cache):
    entry = binaries.Entry(device, "some source")
    entry.write({"AB/CDE/program.bc": bytes(range(40))})
    content = entry.path.read_bytes()
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        for damaged in (bytes(changed), content[:at]):
            entry.path.write_bytes(damaged)
            assert entry.read() is None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners by number")
def test_an_entry_that_others_could_write_is_not_read(device, disk_cache):
    entry = binaries.Entry(device, "some source")
    entry.write({"binary": b"b"})
    entry.path.chmod(0o666)
    assert entry.read() is None


@pytest.mark.parametrize("name", ["../../etc/x", "/etc/x", "AB/../../x.so", "AB/x", "", "AB/C/.."])
def test_no_name_leads_out_of_the_drivers_folder(with_own_cache, disk_cache, name):
    entry = binaries.Entry(with_own_cache, "some source")
    assert not binaries.pocl_cache().restore(entry, {name: b"x"})
    assert not binaries.pocl_cache().restore(entry, {})


def test_files_of_the_driver_come_back_checked(with_own_cache, disk_cache):
    assert add(with_own_cache, 1001) == [1001] * 3
    cache = binaries.pocl_cache()
    cache.look()  # takes what the launch has added
    (entry,) = entries(disk_cache)
    kept = next(k for k in cache.kept.values() if k.entry.path == entry)
    assert {Path(name).suffix for name in kept.names} == {".bc", ".so"}
    cache._remove(kept.folders)
    before = Counters.builds, Counters.disk_hits
    assert add(with_own_cache, 1001) == [1001] * 3
    assert (Counters.builds - before[0], Counters.disk_hits - before[1]) == (0, 1)


def test_files_of_another_version_of_the_driver_are_exchanged(with_own_cache, disk_cache):
    cache = binaries.pocl_cache()
    cache.look()  # what other tests have compiled is theirs
    add(with_own_cache, 1002)
    cache.look()
    (path,) = entries(disk_cache)
    kept = next(k for k in cache.kept.values() if k.entry.path == path)
    files = kept.entry.read()
    cache.discard(kept.entry)
    kept.entry.write({f"ZZ/ZZZ/{name.split('/', 2)[2]}": b"old" for name in files})
    assert add(with_own_cache, 1002) == [1002] * 3
    assert {name[:6] for name in kept.entry.read()} == {name[:6] for name in files}
    assert not (drivers_folder() / "ZZ" / "ZZZ").exists()


def test_the_drivers_folder_holds_a_bounded_number_of_programs(
    with_own_cache, disk_cache, monkeypatch
):
    from cltensor.runtime.kernels import Kernels

    monkeypatch.setattr(Kernels, "MOST", 3)
    for k in range(2000, 2005):
        assert add(with_own_cache, k) == [k] * 3
    assert len(binaries.pocl_cache().kept) == 3
    assert len(entries(disk_cache)) == 5


def test_what_is_not_used_for_longest_goes_first(device, disk_cache, monkeypatch):
    made = [binaries.Entry(device, str(i)) for i in range(10)]
    for age, entry in enumerate(made):
        entry.write({"binary": bytes(1000)})
        then = time.time() - 90_000 * (age + 1)
        os.utime(entry.path, (then, then))
    made[9].read()  # used, the oldest so far
    monkeypatch.setenv("CLTENSOR_CACHE_LIMIT", "5500")
    binaries.prune()
    assert [i for i, entry in enumerate(made) if entry.path.exists()] == [0, 1, 2, 9]
    assert binaries.usage().entries == 4
    assert binaries.clear().entries == 4
    assert binaries.usage() == (0, 0)


def test_a_bound_of_nothing_keeps_nothing_and_works(run_python, tmp_path):
    done = run_python(_WORK, CLTENSOR_CACHE=str(tmp_path / "c"), CLTENSOR_CACHE_LIMIT="0")
    assert done.stdout.splitlines()[0] == _RIGHT
    assert entries(tmp_path / "c") == []


def test_a_bound_that_is_no_size_is_warned_of(disk_cache, monkeypatch):
    for call, text in ((binaries.limit, "much"), (binaries.prune, "more")):
        monkeypatch.setenv("CLTENSOR_CACHE_LIMIT", text)
        with pytest.warns(RuntimeWarning, match=f"^CLTENSOR_CACHE_LIMIT: '{text}' is not a size"):
            call()
    monkeypatch.setenv("CLTENSOR_CACHE_LIMIT", "")
    assert binaries.limit() == 1 << 30


def test_a_driver_that_was_loaded_before_keeps_its_own_folder(run_python, tmp_path):
    code = f"import os; os.environ['PYOPENCL_NO_CACHE'] = '1'; import pyopencl as cl\n{_WORK}"
    code = code.replace("import cltensor", "cl.get_platforms()[0].get_devices()\nimport cltensor")
    settings = {"CLTENSOR_CACHE": str(tmp_path / "c"), "POCL_CACHE_DIR": str(tmp_path / "pocl")}
    assert run_python(code, **settings).stdout.splitlines()[0] == _RIGHT
    for path in (tmp_path / "pocl").rglob("program.bc"):
        path.write_bytes(b"")
    assert run_python(code, **settings).stdout.splitlines()[0] == _RIGHT


def _damaged(content, rng):
    """`content` with a flipped bit, cut short, emptied, lengthened, or with a run of zeros."""
    way = rng.choice(["flip", "flip", "cut", "cut", "empty", "more", "zeros"])
    if way == "empty" or not content:
        return b""
    at = rng.randrange(len(content))
    if way == "cut":
        return content[:at]
    if way == "more":
        return content + bytes(rng.randrange(1, 5000))
    changed = bytearray(content)
    if way == "flip":
        changed[at] ^= 1 << rng.randrange(8)
    else:
        changed[at : at + 4096] = bytes(len(changed[at : at + 4096]))
    return bytes(changed)


@pytest.mark.slow
def test_no_damage_to_the_cache_does_more_than_cost_time(run_python, tmp_path):
    """Damages drawn for files below the cache, each met by a fresh process.

    CLTENSOR_DAMAGES sets their number (12), CLTENSOR_SEED the seed, which a failure shows.
    """
    count = int(os.environ.get("CLTENSOR_DAMAGES", "12"))
    seed = int(os.environ.get("CLTENSOR_SEED", time.time_ns() % 10**6))
    rng = random.Random(seed)
    cache = tmp_path / "cache"
    settings = {"CLTENSOR_CACHE": str(cache), "POCL_CACHE_DIR": None}
    run_python(_WORK, **settings)
    whole = {p: p.read_bytes() for p in cache.rglob("*") if p.is_file()}
    assert whole
    for number in range(count):
        for path, content in whole.items():
            path.write_bytes(content)
        for path in rng.sample(sorted(whole), rng.randrange(1, len(whole) + 1)):
            path.write_bytes(_damaged(whole[path], rng))
        done = run_python(_WORK, check=False, **settings)
        assert (done.returncode, done.stdout.splitlines()[:1]) == (0, [_RIGHT]), (
            f"seed {seed}, damage {number}: {done.stdout}{done.stderr}"
        )
        assert {p for p in cache.rglob("*") if p.is_file()} == set(whole)


def test_threads_that_build_at_once_keep_an_entry_each(with_own_cache, disk_cache):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda k: add(with_own_cache, k), range(3000, 3008)))
    assert results == [[k] * 3 for k in range(3000, 3008)]
    assert len(entries(disk_cache)) == 8
