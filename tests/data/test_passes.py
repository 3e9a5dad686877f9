"""A pass over a loader: what it raises, and how it goes on."""

import contextlib
import gc
import weakref

import pytest
from samples import Squares

from cltensor.data import DataLoader
from cltensor.data.passes import Batches, Failed, each, tried


def everything(loader):
    """The first numbers of all batches, and the texts of what is raised in place of some."""
    batches, found = iter(loader), []
    while True:
        try:
            found.append(next(batches)[0].tolist())
        except StopIteration:
            return found
        except RuntimeError as error:
            found.append(str(error))


@pytest.mark.parametrize("options", [{}, {"prefetch": 2}, {"num_workers": 1}])
def test_after_a_batch_that_failed_comes_the_next(options):
    loader = DataLoader(Squares(8, fail_at=2), 2, **options)
    wanted = [[0, 1], "item 2 is broken", [4, 5], [6, 7]]
    assert everything(loader) == wanted
    assert len(iter(loader)) == 4
    kept = DataLoader(Squares(8, fail_at=2), 2, persistent_workers=True, num_workers=1)
    if "num_workers" in options:
        assert everything(kept) == everything(kept) == wanted


def test_what_ended_a_pass_is_raised_again():
    def made():
        yield 1
        raise OSError("gone")

    batches = Batches(made(), lambda: 1)
    assert next(batches) == 1
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            next(batches)


@pytest.mark.parametrize("options", [{}, {"prefetch": 2}, {"num_workers": 1}])
def test_an_error_that_was_handled_keeps_nothing(options):
    batches = iter(DataLoader(Squares(8, fail_at=0), 2, **options))
    gone = weakref.ref(batches)
    gc.disable()
    try:
        with contextlib.suppress(RuntimeError):
            next(batches)
        del batches
        assert gone() is None
    finally:
        gc.enable()


def test_tried():
    assert tried(int, "3") == 3
    assert isinstance(tried(int, "x"), Failed)
    assert list(each(iter([1, 2]))) == [1, 2]
