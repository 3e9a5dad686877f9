"""Where operands of attention lie, and how work is cut."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.network import attention_launch as launch
from cltensor.ops.network.attention import attention


def test_steps_of_batches_heads_rows_and_columns():
    assert launch._steps((2, 3, 4, 5), (60, 20, 5, 1), (2, 3)) == (60, 20, 5, 1)
    assert launch._steps((6, 2, 3, 4, 5), (120, 60, 20, 5, 1), (6, 2, 3)) == (60, 20, 5, 1)
    assert launch._steps((3, 4, 5), (20, 5, 1), (2, 3)) == (0, 20, 5, 1)
    assert launch._steps((4, 5), (5, 1), ()) == (0, 0, 5, 1)
    assert launch._steps((2, 1, 1, 5), (5, 5, 5, 1), (2, 3)) == (5, 0, 0, 1)
    assert launch._steps((6, 2, 3, 4, 5), (120, 80, 20, 5, 1), (6, 2, 3)) is None


def test_results_lie_as_their_operands(device):
    x = ct.zeros(2, 20, 3, 8).swapaxes(1, 2)
    assert launch._like(x, (2, 3), 20, 4).tensor.strides == (240, 4, 12, 1)
    assert launch._like(x, (2, 3), 30, 4).tensor.strides == (360, 120, 4, 1)
    first = ct.zeros(20, 2, 3, 2, 8).permute(1, 2, 3, 0, 4)
    assert launch._like(first, (2, 3, 2), 20, 4).tensor.strides == (24, 8, 4, 48, 1)
    amid = ct.zeros(2, 20, 3, 2, 8).permute(0, 2, 3, 1, 4)
    assert launch._like(amid, (2, 3, 2), 20, 4).tensor.strides == (480, 160, 80, 4, 1)


def test_copies_only_where_rows_are_apart(device):
    x = ct.zeros(2, 3, 8, 20).realize()
    assert launch._placed(x, (2, 3)).tensor is x
    assert launch._placed(x.mT, (2, 3)).tensor.strides[-1] == 1
    wide = launch._placed(ct.zeros(2, 1, 2, 4, 8), (2, 3, 2))
    assert wide.tensor.shape == (2, 3, 2, 4, 8)


def test_parts(device):
    units = device.compute_units
    assert launch._parts(device, 1000 * units, 50, 10**6, 64) == 1
    assert launch._parts(device, 1, 10**6, 10**9, 64) == 4 * units
    assert launch._parts(device, 1, 10**6, 2048, 64) == min(8, 4 * units)


def test_what_dropout_multiplies_with(skeleton):
    word = launch.draw_key(skeleton)
    found = launch.kept(word, ct.zeros(3, 40), 30, 0.25).numpy()
    assert found.shape == (3, 40, 30)
    assert set(np.unique(found.round(4))) == {0, np.float32(4 / 3).round(4)}
    assert (found == 0).mean() == pytest.approx(0.25, abs=0.03)


#: The parameters of the kernels that give them.
PARAMETERS = {"o_g": 27, "dq_g": 33, "dk_g": 38}


@pytest.mark.parametrize(("gives", "most"), [("o_g", 127), ("dq_g", 100), ("dk_g", 64)])
def test_a_tile_is_halved_for_a_kernel_that_takes_small_groups(device, narrow_kernels, gives, most):
    drawn = np.random.default_rng(3)
    q, k, v = (
        ct.tensor(drawn.standard_normal((2, 3, 70, 8)).astype("float32"), requires_grad=True)
        for _ in range(3)
    )

    def attend():
        return attention(q, k, v, None, True, 1, 0.3, 0.0)

    def results():
        found = [attend(), *ct.autograd.grad(attend().square().sum(), (q, k, v))]
        return [x.detach().numpy() for x in found]

    want = results()
    # Its source, which would tell as well, pyopencl may not have.
    narrow_kernels(most, "attention_gpu", lambda kernel: kernel.num_args == PARAMETERS[gives])
    for one, other in zip(results(), want, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    launches = ct.explain(attend)
    # In groups of 128 at most, the tile for the gradients of keys has 64 work-items anyhow.
    own = device.max_work_group == 128 and gives == "dk_g"
    tiles = {x.local_size for x in launches if x.name == "attention_gpu"}
    assert tiles == ({(16, 8)} if own else {(8, 8)})
