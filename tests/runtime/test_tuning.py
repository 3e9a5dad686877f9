"""Kernel parameters: where they come from."""

import json
import os
import re
import sys
import threading

import numpy as np
import pytest
from isa.stub import NAMES, stub
from tuning_rows import FLOAT, found, row

import cltensor as ct
from cltensor.errors import DataError
from cltensor.runtime import tuning
from cltensor.runtime.source import TEMPLATES


def _says_parameters(change):
    """Whether a row is one, of parameters that another version may have."""
    return type(change) is dict and (
        "size_class" in change or type(change.get("parameters")) is dict
    )


def test_defaults_without_any_row(device, own, toy):
    assert found(device) == {"a": 1, "b": 10}


def test_a_size_class_may_have_defaults_of_its_own(device):
    assert tuning.KINDS["gemm_gpu"].defaults("small", device)["each"] == 2
    assert tuning.KINDS["gemm_gpu"].defaults("large", device)["each"] == 8


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
        row(device, {"a": 3}, kind="of another version", size_class="none"),
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
        b'{"cltensor_tuning": 1, "rows": null}',
        b'{"cltensor_tuning": 1, "rows": {"kind": "toy"}}',
        b'{"cltensor_tuning": 1, "rows": [' + b" " * (17 << 20) + b"]}",
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


@pytest.mark.parametrize(
    "change",
    [
        7,
        None,
        [],
        {"parameters": [["a", 2]]},
        {"parameters": None},
        {"kind": 3},
        {"dtype": None},
        {"time": "soon"},
        {"time": -1},
        {"time": float("nan")},
        {"default_time": float("inf")},
        {"time": [1]},
        {"time": 10**400},
        {"dtype": "float3"},
        {"size_class": "enormous"},
        {"parameters": {"a": 7}},
        {"parameters": {"a": 10**400}},
        {"parameters": {"c" * 10000: 1}},
        {"device": "x" * 10000},
        {"basis": "guessed"},
        {"basis": ["timed"]},
    ],
)
def test_a_row_that_is_none_is_left_out_and_others_hold(device, own, toy, change):
    good = row(device, {"a": 3})
    bad = {**good._asdict(), "parameters": {"a": 2}, **change} if type(change) is dict else change
    rows = [bad, {"platform": "x"}, good._asdict()]
    own.write_text(json.dumps({tuning.FORMAT: 1, "rows": rows}))
    tuning.reload(device)
    said = rf"'{re.escape(str(own))}': ignoring row 1 \(.*\), row 2 \(KeyError: .*\) of 3; measure"
    with pytest.warns(RuntimeWarning, match=said) as warned:
        assert found(device) == {"a": 3, "b": 10}
    assert len(str(warned[0].message)) < 1000
    before = own.read_bytes()
    if not _says_parameters(change):
        with pytest.raises(DataError, match="move it away"):
            tuning.save([good])
        assert own.read_bytes() == before


@pytest.mark.parametrize("parameters", [{"a": 7}, {"c": 1}, {"a": True}, {"a": "2"}])
def test_parameters_that_are_not_allowed_are_ignored_with_a_warning(device, own, toy, parameters):
    own.write_text(tuning.text_of([row(device, parameters)]))
    tuning.reload(device)
    with pytest.warns(RuntimeWarning, match=r"ignoring row 1 \((\w of toy is|toy has)"):
        assert found(device) == {"a": 1, "b": 10}


def test_saved_rows_replace_those_for_the_same_and_keep_others(device, own, toy):
    tuning.save([row(device, {"a": 2}), row(device, {"b": 20}, device="another")])
    assert tuning.save([row(device, {"a": 3}, time=0.5)]) == own
    saved = tuning.read(own)
    assert [dict(r.parameters) for r in saved] == [{"a": 3}, {"b": 20}]
    assert saved[0].time == 0.5
    assert [p.name for p in own.parent.iterdir()] == ["tuning.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="files are locked as POSIX has it")
def test_tuners_at_the_same_time_keep_the_rows_of_all(device, own, toy):
    def save(name):
        for i in range(20):
            tuning.save([row(device, {"a": 2}, device=f"{name} {i}")])

    threads = [threading.Thread(target=save, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tuning.read(own)) == 60
    assert [p.name for p in own.parent.iterdir()] == ["tuning.json"]


def test_a_star_alone_stands_for_other_text(device, own, toy):
    name = tuning.place_of(device)[1]
    rows = [row(device, {"a": 2}, device=f"[{name[0]}]{name[1:]}*"),
            row(device, {"a": 3}, device=f"?{name[1:]}*")]  # fmt: skip
    own.write_text(tuning.text_of(rows))
    tuning.reload(device)
    assert found(device)["a"] == 1
    found_row = row(device, {}, device="card [gfx*")
    assert found_row.covers((*found_row.key[:1], "card [gfx90a]", *found_row.key[2:4]),
                            *found_row.key[4:])  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_not_read(device, own, toy):
    os.mkfifo(own)
    tuning.reload(device)
    with pytest.warns(RuntimeWarning, match="no regular file"):
        assert found(device)["a"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links as POSIX has them")
def test_saving_follows_a_link_and_keeps_the_mode(device, own, toy, monkeypatch):
    own.write_text(tuning.text_of([]))
    own.chmod(0o640)
    link = own.with_name("link.json")
    link.symlink_to(own)
    monkeypatch.setenv("CLTENSOR_TUNING", str(link))
    tuning.save([row(device, {"a": 2})])
    assert link.is_symlink()
    assert own.stat().st_mode & 0o777 == 0o640
    assert [dict(r.parameters) for r in tuning.read(own)] == [{"a": 2}]


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
            assert not tuning.KINDS[each.kind].objection(each.size_class, each.parameters)
            assert (each.basis == "timed") == (each.default_time > 0)
            assert each.dtype in {d.name for d in ct.dtypes.ALL}


def test_kernels_give_the_same_under_other_parameters(device, own, toy):
    a = np.random.default_rng(3).standard_normal((70, 90)).astype("float32")
    suffix = "cpu" if device.is_cpu else "gpu"
    plain = (ct.tensor(a) @ ct.tensor(a.T)).numpy()
    kind = tuning.KINDS[f"gemm_{suffix}"]
    chosen = {**kind.defaults("small", device), "depth": kind.choices["depth"][1]}
    with tuning.trial(device, kind.name, FLOAT, "small", chosen):
        np.testing.assert_allclose((ct.tensor(a) @ ct.tensor(a.T)).numpy(), plain, atol=1e-4)


def test_of_many_wrong_rows_some_are_named(device, own, toy):
    wrong = [row(device, {"a": 7})] * 5
    own.write_text(tuning.text_of([*wrong, row(device, {"a": 2})]))
    tuning.reload(device)
    with pytest.warns(RuntimeWarning, match=r"row 1 .*, row 2 .*, row 3 .* and 2 others of 6"):
        assert found(device)["a"] == 2


def test_rows_that_nobody_timed_say_so(device, own, toy):
    counted = row(device, {"a": 3}, basis=tuning.COUNTED)
    text = tuning.text_of([counted, row(device, {"b": 20})])
    assert text.count("basis") == 1
    assert tuning.parse(text) == (counted, row(device, {"b": 20}))


@pytest.mark.parametrize("vendor", NAMES)
def test_every_maker_of_gpus_has_rows_by_counts(vendor):
    device = stub(vendor, units=8, local=32 << 10, group=256)
    kinds = ("gemm_gpu", "conv_gpu", "conv_grad_gpu")
    known = tuning.known(device)
    assert known == {tuning.COUNTED: sum(len(tuning.KINDS[kind].classes) for kind in kinds)}
    straight = vendor in ("intel", "apple", "mali", "adreno")
    for name in tuning.KINDS["gemm_gpu"].classes:
        chosen = tuning.parameters(device, "gemm_gpu", FLOAT, name)
        assert chosen["staged"] == (not straight)
