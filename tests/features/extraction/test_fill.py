"""Filling the cache: what ends the whole job, and when."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.places import Inline
from support.tones import corpus_of, write_tone

from synctva.corpus import Description
from synctva.errors import InputError
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.fill import fill
from synctva.features.extractors.encoded import Encoded
from synctva.features.preset import AudioChoice, Preset, TextChoice
from synctva.features.store import FeatureStore, write_store
from synctva.work.engine import Batch
from synctva.work.task import Death, Served

BOTH = Preset(modalities=("text", "audio"))
SOUND = Preset(modalities=("audio",))


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    write_tone(tmp_path / "tone.wav", 0.5, 200)
    return write_store(corpus_of(["tone.wav"] * 4, tmp_path), tmp_path / "store")


class Scripted(Inline):
    """Processes that have these versions, one for each request, and put nothing into the cache."""

    def __init__(self, *versions: str, pause_s: float = 0.0, cache: Cache | None = None) -> None:
        super().__init__()
        self.versions, self.pause_s, self.cache = versions, pause_s, cache

    def ended(self, timeout_s: float | None) -> Iterator[tuple[Batch, Served | Death]]:
        time.sleep(self.pause_s)
        if self.cache is not None:
            self.cache.put("0" * 64, Encoded(None))
        known = [
            Description("opensmile", "egemaps", own, "weights", {}, 88) for own in self.versions[:1]
        ]
        self.versions = self.versions[1:]
        for batch, _ in super().ended(timeout_s):
            yield batch, Served([("0" * 64, True)], [{"audio": own} for own in known])


def test_workers_with_different_extractors_end_the_job(store: FeatureStore, tmp_path: Path):
    cache = Cache(tmp_path / "cache")
    engine = Scripted("opensmile 1", "opensmile 2", cache=cache)
    with pytest.raises(InputError, match=r"egemaps \(opensmile 1\), another .* \(opensmile 2\)"):
        fill(store, SOUND, cache, engine=engine.engine)


def test_a_worker_with_another_cache_ends_the_job_at_once(store: FeatureStore, tmp_path: Path):
    engine = Scripted("opensmile 1")
    with pytest.raises(InputError, match="give a --cache that all machines share"):
        fill(store, SOUND, Cache(tmp_path / "cache"), engine=engine.engine)
    assert len(engine.handed_out) == 1


def test_words_that_cannot_be_encoded_do_not_wait_for_the_recordings(
    store: FeatureStore, tmp_path: Path
):
    cache = Cache(tmp_path / "cache")
    engine = Scripted("opensmile 1", pause_s=2.0, cache=cache)
    broken = Preset(modalities=("text", "audio"), text=TextChoice(model=str(tmp_path)))
    with pytest.raises(InputError, match="text encoder"):
        fill(store, broken, cache, engine=engine.engine)
    assert len(engine.handed_out) < 4


def test_a_job_that_ends_leaves_no_thread_and_tells_every_step_once(
    store: FeatureStore, tmp_path: Path
):
    cache, told = Cache(tmp_path / "cache"), []
    fill(
        store, BOTH, cache, engine=Scripted("opensmile 1", cache=cache).engine, advance=told.append
    )
    assert sum(told) == 8
    with pytest.raises(InputError, match="share"):
        fill(store, BOTH, Cache(tmp_path / "other"), engine=Scripted("opensmile 1").engine)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("words")]


def test_an_extractor_that_cannot_be_loaded_ends_the_job(store: FeatureStore, tmp_path: Path):
    misspelt = Preset(modalities=("audio",), audio=AudioChoice(model="egemap"))
    with pytest.raises(InputError, match="egemap"):
        fill(store, misspelt, Cache(tmp_path / "cache"))
