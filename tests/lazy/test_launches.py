"""The launches of generated kernels: what each is, and what they leave to others."""

import numpy as np
import pytest

import cltensor as ct

pytestmark = pytest.mark.usefixtures("deferred")


def names(call):
    return [launch.name for launch in ct.explain(call)]


def test_an_expression_is_one_launch(device):
    x = ct.ones(5, 4).realize()
    assert names(lambda: x * 2 + x) == ["pointwise"]
    assert names(lambda: ct.softmax(x, 1)) == ["rows"]
    assert names(lambda: ct.ones(0, 4) * 2) == []


def test_turned_operands_go_by_tiles_of_groups_that_the_device_takes(narrow_kernels):
    a = np.arange(200 * 136, dtype="float32").reshape(200, 136)
    x = ct.tensor(a)
    for most, kernel in ((256, "pointwise_tiles"), (100, "pointwise_tiles"), (16, "pointwise")):
        narrow_kernels(most, "pointwise_tiles")
        launches = ct.explain(lambda: x.mT.contiguous())
        assert launches[-1].name == kernel
        assert kernel == "pointwise" or 32 <= launches[-1].local_size[0] <= most
        np.testing.assert_array_equal(x.mT.contiguous().numpy(), a.T)
        np.testing.assert_array_equal((x.mT + 1).numpy(), a.T + 1)


def test_few_elements_or_dimensions_do_not_go_by_tiles(use_skeletons):
    use_skeletons("gpu")
    x = ct.ones(20, 20).realize()
    assert names(lambda: x.mT.contiguous()) == ["pointwise"]


@pytest.mark.parametrize("columns", [5, 8, 11])
def test_rows_that_a_reduction_stores_need_not_be_whole_vectors(use_skeletons, deferred, columns):
    use_skeletons("gpu")
    x = np.arange(3.0 * columns, dtype="float32").reshape(columns, 3)
    y = np.arange(columns, dtype="float32")
    z = ct.tensor(x).realize().T + ct.tensor(y).realize()  # of which no row lies in memory
    total = z.sum(1)
    (launch,) = ct.explain(lambda: total.realize())
    assert launch.name == "reduce_gpu"
    assert ("float4 v" in launch.source) == (columns % 4 == 0)
    np.testing.assert_array_equal(total.numpy(), (x.T + y).sum(1))
    np.testing.assert_array_equal(z.numpy(), x.T + y)
