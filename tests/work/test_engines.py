"""Jobs in processes of this machine: a process that is killed costs its own job at the most."""

import time
from concurrent.futures import wait

import psutil
import pytest

from synctva.work.engine import Engine, on_this_machine

LIMIT_S = 60


def done(engine: Engine, *seconds: float) -> list[BaseException | None]:
    """Sleeps so long, side by side; returns what went wrong with each."""
    futures = [engine.submit(one) for one in seconds]
    assert not wait(futures, LIMIT_S).not_done
    return [future.exception() for future in futures]


def own_processes() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_processes_that_are_killed_are_replaced():
    before = set(own_processes())
    with on_this_machine(time.sleep, 1) as engine:
        assert done(engine, 0.0) == [None]
        for process in set(own_processes()) - before:  # idle now
            process.kill()
        time.sleep(1.0)
        assert done(engine, 0.0, 0.0) == [None, None]
        futures = [engine.submit(one) for one in (LIMIT_S, 0.0)]
        time.sleep(1.0)
        for process in set(own_processes()) - before:  # busy now
            process.kill()
        assert not wait(futures, LIMIT_S / 2).not_done
        assert futures[0].exception() is not None
        assert futures[1].exception() is None
    assert set(own_processes()) <= before
