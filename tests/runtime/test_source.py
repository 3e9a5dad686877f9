"""The source of kernels: templates, the prelude, and the functions that are called."""

import re
from pathlib import Path

import numpy as np

from cltensor.runtime import source


def test_every_template_says_what_it_does():
    folder = Path(source.TEMPLATES)
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*/*.cl")}
    assert len(texts) > 4
    assert [name for name, text in texts.items() if not text.startswith("## ")] == []


def test_atomic_functions_are_declared(device):
    # PoCL would print an error, and compile such a kernel again with all of its declarations.
    texts = [path.read_text(encoding="utf-8") for path in Path(source.TEMPLATES).glob("*/*.cl")]
    called = {name for text in texts for name in re.findall(r"\b(atomic_\w+)\s*\(", text)}
    assert {"atomic_cmpxchg", "atomic_inc"} <= called
    assert {name for name in called if f" {name}(" not in source.prelude(device)} == set()


def test_the_prelude_comes_first(device):
    from cltensor.lazy.codegen import Code, Geometry
    from cltensor.lazy.grids import Band

    code = Code([np.dtype("float32")], Geometry((4,), (True,), ((1,),), ()), False)
    text = source.render(device, "pointwise", code=code, band=Band(0, 0))
    assert text.index("ct_power") < text.index("__kernel void pointwise")


def test_only_functions_that_are_called_are_in_the_source(device):
    code = "__kernel void w(__global float* x) { x[0] = ct_%s(x[0]); }"
    plain, calls = (
        source._functions(device, code % "log"),
        source._functions(device, code % "ndtr"),
    )
    assert plain == source._functions(device, "")
    assert "ct_gauss" in calls
    assert "ct_lgamma" not in calls
    both = source._functions(device, code % "gamma_part")  # it calls functions of other files
    assert both.index("ct_stirling(float x) {") < both.index("ct_gamma_part(float a")
    assert both.count("ct_stirling(float x) {") == 1
    assert source.own_source(source.prelude(device) + both + "x") == "x"
