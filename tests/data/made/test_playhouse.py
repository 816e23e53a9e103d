"""The playhouse is rendered as promised: the same each time, in MELD's layout, and resumable."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from synctva.data.corpora.meld import FILES, read_meld
from synctva.data.made.playhouse import clips
from synctva.data.made.playhouse.render import COLUMNS, render_playhouse
from synctva.data.made.playhouse.scenes import Production, write_scenes
from synctva.errors import InputError
from synctva.media import probe, read_audio, read_frames

TINY = Production(dialogues=(1, 1, 1), missing={"text": 0.3, "audio": 0.2, "visual": 0.2}, seed=4)


@pytest.fixture(autouse=True, scope="module")
def short_scenes():
    """Two turns a scene: enough to see everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synctva.data.made.playhouse.scenes.TURNS", (2, 2))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, short_scenes) -> Path:
    folder = tmp_path_factory.mktemp("playhouse") / "new"
    render_playhouse(folder, TINY)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_same(one: Path, other: Path) -> None:
    """The files are equal, byte for byte."""
    first, second = bytes_of(one), bytes_of(other)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def rows_of(folder: Path, split: str) -> list[dict[str, str]]:
    with (folder / FILES[split]).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seconds(clock: str) -> float:
    hours, minutes, rest = clock.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_the_tables_have_melds_columns_and_order(folder: Path):
    for split in FILES:
        rows = rows_of(folder, split)
        assert tuple(rows[0]) == COLUMNS
        assert [row["Sr No."] for row in rows] == [str(n + 1) for n in range(len(rows))]


def test_the_reader_of_meld_finds_every_utterance_and_clip(folder: Path):
    corpus = read_meld(folder)
    lines = [(s, line) for s in write_scenes(TINY) for line in s.lines]
    assert len(corpus) == len(lines)
    for (_, utterance), (scene, line) in zip(corpus.utterances(), lines, strict=True):
        assert (utterance.speaker, utterance.emotion) == (line.speaker.name, line.emotion)
        assert utterance.text == (None if "text" in line.missing else line.text)
        clip = clips.clip_path(folder, scene, line)
        assert utterance.media == (str(clip) if line.filmed else None)
        assert clip.exists() == line.filmed


def test_a_playhouse_is_never_called_meld(folder: Path):
    corpus = read_meld(folder)
    assert corpus.name == "playhouse"
    assert corpus.origin["generated"] is True
    facts = json.loads((folder / "playhouse.json").read_text())
    assert facts["seed"] == TINY.seed
    assert facts["reliability"] == dict(TINY.reliability)


def test_a_clip_has_the_tracks_that_are_not_missing_and_the_length_of_the_table(folder: Path):
    for scene in write_scenes(TINY):
        for line, row in zip(scene.lines, rows_of(folder, scene.split), strict=True):
            if line.filmed:
                facts = probe(clips.clip_path(folder, scene, line))
                assert facts.has_audio == ("audio" not in line.missing)
                assert facts.has_video == ("visual" not in line.missing)
                start_s, end_s = seconds(row["StartTime"]), seconds(row["EndTime"])
                assert facts.duration_s == pytest.approx(end_s - start_s, abs=0.1)


def test_the_same_production_gives_the_same_clips_and_another_seed_other_ones(
    folder: Path, tmp_path: Path
):
    render_playhouse(tmp_path / "again", TINY)
    assert_same(tmp_path / "again", folder)
    render_playhouse(tmp_path / "other", Production(dialogues=(1, 0, 0), seed=5))
    other, first = (bytes_of(f) for f in (tmp_path / "other", folder))
    assert other[FILES["train"]] != first[FILES["train"]]


def test_what_is_filmed_depends_on_the_seed_and_on_noise_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def shot(production: Production) -> tuple[bytes, bytes]:
        taken = []
        monkeypatch.setattr(clips, "write_movie", lambda *args: taken.append(args))
        scene = write_scenes(production)[0]
        clips.render_clip(tmp_path, production, scene, scene.lines[0])
        _, pictures, _, sound, _ = taken[0]
        return np.stack(list(pictures)).tobytes(), sound.tobytes()

    usual = Production(dialogues=(1, 0, 0))
    assert shot(usual) == shot(Production(dialogues=(3, 2, 1)))
    for changed in (Production(noise=0.0), Production(seed=1)):
        assert all(a != b for a, b in zip(shot(usual), shot(changed), strict=True))


def test_what_was_lost_is_rendered_again_and_nothing_else(folder: Path, tmp_path: Path):
    render_playhouse(tmp_path / "house", TINY)
    before = bytes_of(tmp_path / "house")
    kept, lost = sorted((tmp_path / "house").rglob("*.mp4"))[:2]
    kept.write_bytes(b"kept")
    lost.unlink()
    (tmp_path / "house" / FILES["test"]).unlink()
    done: list[int] = []
    render_playhouse(tmp_path / "house", TINY, advance=done.append)
    after = bytes_of(tmp_path / "house")
    assert after[str(kept.relative_to(tmp_path / "house"))] == b"kept"
    kept.write_bytes(before[str(kept.relative_to(tmp_path / "house"))])
    assert_same(tmp_path / "house", folder)
    assert sum(done) == 6


def test_a_finished_playhouse_is_not_touched(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("synctva.data.made.playhouse.render.render_clip", None)
    done: list[int] = []
    render_playhouse(folder, TINY, advance=done.append)
    assert sum(done) == 6


def test_a_folder_with_something_else_is_refused(folder: Path, tmp_path: Path):
    with pytest.raises(InputError, match="another playhouse; choose another folder"):
        render_playhouse(folder, Production(dialogues=(1, 1, 1)))
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        render_playhouse(tmp_path, TINY)


@pytest.mark.slow
def test_two_workers_killed_midway_leave_what_can_be_finished(tmp_path: Path):
    house, production = tmp_path / "house", Production(dialogues=(4, 0, 0))
    code = (
        "from pathlib import Path\n"
        "from synctva.data.made.playhouse import scenes\n"
        "from synctva.data.made.playhouse.render import render_playhouse\n"
        "scenes.TURNS = (2, 2)\n"
        "if __name__ == '__main__':\n"
        f"    house, scene_counts = Path({str(house)!r}), {production.dialogues}\n"
        "    render_playhouse(house, scenes.Production(dialogues=scene_counts), workers=2)\n"
    )
    script = tmp_path / "render.py"
    script.write_text(code)
    process = subprocess.Popen([sys.executable, script])
    while process.poll() is None and not any(house.rglob("dia*.mp4")):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (house / FILES["train"]).exists()
    subprocess.run([sys.executable, script], check=True)
    render_playhouse(tmp_path / "alone", production)
    assert_same(house, tmp_path / "alone")


def test_the_mouth_opens_with_the_sound():
    rate = 22_050
    silence, tone = np.zeros(rate, np.float32), np.sin(np.arange(rate, dtype=np.float32))
    opening = clips.mouth_opening(np.concatenate([silence, tone, silence]), 36)
    assert opening.shape == (36,)
    assert opening[:12].max() == opening[24:].max() == 0
    assert opening[12:24].min() > 0.9


def test_pictures_move_and_sound_is_heard(folder: Path):
    whole = [
        clips.clip_path(folder, scene, line)
        for scene in write_scenes(TINY)
        for line in scene.lines
        if not line.missing & {"audio", "visual"}
    ]
    sound, frames = read_audio(whole[0]), read_frames(whole[0])
    assert sound is not None
    assert frames is not None
    assert 0.005 < np.sqrt(np.mean(sound**2)) < 0.4
    assert np.abs(np.diff(frames.pixels.astype(int), axis=0)).mean() > 0.5
