"""Copies of views own their elements, and so does what only moves elements."""

import numpy as np
import pytest
from leaves import leaf

import cltensor as ct
from cltensor.nn import functional as F

CALLS = {
    "alias": (),
    "as_strided": ((2, 3), (4, 1), 1),
    "detach": (),
    "diagonal": (1,),
    "expand": ((2, 3, 4),),
    "narrow": (1, 0, 2),
    "permute": ((1, 0),),
    "select": (0, 1),
    "split": (2, 1),
    "split_with_sizes": ([1, 3], 1),
    "squeeze": (0,),
    "t": (),
    "transpose": (0, 1),
    "unbind": (1,),
    "unfold": (1, 2, 1),
    "unsqueeze": (0,),
    "view": ((2, 6),),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_copy_has_the_elements_of_the_view(device, name):
    x = leaf([[1.0, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
    args = ((3, 4), 0)[: len(CALLS[name])] if name == "expand" else CALLS[name]
    got = getattr(ct, f"{name}_copy")(x, *args)
    want = x if name == "alias" else getattr(x, name)(*args)
    pairs = zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]
    for a, b in pairs:
        assert a.tolist() == b.tolist()
        assert a.requires_grad is (name != "detach")
        assert a.detach().buffer is not x.detach().buffer


#: What PyTorch gives as a result of its own, though a view could show it: of x (2, 1, 2, 2).
MOVES = {
    "flip": (lambda x: x.flip(0, -1), lambda a: a[::-1, ..., ::-1]),
    "flip nothing": (lambda x: x.flip(()), lambda a: a),
    "fliplr": (ct.fliplr, lambda a: a[:, ::-1]),
    "flipud": (ct.flipud, lambda a: a[::-1]),
    "rot90": (lambda x: ct.rot90(x, 1, (2, 3)), lambda a: np.rot90(a, 1, (2, 3))),
    "rot90 twice": (lambda x: ct.rot90(x, 2, (2, 3)), lambda a: a[..., ::-1, ::-1]),
    "rot90 four times": (lambda x: ct.rot90(x, 4, (2, 3)), lambda a: a),
    "roll by nothing": (lambda x: x.roll(0), lambda a: a),
    "roll around": (lambda x: x.roll((2, -2), (0, 3)), lambda a: a),
    "fftshift": (lambda x: ct.fft.fftshift(x, 1), lambda a: a),
    "repeat once": (lambda x: x.repeat(1, 1, 1, 1), lambda a: a),
    "repeat": (lambda x: x.repeat(1, 3, 1, 1), lambda a: a.repeat(3, 1)),
    "tile": (lambda x: ct.tile(x, (1,)), lambda a: a),
    "repeat_interleave": (lambda x: x.repeat_interleave(3, 1), lambda a: a.repeat(3, 1)),
    "repeat_interleave once": (lambda x: x.repeat_interleave(ct.tensor([1]), 0), lambda a: a),
    "diag": (lambda x: ct.diag(x[0, 0]), lambda a: np.diag(a[0, 0])),
    "reflect": (lambda x: F.pad(x, (0, 0, 0, 0), "reflect"), lambda a: a),
    "replicate": (lambda x: F.pad(x, (-1, 0, 0, 0), "replicate"), lambda a: a[..., 1:]),
    "unfold": (lambda x: F.unfold(x, 1), lambda a: a.reshape(2, 1, 4)),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 1), lambda a: a),
    "pixel_unshuffle": (lambda x: F.pixel_unshuffle(x, 1), lambda a: a),
    "channel_shuffle": (lambda x: F.channel_shuffle(x, 1), lambda a: a),
}


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("name", MOVES)
def test_what_is_moved_is_written_apart_from_its_source(device, name, pending):
    call, numpy = MOVES[name]
    a = np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2)
    x = ct.tensor(a - 1) + 1 if pending else ct.tensor(a)
    moved = call(x)
    moved += 10
    assert moved.tolist() == (numpy(a) + 10).tolist()
    assert x.tolist() == a.tolist()
    moved = call(x)
    x.zero_()
    assert moved.tolist() == numpy(a).tolist()


@pytest.mark.parametrize("name", MOVES)
def test_gradients_and_batches_of_what_is_moved(device, name):
    call, _ = MOVES[name]
    x = leaf(np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2))
    moved = call(x)
    moved.mul_(moved.detach().clone())
    grad = ct.grad(moved.sum(), x)[0]
    alone = leaf(x)
    assert ct.grad((call(alone) ** 2).sum() / 2, alone)[0].tolist() == grad.tolist()
    each = ct.func.vmap(call, randomness="error")(ct.stack([x.detach(), x.detach() + 1]))
    assert each[1].tolist() == call(x.detach() + 1).tolist()
