"""What is written for TensorBoard."""

import builtins
import struct
import sys

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DependencyError


@pytest.fixture
def written(tmp_path):
    """A writer, and what it has written so far: values by tag."""
    pytest.importorskip("tensorboardX", reason="needs the extra 'tensorboard'")
    from tensorboardX.proto.event_pb2 import Event

    from cltensor.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(tmp_path / "run")

    def values():
        writer.close()
        found = {}
        for path in sorted((tmp_path / "run").rglob("events*")):
            content, place = path.read_bytes(), 0
            while place < len(content):
                (size,) = struct.unpack_from("<Q", content, place)
                event = Event.FromString(content[place + 12 : place + 12 + size])
                place += 16 + size
                found |= {v.tag: (event.step, v) for v in event.summary.value}
        return found

    yield writer, values
    writer.close()


def test_scalars_and_histograms(device, written):
    writer, values = written
    writer.add_scalar("loss", ct.tensor(2.5, requires_grad=True) * 1, 3)
    writer.add_scalar("half", scalar_value=ct.tensor(0.5, dtype=ct.float16), global_step=4)
    writer.add_scalar("number", 7.0)
    writer.add_histogram("weights", ct.arange(10).float(), 1)
    writer.add_scalars("both", {"a": ct.tensor(1.0), "b": 2.0}, 5)
    writer.add_text("words", "as they are")
    found = values()
    assert (found["loss"][0], found["loss"][1].simple_value) == (3, 2.5)
    assert (found["half"][0], found["half"][1].simple_value) == (4, 0.5)
    assert found["number"][1].simple_value == 7
    assert (found["weights"][1].histo.num, found["weights"][1].histo.sum) == (10, 45)
    assert found["both"][1].simple_value == 2 or {"both/a", "both/b"} <= set(found)


def test_pictures(device, written, tmp_path):
    pytest.importorskip("PIL")
    from io import BytesIO

    from PIL import Image

    writer, values = written
    writer.add_image("one", ct.ones(3, 4, 5) * 0.5, 2)
    writer.add_images("many", ct.zeros(2, 1, 4, 4))
    writer.add_images("list", [ct.zeros(1, 4, 4)] * 2, dataformats="CHW")
    found = values()
    picture = found["one"][1].image
    assert (picture.height, picture.width) == (4, 5)
    assert (
        np.array(Image.open(BytesIO(picture.encoded_image_string))).tolist()
        == [[[127] * 3] * 5] * 4
    )
    assert found["many"][1].image.width == 8
    assert found["list"][1].image.width == 8
    assert writer.log_dir == writer.get_logdir() == str(tmp_path / "run")


def test_what_it_has_and_has_not(written):
    writer, _ = written
    assert "add_scalar" in dir(writer)
    with pytest.raises(NotImplementedError, match=r"SummaryWriter.add_graph: .*model.summary\(x\)"):
        writer.add_graph(ct.nn.Linear(1, 1), ct.ones(1))
    with pytest.raises(AttributeError, match="add_nothing"):
        writer.add_nothing  # noqa: B018
    with pytest.raises(AttributeError, match="_nothing"):
        writer._nothing  # noqa: B018
    with ct.utils.tensorboard.SummaryWriter(writer.log_dir) as other:
        other.add_scalar("x", 1)


def test_without_the_package(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "tensorboardX":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "tensorboardX", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match=r'pip install "cltensor\[tensorboard\]"'):
        ct.utils.tensorboard.SummaryWriter("never")
