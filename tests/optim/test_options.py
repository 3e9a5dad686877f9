"""Options of optimizers that are no numbers: named, with the value, before anything is done."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import optim
from cltensor.errors import DTypeError


@pytest.mark.parametrize("bad", ["a", None, [0.1], 1j, ct.ones(2)])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[(optim.SGD, name) for name in ("lr", "momentum", "dampening", "weight_decay")],
        *[(kind, n) for kind in (optim.Adam, optim.AdamW) for n in ("lr", "eps", "weight_decay")],
    ],
)
def test_what_is_no_number_is_named(kind, name, bad):
    x = ct.ones(1, requires_grad=True)
    with pytest.raises(DTypeError, match=f"{kind.__name__}: {name} is .*; give a number"):
        kind([x], **{name: bad})
    optimizer = kind([x])
    with pytest.raises(DTypeError, match=f"{kind.__name__}: {name} is"):
        optimizer.add_param_group({"params": [ct.ones(1)], name: bad})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("bad", [0.9, None, (0.9,), (0.9, 0.9, 0.9), "ab", ("a", 0.9), (0.9, None)])
def test_betas_are_two_numbers(bad):
    with pytest.raises(DTypeError, match=r"Adam: betas(\[[01]\])? is .*; give"):
        optim.Adam([ct.ones(1)], betas=bad)
    with pytest.raises(ValueError, match=r"Adam: betas\[0\] is -1; it must be in"):
        optim.Adam([ct.ones(1)], betas=(-1, 0.9))


def test_numbers_of_numpy_and_flags_of_any_kind_are_taken():
    x = ct.tensor([1.0], requires_grad=True)
    x.grad = ct.ones(1)
    optim.SGD([x], lr=np.float32(0.5), momentum=np.int64(0)).step()
    assert x.tolist() == [0.5]
    optimizer = optim.Adam([x], lr=0.0, amsgrad="yes", betas=[0.5, 0.5])
    optimizer.step()
    assert set(optimizer.state[x]) == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
