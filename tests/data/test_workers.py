"""Worker processes of a loader: what they give and raise, and that nothing of them is left."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from worker_sets import (
    Computing,
    Deadly,
    Failing,
    Halves,
    Lines,
    Once,
    Refused,
    Rows,
    Slow,
    Tensors,
    Unpicklable,
    joined,
    pairs,
    told,
)

import cltensor as ct
from cltensor.data import BatchSampler, ChainDataset, DataLoader, Subset, TensorDataset
from cltensor.data.workers import WorkerTraceback, _swept
from cltensor.errors import DataError, DeviceError

BASES = (Path("/dev/shm"), Path(tempfile.gettempdir()))


def left(pid=None):
    """Folders of shared memory of a process."""
    return [f for base in BASES for f in base.glob(f"cltensor-loader-{pid or os.getpid()}-*")]


def processes():
    """Worker processes of this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = (path / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if parent == str(os.getpid()) and b"data.worker" in (path / "cmdline").read_bytes():
                found.append(path.name)
        except OSError:
            continue
    return found


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert left() == []
    if Path("/proc/self/stat").exists():
        assert processes() == []


def test_batches_are_those_of_the_thread():
    ct.manual_seed(3)
    plain = list(DataLoader(Rows(23), 4, shuffle=True))
    ct.manual_seed(3)
    loader = DataLoader(Rows(23), 4, shuffle=True, num_workers=2)
    batches = list(loader)
    assert len(batches) == len(loader) == 6
    for batch, wanted in zip(batches, plain, strict=True):
        assert batch["index"].tolist() == wanted["index"].tolist()
        assert batch["row"].tolist() == wanted["row"].tolist()
        assert batch["row"].dtype == ct.float32
        assert batch["name"] == wanted["name"]
        assert isinstance(batch["drawn"], list)


def test_the_seed_decides_what_workers_draw():
    def drawn(loader):
        return [[row.tolist() for row in batch["drawn"]] for batch in loader]

    ct.manual_seed(5)
    once = drawn(DataLoader(Rows(8), 2, num_workers=2))
    ct.manual_seed(5)
    loader = DataLoader(Rows(8), 2, num_workers=2, persistent_workers=True)
    first, second = drawn(loader), drawn(loader)
    assert first == once
    seeds = {seed for batch in first for seed in batch[2]}
    assert len(seeds) == 2, "each worker has a seed of its own"
    assert seeds.isdisjoint({seed for batch in second for seed in batch[2]})
    assert first[0][:2] != second[0][:2]
    loader._workers.close()


def test_persistent_workers_go_on():
    dataset = Rows(6)
    loader = DataLoader(dataset, 3, num_workers=1, persistent_workers=True)
    assert next(iter(loader))["row"].tolist()[0] == [1, 2, 3]
    started = loader._workers
    rows = [batch["row"].tolist() for batch in loader]
    assert loader._workers is started
    assert rows[0][0] == [2, 3, 4], "the copy of the worker was written to"
    assert dataset.rows[0].tolist() == [0, 1, 2], "and only that one"
    first = iter(loader)
    next(first)
    second = iter(loader)
    assert next(second)["index"].tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="another loop over it has begun"):
        next(first)
    del first, second
    loader._workers.close()


def test_tensors_are_in_the_memory_of_the_host():
    batches = list(DataLoader(Tensors(5), 2, num_workers=1))
    assert batches[2][0].tolist() == [[12, 13, 14]]
    assert batches[0][1].tolist() == [[0], [1]]
    assert batches[0][1].dtype == ct.int16
    assert all(part.device == ct.zeros(1).device for part in batches[0])
    assert ct.add(*batches[0][:2]).shape == (2, 3)


def test_a_batch_may_join_tensors():
    (columns, row, padded), _ = DataLoader(Tensors(4), 2, num_workers=1, collate_fn=joined)
    assert columns.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert row.tolist() == [0, 1, 2, 3, 4, 5]
    assert padded.tolist() == [[0, -1], [3, 4]]


def test_workers_compute_nothing_on_a_device():
    loader = DataLoader(Computing(3), num_workers=1)
    with pytest.raises(DeviceError, match="worker process of a DataLoader, which has no device"):
        list(loader)


def test_a_data_set_on_the_device_needs_no_workers():
    loader = DataLoader(TensorDataset(ct.arange(5)), 2, num_workers=2)
    iterator = iter(loader)
    assert next(iterator)[0].tolist() == [0, 1]
    assert loader._workers is None
    assert [batch[0].tolist() for batch in iterator] == [[2, 3], [4]]


def test_subsets_and_samplers():
    numbers = TensorDataset(np.arange(10))
    sampler = BatchSampler(range(1, 4), 2, False)
    loader = DataLoader(Subset(numbers, [9, 8, 7, 6]), batch_sampler=sampler, num_workers=1)
    assert [batch[0].tolist() for batch in loader] == [[8, 7], [6]]
    single = DataLoader(numbers, batch_size=None, num_workers=1, sampler=[3, 4])
    assert [batch[0].item() for batch in single] == [3, 4]


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("drop_last", [False, True])
def test_iterable(workers, drop_last):
    loader = DataLoader(Lines(10), 3, num_workers=workers, drop_last=drop_last)
    batches = [batch.tolist() for batch in loader]
    full = [batch for batch in batches if len(batch) == 3]
    assert len(full) == 3
    if drop_last:
        assert batches == full
    else:
        assert sorted(item for batch in batches for item in batch) == list(range(10))
    assert len(loader) == (3 if drop_last else 4)


def test_iterables_in_a_chain_and_alone():
    chain = Lines(3) + Lines(2)
    assert isinstance(chain, ChainDataset)
    assert len(chain) == 5
    assert [item.tolist() for item in DataLoader(chain, 2)] == [[0, 1], [2, 0], [1]]
    assert list(DataLoader(chain, None)) == [0, 1, 2, 0, 1]
    with pytest.raises(DataError, match=r"a list is no IterableDataset; use ConcatDataset"):
        ChainDataset([[1]])
    with pytest.raises(DataError, match="says itself what comes; leave out shuffle"):
        DataLoader(Lines(3), shuffle=True)


def test_what_a_collate_fn_returns_is_left_as_it_is():
    batches = list(DataLoader(Rows(6), 2, num_workers=1, prefetch_factor=1, collate_fn=pairs))
    indices, (masked, tensor), more = batches[0]
    assert [type(batch) for batch in batches] == [tuple] * 3
    assert (type(indices), type(masked), type(tensor), type(more["least"])) == (
        np.ndarray, np.ma.MaskedArray, ct.Tensor, np.int64,
    )  # fmt: skip
    assert masked.tolist() == [0, None]
    assert tensor.tolist() == [0, 1]
    assert [batch[0].tolist() for batch in batches] == [[0, 1], [2, 3], [4, 5]]
    indices += 1  # it is the loop's own


def test_init_function():
    batches = list(DataLoader(Rows(4), 2, num_workers=2, worker_init_fn=told))
    assert [batch["row"].tolist()[0][0] for batch in batches] == [1, 101]


def test_an_init_function_that_raised_runs_again(tmp_path):
    init = Once(tmp_path / "tried")
    loader = DataLoader(Rows(4), 2, num_workers=1, persistent_workers=True, worker_init_fn=init)
    with pytest.raises(RuntimeError, match="not yet"):
        list(loader)
    for first in (101, 102):
        assert next(iter(loader))["row"].tolist() == [[first] * 3] * 2
    loader._workers.close()


def test_as_they_are_ready():
    loader = DataLoader(Slow(6), 1, num_workers=2, in_order=False, prefetch_factor=1)
    found = [batch.item() for batch in loader]
    assert sorted(found) == list(range(6))
    assert found != sorted(found)


def test_errors_keep_their_type_and_show_where():
    loader = DataLoader(Failing(9, KeyError, "no such row"), 2, num_workers=2)
    iterator = iter(loader)
    assert [next(iterator).tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(KeyError, match="no such row") as caught:
        next(iterator)
    assert isinstance(caught.value.__cause__, WorkerTraceback)
    assert "worker_sets.py" in str(caught.value.__cause__)
    assert "in worker 0 of the DataLoader" in str(caught.value.__cause__)
    iterator.close()


def test_errors_that_pickle_cannot_take():
    with pytest.raises(DataError, match=r"(?s)Unpicklable: 1 and 2"):
        list(DataLoader(Failing(9, Unpicklable, 1, 2), 1, num_workers=1))


def test_stop_iteration_is_no_silent_end():
    with pytest.raises(DataError, match=r"raised StopIteration for \[5\]"):
        list(DataLoader(Failing(9, StopIteration), 1, num_workers=1))


def test_a_batch_that_pickle_refuses():
    with pytest.raises(TypeError, match="cannot pickle 'generator' object"):
        list(DataLoader(Refused(3), None, num_workers=1))


def test_tensors_of_16_bits_by_themselves():
    found = list(DataLoader(Halves(3), None, num_workers=1))
    assert [x.dtype for x in found] == [ct.bfloat16] * 3
    assert found[2].tolist() == [2, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_leaves_them_alone():
    loader = DataLoader(Rows(4), 2, num_workers=1, persistent_workers=True)
    assert len(list(loader)) == 2
    child = os.fork()
    if child == 0:
        try:
            loader._workers.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert len(list(loader)) == 2
    loader._workers.close()


@pytest.mark.parametrize(("how", "reason"), [("exit", "exit code 3"), ("kill", "signal Killed")])
def test_a_worker_that_dies(how, reason):
    with pytest.raises(DataError, match=f"worker 0 ended with {reason}"):
        list(DataLoader(Deadly(9, how), 3, num_workers=1))


def test_timeout():
    started = time.monotonic()
    with pytest.raises(DataError, match=r"no batch came within the timeout of 8.0 s from worker 0"):
        list(DataLoader(Deadly(6, "sleep"), 6, num_workers=1, timeout=8.0))
    assert time.monotonic() - started < 40


def test_a_loop_that_is_left():
    for _ in DataLoader(Rows(50), 1, num_workers=2):
        break
    iterator = iter(DataLoader(Rows(50), 1, num_workers=1))
    next(iterator)
    del iterator


def test_large_batches_get_more_room():
    shapes = [np.zeros((n, 1000), np.float32) for n in (1, 3000, 2)]
    loader = DataLoader(shapes, None, num_workers=1, prefetch_factor=1)
    assert [batch.shape[0] for batch in loader] == [1, 3000, 2]


def test_what_cannot_be_given_to_workers():
    locked = TensorDataset(np.arange(3))
    locked.lock = threading.Lock()
    with pytest.raises(DataError, match="cannot be given to worker processes: TypeError: cannot"):
        list(DataLoader(locked, num_workers=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": -1}, "num_workers is -1; give an integer of 0 or more"),
        ({"num_workers": 1, "timeout": -1}, "timeout is -1; give seconds of 0 or more"),
        ({"num_workers": 1, "prefetch_factor": 0}, "prefetch is 0; give an integer of 1 or more"),
        ({"num_workers": 1, "multiprocessing_context": "fork"}, "is 'fork', but workers always"),
        ({"persistent_workers": True}, "persistent_workers is True, which is for worker"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_options(options, message):
    with pytest.raises(DataError, match=message):
        DataLoader(Rows(3), **options)


PROGRAM = """
import os, sys, time
import cltensor as ct
from cltensor.data import DataLoader, Dataset

class Mine(Dataset):
    def __len__(self):
        return {count}
    def __getitem__(self, index):
        time.sleep({pause})
        return index

print("begun", flush=True)
for batch in DataLoader(Mine(), 2, num_workers=2{options}):
    print(batch.tolist(), os.getpid(), flush=True)
"""


def program(tmp_path, count=4, pause=0.0, options="", before=""):
    path = tmp_path / "program.py"
    path.write_text(before + PROGRAM.format(count=count, pause=pause, options=options))
    return [sys.executable, str(path)]


OWN_CLASSES = """
from collections import namedtuple
from cltensor.data import DataLoader, Dataset

Pair = namedtuple("Pair", "a b")

class Mine(Exception):
    pass

class Pairs(Dataset):
    def __len__(self):
        return 4
    def __getitem__(self, index):
        if index == 3:
            raise Mine("three")
        return Pair(index, 2 * index)

batches = iter(DataLoader(Pairs(), 2, num_workers=1))
first = next(batches)
assert isinstance(first, Pair) and first.b.tolist() == [0, 2], first
try:
    next(batches)
except Mine as error:
    print(error)
"""


def test_classes_of_the_program_come_back(tmp_path):
    pytest.importorskip("cloudpickle")
    (tmp_path / "program.py").write_text(OWN_CLASSES)
    command = [sys.executable, str(tmp_path / "program.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "three\n", done.stderr


def test_a_program_without_a_guard(tmp_path):
    pytest.importorskip("cloudpickle")
    command = program(tmp_path, options=", collate_fn=lambda items: ct.tensor(items)")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [line[:6] for line in done.stdout.splitlines()] == ["begun", "[0, 1]", "[2, 3]"]


WITHOUT = """
import importlib.util
find, importlib.util.find_spec = importlib.util.find_spec, lambda name, *rest: (
    None if name == "cloudpickle" else find(name, *rest))
"""


def test_without_cloudpickle_the_program_is_loaded_again(tmp_path):
    command = program(tmp_path, before=WITHOUT)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert "put what it does under `if __name__ == '__main__':`" in done.stderr
    text = Path(command[1]).read_text()
    start = text.index('print("begun"')
    body = "    " + text[start:].strip().replace("\n", "\n    ")
    Path(command[1]).write_text(text[:start] + "if __name__ == '__main__':\n" + body)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [line[:6] for line in done.stdout.splitlines()] == ["begun", "[0, 1]", "[2, 3]"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_nothing_is_left_of_a_program_that_is_stopped(tmp_path, how):
    pytest.importorskip("cloudpickle")  # else the program would have to be written for workers
    command = program(tmp_path, count=10000, pause=0.01)
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with running:
        assert running.stdout.readline() == "begun\n"
        assert running.stdout.readline().startswith("[0, 1]")
        assert left(running.pid)
        running.send_signal(signal.Signals[how])
        _, errors = running.communicate(timeout=60)
    assert running.returncode != 0
    assert errors.count("Traceback") == (1 if how == "SIGINT" else 0), errors
    deadline = time.monotonic() + 30
    while left(running.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(running.pid) == []


@pytest.mark.skipif(os.name == "nt", reason="folders are locked by flock")
def test_what_killed_programs_left_is_removed(tmp_path, monkeypatch):
    code = (
        "import os, pathlib, signal, sys; from cltensor.data import workers; "
        "workers._IN_MEMORY = pathlib.Path('absent'); "
        "print(workers._folders(sys.argv[1])[0][-1], flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("cltensor.data.workers._IN_MEMORY", tmp_path / "absent")
    monkeypatch.setattr(tempfile, "tempdir", None)
    found = subprocess.run([sys.executable, "-c", code, "killed"], capture_output=True, text=True)
    folder = Path(found.stdout.strip())
    assert folder.is_dir()
    loader = DataLoader(Rows(8), 2, num_workers=1)
    _swept.cache_clear()
    assert len([*loader]) == 4
    assert folder.is_dir(), "it is young: a process may be about to lock it"
    os.utime(folder, (0, time.time() - 100))
    batches = iter(loader)
    next(batches)
    (own,) = tmp_path.glob(f"cltensor-loader-{os.getpid()}-*")
    os.utime(own, (0, time.time() - 100))
    _swept.cache_clear()
    assert len([*loader]) == 4
    assert not folder.exists()
    assert own.is_dir(), "it is in use"
    batches.close()
    _swept.cache_clear()
