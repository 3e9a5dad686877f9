"""Indexing by arrays inside vmap."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.func import grad, vmap

x = ct.arange(24, dtype="float32").reshape(2, 3, 4)
places = ct.tensor([[2, 0], [1, 1]])


def test_every_example_has_its_own_indices():
    got = vmap(lambda a, i: a[i])(x, places)
    np.testing.assert_array_equal(
        got.numpy(), np.stack([x.numpy()[0, [2, 0]], x.numpy()[1, [1, 1]]])
    )
    got = vmap(lambda a, i: a[:, i])(x, places)
    np.testing.assert_array_equal(
        got.numpy(), np.stack([x.numpy()[0][:, [2, 0]], x.numpy()[1][:, [1, 1]]])
    )
    got = vmap(lambda a, i: a[i, i])(x, places)
    assert got.tolist() == [[10, 0], [17, 17]]
    got = vmap(lambda a, i: a[i[:, None], i])(x, places)
    assert got.tolist() == [[[10, 8], [2, 0]], [[17, 17], [17, 17]]]


def test_one_tensor_for_all_examples():
    got = vmap(lambda i: x[0][i])(places)
    np.testing.assert_array_equal(got.numpy(), x.numpy()[0][places.numpy()])
    got = vmap(lambda i: x[0][:, i])(places)
    np.testing.assert_array_equal(got.numpy(), x.numpy()[0][:, places.numpy()].swapaxes(0, 1))
    got = vmap(lambda a: a[:, ct.tensor([3, 0])])(x)
    np.testing.assert_array_equal(got.numpy(), x.numpy()[:, :, [3, 0]])


def test_indices_of_nested_batches():
    rows = ct.tensor([[0, 2, 1], [1, 1, 0]])
    got = vmap(lambda a, r: vmap(lambda i: a[i])(r))(x, rows)
    want = np.stack([x.numpy()[k, rows.numpy()[k]] for k in (0, 1)])
    np.testing.assert_array_equal(got.numpy(), want)
    got = vmap(lambda i: vmap(lambda a: a[i])(x))(ct.tensor([0, 2]))
    np.testing.assert_array_equal(got.numpy(), np.stack([x.numpy()[:, 0], x.numpy()[:, 2]]))


def test_gradients_go_to_the_places():
    def picked(a, i):
        return (a[i] * ct.tensor([1.0, 10.0])[:, None]).sum()

    got = vmap(grad(picked))(x, places).numpy()
    assert got[0, :, 0].tolist() == [10, 0, 1]
    assert got[1, :, 0].tolist() == [0, 11, 0]
    shared = grad(lambda a: vmap(picked, (None, 0))(a, places).sum())(x[0])
    assert shared[:, 0].tolist() == [10, 11, 1]


def written(a, i, v):
    z = a.clone()
    z[i] = v
    z[0, i] += 1
    return z


@pytest.mark.parametrize("in_dims", [(0, 0, 0), (0, 0, None), (0, None, 0), (None, 0, None)])
def test_writing(in_dims):
    values = ct.tensor([[100.0, 200.0], [300.0, 400.0]])[:, :, None] + ct.zeros(4)
    given = [v if d == 0 else v[0] for v, d in zip((x, places, values), in_dims, strict=True)]
    examples = [
        [v if d is None else v[k] for v, d in zip(given, in_dims, strict=True)] for k in (0, 1)
    ]
    if in_dims[0] is None:  # what is to take the elements must be of the batch
        with pytest.raises(ct.VmapError, match="same for all examples cannot take"):
            vmap(written, in_dims)(*given)
        return
    want = [written(*e).numpy() for e in examples]
    np.testing.assert_array_equal(vmap(written, in_dims)(*given).numpy(), np.stack(want))

    def number(*args):
        return (written(*args) ** 2).sum()

    for argnum in (0, 2):
        got = vmap(grad(number, argnum), in_dims)(*given).numpy()
        for k in (0, 1):
            np.testing.assert_allclose(got[k], grad(number, argnum)(*examples[k]).numpy())


def test_functions_that_write_take_elements_of_a_batch():
    base, source = ct.zeros(3, 4), x[:, 0]
    got = vmap(lambda s, i: base.index_put((i,), s))(source, places[:, :1])
    assert got[0, 2].tolist() == [0, 1, 2, 3]
    assert got[1, 1].tolist() == [12, 13, 14, 15]
    got = vmap(lambda s: ct.select_scatter(base, s, 0, 1))(source)
    assert got[1, 1].tolist() == [12, 13, 14, 15]
    got = vmap(lambda i: ct.zeros(3).scatter_add(0, i, ct.ones(2)))(places)
    assert got.tolist() == [[1, 0, 1], [0, 2, 0]]


def test_a_bad_index_is_told():
    with pytest.raises(ct.IndexingError, match="index 7 is out of range for axis 0 of size 3"):
        vmap(lambda a, i: a[i])(x, ct.tensor([[0, 7], [1, 1]])).numpy()
