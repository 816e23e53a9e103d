"""Work in processes that may hang or die: it costs one request, and the rest comes in order."""

import os
import time

from synctva.errors import InputError
from synctva.features.pool import supervised

_told: list[str] = []


def begin(word: str) -> None:
    _told.append(word)


def work(request: str) -> str:
    """Does to its process what the request says."""
    if request == "hang":
        time.sleep(600)
    if request == "crash":
        os._exit(139)
    if request == "bad":
        raise InputError("clip.mp4: bad")
    if request == "odd":
        raise ZeroDivisionError("odd")
    return _told[0] + request


def test_what_hangs_crashes_or_fails_costs_one_request_each():
    requests = ["a", "hang", "b", "crash", "bad", "c", "odd", "d"]
    found = dict(supervised(work, requests, 2, 8.0, begin, ("so ",)))
    assert list(found) == requests
    assert [found[name] for name in "abcd"] == ["so a", "so b", "so c", "so d"]
    reasons = {name: str(found[name]) for name in ("hang", "crash", "bad", "odd")}
    assert all(isinstance(found[name], InputError) for name in reasons)
    assert "took longer than 8 s" in reasons["hang"]
    assert "exit code 139" in reasons["crash"]
    assert reasons["bad"] == "clip.mp4: bad"
    assert reasons["odd"] == "ZeroDivisionError: odd"


def test_requests_are_read_as_the_work_goes_on():
    read = []

    def requests():
        for number in range(200):
            read.append(number)
            yield str(number)

    outcomes = supervised(work, requests(), 1, 60.0, begin, ("",))
    assert next(outcomes) == ("0", "0")
    assert len(read) < 40
    outcomes.close()
