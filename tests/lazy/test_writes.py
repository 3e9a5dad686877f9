"""Writing in place: who reads the old elements first, and what may overlap."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.lazy import writes
from cltensor.runtime.kernel import Counters


def ready(*shape):
    return ct.tensor(np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape))


@pytest.mark.parametrize(
    ("shape", "strides", "expected"),
    [
        ((), (), False),
        ((4,), (1,), False),
        ((4,), (-2,), False),
        ((4,), (0,), True),
        ((1,), (0,), False),
        ((2, 3), (3, 1), False),
        ((3, 2), (1, 3), False),
        ((2, 3), (0, 1), True),
        ((3, 3), (1, 1), True),
        ((3, 3), (2, 1), True),
        ((2, 1, 3), (3, 0, 1), False),
    ],
)
def test_windows_that_overlap_themselves(shape, strides, expected):
    assert writes.overlaps_itself(shape, strides) is expected


def test_what_overlaps_itself_is_not_written(device):
    x = ready(3)
    for wide in (x.expand(2, 3), x.window((2, 2), (1, 1), 0)):
        with pytest.raises(ShapeError, match=r"^fill_: several elements of the tensor of shape \("):
            wide.fill_(1.0)
        with pytest.raises(ShapeError, match=r"one place in memory.* a \.clone\(\) of it"):
            wide += 1
    assert x.tolist() == [0, 1, 2]


def test_extents_in_bytes(device):
    x = ready(4, 3)
    assert writes.place_of(x._value).extent() == (0, 48)
    assert writes.place_of(x[1:3]._value).extent() == (12, 36)
    assert writes.place_of(x[:, 1]._value).extent() == (4, 44)
    assert writes.place_of(x[::-1]._value).extent() == (0, 48)
    assert writes.place_of(x[2:2]._value).extent() == (0, 0)


def test_which_windows_may_share_a_byte(device):
    x, other = ready(4, 3), ready(4, 3)
    assert writes.may_overlap(x._value, x[1]._value)
    assert not writes.may_overlap(x[0]._value, x[1]._value)
    assert not writes.may_overlap(x._value, other._value)
    assert not writes.may_overlap(x._value, x[4:]._value)


def test_a_write_is_one_kernel_with_what_it_writes(device, deferred):
    x, y = ready(100), ready(100).realize()
    new = x * 2 + y
    before, buffer, version = Counters.launches, x.buffer, x._version
    writes.write(x._value, new._value, "test")
    assert Counters.launches == before + 1
    assert x.buffer is buffer
    assert (x._version, x._changed_by) == (version + 1, "test")
    np.testing.assert_array_equal(x.numpy(), 3 * np.arange(100))


def test_who_still_reads_the_old_elements_is_launched_before(device, deferred):
    x, other = ready(5), ready(5)
    reader, deep, apart = x * 2, ct.exp(x[1:] + 1).sum() * 3, other * 2
    wanted = np.exp(np.arange(2.0, 6.0)).sum() * 3
    writes.write(x._value, ct.zeros(5)._value, "test")
    assert not reader.is_pending
    assert apart.is_pending
    assert reader.tolist() == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(deep.item(), wanted, rtol=1e-5)
    assert x.tolist() == [0] * 5


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (lambda x: x[::-1], [5, 4, 3, 2, 1, 0]),
        (lambda x: x[::-1] + x, [5] * 6),
        (lambda x: x.reshape(2, 3).T.reshape(6) * 2, [0, 6, 2, 8, 4, 10]),
        (lambda x: x[:1], [0] * 6),
        (lambda x: x.sum(), [15] * 6),
        (lambda x: x.cumsum(0), [0, 1, 3, 6, 10, 15]),
        (lambda x: x * x, [0, 1, 4, 9, 16, 25]),
        (lambda x: x, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_source_that_reads_the_target_elsewhere_is_computed_before(device, mode, source, wanted):
    x = ready(6)
    writes.write(x._value, source(x)._value, "test")
    assert x.tolist() == wanted
    x = ready(8)
    part = x[1:7]
    part.copy_(ready(6))
    writes.write(part._value, source(part)._value, "test")
    assert x.tolist() == [0, *wanted, 7]


def test_several_writes_of_one_shape_are_one_launch(device, deferred):
    x, y = ready(50), ready(50).realize()
    total = x + y
    pairs = [(x._value, total._value), (y._value, (total * 2)._value)]
    before = Counters.launches
    writes.write_together(pairs, "step")
    assert Counters.launches == before + 1
    assert (x._changed_by, y._changed_by) == ("step", "step")
    np.testing.assert_array_equal(x.numpy(), 2 * np.arange(50))
    np.testing.assert_array_equal(y.numpy(), 4 * np.arange(50))


def test_only_readers_of_these_buffers_are_settled(device, deferred):
    x, y = ready(3), ready(3)
    a, b, kept = x + 1, y + 1, x + 2
    writes.settle_readers((x.buffer,), (kept._value,))
    assert not a.is_pending
    assert b.is_pending
    assert kept.is_pending


def test_what_a_reader_computes_on_its_way_is_still_written(device):
    """Two expressions of one step that a debugger holds by the names of its frames."""
    first, second = ct.zeros(4).realize(), ct.zeros(4).realize()
    velocity = first + 1
    scaled = velocity * 2  # reads `first` by way of `velocity`, which a Tensor shows
    values = second - scaled
    writes.write_together([(second._value, values._value), (first._value, velocity._value)], "step")
    assert first.tolist() == velocity.tolist() == [1] * 4
    assert second.tolist() == [-2] * 4
    assert scaled.tolist() == [2] * 4
    target = ct.zeros(4).realize()
    source = target + 1
    above = source * 2
    writes.write(target._value, source._value, "copy_")
    assert target.tolist() == [1] * 4
    assert above.tolist() == [2] * 4
