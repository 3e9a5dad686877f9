"""Process groups without others."""

from datetime import timedelta

import pytest

from cltensor.distributed.groups import GroupMember, in_group, member, seconds_of
from cltensor.errors import DistributedError


def test_limits_are_timedeltas_or_seconds():
    assert seconds_of("f", None, 3.0) == 3
    assert seconds_of("f", timedelta(minutes=1), 3.0) == 60
    assert seconds_of("f", 2, 3.0) == 2
    with pytest.raises(ValueError, match="f: timeout is -1"):
        seconds_of("f", -1, 3.0)


def test_groups_that_there_are_not():
    assert GroupMember.WORLD is None
    for function in (member, in_group):
        with pytest.raises(DistributedError, match=r"distributed\.call: there is no process group"):
            function("call", None)
