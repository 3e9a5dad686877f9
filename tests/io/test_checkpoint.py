"""`ct.save` and `ct.load`: files, damage, devices; training that goes on as if never stopped."""

import io
import os
import random
import sys

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.io import nesting

pytest.importorskip("safetensors")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.ct"


def example():
    return {"epoch": 3, "model": {"weight": ct.ones(2, 3), "n": np.arange(4)}, "best": 0.1}


def test_round_trip_by_path_and_by_file(path):
    ct.save(example(), path)
    ct.save(example(), str(path.with_name("other")))
    assert path.read_bytes() == path.with_name("other").read_bytes()
    stream = io.BytesIO()
    ct.save(example(), stream)
    assert stream.getvalue() == path.read_bytes()
    stream.seek(0)
    with open(path, "rb") as file:
        for found in (ct.load(path), ct.load(stream), ct.load(file), ct.load(os.fspath(path))):
            assert (found["epoch"], found["best"]) == (3, 0.1)
            assert found["model"]["weight"].tolist() == [[1, 1, 1], [1, 1, 1]]
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["other", "state.ct"]


@pytest.mark.parametrize("weights_only", [True, False, None])
def test_weights_only_is_accepted(path, weights_only):
    ct.save([1], path)
    assert ct.load(path, weights_only=weights_only) == [1]


def test_others_read_the_tensors_by_name(path):
    from safetensors.numpy import load_file

    ct.save(example(), path)
    found = load_file(path)
    assert {name: array.shape for name, array in found.items()} == {
        "model.weight": (2, 3), "model.n": (4,),
    }  # fmt: skip
    assert ct.weights.load(path)["model.weight"].tolist() == [[1, 1, 1], [1, 1, 1]]


def test_a_file_of_weights_gives_its_tensors(path):
    ct.weights.save({"b": ct.ones(1), "a": ct.zeros(2)}, path)
    found = ct.load(path)
    assert list(found) == ["a", "b"]
    assert found["a"].tolist() == [0, 0]


def test_where_the_tensors_go(path, device, other_device):
    ct.save({"a": ct.ones(1), "b": ct.ones(1, device=other_device)}, path)

    def places(map_location):
        found = ct.load(path, map_location)
        return [found["a"].device, found["b"].device]

    assert places(None) == [device, other_device]
    assert places(other_device) == [other_device, other_device]
    assert places(device.name) == [device, device]
    assert places({str(other_device): device.name}) == [device, device]
    assert places({other_device: device}) == [device, device]
    assert places(lambda tensor, name: tensor) == [device, other_device]
    assert places(lambda tensor, name: None) == [device, other_device]
    assert places(lambda tensor, name: tensor.to(device)) == [device, device]
    with pytest.raises(ct.DeviceError, match="there is no 'cl:99'"):
        places("cl:99")


def test_a_device_that_is_missing_is_the_default_one(path, device, monkeypatch):
    ct.save({"x": ct.ones(2), "device": device}, path)

    def get(spec=None):
        if spec is not None:
            raise ct.DeviceError(f"device: there is no '{spec}'")
        return device

    monkeypatch.setattr(nesting, "get", get)
    found = ct.load(path)
    assert found["device"] is found["x"].device is device


FLIPS = 300


def test_damage_is_refused_or_harmless(path):
    """Random bits flipped, and random ends cut off: an error of ours, or the very same values."""
    ct.save(example(), path)
    whole = path.read_bytes()
    seed = int.from_bytes(os.urandom(4), "little")
    source = random.Random(seed)
    refused = 0
    for trial in range(FLIPS):
        data = bytearray(whole)
        if trial % 3 == 0:
            del data[source.randrange(len(data)) :]
        else:
            data[source.randrange(len(data))] ^= 1 << source.randrange(8)
        try:
            found = ct.load(io.BytesIO(data))
        except ct.DataError as error:
            refused += str(error).startswith("load: 'BytesIO' is ")
        else:
            wanted = example()
            assert (found["epoch"], found["best"]) == (3, 0.1), f"seed {seed}"
            np.testing.assert_array_equal(found["model"]["n"], wanted["model"]["n"])
            assert found["model"]["weight"].tolist() == wanted["model"]["weight"].tolist()
    assert refused > FLIPS * 0.9, f"seed {seed}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04\x00\x00archive/data.pkl", "is damaged: File is not a zip file"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "is damaged: it ends within its pickle"),
        (b"\x80\x02]q\x00.", r"is a pickle, and no file of PyTorch; .*could run any code"),
        (b"\x80\x04\x95\x00", "is a pickle"),
        (b"\x93NUMPY\x01\x00", "cannot be read as a file of NumPy"),
        (b"no weights", "is damaged or no safetensors file"),
        (b"", "is damaged or no safetensors file"),
    ],
)
def test_foreign_files_are_refused_by_name(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ct.DataError, match=r"load: '.*state\.ct' .*" + message):
        ct.load(path)


def test_a_pickle_in_any_file_is_never_run(path, capsys):
    import pickle

    class Call:
        def __reduce__(self):
            return (print, ("a pickle ran code",))

    path.write_bytes(pickle.dumps(Call(), 2))
    with pytest.raises(ct.DataError):
        ct.load(path, weights_only=False)
    assert capsys.readouterr().out == ""


def test_an_error_leaves_the_old_file(path):
    ct.save([1], path)
    with pytest.raises(ct.DataError, match=r"save: obj\['f'\] is a function"):
        ct.save({"x": ct.ones(3), "f": example}, path)
    deep = []
    for _ in range(10**5):
        deep = [deep]
    with pytest.raises(ct.DataError, match="nested too deep"):
        ct.save(deep, path)
    assert ct.load(path) == [1]
    with pytest.raises(ct.DataError, match=r"save: '.*nowhere.*' cannot be written"):
        ct.save([1], path.parent / "nowhere" / "x")


def test_what_is_no_file(path):
    with pytest.raises(TypeError, match="save: f is a int; give a path"):
        ct.save([1], 3)
    with pytest.raises(TypeError, match="load: f is a int; give a path"):
        ct.load(3)
    with pytest.raises(TypeError, match="gives text; open it for reading bytes"):
        ct.load(io.StringIO("text"))
    for kind in (ct.DataError, FileNotFoundError):
        with pytest.raises(kind, match=r"load: '.*state\.ct' cannot be read"):
            ct.load(path)
    with pytest.raises(ct.DataError, match="cannot be read") as error:
        ct.load(path.parent)
    assert not isinstance(error.value, FileNotFoundError)


def test_without_the_package_the_error_names_the_extra(path, monkeypatch):
    path.write_bytes(b"as of an earlier day")
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ct.DependencyError, match=r"save: .*cltensor\[weights\]"):
        ct.save([1], path)
    with pytest.raises(ct.DependencyError, match=r"load: .*cltensor\[weights\]"):
        ct.load(path)


TRAIN = """
import sys
import numpy as np
import cltensor as ct
from cltensor import nn, optim
from cltensor.data import DataLoader, TensorDataset

kind, first, last, source, target = sys.argv[1:]
ct.manual_seed(5)
random = np.random.default_rng(0)
images = random.standard_normal((24, 6)).astype(np.float32)
loader = DataLoader(TensorDataset(images, random.integers(0, 3, 24)), 8, shuffle=True)
model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3),
                      nn.Linear(8, 3))
if kind == "sgd":
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=18)
else:
    optimizer = optim.Adam(model.parameters(), lr=0.01, amsgrad=True, weight_decay=0.01)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=18)
parts = {"model": model, "optimizer": optimizer, "schedule": schedule}
if source != "-":
    state = ct.load(source)
    assert state["epoch"] == int(first) and state["best"] == 0.1 + 0.2
    for name, part in parts.items():
        part.load_state_dict(state[name])
    ct.set_rng_state(state["random"])
for epoch in range(int(first), int(last)):
    for inputs, labels in loader:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
        schedule.step()
state = {name: part.state_dict() for name, part in parts.items()}
ct.save({**state, "random": ct.get_rng_state(), "epoch": int(last), "best": 0.1 + 0.2}, target)
"""


def leaves(value, path=()):
    """Pairs of place and value; tensors as their bytes."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*path, key))
    elif isinstance(value, (list, tuple)):
        for place, member in enumerate(value):
            yield from leaves(member, (*path, place))
    elif hasattr(value, "numpy"):
        yield path, (value.dtype, tuple(value.shape), value.detach().numpy().tobytes())
    else:
        yield path, repr(value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_training_goes_on_in_a_fresh_process_bit_for_bit(run_python, tmp_path, kind):
    (tmp_path / "train.py").write_text(TRAIN)

    def train(*arguments):
        code = f"import sys, runpy; sys.argv = {['train.py', kind, *map(str, arguments)]!r}"
        run_python(f"{code}; runpy.run_path('train.py')")

    train(0, 6, "-", "whole")
    train(0, 2, "-", "part")
    train(2, 6, "part", "resumed")
    resumed, whole = (dict(leaves(ct.load(tmp_path / name))) for name in ("resumed", "whole"))
    assert resumed == whole
    assert len(whole) > 20


def test_a_generator_goes_on(path):
    generator = ct.Generator(3)
    ct.rand(5, generator=generator)
    ct.save({"generator": generator, "state": generator.get_state()}, path)
    wanted = ct.rand(5, generator=generator).tolist()
    found = ct.load(path)
    assert ct.rand(5, generator=found["generator"]).tolist() == wanted
    again = ct.Generator()
    again.set_state(found["state"])
    assert ct.rand(5, generator=again).tolist() == wanted


def test_a_model_and_its_optimizer(path):
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    model(ct.ones(1, 3)).sum().backward()
    optimizer.step()
    ct.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    found = ct.load(path)
    other.load_state_dict(found["model"])
    second = optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    second.load_state_dict(found["optimizer"])
    assert second.param_groups[0]["lr"] == 0.5
    for net, step in ((model, optimizer), (other, second)):
        net.zero_grad()
        net(ct.ones(1, 3)).sum().backward()
        step.step()
    assert other.weight.tolist() == model.weight.tolist()
