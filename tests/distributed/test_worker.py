"""The communication thread, with a watch that sees nothing."""

import threading
import time

import pytest

from cltensor.distributed.job import Job
from cltensor.distributed.worker import Worker
from cltensor.errors import DistributedError


class Watch:
    """Says what it is told to."""

    why, told = "", ()

    def turn(self, jobs):
        self.jobs = jobs
        return self.why

    def tell_failure(self, why):
        self.told = (*self.told, why)

    def farewell(self):
        return lambda: True


@pytest.fixture
def worker():
    made = Worker(Watch())
    made.start()
    yield made
    made.stop(10)


def job_of(steps, lane=1):
    return Job("call", steps, group=1, peers=[], lane=lane, limit=1)


def test_jobs_of_a_lane_come_one_after_the_other_and_lanes_do_not_wait(worker):
    order, gate = [], threading.Event()

    def steps(name, waits):
        order.append(f"{name} begins")
        yield gate.is_set if waits else lambda: True
        order.append(f"{name} ends")

    jobs = [job_of(steps("a", True)), job_of(steps("b", False)), job_of(steps("c", False), lane=2)]
    for job in jobs:
        worker.submit(job)
    assert jobs[2].done.wait(10)
    assert order == ["a begins", "c begins", "c ends"]
    gate.set()
    assert jobs[1].done.wait(10)
    assert order[3:] == ["a ends", "b begins", "b ends"]
    assert worker.calls[1][:2] == (2, "call")


def test_what_the_watch_sees_ends_all_jobs_and_those_to_come(worker):
    def never():
        yield lambda: False

    jobs = [job_of(never()), job_of(never())]
    for job in jobs:
        worker.submit(job)
    worker._watch.why = "rank 3 died"
    assert all(job.done.wait(10) for job in jobs)
    assert str(jobs[1].error) == "call: rank 3 died"
    with pytest.raises(DistributedError, match="call: rank 3 died"):
        worker.submit(job_of(never()))
    assert worker._watch.told == ("rank 3 died",)
    assert not worker.stop(10)


def test_a_watch_that_fails_is_an_error_of_the_calls(worker):
    def never():
        yield lambda: False

    worker._watch.turn = lambda jobs: 1 / 0
    time.sleep(0.1)
    with pytest.raises(DistributedError, match="broke off: ZeroDivisionError"):
        worker.submit(job_of(never()))
