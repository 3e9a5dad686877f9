"""The first visit to a machine: drivers, steps within a limit, and a table of how they ended."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import played
import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))  # the suite is part of the checkout, not of the package

from benchmarks import visit  # noqa: E402
from benchmarks.families import FAMILIES  # noqa: E402
from benchmarks.visit import Step  # noqa: E402


def step(name, *programs, share=1.0, note=lambda: "a note"):
    return Step(name, share, lambda _: [[sys.executable, "-c", each] for each in programs], note)


def visited(tmp_path, *steps, limit=60.0):
    return visit.visit(steps, tmp_path, dict(os.environ), time.monotonic() + limit)


def test_the_tests_of_kernels_are_those_for_played_gpus():
    assert visit.TESTS == played.SELECTION


def test_every_family_is_measured_once():
    assert sorted([*visit.FIRST, *visit._rest(), "startup"]) == sorted(FAMILIES)


def test_a_step_that_fails_or_hangs_stops_no_other(tmp_path):
    hangs = "import subprocess, sys, time; print('begun', flush=True)\n"
    hangs += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    hangs += "time.sleep(600)"
    began = time.monotonic()

    def refuses(_):
        raise FileNotFoundError("no such program")

    def unread():
        raise KeyError("results")

    found = visited(
        tmp_path, step("fails", "raise SystemExit(3)"), step("hangs", hangs),
        step("several", "print(1)", "print(2)"), Step("missing", 1.0, refuses, str),
        step("unread", "", note=unread), limit=50.0,
    )  # fmt: skip
    assert [each.result for each in found] == ["failed (3)", "stopped", "ok", "failed", "failed"]
    assert time.monotonic() - began < 60
    assert (tmp_path / "hangs.log").read_text() == "begun\n"
    assert (tmp_path / "several-1.log").read_text() == "2\n"
    assert found[3].note == "FileNotFoundError: no such program"


def test_time_that_a_step_leaves_is_for_the_others(tmp_path):
    limits = []

    def noted(limit):
        limits.append(limit)
        return [[sys.executable, "-c", ""]]

    steps = [Step(name, share, noted, str) for name, share in (("a", 1), ("b", 1), ("c", 2))]
    visited(tmp_path, *steps, limit=visit._GRACE + 100)
    assert limits[0] == pytest.approx(25, abs=1)
    assert limits[1] == pytest.approx(100 / 3, abs=3)
    assert limits[2] == pytest.approx(100, abs=5)


def test_without_time_nothing_is_started(tmp_path):
    (found,) = visited(tmp_path, step("late", "open('/nowhere')"), limit=visit._GRACE)
    assert found[:2] == ("late", "no time")


def driver(folder, name="libnvidia-opencl.so.1"):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    return folder / name


def test_nvidias_driver_without_an_icd_file_gets_one(tmp_path):
    system, libraries = tmp_path / "vendors", tmp_path / "lib"
    library = driver(libraries)
    driver(libraries, "libnvidia-opencl.so.550.1")
    system.mkdir()
    (system / "pocl.icd").write_text("libpocl.so.2\n")
    before = {"LD_LIBRARY_PATH": "/opt/lib", "PYTHONPATH": "/opt/python"}
    found = visit.prepared(tmp_path, before, [str(tmp_path / "none"), str(libraries)], str(system))
    own = Path(found["OCL_ICD_VENDORS"])
    assert found["OPENCL_VENDOR_PATH"] == str(own)
    assert {path.name: path.read_text() for path in own.iterdir()} == {
        "pocl.icd": "libpocl.so.2\n", "nvidia.icd": f"{library}\n"
    }  # fmt: skip
    assert found["LD_LIBRARY_PATH"] == f"{libraries}{os.pathsep}/opt/lib"
    assert found["PYTHONPATH"] == f"{ROOT}{os.pathsep}/opt/python"
    assert found["CLTENSOR_TUNING"] == str(tmp_path / "tuning.json")


@pytest.mark.parametrize("known", ["libnvidia-opencl.so.1", "/opt/nvidia/lib/driver.so"])
def test_a_driver_that_is_listed_stays_as_it_is(tmp_path, known):
    system = tmp_path / "vendors"
    system.mkdir()
    (system / "any.icd").write_text(f"{known}\n")
    driver(tmp_path / "lib")
    found = visit.prepared(tmp_path, {}, [str(tmp_path / "lib")], str(system))
    assert "OCL_ICD_VENDORS" not in found


def test_a_driver_that_the_user_chose_stays_alone(tmp_path):
    library = driver(tmp_path / "lib")
    chosen = {"OCL_ICD_VENDORS": str(library)}
    found = visit.prepared(tmp_path, chosen, [str(tmp_path / "lib")], str(tmp_path / "none"))
    assert found["OCL_ICD_VENDORS"] == str(library)


def test_a_library_of_another_version_and_a_link_to_nowhere(tmp_path):
    folder = tmp_path / "lib"
    library = driver(folder, "libnvidia-opencl.so.550.1")
    (folder / "libnvidia-opencl.so.1").symlink_to(folder / "gone")
    assert visit.nvidia_library(["", str(folder)]) == library
    assert visit.nvidia_library([str(tmp_path)]) is None


def test_files_are_dealt_evenly():
    files = visit.test_files()
    hands = visit.dealt(files, 4)
    assert sorted(name for hand in hands for name in hand) == sorted(
        str(path.relative_to(ROOT)) for path in files
    )
    sizes = [sum((ROOT / name).stat().st_size for name in hand) for hand in hands]
    assert max(sizes) < 1.1 * min(sizes)
    assert len(visit.dealt(files[:2], 8)) == 2


def test_what_logs_say(tmp_path):
    log = tmp_path / "tests.log"
    log.write_text(
        "tests/a.py::test_b[PASSED] PASSED   [ 50%]\ntests/a.py::test_c FAILED  [ 75%]\n"
        "tests/a.py::test_d PASSED   [100%]\nFAILED tests/a.py::test_c - assert\n"
    )
    assert visit._counts([log]) == "2 passed, 1 failed"
    assert visit._counts([tmp_path / "none"]) == "none ran"
    (tmp_path / "tune.log").write_text("a\n3 rows written to x\nb\n")
    assert visit._last(tmp_path / "tune.log", "rows written") == "3 rows written to x"
    assert visit._last(tmp_path / "tune.log", "nothing") == "b"
    results = [
        {"family": "conv", "failure": "", "error": 0.0, "ratios": {"torch": ratio}}
        for ratio in (0.5, 2.0)
    ]
    results.append({"family": "norm", "failure": "", "error": 1.0, "ratios": {}})
    (tmp_path / "b.json").write_text(json.dumps({"results": results}))
    assert visit._means(tmp_path / "b.json") == "3 cases, 1 failed or wrong: 1.00x conv torch"


def test_a_machine_without_a_gpu_is_said(tmp_path, capsys):
    assert visit.main(["--limit", "60", "--out", str(tmp_path), "--device", "cl:nowhere"]) == 1
    shown = capsys.readouterr().out
    assert "drivers         failed" in shown
    assert "no device 'cl:nowhere'" in shown
    assert "pyopencl" in (tmp_path / "info.log").read_text()


@pytest.mark.slow
def test_a_visit_to_this_machine(tmp_path, device):
    command = [sys.executable, "-m", "benchmarks.visit", "--limit", "60", "--out", str(tmp_path)]
    command += ["--device", device.name, "--only", "tune", "benchmarks"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert time.monotonic() - began < 75
    outcomes = {each["name"]: each for each in json.loads((tmp_path / "visit.json").read_text())}
    assert list(outcomes) == ["drivers", "tune", "benchmarks"], done.stdout + done.stderr
    assert outcomes["drivers"]["note"].startswith(f"{device.name} {device.kind}")
    # Others may use the machine, too.
    assert outcomes["tune"]["result"] in ("ok", "stopped")
    assert "gemm" in (tmp_path / "tune.log").read_text()
    assert str(tmp_path) in done.stdout
