"""The host's memory as a device, where no driver for the CPU exists."""

import io
import pickle

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DeviceError, DTypeError
from cltensor.runtime.device import _lookup


@pytest.fixture
def only_a_gpu(device, monkeypatch):
    """The devices that are here say that they are GPUs."""
    for number, found in enumerate(ct.devices()):
        monkeypatch.setattr(found, "kind", "gpu")
        monkeypatch.setitem(vars(found), "number", number)
    _lookup.cache_clear()
    yield device
    _lookup.cache_clear()


def test_cpu_gives_a_host_tensor(only_a_gpu):
    x = ct.arange(6.0).reshape(2, 3)
    host = x.cpu()
    assert host.device == ct.device("cpu") == x.to("cpu").device
    assert host.device.type == "cpu"
    assert host.device != x.device
    assert str(host.device) == "cpu"
    assert not host.is_cuda
    assert x.is_cuda
    assert x.cuda() is x
    assert host.cpu() is host
    assert host.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert host[1, 2].item() == 5
    assert host.cuda().device is x.device
    assert host.to("cuda").tolist() == x.tolist()
    assert repr(host) == "tensor([[0., 1., 2.],\n        [3., 4., 5.]], device='cpu')"


def test_it_is_viewed_copied_and_saved(only_a_gpu, tmp_path):
    host = ct.arange(6.0).reshape(2, 3).cpu()
    assert host.T.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert host.flip(1)[0].tolist() == [2, 1, 0]
    assert host.T.contiguous().tolist() == host.t().clone().tolist() == host.T.tolist()
    np.testing.assert_array_equal(host[:, 1:].numpy(), [[1, 2], [4, 5]])
    assert host.expand(2, 2, 3).shape == (2, 2, 3)
    ct.save({"x": host}, tmp_path / "x.ct")
    assert ct.load(tmp_path / "x.ct")["x"].tolist() == host.tolist()
    assert pickle.load(io.BytesIO(pickle.dumps(host))).tolist() == host.tolist()
    made = ct.tensor([1.0, 2.0], device="cpu")
    assert made.device.is_host
    assert made.detach().tolist() == [1, 2]


def test_it_is_joined(only_a_gpu):
    host = ct.arange(6.0).reshape(2, 3).cpu()
    assert ct.stack([host[0], host[1]]).tolist() == host.tolist()
    assert ct.cat([host.T, host.T[:1]]).tolist() == [[0, 3], [1, 4], [2, 5], [0, 3]]
    assert ct.cat([host, host[:, ::2]], 1)[1].tolist() == [3, 4, 5, 3, 5]
    assert host.roll(1).tolist() == [[5, 0, 1], [2, 3, 4]]
    long, short = (ct.tensor(rows, device="cpu") for rows in ([[1, 2], [3, 4]], [[5, 6]]))
    pad = ct.nn.utils.rnn.pad_sequence
    assert pad([long, short], padding_value=-1.0).tolist() == [[[1, 2], [5, 6]], [[3, 4], [-1, -1]]]
    assert pad([short, long], True, 0.0, "left").tolist() == [[[0, 0], [5, 6]], [[1, 2], [3, 4]]]
    with pytest.raises(DTypeError, match="pad_sequence: nan does not fit int64"):
        pad([short, long], padding_value=float("nan"))


def test_what_computes_is_refused_whatever_it_is(only_a_gpu):
    host = ct.arange(6.0).reshape(2, 3).cpu()
    calls = {
        "sum": lambda: host.sum().item(),
        "max": lambda: host.max(1)[0].tolist(),
        "argmax": lambda: host.argmax(1).tolist(),
        "any": lambda: bool((host > 1).any()),
        "var": lambda: host.var(1).tolist(),
        "equal": lambda: ct.equal(host, host.clone()),
        "product": lambda: (host @ host.T).tolist(),
        "attention": lambda: ct.nn.functional.scaled_dot_product_attention(host, host, host),
        "convolution": lambda: ct.nn.functional.conv1d(host[None], host[None]).tolist(),
        "gather": lambda: host[ct.tensor([0, 1], device="cpu")].tolist(),
    }
    for name, call in calls.items():
        with pytest.raises(DeviceError, match="where nothing is computed"):
            call()
        assert host.tolist() == [[0, 1, 2], [3, 4, 5]], f"{name} has left a fault"


def test_computing_with_it_says_how_to_get_a_driver(only_a_gpu):
    host = ct.ones(3).cpu()
    with pytest.raises(DeviceError, match=r'pip install "pyopencl\[pocl\]".*move the tensor back'):
        (host + 1).tolist()
    with pytest.raises(DeviceError, match="operands are on 'cpu' and '"):
        host + ct.ones(3)
    host.device.synchronize()


def test_without_a_gpu_asking_for_one_says_so(device):
    if ct.cuda.is_available():
        pytest.skip(f"'{device}': there is a GPU")
    for name in ("cuda", "cuda:0", "xpu", "mps", "gpu"):
        with pytest.raises(DeviceError, match=f"there is no '{name}', as no GPU was found"):
            ct.device(name)
    with pytest.raises(DeviceError, match="no GPU was found"):
        ct.ones(2).cuda()
