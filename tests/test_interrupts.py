"""Interrupts (Ctrl-C) before any line: locks, pools, counts and recorders stay as they were."""

import gc
import linecache
import os
import sys
import threading

import pytest

import cltensor as ct
from cltensor.autograd import graph
from cltensor.core import hooks as graph_hooks
from cltensor.core.hooks import watchers
from cltensor.runtime.device import recording

_INTERRUPTED = '''
import ast, gc, os, random, sys, threading
import cltensor as ct
from cltensor.runtime.kernel import Counters

PACKAGE = os.path.dirname(ct.__file__)
FILES = {os.path.join(PACKAGE, name) for name in os.environ["FILES"].split()}

def heads(path):
    """Lines at which Python reports a step, but no signal can arrive: of `with`, which come once
    more at its end, before the lock is given back, and of `try`, which do nothing."""
    tree = ast.parse(open(path).read())
    return {line for n in ast.walk(tree) if isinstance(n, (ast.With, ast.Try))
            for line in range(n.lineno, n.body[0].lineno)}

HEADS = {path: heads(path) for path in FILES}

class Tracer:
    """Raises KeyboardInterrupt at the n-th line inside the files."""
    def __init__(self, n):
        self.left, self.at = n, None
    def __call__(self, frame, event, arg):
        return self.line if frame.f_code.co_filename in FILES else None
    def line(self, frame, event, arg):
        path = frame.f_code.co_filename
        if event == "line" and frame.f_lineno not in HEADS[path] and self.at is None \\
                and frame.f_code.co_name != "__del__":
            self.left -= 1
            if self.left == 0:
                self.at = (os.path.basename(path), frame.f_lineno)
                raise KeyboardInterrupt
        return self.line

def program(k):
    x = ct.arange(1000 + k, dtype="float32")
    y = ct.empty(50 + k)
    total = (x * 2 + k).sum()
    del y
    if k % 5 == 0:
        ct.empty_cache()
    return total.item()

def right(k):
    n = 1000 + k
    return float(n * (n - 1) + n * k)

def settled():
    gc.collect()
    return ct.memory_summary()["in_use"]

assert program(1) == right(1)
before = settled()
rng = random.Random(int(os.environ["SEED"]))
hit = 0
for k in range(int(os.environ["COUNT"])):
    if k % 4 == 0:
        ct.device().kernels.clear(), ct.device().kernels.older.clear()
    tracer = Tracer(rng.randrange(1, 150))
    sys.settrace(tracer)
    try:
        program(k % 10)
    except KeyboardInterrupt:
        hit += 1
    finally:
        sys.settrace(None)
    assert program(k % 10) == right(k % 10), tracer.at
    assert settled() == before, (tracer.at, settled(), before)
    lock = ct.device().lock
    free = []
    def take():
        free.append(lock.acquire(timeout=5))
        if free[0]:
            lock.release()
    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    assert free == [True], tracer.at
    assert ct.device().recorder is None
print(hit > int(os.environ["COUNT"]) // 4)
'''


@pytest.mark.parametrize(
    "count", [60, pytest.param(1500, marks=pytest.mark.slow)], ids=["some", "many"]
)
def test_an_interrupt_at_any_line_leaves_counts_and_locks_as_they_were(run_python, count):
    done = run_python(
        _INTERRUPTED, COUNT=str(count), SEED="0", timeout=600, CLTENSOR_EAGER="0",
        FILES=" ".join(f"runtime/{name}.py" for name in ("memory", "device", "kernel", "binaries")),
    )  # fmt: skip
    assert done.stdout == "True\n"


# ------------------------------------------------------------------------------- interrupts


def interrupted(call, at):
    """Run call() and raise KeyboardInterrupt before the at-th line of the library that it runs;
    whether there was such a line.

    A line is left out when a `with` statement is left, or a `try` entered: no signal is handled
    there. So are those of destructors, where Python itself forgets an interrupt.
    """
    package, left, withs = os.path.dirname(ct.__file__), [at], {}

    def trace(frame, event, _):
        code = frame.f_code
        if not code.co_filename.startswith(package) or code.co_name == "__del__":
            return None
        if event == "line":
            text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
            if text == "try:":
                return trace
            if text.startswith("with "):
                key = id(frame), frame.f_lineno
                withs[key] = not withs.get(key, False)
                if not withs[key]:
                    return trace
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.mark.parametrize("replayed", [False, True])
def test_an_interrupt_leaves_all_in_order(replayed):
    w = ct.tensor([1.0], requires_grad=True)
    x = ct.tensor([2.0])

    def f(x):
        w.grad = None
        (w * x).sum().backward()
        return x + 1

    step = 7 if replayed else 83
    at, hit = 1, True
    while hit:
        jitted = ct.jit(f)
        for _ in range(3 if replayed else 1):
            jitted(x)
        gc.collect()
        hit = interrupted(lambda jitted=jitted: jitted(x), at)
        assert recording.current is None, at
        assert (watchers, graph_hooks.grad_watchers, graph.grad_watchers) == ([], [], []), at
        assert threading_can_lock(x.device), at
        assert [jitted(x).item() for _ in range(3)] == [3.0] * 3, at
        assert w.grad.tolist() == [2.0], at
        at += step
    assert at > step


def threading_can_lock(device):
    """Whether another thread gets the lock of the device."""
    found = []

    def work():
        got = device.lock.acquire(timeout=5)
        found.append(got)
        if got:
            device.lock.release()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def test_interrupted_recordings_lose_no_memory():
    x = ct.ones(1000).realize()

    def f(x):
        for _ in range(3):
            x = (x + 1).realize()
        return x

    def use(at):
        jitted = ct.jit(f)
        jitted(x)
        interrupted(lambda: jitted(x), at)

    use(10_000)
    gc.collect()
    before = ct.memory_summary()["in_use"]
    for at in range(1, 2000, 41):
        use(at)
    gc.collect()
    assert ct.memory_summary()["in_use"] <= before + 2 * 4096
