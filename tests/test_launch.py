"""The launcher."""

import sys

import pytest
import ranks

from cltensor import launch

PROGRAM = """
import os, sys
names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "POCL_MAX_PTHREAD_COUNT")
sys.stdout.write(" ".join([*map(os.environ.get, names), sys.argv[1]]) + "\\n")
sys.stdout.flush()
sys.exit(3 if sys.argv[1:2] == ["fail"] and os.environ["RANK"] == "1" else 0)
"""


def test_ranks_get_their_numbers_and_a_failure_is_named(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = ranks.launched(2, program, "fail", grace=0.2)
    assert sorted(done.stdout.splitlines())[:2] == ["0 2 0 1 fail", "1 2 1 1 fail"]
    assert "rank 1 (process" in done.stderr
    assert "ended with exit code 3" in done.stderr
    assert done.returncode != 0


def test_numbers_and_cores_of_a_rank():
    found = launch.environment_of({"PMI_RANK": "1", "PMI_SIZE": "4", "MPI_LOCALNRANKS": "2"}, 8)
    assert (found["RANK"], found["WORLD_SIZE"]) == ("1", "4")
    assert found["POCL_MAX_PTHREAD_COUNT"] == "4"
    found = launch.environment_of({"OMPI_COMM_WORLD_RANK": "2", "POCL_MAX_PTHREAD_COUNT": "7"}, 1)
    assert (found["RANK"], found["POCL_MAX_PTHREAD_COUNT"]) == ("2", "7")


def test_what_is_missing_is_named(capsys, monkeypatch):
    for arguments in (["-n", "0", "program.py"], ["-n", "2"]):
        with pytest.raises(SystemExit):
            launch.main(arguments)
    assert "give 1 or more" in (said := capsys.readouterr().err)
    assert "name a program" in said
    monkeypatch.setattr(launch, "_mpiexec", lambda: None)
    assert launch.main(["-n", "2", "program.py"]) == 2
    assert 'pip install "cltensor[mpi]"' in capsys.readouterr().err


def test_the_command_of_mpi(monkeypatch):
    commands = []

    class Done:
        returncode = 5

    monkeypatch.setattr(launch.subprocess, "run", lambda c, check: commands.append(c) or Done)
    arguments = ["-n", "3", "--hosts", "a,b", "--mpiexec", "runner", "-m", "package", "--more", "x"]
    assert launch.main(arguments) == 5
    (command,) = commands
    assert command[:5] == ["runner", "-n", "3", "-hosts", "a,b"]
    assert command[-5:] == [sys.executable, "-m", "package", "--more", "x"]
