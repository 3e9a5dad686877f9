"""Job: what the communication thread does for whoever waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Hashable, Sequence
from typing import Any, ClassVar, NamedTuple

from cltensor.errors import CLTensorError, DistributedError
from cltensor.runtime.events import Told

#: Tells whether what is waited for is done.
Poll = Callable[[], Any]
#: What a job does: between two polls it has something to do, and calls of MPI that return at once.
Steps = Generator[Poll, None, None]


class Communicated(NamedTuple):
    """A job that has ended: `given` when it was asked for, `begun` when the elements were there and
    MPI was called first, `ended`; all by time.perf_counter."""

    what: str
    nbytes: int
    given: float
    begun: float
    ended: float


class Communications(Told):
    """Who is told of every job that has ended, in the communication thread."""

    present: ClassVar[tuple[Callable[[Any], None], ...]] = ()


class Job:
    """The steps of one call.

    what: the operation and its operands, for messages; group: what tells the process group apart,
    whose collectives have a lane of that name;
    peers: the other ranks (of the world) that take part; lane: jobs of one lane are done one after
    the other; limit: seconds that it may take once it is its turn.
    """

    def __init__(
        self,
        what: str,
        steps: Steps,
        *,
        group: Hashable,
        peers: Sequence[int],
        lane: Hashable,
        limit: float,
        nbytes: int = 0,
    ) -> None:
        self.what, self.group, self.peers, self.lane = what, group, peers, lane
        self.limit, self.nbytes = limit, nbytes
        self.done = threading.Event()
        self.error: CLTensorError | None = None
        #: When it was its turn, and when it last got further, by time.monotonic.
        self.turn = self.moved = 0.0
        self._steps = steps
        self._poll: Poll | None = None
        self._given = time.perf_counter()
        self._begun = 0.0

    @property
    def is_collective(self) -> bool:
        """Whether all ranks of the group make the call."""
        return self.lane == self.group

    @property
    def is_begun(self) -> bool:
        """Whether MPI was called: until then it waits for elements that a device computes."""
        return self._begun > 0

    def begin(self) -> None:
        """It is its turn."""
        self.turn = self.moved = time.monotonic()

    def advance(self) -> bool:
        """Go on as far as can be without waiting; whether anything was done."""
        moved = False
        try:
            while self._poll is None or self._poll():
                if self._poll is not None and not self._begun:
                    self._begun = time.perf_counter()
                self._poll = next(self._steps)
                moved = True
        except StopIteration:
            self._end()
            return True
        except CLTensorError as error:
            self.fail(error)
            return True
        except Exception as error:
            self.fail(DistributedError(f"{self.what}: {type(error).__name__}: {error}"))
            return True
        if moved:
            self.moved = time.monotonic()
        return moved

    def fail(self, error: CLTensorError) -> None:
        """End with an error."""
        self.error = error
        self._end()

    def _end(self) -> None:
        now = time.perf_counter()
        ended = Communicated(self.what, self.nbytes, self._given, self._begun or now, now)
        for tell in Communications.present:
            tell(ended)
        self._steps.close()
        self._poll = None
        self.done.set()
