"""Kernels: rendering, building, both caches, threads and processes."""

import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import KernelError
from cltensor.runtime import kernel as program
from cltensor.runtime import source as source_of
from cltensor.runtime.events import ignore, listen
from cltensor.runtime.kernel import Counters, Live, build, kernel
from cltensor.runtime.source import render

ROOT = Path(__file__).parents[2]
_COPY = """
__kernel void twice(__global float* out_g, __global const float* x_g, const int n, float k) {
    for (int i = get_global_id(0); i < n; i += get_global_size(0)) out_g[i] = x_g[i] * k;
}
"""


@pytest.fixture
def templates(tmp_path, monkeypatch):
    """A folder of templates of the test's own; gives the function that writes one."""
    from mako.lookup import TemplateLookup

    lookup = TemplateLookup([str(tmp_path)], strict_undefined=True)
    monkeypatch.setattr(source_of, "_templates", lambda: lookup)
    for module in (source_of, program):
        monkeypatch.setattr(module, "prelude", lambda device: "")
    return lambda name, text: (tmp_path / f"{name}.cl").write_text(text)


def test_a_kernel_runs_with_buffers_and_typed_scalars(device):
    x = ct.arange(100, dtype="float32")
    out = ct.empty(100)
    twice = build(device, "twice", _COPY, "the test")
    twice((64,), (1,), out_g=out.buffer, x_g=x.buffer, n=100, k=2.5)
    assert out.numpy().tolist() == [2.5 * i for i in range(100)]


def test_arguments_go_by_name_in_any_order(device):
    x, out = ct.arange(3, dtype="float32").realize(), ct.zeros(3).realize()
    twice = build(device, "twice", _COPY, "the test")
    twice((3,), (1,), k=2.0, n=3, x_g=x.buffer, out_g=out.buffer)
    assert out.tolist() == [0, 2, 4]
    twice.by_name(("n", "k", "out_g", "x_g"))((3,), (1,), (3, 4.0, out.buffer, x.buffer))
    assert out.tolist() == [0, 4, 8]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("out_g", "x_g", "n"), "missing: k"),
        (("out_g", "x_g", "n", "k", "m"), "unknown: m"),
        (("out_g", "x_g", "n", "kk"), "missing: k; unknown: kk"),
        (("out_g", "x_g", "n", "k", "n"), "given more than once: n"),
    ],
)
def test_wrong_missing_and_doubled_names_are_errors_that_list_the_parameters(device, names, said):
    twice = build(device, "twice", _COPY, "the test")
    with pytest.raises(KernelError) as caught:
        twice.by_name(names)
    assert str(caught.value) == (
        f"twice: arguments {said}; the kernel's parameters are out_g, x_g, n, k"
    )


def test_an_empty_grid_is_a_no_op_and_an_absurd_one_refused(device):
    out = ct.zeros(4).realize()
    twice = build(device, "twice", _COPY, "the test")
    twice((0,), (1,), out_g=out.buffer, x_g=out.buffer, n=4, k=2.0)
    assert out.numpy().tolist() == [0, 0, 0, 0]
    with pytest.raises(KernelError, match=r"twice: a grid of .* is out of range"):
        twice((1 << 40, 1 << 20), (1, 1), out_g=out.buffer, x_g=out.buffer, n=4, k=2.0)


def test_a_build_failure_shows_template_parameters_source_and_log(device, templates):
    templates("broken", "__kernel void broken(__global int* x) {\n  x[0] = nonsense_${k};\n}")
    with pytest.raises(KernelError) as caught:
        kernel(device, "broken", k=7)
    message = str(caught.value)
    assert message.startswith(f"broken: broken.cl with {{'k': 7}} did not build on '{device.name}'")
    assert "   2   x[0] = nonsense_7;" in message
    assert "undeclared identifier" in message.lower() or "nonsense_7'" in message


def test_an_undefined_template_name_is_an_error(device, templates):
    templates("gap", "__kernel void gap(__global int* x) { x[0] = ${missing}; }")
    with pytest.raises(KernelError, match=r"gap: cl_kernels/gap\.cl did not render .*missing"):
        kernel(device, "gap", other=1)


def test_a_template_that_does_not_render_is_named_with_its_folder(device):
    with pytest.raises(
        KernelError, match=r"pointwise: cl_kernels/expression/pointwise\.cl did not"
    ):
        render(device, "pointwise")


def test_a_nul_in_the_source_is_refused(device):
    with pytest.raises(KernelError, match="NUL"):
        build(device, "twice", _COPY + "\0", "the test")


def test_a_kernel_is_made_once_per_parameters(device, templates):
    templates("one", "__kernel void one(__global int* x) { x[0] = ${k}; }")
    first = kernel(device, "one", k=1)
    assert kernel(device, "one", k=1) is first
    assert kernel(device, "one", k=2) is not first


def test_counters_count(device):
    x = ct.ones(10).realize()
    before = Counters.launches
    (x + 1).realize()
    assert Counters.launches == before + 1


def test_a_kernel_may_call_any_built_in_function(device):
    source = """
__kernel void gammas(__global float* x_g) { x_g[get_global_id(0)] = tgamma(x_g[get_global_id(0)]); }
"""
    x = ct.tensor([1.0, 4.0, 5.0]).realize()
    build(device, "gammas", program.prelude(device) + source, "the test")((3,), (1,), x_g=x.buffer)
    np.testing.assert_allclose(x.numpy(), [1, 6, 24], rtol=1e-5)


# ------------------------------------------------------------- drivers that refuse, and growth


@pytest.fixture
def refusing(device):
    """refusing(times, error) gives the kernel `twice`, whose next launches fail so often; and a
    Tensor of three numbers as its operand."""

    def make(times, error):
        twice = build(device, "twice", _COPY, "the test")
        enqueue, left = twice._enqueue, [times]

        def refuse(*args):
            if left[0]:
                left[0] -= 1
                raise error
            return enqueue(*args)

        twice._enqueue = refuse
        return twice

    return make


def test_a_launch_that_finds_no_memory_is_tried_again_without_the_cache(device, refusing):
    import pyopencl as cl

    x, out = ct.arange(3, dtype="float32").realize(), ct.zeros(3).realize()
    error = cl.MemoryError("clEnqueueNDRangeKernel failed: MEM_OBJECT_ALLOCATION_FAILURE")
    spare = device.pool.allocate(3_000_000)
    del spare
    launches = Counters.launches
    refusing(1, error)((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=2.0)
    assert ct.memory_summary()["cached"] == 0
    assert out.numpy().tolist() == [0, 2, 4]
    assert Counters.launches == launches + 1
    with pytest.raises(ct.OutOfMemoryError) as caught:
        refusing(2, error)((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=5.0)
    assert str(caught.value).startswith(
        "twice: the launch of (3,) work-items in groups of (1,) on "
        f"'{device.name}' ({device.title}) "
    )
    assert out.numpy().tolist() == [0, 2, 4]
    assert Counters.launches == launches + 1


def test_a_launch_that_is_tried_again_asks_once_for_numbers_of_a_stream(device, refusing):
    import pyopencl as cl

    x, out, drawn = ct.ones(3).realize(), ct.zeros(3).realize(), iter(range(9))
    error = cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES")
    run = refusing(1, error)
    for want in (0, 1):
        k = Live(lambda: next(drawn))
        run((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=k)
        assert out.tolist() == [want] * 3


def test_a_launch_that_the_driver_refuses_names_kernel_sizes_and_device(device, refusing):
    import pyopencl as cl

    x, out = ct.arange(3, dtype="float32").realize(), ct.zeros(3).realize()
    twice = refusing(1, cl.LogicError("clEnqueueNDRangeKernel failed: INVALID_WORK_GROUP_SIZE"))
    with pytest.raises(
        KernelError, match=rf"twice: the launch of \(3,\) .* on '{device.name}' .*GROUP"
    ):
        twice((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=2.0)
    twice((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=2.0)
    assert out.numpy().tolist() == [0, 2, 4]


def test_a_scalar_that_is_no_number_is_named_with_what_it_is(device):
    x, out = ct.arange(3, dtype="float32").realize(), ct.zeros(3).realize()
    twice = build(device, "twice", _COPY, "the test")
    for k in ("a", None, Live(lambda: "a"), Live(lambda: None)):
        with pytest.raises(KernelError, match="twice: argument 'k' is ('a'|None); give a number"):
            twice((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=k)
    twice((3,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=Live(lambda: 2))
    assert out.tolist() == [0, 2, 4]


@pytest.mark.parametrize("wrap", [lambda f: f, ct.jit])
def test_an_option_that_becomes_no_number_is_named_at_the_step(device, wrap):
    w = ct.tensor([1.0], requires_grad=True)
    optimizer = ct.optim.SGD([w], lr=0.5)

    def step(g):
        w.grad = g
        optimizer.step()

    run = wrap(step)
    for _ in range(4):
        run(ct.ones(1))
    optimizer.param_groups[0]["lr"] = "a"
    with pytest.raises(KernelError, match="is 'a'; give a number, also"):
        run(ct.ones(1))
    assert w.tolist() == [-1.0]
    optimizer.param_groups[0]["lr"] = 0.5
    run(ct.ones(1))
    assert w.tolist() == [-1.5]


def test_an_expression_whose_launch_failed_can_be_computed_later(device, deferred, monkeypatch):
    import pyopencl as cl

    x = ct.arange(3, dtype="float32").realize()
    launched = []
    listen(launched.append)
    (x * 3 + 1).realize()
    ignore(launched.append)
    y = x * 3 + 1
    error = cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES")

    def refuse(*args):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(launched[0].kernel, "_enqueue", refuse)
        with pytest.raises(ct.OutOfMemoryError, match="pointwise: the launch of"):
            y.numpy()
    assert y.numpy().tolist() == [1, 4, 7]


def test_a_build_that_fails_in_any_way_is_a_kernel_error(device, monkeypatch):
    import pyopencl as cl

    def refuse(self, *args, **options):
        raise cl.LogicError("clBuildProgram failed: INVALID_BINARY")

    monkeypatch.setattr(cl.Program, "build", refuse)
    source = "__kernel void never(__global float* x) { x[0] = 1; }"
    with pytest.raises(KernelError, match=r"(?s)never: the test did not build .*INVALID_BINARY"):
        build(device, "never", source, "the test")


def test_a_compiler_that_warns_is_not_heard(run_python, tmp_path):
    code = """
import cltensor as ct
from cltensor.runtime.kernel import build, prelude
source = prelude(ct.device()) + "__kernel void w(__global float* x) { int u; if (x[0] = 2) x+1; }"
build(ct.device(), "w", source, "the test")
"""
    done = run_python(code, CLTENSOR_CACHE=str(tmp_path / "cache"), CLTENSOR_DEBUG=None)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals to open")
@pytest.mark.parametrize(("quiet", "lines"), [(None, 1), ("1", 0)])
def test_a_person_who_waits_is_told_once(tmp_path, quiet, lines):
    code = (
        "from cltensor.runtime import programs\nprograms.notice(0.7)\nprint('built')\n"
        "programs.notice(0.7)\nprograms.notice(0.7)"
    )
    environment = {**os.environ, "CLTENSOR_QUIET": quiet or "", "PYTHONPATH": str(ROOT)}
    ours, theirs = os.openpty()
    subprocess.run(
        [sys.executable, "-c", code], env=environment, stdout=theirs, stderr=theirs, check=True
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode().splitlines()
    os.close(ours)
    assert len(shown) == 1 + lines
    assert all("compiling kernels for the first time" in line for line in shown if line != "built")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""  # no terminal


# ------------------------------------------------------------------- the cache on disk

_WORK = """
import cltensor as ct
from cltensor.runtime.kernel import Counters
x = ct.arange(1000, dtype="float32")
assert (x * 2 + 1).numpy()[-1] == 1999
print(Counters.builds, Counters.disk_hits)
"""


def entries(folder):
    return [p for p in (folder / "programs").iterdir() if p.is_file()]


@pytest.mark.parametrize("drivers_cache", [None, "0"])
def test_a_second_run_builds_nothing(run_python, tmp_path, drivers_cache):
    cache = tmp_path / "cache"
    settings = {"CLTENSOR_CACHE": str(cache), "POCL_KERNEL_CACHE": drivers_cache}
    first = run_python(_WORK, **settings)
    second = run_python(_WORK, **settings)
    built = int(first.stdout.split()[0])
    assert built >= 1
    assert second.stdout.split() == ["0", str(built)]
    assert len(entries(cache)) == built
    assert (cache / "programs").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "foreign"])
def test_a_damaged_entry_is_built_again(device, disk_cache, damage, monkeypatch):
    monkeypatch.setenv("POCL_KERNEL_CACHE", "0")  # the entry then holds PoCL's binary too
    build(device, "twice", _COPY, "the test")
    (entry,) = entries(disk_cache)
    content = entry.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    entry.write_bytes(
        {
            "cut": content[: len(content) // 2],
            "flipped": bytes(flipped),
            "emptied": b"",
            "foreign": b"\x80\x04cos\nsystem\n" * 100,
        }[damage]
    )
    out, x = ct.zeros(3).realize(), ct.arange(3, dtype="float32").realize()
    for builds, hits in ((1, 0), (0, 1)):
        before = Counters.builds, Counters.disk_hits
        twice = build(device, "twice", _COPY, "the test")
        twice((1,), (1,), out_g=out.buffer, x_g=x.buffer, n=3, k=2.0)
        assert out.numpy().tolist() == [0, 2, 4]
        assert (Counters.builds - before[0], Counters.disk_hits - before[1]) == (builds, hits)


def test_a_folder_that_cannot_be_written_costs_time_only(run_python, tmp_path):
    in_the_way = tmp_path / "cache"
    in_the_way.write_text("a file where the folder should be")
    done = run_python(_WORK, CLTENSOR_CACHE=str(in_the_way))
    assert int(done.stdout.split()[0]) >= 1
    assert in_the_way.read_text() == "a file where the folder should be"


def test_an_unusable_programs_folder_costs_time_only(run_python, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "programs").write_text("in the way")
    assert int(run_python(_WORK, CLTENSOR_CACHE=str(cache)).stdout.split()[0]) >= 1


@pytest.mark.parametrize("home", ["/dev/null/home", None])
def test_an_unwritable_or_missing_home_is_harmless(run_python, home, tmp_path):
    done = run_python(
        _WORK, HOME=home, XDG_CACHE_HOME=None, CLTENSOR_CACHE=None, POCL_CACHE_DIR=None
    )
    assert int(done.stdout.split()[0]) >= 0


def test_a_temporary_cache_folder_is_removed_at_exit(run_python, tmp_path):
    (tmp_path / "temporary").mkdir()
    done = run_python(
        _WORK, CLTENSOR_CACHE="/dev/null/cache", POCL_CACHE_DIR=None, TMPDIR=f"{tmp_path}/temporary"
    )
    assert int(done.stdout.split()[0]) >= 1
    assert list((tmp_path / "temporary").glob("cltensor-*")) == []


def test_a_user_without_a_known_home_is_harmless(run_python):
    code = f"""
import os, pathlib
def unknown(path):
    raise RuntimeError("Could not determine home directory.")
pathlib.Path.home = classmethod(unknown)
{_WORK}
print(bool(os.environ["XDG_CACHE_HOME"]))
"""
    done = run_python(code, XDG_CACHE_HOME=None)
    assert done.stdout.split()[-1] == "True"


def test_an_entry_that_cannot_be_replaced_leaves_no_temporary_file(device, disk_cache):
    # Text of which PoCL has nothing from other tests, whatever they call it.
    source = _COPY.replace("* k", f"* k + {zlib.crc32(str(disk_cache).encode())}")
    build(device, "twice", source, "the test")
    (entry,) = entries(disk_cache)
    entry.unlink()
    entry.mkdir()
    build(device, "twice", source, "the test")
    assert list(entry.parent.iterdir()) == [entry]


def test_several_processes_may_compile_at_once(run_python, tmp_path):
    cache = tmp_path / "cache"
    outcomes = []
    threads = [
        threading.Thread(
            target=lambda: outcomes.append(run_python(_WORK, CLTENSOR_CACHE=str(cache)).returncode)
        )
        for _ in range(3)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert outcomes == [0, 0, 0]
    assert all(len(p.name) == 64 for p in entries(cache))  # no temporary file is left
    assert run_python(_WORK, CLTENSOR_CACHE=str(cache)).stdout.startswith("0 ")


def test_debug_reports_builds_and_launches_at_exit(run_python):
    done = run_python(_WORK, CLTENSOR_DEBUG="1")
    assert "programs built" in done.stderr
    assert "launches" in done.stderr
    assert run_python(_WORK, CLTENSOR_DEBUG=None).stderr == ""


def test_the_interpreter_ends_well_with_work_in_flight(run_python):
    code = "import cltensor as ct; x = ct.ones(1000, 1000); y = (x * 2).realize(); print('end')"
    assert run_python(code).stdout == "end\n"
