"""The command: its exit status, and what it writes."""

import argparse
import json
import os

import pytest
from selftest_findings import findings

from cltensor.errors import DataError
from cltensor.selftest import command


@pytest.fixture
def run(monkeypatch):
    """Runs the command on given findings; gives the exit status."""

    def run(found, *arguments):
        class Supervisor:
            def __init__(self, *given):
                self.given = given

            def run(self):
                for outcome in found.outcomes:
                    self.given[3](outcome)
                return found

        monkeypatch.setattr(command, "Supervisor", Supervisor)
        parser = argparse.ArgumentParser()
        command.add_options(parser)
        return command.selftest(parser.parse_args(arguments))

    return run


def test_status_lines_page_and_json(run, tmp_path, capsys):
    page, plain = tmp_path / "out.html", tmp_path / "out.json"
    assert run(findings(), "--report", str(page), "--json", str(plain)) == 1
    shown = capsys.readouterr().out
    assert "  sums  " in shown
    assert "A & B card (Any, OpenCL 3.0), driver 1.2" in shown
    assert page.read_text("utf-8").startswith("<!doctype html>")
    document = json.loads(plain.read_text("utf-8"))
    assert document["verdict"].startswith("3 of 5 checks FAILED")
    assert document["outcomes"][1]["name"] == "one"


@pytest.mark.parametrize("option", ["--report", "--json"])
def test_a_place_that_cannot_be_written_is_told_before_anything_runs(run, tmp_path, capsys, option):
    for path in (tmp_path, tmp_path / "no" / "file"):
        with pytest.raises(DataError, match="selftest: .* cannot be written"):
            run(findings(), option, str(path))
    assert capsys.readouterr().out == ""
    assert run(findings(), option, os.devnull) == 1


@pytest.mark.parametrize("text", ["-1", "0", "nan", "inf", "soon"])
def test_a_limit_that_is_no_time(run, text, capsys):
    with pytest.raises(SystemExit):
        run(findings(), f"--limit={text}")


def test_all_right_is_0_whatever_the_known_bugs(run, capsys):
    found = findings(only=("right", "left out"))
    assert run(found) == 0
    assert "known bug: loops end" in capsys.readouterr().out


def test_nothing_private_is_written(run, tmp_path, monkeypatch, capsys):
    found = findings()
    found.outcomes[2].message = "in /home/anna/x/a.cl: wrong"
    found.outcomes[0].value = {"seen": "/opt/anna/libcl.so"}
    found.facts["surroundings"]["OCL_ICD_VENDORS"] = "/home/anna/libcl.so"
    found.ends = ["SIGABRT: /home/anna/lib.so"]
    page, plain = tmp_path / "out.html", tmp_path / "out.json"
    run(found, "--report", str(page), "--json", str(plain))
    written = page.read_text("utf-8") + plain.read_text("utf-8")
    assert "libcl.so" in written
    assert "anna" not in written
    assert "anna" not in capsys.readouterr().out.replace(str(tmp_path), "")
