"""The commands: info with devices and remedies, bench, and tune."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from drivers import driver_file
from tuning_rows import found, row

import cltensor
from cltensor import __version__
from cltensor.command import cli, tuner
from cltensor.runtime import binaries, tuning
from cltensor.runtime.device import devices

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize(
    ("basis", "said"),
    [
        ("counted", "1 sets by compilers' counts, not timed"),
        ("timed", "1 sets timed on such devices"),
    ],
)
def test_info_says_what_parameters_were_not_timed(device, own, monkeypatch, basis, said):
    assert cli.parameters(device).startswith("defaults, not timed")
    kind = f"pointwise_{'cpu' if device.is_cpu else 'gpu'}"
    shipped = row(device, {}, kind=kind, size_class="small", basis=basis)
    (tuning.TEMPLATES / "tuning.json").write_text(tuning.text_of([shipped]))
    tuning.reload(device)
    assert cli.parameters(device).startswith(said)
    tuning.save([shipped])
    tuning.reload(device)
    assert cli.parameters(device) == "1 sets timed here"


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


def test_without_a_command_the_commands_are_shown():
    done = command()
    assert done.returncode == 2
    assert not done.stdout
    for word in ("COMMAND", "info", "cache", "tune", "--version"):
        assert word in done.stderr


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"cltensor {__version__}\n"


def test_bench_is_the_suite_of_the_checkout(tmp_path, capsys):
    path = tmp_path / "other.json"
    path.write_text("{}")
    assert cli.main(["bench", "--compare", str(path), str(path)]) == 1
    assert f"compare: '{path}' has format None" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["bench", "--help"])
    assert "--families" in capsys.readouterr().out


def test_bench_without_a_checkout_says_where_it_is(monkeypatch, tmp_path, capsys):
    package = tmp_path / "site-packages" / "cltensor"
    monkeypatch.setattr(cli, "__file__", str(package / "command" / "cli.py"))
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


def test_nodes_that_may_not_be_opened_come_with_their_remedy(monkeypatch):
    monkeypatch.setattr(cli, "_closed_nodes", lambda: ["/dev/dri/renderD128"])
    text = "\n".join(cli.remedies([]))
    assert "may not open /dev/dri/renderD128" in text
    assert "usermod -aG render,video" in text


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"cltensor {cltensor.__version__}\n"


def test_the_cache_is_shown_and_cleared(device, disk_cache, capsys, monkeypatch):
    monkeypatch.setenv("CLTENSOR_CACHE_LIMIT", "20MiB")
    binaries.Entry(device, "a source").write({"binary": bytes(2000)})
    assert cli.main(["cache"]) == 0
    size = next((disk_cache / "programs").iterdir()).stat().st_size
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        f"folder    {disk_cache / 'programs'}",
        "entries   1",
        f"size      {cli.size(size)}",
        "at most   20 MiB",
    ]
    (disk_cache / "data").mkdir()
    assert cli.main(["cache", "--clear"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1:3] == [f"removed   1 entries, {cli.size(size)}", "entries   0"]
    assert (disk_cache / "data").exists()
    assert list((disk_cache / "programs").iterdir()) == []


def test_a_bound_of_the_cache_that_is_no_size_is_said(disk_cache, capsys, monkeypatch):
    monkeypatch.setenv("CLTENSOR_CACHE_LIMIT", "some")
    with pytest.warns(RuntimeWarning, match="CLTENSOR_CACHE_LIMIT: 'some' is not a size"):
        assert cli.main(["cache"]) == 0
    assert cli.size(1 << 30) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("nbytes", "shown"), [(512, "512 B"), (1 << 20, "1 MiB"), (5 << 30, "5 GiB"), (0, "0 B")]
)
def test_sizes_are_readable(nbytes, shown):
    assert cli.size(nbytes) == shown


def test_share_prints_rows_that_parse(device, own, toy, capsys):
    tuning.save([row(device, {"a": 2}), row(device, {"a": 3}, platform="another")])
    assert cli.main(["tune", "--share"]) == 0
    (only,) = tuning.parse(capsys.readouterr().out)
    assert only.key == row(device, {}).key
    assert only.parameters == {"a": 2}


def test_share_without_rows_says_what_to_do(device, own, capsys):
    assert cli.main(["tune", "--share"]) == 1
    assert "run `cltensor tune` first" in capsys.readouterr().err


def test_tune_writes_the_rows_it_finds(device, own, toy, monkeypatch, capsys):
    asked = []

    def search(device, kinds, budget, dtype, report, keep):
        asked.append((kinds, budget, dtype))
        report("a line")
        keep(row(device, {"a": 2}))
        return [row(device, {"a": 2})]

    monkeypatch.setattr(tuner, "search", search)
    assert cli.main("tune --only gemm,reduce --budget 1.5m --dtype float64".split()) == 0
    assert asked == [(["gemm", "reduce"], 90.0, "float64")]
    assert "a line" in capsys.readouterr().out
    assert json.loads(own.read_text())["rows"][0]["parameters"] == {"a": 2}
    assert found(device)["a"] == 2


def test_tune_refuses_to_write_over_a_foreign_file(device, own, monkeypatch, capsys):
    own.write_text("my notes")
    monkeypatch.setattr(tuner, "search", lambda *_, **__: pytest.fail("searched first"))
    assert cli.main(["tune"]) == 1
    assert "is not a file of tuning rows" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "s", "-3s", "0", "soon", "1ms", "nan", "inf"])
def test_times_that_are_none(text):
    with pytest.raises(SystemExit):
        cli.main(["tune", "--budget", text])
