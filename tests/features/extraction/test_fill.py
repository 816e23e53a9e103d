"""Filling the cache: what ends the whole job, and when."""

import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from test_extract import corpus_of, write_tone

from synctva.corpus import Extractor
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.fill import fill
from synctva.features.extraction.recording import Known, Request
from synctva.features.extractors.encoded import Encoded
from synctva.features.preset import Preset
from synctva.features.store import FeatureStore, write_store
from synctva.work.supervised import Outcomes

BOTH = Preset(text="minilm", audio="egemaps")


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    write_tone(tmp_path / "tone.wav", 0.5, 200)
    return write_store(corpus_of(["tone.wav"] * 4, tmp_path), tmp_path / "store")


class Scripted:
    """An engine whose workers have these versions, and put nothing into the cache.

    Attributes:
        read: Requests that it was given.
    """

    def __init__(self, *versions: str, pause_s: float = 0.0, cache: Cache | None = None) -> None:
        self.versions, self.pause_s, self.cache = versions, pause_s, cache
        self.read: list[object] = []

    def __call__(
        self,
        work: object,
        requests: Iterable[Request],
        workers: int | None,
        time_limit_s: float,
        begin: object,
        arguments: tuple[object, ...],
        greeting: tuple[str, ...],
    ) -> Outcomes:
        for version in self.versions:
            known = Known(Extractor("egemaps", version, "weights", {}), 88)
            yield greeting, dict.fromkeys(greeting, known)
        for request in requests:
            self.read.append(request)
            time.sleep(self.pause_s)
            if self.cache is not None:
                self.cache.put("0" * 64, Encoded(None))
            yield request, ("0" * 64, True)


def test_workers_with_different_extractors_end_the_job(store: FeatureStore, tmp_path: Path):
    engine = Scripted("opensmile 1", "opensmile 2")
    with pytest.raises(InputError, match=r"egemaps \(opensmile 1\), another .* \(opensmile 2\)"):
        fill(store, Preset(audio="egemaps"), Cache(tmp_path / "cache"), engine=engine)


def test_a_worker_with_another_cache_ends_the_job_at_once(store: FeatureStore, tmp_path: Path):
    engine = Scripted("opensmile 1")
    with pytest.raises(InputError, match="give a --cache that all machines share"):
        fill(store, Preset(audio="egemaps"), Cache(tmp_path / "cache"), engine=engine)
    assert len(engine.read) == 1


def test_words_that_cannot_be_encoded_do_not_wait_for_the_recordings(
    store: FeatureStore, tmp_path: Path
):
    cache = Cache(tmp_path / "cache")
    engine = Scripted("opensmile 1", pause_s=5.0, cache=cache)
    with pytest.raises(InputError, match="text encoder"):
        fill(store, Preset(text=str(tmp_path), audio="egemaps"), cache, engine=engine)
    assert len(engine.read) < 4


def test_a_job_that_ends_leaves_no_thread_and_tells_every_step_once(
    store: FeatureStore, tmp_path: Path
):
    cache, told = Cache(tmp_path / "cache"), []
    fill(store, BOTH, cache, engine=Scripted("opensmile 1", cache=cache), advance=told.append)
    assert sum(told) == 8
    with pytest.raises(InputError, match="share"):
        fill(store, BOTH, Cache(tmp_path / "other"), engine=Scripted("opensmile 1"))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("words")]


def test_an_extractor_that_cannot_be_loaded_ends_the_job(store: FeatureStore, tmp_path: Path):
    with pytest.raises(InputError, match="egemap"):
        fill(store, Preset(audio="egemap"), Cache(tmp_path / "cache"))
