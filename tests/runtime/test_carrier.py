"""A process that only carries data asks no driver, and says why nothing is computed."""

import subprocess
import sys

PROGRAM = """
import sys
import cltensor as ct
from cltensor.runtime.carrier import only_carry

only_carry("this is a test")
x = ct.tensor([[1.0, 2.0], [3.0, 4.0]], device="cuda")
assert ct.devices() == []
assert x.device.type == "cpu"
assert x[1].tolist() == [3, 4]
assert x.to("cl:0").T.clone().tolist() == [[1, 3], [2, 4]]
assert "pyopencl" not in sys.modules
try:
    (x + 1).tolist()
except ct.errors.DeviceError as error:
    assert str(error) == "device: this is a test"
else:
    raise AssertionError
"""


def test_no_driver_is_asked():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
