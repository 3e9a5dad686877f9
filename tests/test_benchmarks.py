"""The benchmark suite: a quick run, what it writes, and the comparison of two runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # the suite is part of the checkout, not of the package

from benchmarks import __main__ as command  # noqa: E402
from benchmarks import kernels, report  # noqa: E402
from benchmarks.case import OURS, Case, Library, installed  # noqa: E402
from benchmarks.families import FAMILIES, all_cases  # noqa: E402
from benchmarks.harness import Plan, Result, Timing, run  # noqa: E402

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
    assert "WRONG RESULT" in report.row(found)


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


def test_nothing_to_run_is_an_error(capsys):
    assert command.main(["--only", "no such case"]) == 1
    assert "no case has 'no such case' in its name" in capsys.readouterr().err


def test_a_device_that_is_absent_is_an_error(capsys):
    assert command.main(["--only", "add 1e6", "--device", "cl:nosuchvendor"]) == 1
    assert "there is no 'cl:nosuchvendor'" in capsys.readouterr().err


def test_row_shows_medians_or_the_fastest():
    found = result()
    found.timings[OURS].best = 1e-3
    assert "0.50x" in report.row(found)
    assert "2 GB/s" in report.row(found)
    assert "0.25x" in report.row(found, best=True)


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
