"""The engine: what hangs, dies or fails costs one request at most, and no call hears of another."""

import errno
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path

import engine_tasks
import psutil
import pytest
from engine_tasks import begin, large, once, work
from hypothesis import given, settings
from hypothesis import strategies as st
from support.kills import DEADLINE_S
from support.places import Inline
from support.processes import workers_of

from synctva.errors import InputError, MachineError
from synctva.work import Engine, Task, on_this_machine
from synctva.work.engine import AHEAD, RETRIES, RETRIES_AFTER_CRASH, Outcomes

pytestmark = pytest.mark.usefixtures("spawned")


def engine(slots: int = 1, time_limit_s: float | None = 60.0) -> Engine:
    return on_this_machine(Task(work, begin, ("so ",), time_limit_s), slots)


def done(requests: list[str], slots: int = 1, time_limit_s: float | None = 60.0) -> dict[str, str]:
    """Returns the outcomes as words, by request."""
    with engine(slots, time_limit_s) as own:
        return {request: str(outcome) for request, outcome in own.outcomes(requests)}


def own_processes() -> set[psutil.Process]:
    return set(workers_of(psutil.Process()))


def test_what_hangs_crashes_or_fails_costs_one_request_each():
    requests = ["a", "sleep 600", "b", "crash", "leave", "bad", "c", "odd", "lambda", "d"]
    found = done(requests, 2, 4.0)
    assert list(found) == requests
    assert [found[name] for name in "abcd"] == ["so a", "so b", "so c", "so d"]
    assert found["sleep 600"].startswith("took longer than 4 s and was given up")
    assert "(exit code 139)" in found["crash"]
    assert "(exit code 0)" in found["leave"]
    assert found["bad"] == "clip.mp4: bad"
    assert found["odd"].startswith("ZeroDivisionError: odd (engine_tasks.py, line ")
    assert "lambda" in found["lambda"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGHUP", "SIGSEGV"])
@pytest.mark.parametrize("time_limit_s", [60.0, None])
def test_a_request_whose_process_dies_is_tried_again(name: str, time_limit_s, tmp_path: Path):
    task = Task(once, time_limit_s=time_limit_s)
    with on_this_machine(task, 1) as own:
        assert [outcome for _, outcome in own.outcomes([f"{name} {tmp_path / 'seen'}"])] == ["done"]


def test_a_request_whose_process_always_dies_costs_itself(tmp_path: Path):
    killed, crashed = f"SIGTERM {tmp_path / 'killed'}", f"SIGSEGV {tmp_path / 'crashed'}"
    found = done(["a", killed, crashed, "b"])
    assert [found["a"], found["b"]] == ["so a", "so b"]
    assert found[killed].startswith("its process has died 4 times (exit code -15)")
    assert found[crashed].startswith("crashed the process that read it (exit code -11)")
    assert len((tmp_path / "killed").read_text()) == 1 + RETRIES
    assert len((tmp_path / "crashed").read_text()) == 1 + RETRIES_AFTER_CRASH


def test_what_died_together_is_tried_again_one_by_one():
    place = Inline(2, lambda number, request: request == "dying", batch=8)
    requests = [*"abcd", "dying", *"efghijklm"]
    found = dict(place.engine(Task(len)).outcomes(requests))
    assert list(found) == requests
    assert {request for request, outcome in found.items() if outcome != 1} == {"dying"}
    assert "has died 4 times (ConnectionError: the process is gone)" in str(found["dying"])
    assert place.handed_out.count("dying") == 1 + RETRIES


def test_requests_are_read_as_the_work_goes_on():
    read = []

    def requests() -> Iterator[str]:
        for number in range(200):
            read.append(number)
            yield str(number)

    with engine() as own:
        outcomes = own.outcomes(requests())
        assert next(outcomes) == ("0", "so 0")
        assert len(read) <= AHEAD
        assert [request for request, _ in outcomes] == [str(n) for n in range(1, 200)]


def test_what_is_slow_is_not_waited_for_until_enough_is_ahead():
    with engine(2) as own:
        assert [o for _, o in own.outcomes(["sleep 1", *"abc"])] == [
            *("so sleep 1", "so a", "so b", "so c")
        ]
        found = own.outcomes(["sleep 1", *"abc"], on_look=lambda: None)
        assert [request for request, _ in found] == [*"abc", "sleep 1"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (f"errno {errno.ENOSPC}", "cache/vector: the disk is full"),
        (f"errno {errno.EACCES}", "cache/vector: Permission denied"),
        (f"errno {errno.EROFS}", "cache/vector: Read-only file system"),
        (f"errno {errno.EMFILE}", "cache/vector: Too many open files"),
        (f"below {errno.EMFILE}", "files: Too many open files"),
        (f"errno {errno.ENOMEM}", "cache/vector: Cannot allocate memory"),
        ("memory", "out of memory; use fewer processes"),
    ],
)
@pytest.mark.parametrize("time_limit_s", [60.0, None])
def test_what_the_machine_lacks_ends_all_of_it(request_: str, words: str, time_limit_s):
    with pytest.raises(MachineError, match=words):
        done(["a", request_, "b"], 1, time_limit_s)


def test_what_only_a_recording_lacks_costs_that_recording():
    found = done(["a", f"below {errno.EACCES}", f"errno {errno.EIO}", "b"])
    assert found[f"below {errno.EACCES}"] == "clip.mp4: cannot be opened"
    assert "Input/output error" in found[f"errno {errno.EIO}"]
    assert found["b"] == "so b"


def test_requests_may_come_of_outcomes():
    waiting, looks = ["a"], []

    def requests() -> Iterator[str | None]:
        while waiting or len(found) < 3:
            yield waiting.pop() if waiting else None

    found: list[str] = []
    with engine(2, None) as own:
        for request, outcome in own.outcomes(requests(), on_look=lambda: looks.append(1)):
            found.append(str(outcome))
            if len(found) < 3:
                waiting.append(f"{request}{request}")
    assert found == ["so a", "so aa", "so aaaa"]
    assert looks


class StopHereError(Exception):
    """Something that a caller raises."""


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    with engine(2) as own:
        yield own


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_a_call_that_is_left_early_is_never_heard_of_again(shared: Engine, data: st.DataObject):
    kinds = st.sampled_from(["a", "b", "bad", "sleep 0.02", "crash"])
    old = [f"{kind}" for kind in data.draw(st.lists(kinds, min_size=1, max_size=40))]
    after = data.draw(st.integers(0, len(old)))
    how = data.draw(st.sampled_from(["close", "raise", "interrupt", "forget", "keep"]))
    kept = _left(shared, old, after, how)
    new = [f"new {number}" for number in range(data.draw(st.integers(0, 40)))]
    assert list(shared.outcomes(new)) == [(one, f"so {one}") for one in new]
    if kept is not None and after < len(old):
        with pytest.raises(RuntimeError, match="another call"):
            next(kept)
    assert len(own_processes()) <= 2


def _left(own: Engine, requests: list[str], after: int, how: str) -> Outcomes | None:
    """Leaves a call after so many outcomes; returns it where it is kept."""
    outcomes = own.outcomes(requests)
    for _ in range(after):
        next(outcomes)
    match how:
        case "close":
            outcomes.close()
        case "raise":
            with suppress(StopHereError):
                for _ in outcomes:
                    raise StopHereError
        case "interrupt":
            with suppress(StopIteration, KeyboardInterrupt):
                timer = threading.Timer(0.003 * len(requests), signal.raise_signal, [signal.SIGINT])
                timer.start()
                try:
                    while True:
                        next(outcomes)
                finally:
                    timer.cancel()
        case "keep" if after:
            return outcomes
        case _:
            pass
    return None


def test_an_interrupt_at_any_moment_leaves_nothing_to_the_next_call(
    shared: Engine, request: pytest.FixtureRequest
):
    # who runs the tests in a shell's background has Ctrl-C ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    caught = 0
    for number in range(8):
        timer = threading.Timer(0.005 * number, os.kill, [os.getpid(), signal.SIGINT])
        try:
            timer.start()
            for _ in shared.outcomes(f"old {n}" for n in range(10_000)):
                pass
        except KeyboardInterrupt:
            caught += 1
        assert list(shared.outcomes(["a", "b"])) == [("a", "so a"), ("b", "so b")]
    assert caught == 8


def test_an_interrupt_of_all_processes_ends_none_that_is_being_started():
    before, begun, interrupted = psutil.Process().children(), list[int](), set[int]()
    is_over = threading.Event()

    def interrupt() -> None:
        while not is_over.wait(0.01):
            for child in psutil.Process().children():
                with suppress(psutil.Error):
                    if child not in before and "spawn_main" in " ".join(child.cmdline()):
                        child.send_signal(signal.SIGINT)
                        interrupted.add(child.pid)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with engine() as own:
            assert [found for _, found in own.outcomes(["a"], on_begin=begun.append)] == ["so a"]
    finally:
        is_over.set()
        thread.join()
    assert interrupted == set(begun)


def test_processes_stay_from_call_to_call_and_each_is_told_once():
    others, news = own_processes(), list[int]()
    with engine(2) as own:
        list(own.outcomes(["sleep 0.5"] * 2, on_begin=news.append))
        started = own_processes() - others
        while len(news) < 2:  # the second may have begun too late for those
            list(own.outcomes(["sleep 0.1"] * 20, on_begin=news.append))
        list(own.outcomes("abcdef", on_begin=news.append))
        assert {process.pid for process in started} == set(news)
        assert len(news) == 2
    assert not own_processes() & started


def test_killed_when_they_are_idle_processes_are_begun_anew():
    with engine() as own:
        assert list(own.outcomes("a")) == [("a", "so a")]
        for process in own_processes():
            process.kill()
        assert list(own.outcomes("bc")) == [("b", "so b"), ("c", "so c")]


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_processes_killed_at_random_moments_cost_nothing(sig: signal.Signals):
    """Also in the middle of a large result."""
    chance, begun, killed = random.Random(0), list[int](), list[int]()

    def kill_soon(pid: int) -> None:
        begun.append(pid)
        if len(begun) <= 6:
            timers.append(threading.Timer(chance.random() / 5, kill, [pid]))
            timers[-1].start()

    def kill(pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, sig)
            killed.append(pid)

    def until_killed() -> Iterator[int]:
        yield from itertools.takewhile(lambda n: len(begun) < 8, itertools.count())

    timers: list[threading.Timer] = []
    with on_this_machine(Task(large, os.getpid, (), 60.0), 2) as own:
        outcomes = own.outcomes(until_killed(), on_begin=kill_soon)
        found = [(n, len(outcome)) for n, outcome in outcomes]
        for timer in timers:
            timer.join()
    assert found == [(n, 3_000_000 + n) for n in range(len(found))]
    assert sorted(killed) == sorted(begun[:6])


def test_every_process_may_take_its_time_to_begin():
    with on_this_machine(Task(len, time.sleep, (1.5,), 1.0), 1) as own:
        assert list(own.outcomes(["a"])) == [("a", 1)]


@pytest.mark.parametrize(
    ("begin_", "words"), [("refuse", "no extractor"), ("vanish", "before they begin")]
)
def test_processes_that_cannot_begin_end_all_of_it(begin_: str, words: str):
    with on_this_machine(Task(work, getattr(engine_tasks, begin_), (), 60.0), 1) as own:
        for _ in range(2):
            with pytest.raises(InputError, match=words):
                list(own.outcomes("abcdefgh"))


UNGUARDED = """
print("script")
from synctva.work import Task, on_this_machine
print(list(on_this_machine(Task(len), 1).outcomes(["a", "bb"])))
"""


def test_a_script_needs_no_guard(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    lines = ended.stdout.splitlines()
    assert ended.returncode == 0, ended.stderr
    assert lines.count("script") == 1, "a process has run the script again"
    assert "[('a', 1), ('bb', 2)]" in lines


OF_THE_SCRIPT = """
from synctva.work import Task, on_this_machine
def twice(word):
    return 2 * word
if __name__ == "__main__":
    print(list(on_this_machine(Task(twice), 1).outcomes(["a"])))
"""


def test_a_function_of_the_script_is_found(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(OF_THE_SCRIPT)
    ended = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.stdout.strip() == "[('a', 'aa')]", ended.stderr


ENDED = """
import sys, time
from synctva.work import Task, on_this_machine
if __name__ == "__main__":
    own = on_this_machine(Task(time.sleep, imported="json" if sys.argv[2] == "forked" else None), 2)
    outcomes = own.outcomes([0.0, 900.0])
    next(outcomes)
    print("begun", flush=True)
    sys.exit() if sys.argv[1] == "exit" else time.sleep(900)
"""


@pytest.mark.parametrize("start", ["spawned", "forked"])
@pytest.mark.parametrize("how", ["exit", "kill"])
def test_processes_end_with_the_one_that_started_them(how: str, start: str, tmp_path: Path):
    """One is idle, and one is at work."""
    script = tmp_path / "script.py"
    script.write_text(ENDED)
    words = [sys.executable, script, how, start]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        if how == "kill":
            process.kill()
        assert wait([process.stdout], DEADLINE_S)
        assert process.stdout.read() == b""  # nobody holds its output any more


def test_a_process_that_wants_too_much_memory_is_refused_it():
    with on_this_machine(Task(bytearray, memory_bytes=1 << 30), 1) as engine:
        assert [len(found) for _, found in engine.outcomes([1 << 10])] == [1 << 10]
        with pytest.raises(MachineError, match="out of memory"):
            list(engine.outcomes([2 << 30]))
