"""An engine on a Ray cluster of two nodes: the same outcomes as on one machine, whatever dies."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from cluster_tasks import begin, work
from ray.cluster_utils import Cluster as Nodes

from synctva.errors import InputError, MachineError
from synctva.work import Engine, MakeEngine, Task, engine_named, on_cluster, on_this_machine
from synctva.work.cluster import BATCH
from synctva.work.engine import AHEAD

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

RETRIES = 1
"""In place of the usual number: a new Ray worker takes seconds."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """Two nodes of one core each, whose workers import this file; begun once for all tests."""
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1]), *sys.path]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        patch.setattr("synctva.work.engine.RETRIES", RETRIES)
        nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 1})
        nodes.add_node(num_cpus=1)
        patch.setenv("RAY_ADDRESS", str(nodes.address))
        yield nodes
        ray.shutdown()
        nodes.shutdown()


def engine(
    make: MakeEngine,
    time_limit_s: float | None = 60.0,
    word: str = "so ",
    slots: int | None = None,
) -> Engine:
    return make(Task(work, begin, (word,), time_limit_s), slots)


def done(own: Engine, requests: list[str]) -> list[tuple[str, str]]:
    """Returns requests with their outcomes as words."""
    return [(request, str(outcome)) for request, outcome in own.outcomes(requests)]


@pytest.mark.usefixtures("nodes")
def test_outcomes_are_those_of_one_machine_in_the_same_order(tmp_path: Path):
    requests = [*map(str, range(20)), "crash", "a", "odd", "b"]
    with engine(on_this_machine, slots=2) as own:
        expected = done(own, requests)
    killing = f"kill-machine's {tmp_path / 'kills'}"
    with engine(engine_named("ray")) as own:
        assert done(own, requests) == expected
        found = dict(done(own, [*"abc", killing, *"defghijk"]))
        assert "has died 2 times" in found.pop(killing)
        assert found == {one: f"so {one}" for one in "abcdefghijk"}
        assert len((tmp_path / "kills").read_text()) == 1 + RETRIES
        with pytest.raises(MachineError, match="cache: the disk is full"):
            done(own, ["a", "full", "b"])
        _leave_early(own)
        assert done(own, ["c", "d"]) == [("c", "so c"), ("d", "so d")]


def _leave_early(own: Engine) -> None:
    """Reads a little of what would take minutes, and little of the requests."""
    read = []

    def requests() -> Iterator[str]:
        for number in range(1_000):
            read.append(number)
            yield "sleep 0.1"

    outcomes = own.outcomes(requests())
    next(outcomes)
    outcomes.close()
    assert len(read) <= 2 * AHEAD * BATCH


@pytest.mark.usefixtures("nodes")
def test_our_own_jobs_are_done_as_on_one_machine(tmp_path: Path):
    killing = f"kill-machine's {tmp_path / 'kills'}"
    news: list[str] = []
    with engine(on_cluster, None) as own:
        assert own.slots == 2 * 2  # of both nodes
        found = dict(own.outcomes(["a", "odd", killing, "b"], on_begin=news.append))
    assert (found["a"], found["b"]) == ("so a", "so b")
    assert str(found["odd"]).startswith("ZeroDivisionError: odd")
    assert "has died 2 times" in str(found[killing])
    assert len((tmp_path / "kills").read_text()) == 1 + RETRIES
    assert len(set(news)) == len(news) >= 1
    with engine(on_cluster, None, "refuse") as own, pytest.raises(InputError, match="no extractor"):
        done(own, ["a"])


def test_what_a_lost_node_was_at_is_done_by_another(nodes: Nodes):
    lost = nodes.add_node(num_cpus=1)
    with engine(on_cluster, None) as own:
        found = []
        for _, outcome in own.outcomes([f"sleep 0.{n}" for n in range(10, 30)]):
            found.append(outcome)
            if len(found) == 4:
                nodes.remove_node(lost, allow_graceful=False)
    assert found == [f"so sleep 0.{n}" for n in range(10, 30)]
