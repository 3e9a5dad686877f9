"""The user's line that what runs now was called from."""

import sys
import threading

from cltensor.runtime.callers import users_frame


def test_from_outside():
    frame, depth = users_frame()
    assert frame is sys._getframe()
    assert depth == 0


def test_through_the_package():
    ours = {"__name__": "cltensor.ops", "users_frame": users_frame}
    exec("def inner():\n    return users_frame()\ndef outer():\n    return inner()", ours)
    frame, depth = ours["outer"]()
    assert frame is sys._getframe()
    assert depth == 2


def test_in_a_thread_of_ours():
    found = []
    ours = {"__name__": "cltensor.data", "users_frame": users_frame, "found": found}
    exec("def work():\n    found.append(users_frame())", ours)
    thread = threading.Thread(target=ours["work"])
    thread.start()
    thread.join()
    assert found[0][0].f_globals["__name__"] == "threading"
