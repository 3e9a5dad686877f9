"""Work: a call under way, and Future: what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from cltensor.distributed.job import Job
from cltensor.errors import DistributedError

#: Seconds beyond a job's limit in which the communication thread has to say why it failed.
_MORE = 60.0


class Work:
    """What `async_op=True`, `isend` and `irecv` return. The tensors of the call must be left alone
    until `wait` has returned; what waits for a GPU is the GPU, not the host.


    In two ranks, and what rank 0 has then:

        x = ct.ones(1)
        work = ct.distributed.all_reduce(x, async_op=True)
        work.wait()
        x.tolist()  # [2.0]
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._finish: list[Callable[[], None]] = []
        self._result: Any = None
        self._source: Callable[[], int] | None = None

    def keep(
        self,
        finish: Sequence[Callable[[], None]],
        result: Any,
        source: Callable[[], int] | None = None,
    ) -> None:
        """Note what `wait` does in the end, and what there is to ask for."""
        self._finish, self._result, self._source = list(finish), result, source

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Return True when the call is done.

        Raises:  DistributedError, which names the ranks that keep it from being done, after the
                 limit of the process group, or of `timeout`.
        """
        job = self._job
        if timeout is not None and not job.done.wait(timeout.total_seconds()):
            raise DistributedError(
                f"{job.what}: not done within {timeout.total_seconds():g} s; wait longer"
            )
        while not job.done.wait(job.limit + _MORE):
            if job.turn:  # else those in front of it have their time
                raise DistributedError(
                    f"{job.what}: MPI itself does not come back; end the processes"
                )
        if job.error is not None:
            raise type(job.error)(str(job.error))
        while self._finish:
            self._finish.pop(0)()
        return True

    def is_completed(self) -> bool:
        """Whether it is done, or failed."""
        if self._job.done.is_set() and self._job.error is None:
            self.wait()
        return self._job.done.is_set()

    def is_success(self) -> bool:
        """Whether it is done and did not fail."""
        return self.is_completed() and self._job.error is None

    def exception(self) -> Exception | None:
        """What it failed with."""
        return self._job.error

    def result(self) -> Any:
        """The tensors that it fills, when it is done."""
        self.wait()
        return self._result

    def source_rank(self) -> int:
        """Of a message that was received: who sent it."""
        self.wait()
        if self._source is None:
            raise DistributedError(f"{self._job.what}: it receives from nobody")
        return self._source()

    def get_future(self) -> Future:
        """What becomes its result."""
        return Future(self.result, self.is_completed)


class Future:
    """A value that will be there: `wait()` gives it. What `then` adds is done by who waits.

    >>> future = ct.distributed.Future()
    >>> future.set_result(3)
    >>> future.then(lambda done: done.wait() + 1).wait()
    4
    """

    def __init__(
        self, value: Callable[[], Any] | None = None, is_done: Callable[[], bool] = lambda: True
    ) -> None:
        self._get, self._is_done = value, is_done
        self._known = False
        self._value: Any = None

    def set_result(self, value: Any) -> None:
        """Give the value of a Future that was made without."""
        self._value, self._known = value, True

    def wait(self) -> Any:
        """The value."""
        if not self._known:
            if self._get is None:
                raise DistributedError("Future.wait: nobody gave it a value; call set_result")
            self.set_result(self._get())
        return self._value

    value = wait

    def done(self) -> bool:
        """Whether `wait` returns at once."""
        return self._known or (self._get is not None and self._is_done())

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """The Future of callback(this one)."""
        return Future(lambda: callback(self), self.done)
