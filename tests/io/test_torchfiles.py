"""PyTorch's files of both formats: what its own reader gives, and nothing that runs."""

import io
import os
import random
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
from torch_files import FORMATS, Name, call, legacy, ordered, pickle, storage, tensor, zipped

import cltensor as ct
from cltensor import nn
from cltensor.errors import DataError
from cltensor.io import torchfiles

FLIPS = int(os.environ.get("CLTENSOR_DAMAGES", 150))
A = np.arange(12, dtype=np.float32).reshape(3, 4)
B = np.arange(5, dtype=np.int64)

both = pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)


def load(data, **options):
    return ct.load(io.BytesIO(data), **options)


def example(write):
    state = ordered({"w": tensor(A, "0"), "n": tensor(B, "1")}, {"": {"version": 1}})
    value = {"model": state, "epoch": 3, "best": 0.5, "names": ["a", ("b", None, True)]}
    return write(value, {"0": A, "1": B})


@both
def test_the_nesting_is_pytorchs(write):
    found = load(example(write))
    assert list(found) == ["model", "epoch", "best", "names"]
    assert (found["epoch"], found["best"]) == (3, 0.5)
    assert found["names"] == ["a", ("b", None, True)]
    state = found["model"]
    assert type(state) is OrderedDict
    assert state._metadata == {"": {"version": 1}}
    assert state["w"].tolist() == A.tolist()
    assert (state["w"].dtype, state["n"].dtype) == (ct.float32, ct.int64)
    assert state["n"].tolist() == B.tolist()
    assert not state["w"].requires_grad


@both
def test_windows_share_their_storage(write):
    value = [
        tensor(A, "0"), tensor(A, "0", 4, (2, 2), (4, 2)), tensor(A, "0", 0, (4, 3), (1, 4)),
        tensor(A, "0", 2, ()), tensor(A, "0", 12, (0, 7)), tensor(A, "0", 1, (5,), (0,)),
    ]  # fmt: skip
    whole, some, turned, one, none, same = load(write(value, {"0": A}))
    assert some.tolist() == [[4, 6], [8, 10]]
    assert turned.tolist() == A.T.tolist()
    assert (one.item(), none.shape, same.tolist()) == (2, (0, 7), [1] * 5)
    whole[1, 0] = 40
    assert some[0, 0].item() == 40


@both
def test_parameters_and_gradients(write):
    parameter = call(Name("torch._utils", "_rebuild_parameter"), tensor(A, "0"), True, None)
    found = load(write([parameter, tensor(A, "0", grad=True)], {"0": A}))
    assert isinstance(found[0], nn.Parameter)
    assert all(each.requires_grad and each.is_leaf for each in found)


@both
@pytest.mark.parametrize("code", ["f2", "f4", "i8", "i4", "i2", "i1", "u1", "?", "c8"])
def test_types(write, code):
    array = np.array([0, 1, 3]).astype(code)
    found = load(write(tensor(array, "x"), {"x": array}))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found.numpy(), array)


def test_bfloat16_and_types_without_storages():
    half = np.array([0x3FC0, 0xC000], np.uint16)
    found = load(zipped(tensor(half, "0", kind="BFloat16"), {"0": half}))
    assert (str(found.dtype), found.tolist()) == ("bfloat16", [1.5, -2.0])
    whole = np.array([1, 65535], np.uint16)
    bytes_ = call(
        Name("torch._utils", "_rebuild_tensor_v3"),
        storage(whole.view(np.uint8), "0", kind="Byte"), 0, (2,), (1,), False, None,
        Name("torch", "uint16"),
    )  # fmt: skip
    with pytest.raises(DataError, match="a tensor of bytes has no storage"):
        load(zipped(bytes_, {"0": whole}))
    bytes_.code = bytes_.code.replace(b"ctorch\nByteStorage", b"ctorch.storage\nUntypedStorage")
    found = load(zipped([bytes_, Name("torch", "uint16")], {"0": whole}))
    assert (found[0].tolist(), found[0].dtype, found[1]) == ([1, 65535], ct.uint16, ct.uint16)


@both
def test_plain_objects_that_pytorch_reads(write):
    value = {
        "size": call(Name("torch", "Size"), (2, 3)),
        "device": call(Name("torch", "device"), "cuda", 7),
        "counter": call(Name("collections", "Counter"), {1: 2}),
        "set": call(Name("__builtin__", "set"), [1, 2]),
        "complex": call(Name("__builtin__", "complex"), 1.0, -2.0),
        "bytes": call(Name("_codecs", "encode"), "a\xff", "latin1"),
        "none": call(Name("__builtin__", "bytes")),
        "bytearray": call(Name("__builtin__", "bytearray"), "ab", "latin-1"),
        "dtype": Name("torch", "float16"),
        "pairs": call(Name("collections", "OrderedDict"), [["a", 1], ["b", 2]]),
    }
    found = load(write(value, {}))
    assert found.pop("device") == ct.device()
    assert found == {
        "size": (2, 3), "counter": Counter({1: 2}), "set": {1, 2}, "complex": 1 - 2j,
        "bytes": b"a\xff", "none": b"", "bytearray": bytearray(b"ab"), "dtype": ct.float16,
        "pairs": OrderedDict(a=1, b=2),
    }  # fmt: skip


def test_devices_by_pytorchs_names(other_device):
    data = zipped([tensor(A, "0", location="cuda:3"), tensor(B, "1")], {"0": A, "1": B})
    assert all(found.device is ct.device() for found in load(data))
    assert all(found.device is other_device for found in load(data, map_location=other_device))
    moved, stayed = load(data, map_location={"cuda:3": other_device})
    assert moved.device is other_device
    assert stayed.tolist() == B.tolist()
    names = []
    load(data, map_location=lambda found, name: names.append(name))
    assert names == ["cuda:3", "cpu"]


def test_weights_load_wants_tensors_by_name(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(legacy(ordered({"w": tensor(A, "0")}), {"0": A}))
    assert ct.weights.load(path)["w"].tolist() == A.tolist()
    path.write_bytes(example(zipped))
    with pytest.raises(DataError, match=r"weights\.load: '.*net\.pth' holds a OrderedDict under"):
        ct.weights.load(path)
    path.write_bytes(zipped([1], {}))
    with pytest.raises(DataError, match=r"holds a list, no tensors by name; ct\.load reads"):
        ct.weights.load(path)


@both
def test_nothing_is_run_and_the_name_is_told(write, capsys):
    for name in (("builtins", "print"), ("os", "system"), ("torch.nn.modules.linear", "Linear")):
        data = write({"x": tensor(A, "0"), "y": call(Name(*name), "echo run")}, {"0": A})
        with pytest.raises(DataError, match=rf"load: 'BytesIO' names '{name[0]}\.{name[1]}'"):
            load(data, weights_only=False)
    assert capsys.readouterr().out == ""


WRONG = [
    (tensor(A, "0", 1, (3, 4)), "reaches element 12 of storage '0', which has 12"),
    (tensor(A, "0", 0, (2, 2), (9, 3)), "reaches element 12"),
    (tensor(A, "0", 13, (0,)), "reaches element 13"),
    (tensor(A, "0", -1), "has -1 where a count belongs"),
    (tensor(A, "0", 0, (2,), (-1,)), "has -1 where a count belongs"),
    (tensor(A, "0", 0, (True,), (1,)), "has True where"),
    (tensor(A, "0", 0, (2, 2), (1,)), "shape does not fit its strides"),
    (tensor(A, "0", 0, (2**40, 2**40), (0, 0)), "has the shape"),
    (tensor(A, "0", count=13), "storage '0' is"),
    (tensor(A, "0", count=2**61), "storage '0' is"),
    (tensor(A, "0", count=2**70), "where a count belongs"),
    (tensor(A, "7"), "storage"),
    (tensor(A, "0", kind="Double"), "storage '0' is"),
    ([tensor(A, "0"), tensor(A, "0", kind="Int")], "describes its storage '0' in two ways"),
    ([tensor(A, "0"), storage(A, "0")], "'_Storage' as a value"),
    ([tensor(A, "0"), Name("torch", "FloatStorage")], "'_StorageType' as a value"),
    (tensor(A, "0", kind="Quint8"), r"names 'torch\.Quint8Storage'"),
    (call(Name("torch._utils", "_rebuild_tensor_v2"), 1, 0, (), ()), "has no storage"),
    (call(Name("torch._utils", "_rebuild_tensor_v2"), 1), "cannot be followed"),
    (call(Name("torch._utils", "_rebuild_parameter"), 1, True, None), "holds no tensor"),
    (call(Name("__builtin__", "bytearray"), 2**40), "bytes as"),
    (call(Name("collections", "Counter"), [[]]), "Counter"),
    (call(Name("__builtin__", "set"), [[1]]), "a list as a key"),
]


@both
@pytest.mark.parametrize(("value", "message"), WRONG)
def test_what_does_not_fit_the_file_is_refused(write, value, message):
    with pytest.raises(DataError, match=rf"^load: 'BytesIO' .*{message}"):
        load(write(value, {"0": A}))


def test_integers_require_no_gradient():
    with pytest.raises(DataError, match="a tensor of int64 requires a gradient"):
        load(zipped(tensor(B, "0", grad=True), {"0": B}))


def test_archives_that_are_none_of_pytorchs():
    value = tensor(A, "0")
    bombs = [
        (zipped(value, {"0": A}, compression=zipfile.ZIP_DEFLATED), "is a compressed zip archive"),
        (zipped(value, {"0": A}, {"net/constants.pkl": b""}), "is a program of TorchScript"),
        (zipped(value, {"0": A}, {"two/data.pkl": b""}), "damaged"),
        (zipped(value, {"0": A[:2]}), "is to have 48 bytes, and has 32"),
        (zipped(value, {}), "has no place in the archive"),
        (legacy(value, {"0": A}, little=False), "another order of bytes"),
        (legacy(value, {"0": A}, keys=["1"]), "does not hold the storages"),
        (legacy(value, {"0": A}) + b"x", "1 bytes follow its end"),
    ]
    for data, message in bombs:
        with pytest.raises(DataError, match=message):
            load(data)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "x")
    with pytest.raises(DataError, match="is a zip archive, but none that PyTorch writes"):
        load(file.getvalue())
    big = zipped(value, {"0": A}).replace(b"little", b"bigger")
    with pytest.raises(DataError, match="damaged"):  # the check sum differs
        load(big)


@both
def test_damage_raises_one_error_and_runs_nothing(write):
    """Flipped bits and cut files: refused, or other elements where nothing sums them."""
    whole = example(write)
    seed = random.randrange(2**32)
    source = random.Random(seed)
    for _ in range(FLIPS):
        data = bytearray(whole)
        if source.random() < 0.2:
            del data[source.randrange(len(data)) :]
        for _ in range(source.choice((1, 1, 1, 4, 30))):
            if data:
                data[source.randrange(len(data))] = source.randrange(256)
        if not data.startswith((b"PK", b"\x80")):
            data[:4] = whole[:4]
        try:
            torchfiles.decode("load", "'x'", bytes(data), lambda array, _: ct.tensor(array))
        except DataError as error:
            said = str(error)
        else:
            continue
        assert said.startswith("load: 'x' "), f"seed {seed}"


@pytest.mark.parametrize("zipped_too", [True, False])
def test_it_is_what_pytorch_loads(zipped_too, tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "net.pt"
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).bfloat16()
    x = torch.arange(24.0).reshape(2, 3, 4)
    value = {
        "state": net.state_dict(), "parameters": list(net.parameters()), "x": [x, x.mT, x[1, ::2]],
        "types": [x.half(), x.to(torch.complex64), x > 3, x.to(torch.uint8), x[:0], x[0, 0, 0]],
        "plain": [1, 2**70, 0.5, "x", None, (b"x", b"ab"), {1: {2, 3}}, x.shape, x.dtype, 1j],
        "optimizer": torch.optim.Adam(net.parameters()).state_dict(),
    }  # fmt: skip
    torch.save(value, path, _use_new_zipfile_serialization=zipped_too)
    same(ct.load(path), torch.load(path, weights_only=True))


def same(ours, theirs):
    """Assert that two nestings are equal."""
    if hasattr(theirs, "detach"):
        assert list(ours.shape) == list(theirs.shape)
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
        assert ours.requires_grad == theirs.requires_grad
        assert isinstance(ours, nn.Parameter) == (type(theirs).__name__ == "Parameter")
        assert ours.tolist() == theirs.tolist()
    elif isinstance(theirs, dict):
        assert type(ours) is type(theirs)
        assert list(ours) == list(theirs)
        for key in theirs:
            same(ours[key], theirs[key])
        assert getattr(ours, "_metadata", None) == getattr(theirs, "_metadata", None)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    elif str(theirs).startswith("torch."):
        assert str(ours) == str(theirs).removeprefix("torch.")
    else:
        assert ours == theirs
        assert type(ours) is type(theirs)


def test_the_helper_writes_pickles():
    import pickle as standard

    for value in (1, -300, 0.5, "x", (1, (2,)), [1, [None]], {"a": {1: True}}):
        assert standard.loads(pickle(value)) == value
