"""Work and Future."""

from datetime import timedelta

import pytest

import cltensor as ct
from cltensor.distributed.job import Job
from cltensor.distributed.work import Future, Work


def work_of(steps, **options):
    job = Job("call", steps, group=0, peers=[], lane=0, limit=1, **options)
    return job, Work(job)


def test_a_work_is_done_when_its_job_is():
    ready, finished = [], []

    def steps():
        yield lambda: bool(ready)

    job, work = work_of(steps())
    work.keep([lambda: finished.append(1)], ["result"])
    job.advance()
    assert not work.is_completed()
    with pytest.raises(ct.DistributedError, match=r"call: not done within 0.01 s"):
        work.wait(timedelta(seconds=0.01))
    future = work.get_future().then(lambda f: f.wait() + ["more"])
    assert not future.done()
    ready.append(1)
    job.advance()
    assert future.done()
    assert work.is_success()
    assert work.result() == ["result"]
    assert future.wait() == ["result", "more"]
    assert finished == [1]  # once
    with pytest.raises(ct.DistributedError, match="receives from nobody"):
        work.source_rank()


def test_a_failed_work_raises_as_often_as_it_is_asked():
    def steps():
        yield lambda: True
        raise ct.ShapeError("shapes")

    job, work = work_of(steps())
    job.advance()
    for _ in range(2):
        with pytest.raises(ct.ShapeError, match="shapes"):
            work.wait()
    assert isinstance(work.exception(), ct.ShapeError)
    assert not work.is_success()


def test_a_future_without_a_value():
    future = Future()
    assert not future.done()
    with pytest.raises(ct.DistributedError, match="call set_result"):
        future.wait()
    future.set_result(3)
    assert future.value() == 3
