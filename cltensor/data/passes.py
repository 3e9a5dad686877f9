"""One pass over the batches of a loader, which goes on after a batch that could not be made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

from cltensor.core.changes import GuardedByName, never_replay
from cltensor.data.collate import own
from cltensor.data.gather import Answer, Exhausted
from cltensor.data.sampler import each

Finish = Callable[[Any], Any]


class Failed:
    """Stands for a batch that could not be made: what is raised where it would come."""

    def __init__(self, error: BaseException) -> None:
        self._error: BaseException | None = error

    def taken(self) -> BaseException:
        """The error, once. Then nobody here holds it: it comes to hold the frames of those that do,
        and with them threads and processes."""
        error, self._error = self._error, None
        assert error is not None
        return error


#: Comes in place of a batch when there are no more.
_DONE = object()


class Batches(GuardedByName):
    """The iterator of a DataLoader. What a data set raises for a batch is raised in its place, and
    the next batch comes after it, as in PyTorch; what ended the pass itself is raised again.

    Args:    made: gives batches, and Failed in place of some; count: how many there will be.
    """

    def __init__(self, made: Iterator[Any], count: Callable[[], int]) -> None:
        self._made = made
        self._count = count
        self._end: BaseException | None = None

    def __iter__(self) -> Batches:
        return self

    def __next__(self) -> Any:
        never_replay()
        if self._end is not None:
            raise self._end
        try:
            batch = next(self._made)
        except StopIteration:
            raise
        except BaseException as error:
            self._end = error
            raise
        if isinstance(batch, Failed):
            raise batch.taken()
        return batch

    def __len__(self) -> int:
        return self._count()

    def close(self) -> None:
        """End the pass: its thread, and its workers if they are not persistent."""
        self._made.close()  # type: ignore[attr-defined]  # a generator


def tried(make: Callable[[Any], Any], given: Any) -> Any:
    """make(given), or what it raised."""
    try:
        return make(given)
    except Exhausted:
        raise
    except BaseException as error:  # a data set raises anything
        return Failed(error)


def in_turn(answer: Answer, chosen: Iterator[Any], finish: Finish) -> Iterator[Any]:
    """What `answer` makes of each of `chosen`, when it is asked for."""
    for indices in each(chosen):
        try:
            yield tried(lambda given: finish(answer(given)), indices)
        except Exhausted:
            return


def ahead(
    answers: Callable[[], Answer],
    chosen: Iterator[Any],
    finish: Finish,
    depth: int,
    turn: threading.Lock,
) -> Iterator[Any]:
    """What `answers()` makes of each of `chosen`, made in a thread, at most `depth` before it is
    asked for; `chosen` is drawn here.

    Only whoever holds `turn` is in the data set: the thread of a loop that was left half-way may
    still be, for nobody waits for a data set that does not answer.
    """
    jobs: SimpleQueue[Any] = SimpleQueue()
    ready: SimpleQueue[Any] = SimpleQueue()
    left = threading.Event()
    # A daemon, so that a data set that does not answer cannot hold up the exit either.
    threading.Thread(
        target=_serve,
        args=(answers, jobs, ready, left, turn),
        name="cltensor-prefetch",
        daemon=True,
    ).start()
    waiting, more = 0, True
    try:
        while True:
            while more and waiting <= depth:  # the one that is asked for, and those ahead
                try:
                    jobs.put((next(chosen),))
                    waiting += 1
                except StopIteration:
                    more = False
            if not waiting:
                return
            batch = ready.get()
            waiting -= 1
            if batch is _DONE:
                return
            yield batch if isinstance(batch, Failed) else tried(finish, batch)
    finally:
        left.set()
        jobs.put(None)


def _serve(
    answers: Callable[[], Answer],
    jobs: SimpleQueue[Any],
    ready: SimpleQueue[Any],
    left: threading.Event,
    turn: threading.Lock,
) -> None:
    """Answer jobs until one is None, or the loop was left."""
    answer: Answer | None = None

    def made(indices: Any) -> Any:
        nonlocal answer
        answer = answer or answers()
        return own(answer(indices))

    while (job := jobs.get()) is not None:
        with turn:
            if left.is_set():
                return
            try:
                ready.put(tried(made, *job))
            except Exhausted:
                ready.put(_DONE)
