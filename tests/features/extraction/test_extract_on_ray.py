"""Extraction on a Ray cluster: the very store that one machine makes, whatever dies."""

from pathlib import Path

import psutil
import pytest
from support.processes import kill, served_by_ray
from support.tones import content, corpus_of, write_tone

from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.preset import Preset
from synctva.features.store import open_store, write_store
from synctva.work import on_cluster

BOTH = Preset(modalities=("text", "audio"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_extraction_on_ray_gives_the_very_store_though_workers_are_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for number in range(60):
        write_tone(tmp_path / f"{number}.wav", 0.4 + 0.02 * number, 150 + 10 * number)
    corpus = corpus_of([f"{number}.wav" for number in range(60)], tmp_path)
    alone = write_store(corpus, tmp_path / "alone")
    extract(alone, BOTH, Cache(tmp_path / "cache"))

    store = write_store(corpus, tmp_path / "store")
    killed: list[psutil.Process] = []

    def kill_two(count: int) -> None:
        at_work = [] if killed else list(served_by_ray())
        if len(at_work) == 2:
            killed.append(at_work[0])
            kill(at_work[0])
            inner = at_work[1].children()
            killed.extend(inner)
            for process in inner:
                kill(process)

    filled = extract(
        store, BOTH, Cache(tmp_path / "other"), workers=2, engine=on_cluster, advance=kill_two
    )
    assert len(killed) > 1
    assert filled.failures == []
    assert content(open_store(store.path)) == content(open_store(alone.path))
    assert not any(process.is_running() for process in killed)
