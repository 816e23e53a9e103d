"""The feature cache: a key for all that determines a vector; files that are whole or not there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from synctva import media
from synctva.corpus import Description
from synctva.dialogue import Utterance
from synctva.features.extraction.cache import Cache, cache_key, default_cache
from synctva.features.extractors.clip import Clip
from synctva.features.extractors.encoded import Encoded

EXTRACTOR = Description("opensmile", "egemaps", "opensmile 2.6", "abc", {"rate": 16000}, 88)


@pytest.mark.parametrize(
    ("extractor", "content"),
    [
        (replace(EXTRACTOR, maker="waveform"), ["file", 0.0, 1.0]),
        (replace(EXTRACTOR, version="opensmile 2.7"), ["file", 0.0, 1.0]),
        (replace(EXTRACTOR, weights="abd"), ["file", 0.0, 1.0]),
        (replace(EXTRACTOR, settings={"rate": 8000}), ["file", 0.0, 1.0]),
        (replace(EXTRACTOR, dim=89), ["file", 0.0, 1.0]),
        (EXTRACTOR, ["other file", 0.0, 1.0]),
        (EXTRACTOR, ["file", 0.5, 1.0]),
        (EXTRACTOR, ["file", None, None]),
    ],
)
def test_whatever_changes_a_vector_changes_its_key(extractor: Description, content: object):
    key = cache_key(EXTRACTOR, ["file", 0.0, 1.0])
    assert key == cache_key(replace(EXTRACTOR), ["file", 0.0, 1.0])
    assert cache_key(extractor, content) != key


@pytest.mark.parametrize("stream", ["sound", "pictures"])
def test_whatever_reads_recordings_otherwise_changes_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: str
):
    path = tmp_path / "a.wav"
    path.write_bytes(b"a recording")
    clip = Clip(Utterance(0, "A", start_s=0.0, end_s=1.0, media=str(path)))
    content = clip.content(stream)
    assert content == clip.content(stream)
    monkeypatch.setattr(media, "READER", media.READER + 1)
    assert clip.content(stream) != content


def test_what_was_put_comes_back(tmp_path: Path):
    cache = Cache(tmp_path / "cache")
    vector = np.array([0.1, -3, 1e-30], np.float32)
    cache.put("ab1", Encoded(vector, ("short", "silent")))
    cache.put("ab2", Encoded(None, ("no_face",)))
    found, absent = cache.get("ab1"), cache.get("ab2")
    assert found is not None
    assert found.vector is not None
    assert found.vector.tobytes() == vector.tobytes()
    assert found.flags == ("short", "silent")
    assert absent == Encoded(None, ("no_face",))
    assert cache.get("ab3") is None


def test_the_same_features_are_the_same_bytes_each_time(tmp_path: Path):
    written = set[bytes]()
    for number in range(8):
        cache = Cache(tmp_path / f"{number}")
        cache.put("ab", Encoded(np.arange(3, dtype=np.float32), ("no_face",)))
        written.add(cache.path("ab").read_bytes())
    assert len(written) == 1


def test_a_file_with_one_other_bit_counts_as_not_there(tmp_path: Path):
    cache = Cache(tmp_path)
    cache.put("ab1", Encoded(np.array([0.1, -3, 7], np.float32), ("short",)))
    whole = cache.path("ab1").read_bytes()
    for place in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        cache.path("ab1").write_bytes(changed)
        assert cache.get("ab1") is None, place


def test_a_file_under_anothers_name_and_one_that_does_not_tell_its_hash_count_as_not_there(
    tmp_path: Path,
):
    cache = Cache(tmp_path)
    cache.put("ab1", Encoded(np.ones(3, np.float32)))
    cache.path("ab2").write_bytes(cache.path("ab1").read_bytes())
    assert cache.get("ab2") is None
    cache.path("ab3").write_bytes(save({"values": np.ones((1, 3), np.float32)}, {"flags": "[]"}))
    assert cache.get("ab3") is None


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_file_counts_as_not_there(tmp_path: Path, damage: bytes | None):
    cache = Cache(tmp_path)
    cache.put("ab1", Encoded(np.ones(3, np.float32)))
    path = cache.path("ab1")
    path.write_bytes(path.read_bytes()[:-4] if damage is None else damage)
    assert cache.get("ab1") is None


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("SYNCTVA_CACHE", raising=False)
    assert default_cache() == tmp_path / "synctva" / "features"
    monkeypatch.setenv("SYNCTVA_CACHE", str(tmp_path / "mine"))
    assert default_cache() == tmp_path / "mine"
