"""The benchmark suite: a quick run, what it writes, and the comparison of two runs."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
from samples import tiny_cifar10

import cltensor as ct

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # the suite is part of the checkout, not of the package

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import determinism, feeding, html, kernels, memory, networks, recipes, report  # noqa: E402
from benchmarks.case import OURS, Case, Library, installed  # noqa: E402
from benchmarks.families import FAMILIES, all_cases  # noqa: E402
from benchmarks.harness import Plan, Result, Timing, run  # noqa: E402
from benchmarks.table import Table  # noqa: E402
from cltensor.runtime.kernel import Counters  # noqa: E402

QUICK = Plan(repeats=1, sample=1e-4, limit=0.0)


def timing(seconds, spread=0.0, foreign=0.0):
    return Timing(seconds, seconds, spread, foreign, samples=3, clean=3, first=seconds)


def result(name="case", ours=2e-3, theirs=4e-3, **facts):
    timings = {OURS: timing(ours), "numpy": timing(theirs)}
    return Result("family", name, 4e6, "GB/s", timings, **facts)


def test_quick_run_of_one_case(tmp_path):
    path = tmp_path / "results" / "out.json"
    arguments = ["--quick", "--families", "launch", "--only", "add, launched", "--json", path]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "add, launched" in done.stdout
    content = json.loads(path.read_text())
    (found,) = content["results"]
    assert found["launches"] == 1
    assert found["timings"][OURS]["seconds"] > 0
    assert found["ratios"]["numpy"] > 0
    assert content["device"]["compute_units"] >= 1
    assert content["versions"]["numpy"] == np.__version__
    assert str(ROOT) not in path.read_text()


def test_titles_are_unique_and_families_complete():
    titles = [case.title for case in all_cases()]
    assert len(set(titles)) == len(titles)
    assert {case.family for case in all_cases()} == set(FAMILIES)


def doubling(lib, factor=2.0):
    x = lib.normal(8, 4)
    return lambda: x * factor


def test_a_case_is_measured_beside_numpy():
    found = run(Case("family", "double", doubling, 2 * 128, "GB/s"), ["numpy"], QUICK)
    assert set(found.timings) == {OURS, "numpy"}
    assert found.launches == 1
    assert found.error == 0
    assert not found.wrong
    assert found.ratio("numpy") > 0
    assert found.ratio("torch") is None


def test_results_that_differ_are_called_wrong():
    case = Case("family", "wrong", lambda lib: doubling(lib, 2.0 if lib.is_ours else 3.0))
    found = run(case, ["numpy"], QUICK)
    assert found.wrong
    assert "WRONG RESULT" in Table(["numpy"]).row(found)


def test_rivals_draw_the_same_numbers():
    ours, theirs = Library(OURS), Library("numpy")
    assert np.array_equal(ours.normal(3, 2).numpy(), theirs.normal(3, 2))
    assert np.array_equal(ours.integers(9, 5).numpy(), theirs.integers(9, 5))


def test_inner_calls_are_counted():
    found = run(Case("family", "two", lambda lib: lambda: None, inner=2), [], QUICK)
    assert found.launches == 0
    assert found.error is None


def test_a_case_that_times_itself():
    found = run(Case("family", "self", lambda lib: lambda: 0.25, self_timed=True), [], QUICK)
    assert found.timings[OURS].seconds == 0.25
    assert found.timings[OURS].spread == 0


def test_only_installed_rivals_are_asked():
    assert installed(("numpy", "no_such_library")) == ["numpy"]


def test_a_failing_case_does_not_hide_the_others(monkeypatch, tmp_path, capsys):
    def fails(lib):
        raise ValueError("no such thing\nand more")

    cases = [Case(FAMILIES[0], "bad", fails), Case(FAMILIES[0], "good", doubling)]
    monkeypatch.setattr(command, "all_cases", lambda: cases)
    path = tmp_path / "out.json"
    assert command.main(["--quick", "--no-rivals", "--budget", "0.1", "--json", str(path)]) == 1
    shown = capsys.readouterr().out
    assert "FAILED: ValueError: no such thing\n" in shown
    assert [r["failure"] == "" for r in json.loads(path.read_text())["results"]] == [False, True]


def test_share_of_the_peak():
    peaks = {"GB/s": 4.0, "GFLOP/s": 100.0}
    assert result().share(peaks) == pytest.approx(0.5)  # 4 MB in 2 ms, 2 GB/s
    assert result(flops=2e7).share(peaks) == pytest.approx(0.1)
    assert result().share({}) is None
    assert " 50% " in Table((), peaks).row(result())


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_networks_are_pytorchs_and_ours(name):
    network = networks.NETWORKS[name]
    ours = network.build(Library(OURS))
    assert ours(ct.randn(2, *network.example)).shape == (2, 10)
    assert sum(p.size for p in ours.parameters() if p.ndim > 1) <= network.products
    if installed(("torch",)):
        torch = network.build(Library("torch"))
        assert [p.shape for p in ours.parameters()] == [tuple(p.shape) for p in torch.parameters()]


@pytest.mark.parametrize("programs", [0, 2])
def test_compile_time_is_what_a_first_call_with_programs_took_longer(monkeypatch, programs):
    monkeypatch.setattr(Counters, "builds", 0)

    def build(lib):
        seconds = iter([0.05])

        def call():
            Counters.builds = programs
            time.sleep(next(seconds, 0))

        return call

    found = run(Case("family", "slow start", build), [], QUICK)
    assert found.programs == programs
    assert (found.compile > 0.04) == bool(programs)


def test_html_report_is_whole_and_escaped(tmp_path):
    failed = Result("other", "a<b", 0.0, "", {}, failure="ValueError: 1 < 2")
    path = tmp_path / "a.json"
    options = {"threads": 2, "options": {}, "peaks": {"GB/s": 4.0}}
    report.write(path, report.document([result("x & y"), failed], **options))
    page = html.page(report.read(path))
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")
    assert page.count("<svg") == page.count("</svg>") == 2
    assert "0.50 (4 ms)" in page
    assert "Geometric mean of the times: 0.50 of numpy" in page
    assert "<td>50%" in page
    assert "x &amp; y" in page
    assert "a&lt;b" in page
    assert "FAILED: ValueError: 1 &lt; 2" in page
    for plot in re.findall("<svg.*?</svg>", page, re.S):
        assert ElementTree.fromstring(re.sub(r"=([^\s'\"<>]+)", r'="\1"', plot)).tag == "svg"


def test_a_document_is_shown_again(tmp_path, capsys):
    path = tmp_path / "a.json"
    report.write(path, report.document([result()], 2, {}, {"GB/s": 4.0}))
    shown = tmp_path / "a.html"
    assert command.main(["--load", str(path), "--html", str(shown)]) == 0
    out = capsys.readouterr().out
    assert "0.50x" in out
    assert " 50% " in out
    assert "family, geometric mean" in out
    assert "<svg" in shown.read_text()


def test_fair_starts_anew_with_the_c_librarys_settings(monkeypatch):
    started = []

    def execve(path, arguments, environment):
        started.append((arguments, environment))
        raise SystemExit

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(SystemExit):
        command.main(["--fair", "--quick"])
    ((arguments, environment),) = started
    assert arguments[1:] == ["-m", "benchmarks", "--fair", "--quick"]
    assert environment["MALLOC_MMAP_THRESHOLD_"] == "1073741824"
    assert str(ROOT) in environment["PYTHONPATH"].split(os.pathsep)


def test_tinygrad_takes_the_same_step():
    pytest.importorskip("tinygrad")
    (case,) = [c for c in all_cases() if c.title == "training/logreg, batch 64, SGD, jit"]
    found = run(case, ["tinygrad"], QUICK)
    assert found.ratio("tinygrad") > 0


def test_several_texts_choose_the_cases_with_any_of_them(monkeypatch, capsys):
    cases = [Case(FAMILIES[0], name, doubling) for name in ("one", "two", "three")]
    monkeypatch.setattr(command, "all_cases", lambda: cases)
    assert command.main(["--kernels", "--only", "ee", f"{FAMILIES[0]}/o"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [c.name for c in cases if c.title in shown] == ["one", "three"]


def test_texts_that_no_case_has_are_an_error(capsys):
    assert command.main(["--only", "no such case", "add 1e6", "nor this"]) == 1
    assert "no case has 'no such case' or 'nor this' in its name" in capsys.readouterr().err


def test_a_device_that_is_absent_is_an_error(capsys):
    assert command.main(["--only", "add 1e6", "--device", "cl:nosuchvendor"]) == 1
    assert "there is no 'cl:nosuchvendor'" in capsys.readouterr().err


def test_row_shows_medians_or_the_fastest():
    found = result()
    found.timings[OURS].best = 1e-3
    assert "0.50x" in Table(["numpy"]).row(found)
    assert "2 GB/s" in Table(["numpy"]).row(found)
    assert "0.25x" in Table(["numpy"], best=True).row(found)


def test_noise_is_named():
    quiet, noisy = result(), result()
    noisy.timings["numpy"] = timing(4e-3, spread=0.5, foreign=0.7)
    assert report.warning([quiet]) == ""
    assert report.warning([quiet, noisy]).startswith("noise: 1 of 2 cases")
    assert report.remarks(noisy) == ["numpy spreads 50%", "others use 0.7 cores"]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(2.5, "2.5 s"), (1e-3, "1 ms"), (4.2e-5, "42 us"), (3e-9, "3 ns")]
)
def test_durations_are_readable(seconds, shown):
    assert report.duration(seconds) == shown


def test_rates_are_readable():
    assert report.rate(result(), 1e-3) == "4 GB/s"
    assert report.rate(Result("f", "n", 64, "images/s", {}), 1e-4) == "640,000 images/s"
    assert report.rate(Result("f", "n", 0, "", {}), 1.0) == ""


def document(path, *results):
    report.write(path, report.document(results, threads=2, options={}))
    return str(path)


def test_compare_two_runs(tmp_path, capsys):
    before = document(tmp_path / "a.json", result("same"), result("faster", 4e-3), result("gone"))
    after = document(tmp_path / "b.json", result("same"), result("faster", 1e-3), result("new"))
    assert command.main(["--compare", before, after]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "same 2 ms 2 ms 1.00 (within the spread)" in lines
    assert "faster 4 ms 1 ms 0.25" in lines
    assert "family, geometric mean 0.50" in lines
    assert "only in before: family/gone" in lines
    assert "only in after: family/new" in lines


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}'])
def test_compare_refuses_other_files(tmp_path, capsys, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    assert command.main(["--compare", str(path), str(path)]) == 1
    assert f"compare: '{path}'" in capsys.readouterr().err


def test_kernels_of_a_case(monkeypatch, capsys):
    case = Case(FAMILIES[0], "double", doubling)
    monkeypatch.setattr(command, "all_cases", lambda: [case])
    assert command.main(["--kernels"]) == 0
    shown = capsys.readouterr().out
    assert "  0 pointwise" in shown
    assert "pointwise 100%" in shown
    (launch,) = kernels.launches(case, calls=2)
    assert launch[0] == "pointwise"
    assert launch[3] > 0


def test_a_call_without_launches_has_no_kernels():
    assert "no launches of its own" in kernels.lines([])[0]


def test_the_peak_of_a_call_is_measured(device):
    case = Case("family", "double", doubling, memory=True)
    found = run(case, [], QUICK)
    assert found.memory == {OURS: 256}  # the smallest buffer
    assert Result.of(found.as_dict()).memory == found.memory
    assert "peak MiB: cltensor 0.000244" in report.remarks(found)


def test_the_peak_of_a_call_of_torch():
    torch = pytest.importorskip("torch")
    library = Library("torch")
    x = torch.ones(1000)
    assert memory.working_memory(library, lambda: (x * 2 + 1).sum()) in range(4000, 9001)


@pytest.mark.parametrize("library", ["cltensor", "PyTorch"])
def test_a_recipe_is_the_examples_own_program(library, tmp_path, monkeypatch):
    if library == "PyTorch":
        pytest.importorskip("torch")
    for name, records in tiny_cifar10(monkeypatch, 30).items():
        (tmp_path / f"{name}.bin").write_bytes(records.tobytes())
    before = sys.modules.get("recipe")
    found = recipes.Run(library, "resnet8", str(tmp_path), 0)
    assert sys.modules.get("recipe") is before
    assert type(found.model).__module__.endswith("resnet")
    assert found.setting.batch_size == 128
    assert (len(found.train), found.total) == (150, 30)
    first = next(iter(found.model.parameters())).detach().numpy().copy()
    (batch,) = found.batches()
    assert min(found.take(batch, 0), found.take(batch, 0)) > 0  # the first has no learning rate
    assert (first != next(iter(found.model.parameters())).detach().numpy()).any()
    assert found.done == 2
    assert 0 <= found.accuracy() <= 1


def test_feeding_draws_each_image_anew_and_waits_for_the_steps():
    data = feeding.Photographs(3)
    image, label = data[1]
    assert (image.shape, image.dtype, type(label)) == ((3, 32, 32), np.float32, int)
    assert any((data[1][0] != image).any() for _ in range(10))
    waited = []

    def step(images, labels):
        waited.append(labels)
        return ct.ones(())

    assert feeding.seconds(step, [(1, 2)] * 9, 4) > 0
    assert waited == [2] * 4


@pytest.mark.parametrize(("is_cpu", "where"), [(False, "cuda"), (True, "cpu")])
def test_torch_computes_on_cuda_beside_a_gpu_and_is_waited_for(
    monkeypatch, device, use_skeletons, is_cpu, where
):
    use_skeletons("cpu" if is_cpu else "gpu")
    seen = []
    torch = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: True, synchronize=lambda: seen.append("waited")),
        backends=SimpleNamespace(cudnn=SimpleNamespace(allow_tf32=True)),
        tensor=lambda values, device: seen.append(device),
        rand=lambda count, device: seen.append(device),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    library = Library("torch")
    library.normal(3)
    (case,) = [case for case in all_cases() if case.title == "random/uniform 1e3"]
    case.build(library)()
    library.finish()
    assert seen == [where, where, *([] if is_cpu else ["waited"])]
    assert torch.backends.cudnn.allow_tf32 is is_cpu


def test_what_was_measured_before_the_process_ends_is_written(monkeypatch, tmp_path):
    def ends(lib):
        raise KeyboardInterrupt

    cases = [
        Case(FAMILIES[0], "good", doubling), Case(FAMILIES[1], "ends", ends)
    ]  # fmt: skip
    monkeypatch.setattr(command, "all_cases", lambda: cases)
    path = tmp_path / "out.json"
    with pytest.raises(KeyboardInterrupt):
        command.main(["--quick", "--no-rivals", "--budget", "0.1", "--json", str(path)])
    assert [r["name"] for r in json.loads(path.read_text())["results"]] == ["good"]


def test_the_cost_of_the_same_bits(device):
    usual, same = determinism.costs("lenet", 1)
    assert usual > 0 < same
    assert ct.get_deterministic_debug_mode() == 0
