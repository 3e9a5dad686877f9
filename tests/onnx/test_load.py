import os
import subprocess
import sys
import tracemalloc

import numpy as np
import onnx_models as om
import pytest

import cltensor as ct

DAMAGES = int(os.environ.get("CLTENSOR_DAMAGES", "150"))


def whole():
    inner = om.graph([om.node("Mul", "h w", "t")], [], [om.value("t")], name="inner")
    other = om.graph([om.node("Neg", "h", "e")], [], [om.value("e")], name="other")
    return om.model(
        [om.node("Gemm", "x w", "h", transB=1), om.node("ReduceSum", "h axes", "s"),
         om.node("Greater", "s zero", "c"), om.node("Squeeze", "c", "flag"),
         om.node("If", "flag", "y", then_branch=inner, else_branch=other)],
        [om.value("x", ["n", 2])], [om.value("y")],
        [om.tensor("w", np.eye(2, dtype=np.float32)), om.tensor("axes", np.array([0, 1])),
         om.tensor("zero", np.float32(0))],
    )  # fmt: skip


def test_operators_are_known_before_a_file_is_read():
    code = "import cltensor as ct; assert 'Conv' in ct.onnx.supported()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_path_a_file_and_bytes(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(whole().SerializeToString())
    x = ct.tensor([[1.0, 2.0]])
    with open(path, "rb") as file:
        for source in (path, str(path), path.read_bytes(), file):
            assert ct.onnx.load(source)(x).tolist() == [[1.0, 0.0], [0.0, 2.0]]
    with pytest.raises(ct.MissingFileError, match="no file"):
        ct.onnx.load(tmp_path / "none.onnx")
    with pytest.raises(ct.DataError, match="no ONNX file"):
        ct.onnx.load(b"\xff\xff\xff\xff")
    with pytest.raises(TypeError, match="give a path"):
        ct.onnx.load(3)


def test_damaged_files_give_one_error_and_take_no_memory():
    data, rng = whole().SerializeToString(), np.random.default_rng(0)
    loads = 0
    tracemalloc.start()
    for _ in range(DAMAGES):
        damaged = bytearray(data)
        for _ in range(rng.integers(1, 4)):
            place = rng.integers(len(damaged))
            kind = rng.integers(3)
            if kind == 0:
                damaged[place] = rng.integers(256)
            elif kind == 1:
                del damaged[place : place + rng.integers(1, 9)]
            else:
                damaged[place:place] = rng.bytes(rng.integers(1, 9))
            if not damaged:
                break
        try:
            ct.onnx.load(bytes(damaged))
            loads += 1
        except ct.DataError:
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert loads < DAMAGES
    assert peak < 16 << 20


def test_graphs_nested_without_end_are_refused():
    graph = om.graph([om.node("Neg", "x", "y")], [], [om.value("y")])
    for _ in range(60):
        node = om.node("If", "c", "y", then_branch=graph, else_branch=graph)
        graph = om.graph([node], [], [om.value("y")])
        if len(graph.SerializeToString()) > 1 << 14:
            break
    graph.input.extend([om.value("x", [1]), om.value("c", [], om.BOOL)])
    message = om.helper.make_model(graph, opset_imports=[om.helper.make_opsetid("", 18)])
    assert ct.onnx.load(message.SerializeToString()) is not None


def test_what_the_device_cannot_hold_is_no_damage():
    m = om.loaded([om.node("ConstantOfShape", "s", "y")], [om.value("s", [1], om.INT64)],
                  [om.value("y")])  # fmt: skip
    assert m(np.array([3])).tolist() == [0.0, 0.0, 0.0]
