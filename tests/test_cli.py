"""`python -m cltensor info`: devices, drivers that fail to load, and remedies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cltensor import cli, icd
from cltensor.device import devices

ROOT = Path(__file__).parent.parent


def command(*arguments, **variables):
    """Run `python -m cltensor` with these environment variables on top; None unsets one."""
    environment = {**os.environ, **{k: str(v) for k, v in variables.items() if v is not None}}
    for name in [k for k, v in variables.items() if v is None]:
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "cltensor", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def driver_file(folder, library, name="broken.icd"):
    path = folder / name
    path.write_text(library + "\n")
    return path


def test_info_lists_every_device_and_the_default():
    done = command("info", CLTENSOR_DEVICE=None)
    assert done.returncode == 0, done.stderr
    for each in devices():
        assert f"{each.name}  {each.kind}  {each.cl_device.name.strip()}" in done.stdout
        assert each.cl_device.driver_version.strip() in done.stdout
        assert str(each.max_work_group) in done.stdout
    assert "Default: cl:0" in done.stdout
    assert "because: first in the order" in done.stdout
    assert "What helps" not in done.stdout


def test_info_names_the_variable_that_chose_the_default():
    done = command("info", CLTENSOR_DEVICE="cl:0")
    assert "because: CLTENSOR_DEVICE=cl:0" in done.stdout


def test_a_default_that_does_not_exist_is_said_and_the_devices_still_listed():
    done = command("info", CLTENSOR_DEVICE="cl:nosuchvendor")
    assert done.returncode == 0
    assert "Default: none. device: there is no 'cl:nosuchvendor'" in done.stdout
    assert "cl:0" in done.stdout


def test_a_broken_driver_among_others_is_reported_with_its_reason(tmp_path):
    path = driver_file(tmp_path, "/nowhere/libnone.so")
    done = command("info", OCL_ICD_VENDORS=tmp_path)
    lines = [line.strip() for line in done.stdout.splitlines()]
    at = lines.index(str(path))
    assert lines[at + 1] == "library: /nowhere/libnone.so"
    assert lines[at + 2].startswith("FAILED: /nowhere/libnone.so: cannot open")


def test_only_a_broken_driver_means_numbered_remedies(tmp_path):
    path = driver_file(tmp_path, "/nowhere/libnone.so")
    done = command("info", OCL_ICD_VENDORS=path)
    assert done.returncode == 1
    assert "FAILED: /nowhere/libnone.so" in done.stdout
    assert f" 1. OCL_ICD_VENDORS is set to '{path}'" in done.stdout
    assert " 2. Repair or remove the drivers marked FAILED" in done.stdout
    assert ' pip install "pyopencl[pocl]"' in done.stdout
    assert "render" in done.stdout
    assert "docker run" in done.stdout


def test_no_driver_folder_at_all(tmp_path):
    missing = tmp_path / "missing"
    done = command("info", OCL_ICD_VENDORS=missing)
    assert done.returncode == 1
    assert f"{missing}\n      FAILED: there is no such file or folder" in done.stdout
    assert "There is no OpenCL device" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="pipes break differently here")
def test_a_reader_that_stops_early_and_a_full_disk_cause_no_traceback(tmp_path):
    read, write = os.pipe()
    os.close(read)
    targets = [write]
    if Path("/dev/full").exists():
        targets.append(os.open("/dev/full", os.O_WRONLY))
    for target in targets:
        done = subprocess.run(
            [sys.executable, "-m", "cltensor", "info"],
            stdout=target,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )
        os.close(target)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "Exception ignored" not in done.stderr
    assert len(targets) == 1 or "cltensor: info: " in done.stderr


def test_a_command_is_required():
    done = command()
    assert done.returncode == 2
    assert "COMMAND" in done.stderr


def test_bench_is_the_suite_of_the_checkout(tmp_path, capsys):
    path = tmp_path / "other.json"
    path.write_text("{}")
    assert cli.main(["bench", "--compare", str(path), str(path)]) == 1
    assert f"compare: '{path}' has format None" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["bench", "--help"])
    assert "--families" in capsys.readouterr().out


def test_bench_without_a_checkout_says_where_it_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "site-packages" / "cltensor" / "cli.py"))
    for name in [n for n in sys.modules if n.partition(".")[0] == "benchmarks"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if Path(p or ".").resolve() != ROOT])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    assert cli.main(["bench"]) == 1
    assert "run 'python -m benchmarks' in a checkout" in capsys.readouterr().err


def test_other_commands_refuse_what_they_do_not_know(capsys):
    with pytest.raises(SystemExit):
        cli.main(["info", "--families"])
    assert "unrecognized arguments: --families" in capsys.readouterr().err


def survey(monkeypatch, source):
    monkeypatch.setenv("OCL_ICD_VENDORS", str(source))
    (entry,) = icd.survey()
    return entry


def test_a_library_that_is_no_driver(monkeypatch, tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("the name of a library that is always there is known for Linux only")
    entry = survey(monkeypatch, driver_file(tmp_path, "libm.so.6"))
    assert entry.library == "libm.so.6"
    assert "is no OpenCL driver" in entry.problem


def test_a_file_that_names_nothing(monkeypatch, tmp_path):
    entry = survey(monkeypatch, driver_file(tmp_path, ""))
    assert "its first line is empty" in entry.problem


def test_a_file_that_is_not_text(monkeypatch, tmp_path):
    path = tmp_path / "binary.icd"
    path.write_bytes(b"\xff\xfe\x80")
    assert "cannot be read" in survey(monkeypatch, path).problem


def test_a_library_beside_its_file_is_found(monkeypatch, tmp_path):
    (tmp_path / "libdriver.so").write_bytes(b"no library")
    entry = survey(monkeypatch, driver_file(tmp_path, "libdriver.so"))
    assert entry.library == str(tmp_path / "libdriver.so")
    assert entry.problem  # it is found, and it is no library


def test_a_driver_that_kills_its_process(monkeypatch, tmp_path):
    monkeypatch.setattr(icd, "_PROBE", "import os; os.abort()")
    entry = survey(monkeypatch, driver_file(tmp_path, "libdriver.so"))
    assert "kills the process (SIGABRT)" in entry.problem


def test_a_driver_that_never_answers(monkeypatch, tmp_path):
    monkeypatch.setattr(icd, "_PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(icd, "_TIMEOUT", 0.2)
    entry = survey(monkeypatch, driver_file(tmp_path, "libdriver.so"))
    assert "did not answer within" in entry.problem


def test_nodes_that_may_not_be_opened_come_with_their_remedy(monkeypatch):
    monkeypatch.setattr(cli, "_closed_nodes", lambda: ["/dev/dri/renderD128"])
    text = "\n".join(cli.remedies([]))
    assert "may not open /dev/dri/renderD128" in text
    assert "usermod -aG render,video" in text


@pytest.mark.parametrize(
    ("nbytes", "shown"), [(512, "512 B"), (1 << 20, "1 MiB"), (5 << 30, "5 GiB"), (0, "0 B")]
)
def test_sizes_are_readable(nbytes, shown):
    assert cli.size(nbytes) == shown
