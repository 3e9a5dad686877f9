"""Jobs: steps between polls."""

from cltensor.distributed.job import Communications, Job
from cltensor.errors import DistributedError


def test_a_job_goes_on_as_far_as_it_can():
    done, ready, told = [], [], []

    def steps():
        done.append("first")
        yield lambda: True
        done.append("second")
        yield lambda: bool(ready)
        done.append("third")

    Communications.add(told.append)
    try:
        job = Job("call", steps(), group=1, peers=[], lane=1, limit=1, nbytes=8)
        assert job.is_collective
        assert job.advance()
        assert done == ["first", "second"]
        assert not job.advance()
        ready.append(1)
        assert job.advance()
    finally:
        Communications.remove(told.append)
    assert job.done.is_set()
    assert done == ["first", "second", "third"]
    assert (told[0].what, told[0].nbytes) == ("call", 8)
    assert told[0].given <= told[0].begun <= told[0].ended


def test_whatever_fails_becomes_an_error_of_the_call():
    closed = []

    def steps():
        try:
            yield lambda: 1 / 0
        finally:
            closed.append(1)

    job = Job("call", steps(), group=1, peers=[], lane=2, limit=1)
    assert not job.is_collective
    job.advance()
    assert type(job.error) is DistributedError
    assert str(job.error) == "call: ZeroDivisionError: division by zero"
    other = Job("call", steps(), group=1, peers=[], lane=2, limit=1)
    other.fail(DistributedError("given up"))
    assert other.done.is_set()
