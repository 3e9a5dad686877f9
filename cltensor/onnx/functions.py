"""The library's functions, which the operators of ONNX are made of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cltensor.autograd import creation
from cltensor.core.composite import gather
from cltensor.ops import modules

main: Any = SimpleNamespace(**gather([*modules(), creation]))
of_linalg: Any = SimpleNamespace(**gather(modules(), "linalg"))
of_fft: Any = SimpleNamespace(**gather(modules(), "fft"))
