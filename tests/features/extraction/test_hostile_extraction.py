"""Broken, hostile and odd recordings in one job: each is told or flagged, the rest is complete."""

import shutil
from pathlib import Path

import pytest
from support.recordings import Making, of_100_hours, png_of, record

from synctva.corpus import Corpus
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import SCHEMAS
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.preset import load_preset
from synctva.features.store import open_store, write_store

BROKEN = {
    "truncated.mp4": "damaged or cut off",
    "empty.mp4": "empty (0 bytes)",
    "text.mp4": "no recording of a format that is read",
    "list.m3u8": "no recording of a format that is read",
    "renamed-list.mp4": "no recording of a format that is read",
    "huge.png": "scale them down",
    "folder.mp4": "not a regular file",
    "nowhere.mp4": "No such file",
    "beyond.mp4": "ends at",
}
"""A recording -> what is said of it."""

SOUNDING = {
    "plain.mp4": "",
    "hours.mkv": "",
    "variable.mp4": "",
    "eight-bit.wav": "",
    "24-bit.wav": "",
    "surround.wav": "",
    "short.wav": "short",
    "silence.wav": "silent",
}
"""A recording whose sound is read -> its flags."""

UNHEARD = {"no-sound.mp4": "no_audio", "still.png": "no_audio"}
"""A recording without sound -> its flags."""

SPANS = {"hours.mkv": (0.1, 0.9), "beyond.mp4": (100.0, 101.0)}


def make_all(folder: Path) -> None:
    """Makes every recording above."""
    plain = record(folder / "plain.mp4")
    shutil.copy(plain, folder / "beyond.mp4")
    (folder / "truncated.mp4").write_bytes(plain.read_bytes()[: plain.stat().st_size // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("These are just words.\n")
    for name in ("list.m3u8", "renamed-list.mp4"):
        (folder / name).write_text(f"#EXTM3U\n#EXTINF:1,\n{plain}\n#EXT-X-ENDLIST\n")
    (folder / "huge.png").write_bytes(png_of(20_000, 20_000))
    (folder / "still.png").write_bytes(png_of(48, 48))
    (folder / "folder.mp4").mkdir()
    of_100_hours(folder / "hours.mkv")
    record(folder / "no-sound.mp4", sound=False)
    record(folder / "variable.mp4", Making(times_s=[0.0, 0.04, 0.5, 0.55, 0.9]))
    record(folder / "eight-bit.wav", Making(codec="pcm_u8"))
    record(folder / "24-bit.wav", Making(codec="pcm_s24le"))
    record(folder / "surround.wav", Making(layout="5.1"))
    record(folder / "short.wav", Making(length_s=0.05, step_s=0.0))
    record(folder / "silence.wav", Making(step_s=1.0))


@pytest.mark.slow
def test_every_kind_costs_only_itself(tmp_path: Path):
    make_all(tmp_path)
    names = [*BROKEN, *SOUNDING, *UNHEARD]
    utterances = tuple(
        Utterance(turn, "A", "Well.", media=str(tmp_path / name), start_s=start, end_s=end)
        for turn, name in enumerate(names)
        for start, end in [SPANS.get(name, (None, None))]
    )
    corpus = Corpus("odd", SCHEMAS["meld-7"], (Dialogue("d", "train", utterances),))
    store = write_store(corpus, tmp_path / "store")
    filled = extract(store, load_preset("lite"), Cache(tmp_path / "cache"), workers=2)

    reasons = {(names[f.turn], f.modality): f.reason for f in filled.failures}
    expected = {(name, m) for name in BROKEN for m in ("audio", "visual")}
    assert reasons.keys() == expected - {("huge.png", "audio")}  # where nobody looks for pictures
    for (name, _), reason in reasons.items():
        assert name in reason
        assert BROKEN[name] in reason
        assert "\n" not in reason

    found = open_store(store.path).read().features
    assert found["text"].present.all()
    flags = dict(zip(names, found["audio"].flags, strict=True))
    assert {name: flags[name] for name in [*SOUNDING, *UNHEARD]} == {**SOUNDING, **UNHEARD}
    heard = {name for name, there in zip(names, found["audio"].present, strict=True) if there}
    assert heard == set(SOUNDING)
    seen = dict(zip(names, found["visual"].flags, strict=True))
    assert {seen[n] for n in ("plain.mp4", "hours.mkv", "variable.mp4", "still.png")} == {"no_face"}
    assert {seen[n] for n in SOUNDING if n.endswith(".wav")} == {"no_video"}
    assert not found["visual"].present.any()
