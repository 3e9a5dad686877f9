"""Kernel parameters: where they come from, and how they are searched."""

import json
import re

import numpy as np
import pytest

import cltensor as ct
from cltensor import cli, tuner, tuning
from cltensor.errors import DataError, KernelError, ShapeError
from cltensor.program import TEMPLATES
from cltensor.tuner import Call, Task

FLOAT = np.dtype("float32")


@pytest.fixture
def own(device, tmp_path, monkeypatch):
    """The user's file, empty, and no shipped rows; the device reads anew before and after."""
    path = tmp_path / "own" / "tuning.json"
    monkeypatch.setenv("CLTENSOR_TUNING", str(path))
    monkeypatch.setattr(tuning, "TEMPLATES", tmp_path / "shipped")
    (tmp_path / "shipped").mkdir()
    path.parent.mkdir()
    tuning.reload(device)
    yield path
    tuning.reload(device)


@pytest.fixture
def toy(monkeypatch):
    """A kind of kernel with two parameters, which no kernel uses."""
    monkeypatch.setitem(
        tuning.KINDS, "toy", tuning.Kind("toy", {"all": {}}, {"a": (1, 2, 3), "b": (10, 20)})
    )
    return tuning.KINDS["toy"]


def row(on, parameters, **changes):
    """A row of the kind 'toy' for the device `on`."""
    place = tuning.place_of(on)
    return tuning.Row(*place, "toy", "float32", "all", parameters)._replace(**changes)


def found(device):
    return dict(tuning.parameters(device, "toy", FLOAT, "all"))


def test_defaults_without_any_row(device, own, toy):
    assert found(device) == {"a": 1, "b": 10}


def test_a_size_class_may_have_defaults_of_its_own():
    assert tuning.KINDS["gemm_gpu"].defaults("small")["each"] == 2
    assert tuning.KINDS["gemm_gpu"].defaults("large")["each"] == 8


def test_the_users_file_wins_over_shipped_rows_and_those_over_defaults(device, own, toy):
    shipped = tuning.TEMPLATES / "tuning.json"
    shipped.write_text(tuning.text_of([row(device, {"a": 2, "b": 20})]))
    tuning.reload(device)
    assert found(device) == {"a": 2, "b": 20}
    own.write_text(tuning.text_of([row(device, {"a": 3})]))
    tuning.reload(device)
    assert found(device) == {"a": 3, "b": 10}


def test_rows_hold_for_their_device_driver_dtype_and_size_class_only(device, own, toy):
    others = [
        row(device, {"a": 3}, driver="another"),
        row(device, {"a": 3}, device="another*"),
        row(device, {"a": 3}, dtype="float64"),
        row(device, {"a": 3}, size_class="none"),
    ]
    own.write_text(tuning.text_of(others))
    tuning.reload(device)
    assert found(device)["a"] == 1


def test_exact_rows_win_over_rows_with_stars(device, own, toy):
    both = [row(device, {"a": 2}, driver="*", version="*"), row(device, {"a": 3})]
    own.write_text(tuning.text_of(both))
    tuning.reload(device)
    assert found(device)["a"] == 3
    own.write_text(tuning.text_of(both[:1]))
    tuning.reload(device)
    assert found(device)["a"] == 2


def test_a_look_up_happens_once(device, own, toy, monkeypatch):
    found(device)
    monkeypatch.setattr(tuning, "_look_up", lambda *_: pytest.fail("looked up twice"))
    assert found(device) == {"a": 1, "b": 10}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"rows": []}',
        b'{"cltensor_tuning": 2, "rows": []}',
        b'{"cltensor_tuning": 1}',
        b'{"cltensor_tuning": 1, "rows": [{"platform": "x"}]}',
        b'{"cltensor_tuning": 1, "rows": [7]}',
        b"[" * 100000,
    ],
)
def test_damaged_and_foreign_files_are_ignored_with_a_warning_that_names_them(
    device, own, toy, content
):
    own.write_bytes(content)
    tuning.reload(device)
    with pytest.warns(RuntimeWarning, match=re.escape(f"'{own}' is not a file of tuning rows")):
        assert found(device) == {"a": 1, "b": 10}
    with pytest.raises(DataError, match="move it away"):
        tuning.save([row(device, {"a": 2})])
    assert own.read_bytes() == content


@pytest.mark.parametrize("parameters", [{"a": 7}, {"c": 1}, {"a": True}, {"a": "2"}])
def test_parameters_that_are_not_allowed_are_ignored_with_a_warning(device, own, toy, parameters):
    own.write_text(tuning.text_of([row(device, parameters)]))
    tuning.reload(device)
    with pytest.warns(RuntimeWarning, match="ignoring a row of 'toy'"):
        assert found(device) == {"a": 1, "b": 10}


def test_saved_rows_replace_those_for_the_same_and_keep_others(device, own, toy):
    tuning.save([row(device, {"a": 2}), row(device, {"b": 20}, device="another")])
    assert tuning.save([row(device, {"a": 3}, time=0.5)]) == own
    saved = tuning.read(own)
    assert [dict(r.parameters) for r in saved] == [{"a": 3}, {"b": 20}]
    assert saved[0].time == 0.5
    assert [p.name for p in own.parent.iterdir()] == ["tuning.json"]


def test_a_file_that_cannot_be_written_is_an_error(device, own, toy, monkeypatch):
    own.write_text(tuning.text_of([]))
    monkeypatch.setenv("CLTENSOR_TUNING", str(own / "inside" / "a file"))
    with pytest.raises(DataError, match="cannot be written"):
        tuning.save([row(device, {"a": 2})])


def test_the_users_file_lies_in_the_users_folder(monkeypatch):
    import platformdirs

    monkeypatch.delenv("CLTENSOR_TUNING", raising=False)
    assert str(tuning.user_file()).startswith(platformdirs.user_config_dir("cltensor"))


def test_shipped_rows_are_allowed_and_name_no_single_machine():
    files = list(TEMPLATES.glob("*.json"))
    assert files
    for path in files:
        rows = tuning.read(path)
        assert rows
        for each in rows:
            assert "*" in each.version
            kind = tuning.KINDS[each.kind]
            assert kind.allows(each.parameters)
            assert each.size_class in kind.classes
            assert each.dtype in {d.name for d in ct.dtypes.ALL}


class Toy:
    """A task on a fake clock: parameters decide how long a call takes and what it gives."""

    def __init__(self, device, cost, value=lambda chosen: 1.0):
        self.device, self.cost, self.value = device, cost, value
        self.now = 0.0
        self.timed = []
        self.lines = []

    def clock(self):
        return self.now

    def run(self):
        chosen = found(self.device)
        self.timed.append(chosen)
        self.now += self.cost(chosen)
        return ct.tensor([self.value(chosen)])

    def tune(self, end):
        calls = [Call(self.run, np.ones(1))]
        task = Task("toy", FLOAT, "all", lambda: calls)
        return tuner.tune(self.device, task, end, self.clock, self.lines.append)


def test_the_search_finds_what_is_fastest_and_leaves_no_trace(device, own, toy):
    task = Toy(device, lambda chosen: 1 / (chosen["a"] * chosen["b"]))
    best = task.tune(end=1e9)
    assert best.parameters == {"a": 3, "b": 20}
    assert best.default_time == pytest.approx(6 * best.time, rel=0.01)
    assert best.key[:4] == tuning.place_of(device)
    assert found(device) == {"a": 1, "b": 10}


def test_a_wrong_candidate_is_rejected_before_it_is_timed(device, own, toy):
    task = Toy(
        device,
        cost=lambda chosen: {1: 0.3, 2: 0.2, 3: 0.1}[chosen["a"]],
        value=lambda chosen: 1.0 if chosen["a"] < 3 else 1.01,
    )
    assert task.tune(end=1e9).parameters == {"a": 2}
    assert any("refused {'a': 3, 'b': 10}: a wrong result" in line for line in task.lines)
    for b in (10, 20):
        assert task.timed.count({"a": 3, "b": b}) <= 1


def test_a_candidate_that_does_not_build_is_rejected(device, own, toy):
    def cost(chosen):
        if chosen["a"] == 3:
            raise KernelError("toy: no such tile\nwith a long log")
        return 1 / chosen["a"]

    task = Toy(device, cost)
    assert task.tune(end=1e9).parameters == {"a": 2}
    assert any(line.endswith(": toy: no such tile") for line in task.lines)


def test_parameters_that_change_nothing_stay_at_their_default(device, own, toy):
    task = Toy(device, lambda chosen: 1 / chosen["a"])
    assert task.tune(end=1e9).parameters == {"a": 3}


def test_defaults_that_are_best_give_a_row_that_says_so(device, own, toy):
    task = Toy(device, lambda chosen: chosen["a"] * chosen["b"])
    best = task.tune(end=1e9)
    assert best.parameters == {}
    assert best.time == best.default_time
    assert task.lines == ["toy float32 all: defaults, best of 4"]


def test_the_budget_ends_the_search(device, own, toy):
    task = Toy(device, lambda chosen: 1 / (chosen["a"] * chosen["b"]))
    assert task.tune(end=0.0) is None
    assert all(chosen == {"a": 1, "b": 10} for chosen in task.timed)


def test_wrong_defaults_are_said(device, own, toy):
    task = Toy(device, lambda chosen: 1.0, value=lambda chosen: 2.0)
    assert task.tune(end=1e9) is None
    assert "the defaults give wrong results" in task.lines[-1]


@pytest.mark.slow
def test_every_task_is_right_under_each_single_change(device, own):
    """What the search may meet computes right results: every value of every parameter."""
    for task in tuner.tasks(device, FLOAT):
        kind = tuning.KINDS[task.kind]
        assert task.size_class in kind.classes
        if task.size_class not in ("small", "row", "column", "filter", "all"):
            continue
        calls = task.calls()
        base = kind.defaults(task.size_class)
        for name, values in kind.choices.items():
            for value in values:
                with tuning.trial(device, *task[:3], {**base, name: value}):
                    assert all(tuner._is_right(c) for c in calls), (task[:3], name, value)


def test_search_gives_rows_and_shares_the_budget(device, own, monkeypatch):
    seen = []
    monkeypatch.setattr(tuner, "tune", lambda *args: seen.append((args[1].kind, args[2])))
    assert tuner.search(device, ["reduce", "pointwise"], 10.0, clock=lambda: 0.0) == []
    kinds = [kind.partition("_")[0] for kind, _ in seen]
    assert set(kinds) == {"reduce", "pointwise"}
    assert seen[-1][1] == 10.0
    with pytest.raises(ShapeError, match="no kind of kernel begins with"):
        tuner.search(device, ["nonsense"])


def test_a_real_search_in_a_bounded_time(device, own):
    rows = tuner.search(device, ["pointwise"], 0.2)
    assert all(tuning.KINDS[r.kind].allows(r.parameters) for r in rows)


def test_kernels_give_the_same_under_other_parameters(device, own, toy):
    a = np.random.default_rng(3).standard_normal((70, 90)).astype("float32")
    suffix = "cpu" if device.is_cpu else "gpu"
    plain = (ct.tensor(a) @ ct.tensor(a.T)).numpy()
    kind = tuning.KINDS[f"gemm_{suffix}"]
    chosen = {**kind.defaults("small"), "depth": kind.choices["depth"][1]}
    with tuning.trial(device, kind.name, FLOAT, "small", chosen):
        np.testing.assert_allclose((ct.tensor(a) @ ct.tensor(a.T)).numpy(), plain, atol=1e-4)


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

    def search(device, kinds, budget, dtype, report):
        asked.append((kinds, budget, dtype))
        report("a line")
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


@pytest.mark.parametrize(("text", "value"), [("60s", 60), ("2m", 120), ("7", 7), ("0.5s", 0.5)])
def test_times_on_the_command_line(text, value):
    assert cli.seconds(text) == value


@pytest.mark.parametrize("text", ["", "s", "-3s", "0", "soon", "1ms", "nan", "inf"])
def test_times_that_are_none(text):
    with pytest.raises(SystemExit):
        cli.main(["tune", "--budget", text])
