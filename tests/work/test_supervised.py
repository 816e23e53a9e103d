"""Work in processes that may hang or die: it costs one request, and the rest comes in order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from synctva.errors import InputError
from synctva.work.supervised import Supervised, supervised

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
    if request == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if request.startswith("once") and not Path(request[5:]).exists():
        Path(request[5:]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
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


def test_a_worker_that_is_killed_costs_nothing_and_one_that_always_is_its_request(tmp_path):
    once = f"once {tmp_path / 'seen'}"
    found = dict(supervised(work, ["a", once, "killed", "b"], 1, 60.0, begin, ("so ",)))
    assert [found["a"], found[once], found["b"]] == ["so a", f"so {once}", "so b"]
    assert "exit code -9" in str(found["killed"])


def test_killed_when_they_are_idle_workers_are_begun_anew():
    pool = Supervised(work, 1, 60.0, begin, ("so ",))
    before = set(psutil.Process().children())
    try:
        assert list(pool.outcomes(["a"])) == [("a", "so a")]
        for process in set(psutil.Process().children()) - before:
            if "spawn_main" in " ".join(process.cmdline()):
                process.kill()
        assert list(pool.outcomes("bcd")) == [("b", "so b"), ("c", "so c"), ("d", "so d")]
        time.sleep(1)  # the pool has seen it by now
        assert list(pool.outcomes("e")) == [("e", "so e")]
    finally:
        pool.stop()


def test_every_worker_is_greeted_without_a_time_limit():
    found = list(supervised(greeted, ["a", "b"], 2, 1.0, begin, ("so ",), "greeting"))
    greetings = [outcome for request, outcome in found if request == "greeting"]
    assert len(set(greetings)) == 2  # two processes
    assert [outcome for _, outcome in found[2:]] == ["so a", "so b"]


def greeted(request: str) -> str | int:
    """Takes its time for the greeting."""
    if request == "greeting":
        time.sleep(3)
        return os.getpid()
    return work(request)


UNGUARDED = """
from synctva.work.supervised import supervised
print(list(supervised(len, ["a", "b", "c"], 2, 60.0, print, ())))
"""


def test_a_script_without_the_guard_ends_and_is_told_of_it(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    told = ended.stderr.strip().splitlines()[-1]
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "InputError: processes end again and again before they begin" in told
    assert '`if __name__ == "__main__":`' in told
    assert (
        "bootstrapping phase" not in ended.stderr
    )  # a worker that would start workers says so too


def test_workers_that_never_begin_end_all_of_it():
    with pytest.raises(InputError, match="before they begin"):
        list(supervised(work, "abcdefgh", 1, 60.0, refuse, ()))


def refuse() -> None:
    raise InputError("no extractor")
