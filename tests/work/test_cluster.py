"""Supervised work on a cluster: the same outcomes as on one machine, whatever dies."""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from synctva.work.cluster_pool import BATCH, supervised_on_cluster
from synctva.work.supervised import Engine, supervised
from test_extract import BOTH, content, corpus_of, write_tone

from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.store import open_store, write_store
from synctva.work import cluster_pool
from synctva.work.cluster import Cluster

_begun: list[str] = []


def begin(word: str) -> None:
    _begun.append(word)


def work(request: str) -> str:
    """Returns the request after the word that its process was begun with; or does what it says."""
    if request == "crash":
        os._exit(139)
    if request == "odd":
        raise ZeroDivisionError("odd")
    return _begun[0] + request


class Threads:
    """A cluster of threads in this process; some tasks die there for good."""

    def __init__(self, cores: int, is_dying: Callable[[list[str]], bool]) -> None:
        self.cores, self.is_dying = cores, is_dying
        self.handed_out: list[list[str]] = []
        self.at_work = self.most_at_work = 0

    @contextmanager
    def for_work(self, serve: Callable[..., object]) -> Iterator[Cluster]:
        with ThreadPoolExecutor(1) as threads:

            def submit(service: object, requests: list[str]) -> Future[object]:
                self.handed_out.append(requests)
                self.at_work += 1
                self.most_at_work = max(self.most_at_work, self.at_work)
                return threads.submit(task, service, requests)

            def task(service: object, requests: list[str]) -> object:
                try:
                    if self.is_dying(requests):
                        raise ConnectionError("trace\nThe node is gone.")
                    return serve(service, requests)
                finally:
                    self.at_work -= 1

            yield Cluster(self.cores, submit)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Threads]:
    """A cluster of one core, where the task with the request "dying" dies."""
    cluster = Threads(1, lambda requests: "dying" in requests)
    pools: dict[str, cluster_pool.Supervised] = {}
    monkeypatch.setattr(cluster_pool, "cluster_for", cluster.for_work)
    monkeypatch.setattr(cluster_pool, "_pools", pools)
    yield cluster
    for pool in pools.values():
        pool.stop()


def told(engine: Engine, requests: list[str], workers: int | None = 1) -> list[tuple[str, str]]:
    """Returns requests with their outcomes as words."""
    outcomes = engine(work, requests, workers, 60.0, begin, ("so ",), "hello")
    return [(request, str(outcome)) for request, outcome in outcomes]


def test_outcomes_are_those_of_one_machine_in_the_same_order(threads):
    requests = [str(number) for number in range(20)] + ["crash", "a", "odd", "b"]
    assert told(supervised_on_cluster, requests) == told(supervised, requests)
    assert [len(batch) for batch in threads.handed_out] == [0, BATCH, BATCH, BATCH]


def test_a_task_that_dies_for_good_costs_its_own_requests(threads):
    requests = [*"abcdefgh", "dying", *"ijklmnop"]
    found = dict(told(supervised_on_cluster, requests))
    lost = {request for request, outcome in found.items() if outcome != f"so {request}"}
    assert lost == {"dying", *"ijklmno"}
    assert found["i"].startswith("the cluster could not do it (ConnectionError: The node is gone.)")
    assert list(found) == ["hello", *requests]


def test_a_cluster_that_cannot_be_greeted_says_why(threads):
    threads.is_dying = lambda requests: not requests
    found = told(supervised_on_cluster, [])
    assert [request for request, _ in found] == ["hello"]
    assert "The node is gone." in found[0][1]


def test_requests_are_read_as_the_work_goes_on_and_few_are_handed_out(threads):
    read = []

    def requests() -> Iterator[str]:
        for number in range(1000):
            read.append(number)
            yield str(number)

    outcomes = supervised_on_cluster(work, requests(), None, 60.0, begin, ("",), "hello")
    assert [next(outcomes) for _ in range(3)][1:] == [("0", "0"), ("1", "1")]
    assert len(read) <= BATCH * (2 + 2 * cluster_pool.AHEAD)
    assert threads.most_at_work <= 2
    outcomes.close()


@pytest.fixture
def ray_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list]:
    """Returns Ray's workers that serve requests, of a Ray that begins with two cores."""
    pytest.importorskip("ray", reason="Ray is not installed (extra cluster)")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def processes() -> list[psutil.Process]:
        children = psutil.Process().children(recursive=True)
        return [child for child in children if child.name().startswith("ray::serve")]

    return processes


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_extraction_on_ray_gives_the_very_store_though_workers_are_killed(tmp_path, ray_processes):
    for number in range(60):
        write_tone(tmp_path / f"{number}.wav", 0.4 + 0.02 * number, 150 + 10 * number)
    corpus = corpus_of([f"{number}.wav" for number in range(60)], tmp_path)
    alone = write_store(corpus, tmp_path / "alone")
    extract(alone, BOTH, Cache(tmp_path / "cache"))

    store = write_store(corpus, tmp_path / "store")
    killed: list[psutil.Process] = []

    def kill(count: int) -> None:
        at_work = ray_processes()
        if not killed and len(at_work) == 2:
            killed.append(at_work[0])
            at_work[0].kill()
            inner = at_work[1].children()
            killed.extend(inner)
            for process in inner:
                process.kill()

    filled = extract(
        store,
        BOTH,
        Cache(tmp_path / "other"),
        workers=2,
        engine=supervised_on_cluster,
        advance=kill,
    )
    assert len(killed) > 1
    assert filled.failures == []
    assert content(open_store(store.path)) == content(open_store(alone.path))
    assert not any(process.is_running() for process in killed)
    assert "ray" in sys.modules
