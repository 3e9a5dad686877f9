"""A GPU of given limits (played.py) says what it takes, refuses more, and computes the same."""

import os
from pathlib import Path

import played
import pytest

TESTS = Path(__file__).parent
PROGRAM = """
import numpy as np
import played
played.Playing(played.read("group=64 local=16K without=fp64,fp16")).install()
import cltensor as ct
from cltensor.errors import DTypeError, KernelError
from cltensor.runtime.kernel import build

device = ct.get_default_device()
print(device.max_work_group, device.max_work_items, device.local_mem, device.fp64)

LOCAL = '''
__kernel void fill(__global float* y) {
    __local float words[%d];
    for (int i = get_local_id(0); i < %d; i += get_local_size(0)) words[i] = i;
    barrier(CLK_LOCAL_MEM_FENCE);
    y[get_global_id(0)] = words[get_local_id(0)];
}
'''

def launch(words, items):
    built = build(device, "fill", LOCAL % (words, words), "a test")
    y = device.pool.allocate(4 * items)
    try:
        built((items,), (items,), y=y)
    except KernelError as error:
        return str(error)
    return "done"

for words, items in [(4096, 64), (4097, 64), (64, 128)]:
    print(launch(words, items))
try:
    ct.zeros(2, dtype=ct.float64).realize()
except DTypeError as error:
    print(error)
draw = np.random.default_rng(0).standard_normal
a, b = draw((300, 70)).astype("float32"), draw((70, 90)).astype("float32")
launches = ct.explain(lambda: ct.softmax(ct.tensor(a) @ ct.tensor(b), 0).sum(1))
assert all(np.prod(x.local_size) <= 64 for x in launches), launches
np.testing.assert_allclose((ct.tensor(a) @ ct.tensor(b)).numpy(), a @ b, rtol=1e-4, atol=1e-4)
"""


def test_what_is_beyond_the_limits_is_refused(run_python):
    done = run_python(PROGRAM, PYTHONPATH=os.pathsep.join([str(TESTS.parent), str(TESTS)]))
    said, fits, memory, group, wide = done.stdout.splitlines()
    assert said == "64 (64, 64, 64) 16384 False"
    assert fits == "done"
    assert "needs 16388 bytes of local memory for a group, and the device has 16384" in memory
    assert "INVALID_WORK_ITEM_SIZE" in group
    assert "float64" in wide


def test_limits_are_read():
    limits = played.read("group=384 local=64K")
    assert limits == played.Limits(384, (384, 384, 64), local=64 << 10)
    assert played.read("without=fp16").without == {"cl_khr_fp16"}
    with pytest.raises(ValueError, match="CLTENSOR_PLAYED: locl; it takes group, local, without"):
        played.read("locl=16K")
