"""What was exported comes back: as a transcript, and corrected, as a corpus."""

from pathlib import Path

import pytest
from hypothesis import given
from pympi.Elan import Eaf
from support.talks import CHANCE, felt, fuzzed, made, plain, recognition, talk, told, written
from typer.testing import CliRunner

from synctva.cli import app
from synctva.features.store import open_store
from synctva.inference.export import write_recognition
from synctva.inference.recognition import RecognisedUtterance
from synctva.transcripts import linked_recording, read_transcript


@pytest.mark.parametrize("suffix", [".csv", ".eaf", ".TextGrid", ".vtt", ".srt"])
def test_our_own_reader_finds_speakers_words_and_emotions(tmp_path: Path, suffix: str):
    one = talk(media="talk.srt")
    spans = read_transcript(written(one, tmp_path, suffix))
    assert [(s.speaker, s.text, s.emotion) for s in spans] == [
        ("Ada", "We won!", "joy"),
        ("Ben", "Really, \u05d0\u05de\u05ea?", "anger"),
        ("Ada", "", "joy"),
        ("Ada", "A -- > B & < b>" if suffix == ".srt" else "A --> B & <b>", "neutral"),
    ]
    for read, utterance in zip(spans, one.utterances, strict=True):
        assert (read.start_s, read.end_s) == pytest.approx(
            (utterance.start_s, utterance.end_s), abs=0.0006
        )


@given(chance=CHANCE)
@fuzzed
def test_elan_brings_every_speaker_back(tmp_path: Path, chance: list[tuple]):
    one = made(chance)
    path = written(one, tmp_path, ".eaf")
    if not one.utterances:
        return
    spans = read_transcript(path)
    named = {plain(u.speaker) for u in one.utterances if plain(u.speaker)}
    assert named <= {plain(s.speaker) for s in spans}
    assert sorted(
        (round(s.start_s * 1000), round(s.end_s * 1000), plain(s.text), s.emotion) for s in spans
    ) == told(one)


def test_elan_links_the_recording(tmp_path: Path):
    media = tmp_path / "out" / "far" / "my %41 talk.mp4"
    media.parent.mkdir(parents=True)
    media.touch()
    path = written(talk(media=str(media)), tmp_path / "out", ".eaf")
    assert linked_recording(path, [".mp4"]) == media
    assert linked_recording(path, [".wav"]) is None
    moved = (tmp_path / "out").rename(tmp_path / "moved")
    assert linked_recording(moved / path.name, [".mp4"]) == moved / "far" / media.name
    beside = (moved / "far" / media.name).rename(moved / media.name)
    assert linked_recording(moved / path.name, [".mp4"]) == beside


@pytest.mark.parametrize("link", ["../secret.mp4", "{folder}/talk.mp4", "", "../{stem}.mp4"])
def test_elan_links_no_file_elsewhere(tmp_path: Path, link: str):
    (tmp_path / "secret.mp4").touch()
    (tmp_path / "talk.mp4").touch()
    (tmp_path / "out").mkdir()
    path = written(talk(), tmp_path / "out", ".eaf")
    (tmp_path / f"{path.stem}.mp4").touch()
    eaf = Eaf(str(path))
    place = link.format(folder=tmp_path, stem=path.stem)
    eaf.media_descriptors = [
        {
            "MEDIA_URL": f"file://{tmp_path}/secret.mp4",
            "MIME_TYPE": "video/mp4",
            "RELATIVE_MEDIA_URL": place,
        }
    ]
    eaf.to_file(str(path))
    assert linked_recording(path, [".mp4"]) is None


@pytest.mark.parametrize("is_folder", [True, False])
def test_elan_follows_no_link_of_the_file_system_elsewhere(tmp_path: Path, is_folder: bool):
    media = tmp_path / "out" / "far" / "film.mp4"
    secret = tmp_path / "secret" / media.name
    for one in (media, secret):
        one.parent.mkdir(parents=True)
        one.touch()
    path = written(talk(media=str(media)), tmp_path / "out", ".eaf")
    assert linked_recording(path, [".mp4"]) == media
    media.unlink()
    if is_folder:
        media.parent.rmdir()
    own, elsewhere = (media.parent, secret.parent) if is_folder else (media, secret)
    own.symlink_to(elsewhere)
    assert linked_recording(path, [".mp4"]) is None


def correct_in_elan(path: Path) -> None:
    """Does what somebody does who finds Ben's anger to be joy."""
    file = Eaf(str(path))
    aligned, referring, *_ = file.tiers["emotion Ben"]
    ((id, (reference, emotion, previous, svg)),) = referring.items()
    assert (aligned, emotion) == ({}, "anger")
    referring[id] = (reference, "joy", previous, svg)
    path.unlink()
    file.to_file(str(path))


def correct_in_a_table(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    (number,) = [number for number, line in enumerate(lines) if ",Ben," in line]
    assert ",anger," in lines[number]
    lines[number] = lines[number].replace(",anger,", ",joy,")
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("suffix", [".eaf", ".csv"])
@pytest.mark.parametrize("schema", ["meld-7", None])
def test_a_corrected_emotion_is_imported(tmp_path: Path, suffix: str, schema: str | None):
    media = tmp_path / "recordings" / "talk.mp4"
    media.parent.mkdir()
    media.touch()
    folder = media.parent if suffix == ".eaf" else tmp_path / "out"
    folder.mkdir(exist_ok=True)
    path = written(talk(media=str(media)), folder, suffix)
    path = path.rename(path.with_stem("talk"))
    (correct_in_elan if suffix == ".eaf" else correct_in_a_table)(path)
    command = ["import", str(path), "--out", str(tmp_path / "store")]
    result = CliRunner().invoke(app, [*command, *(["--schema", schema] if schema else [])])
    assert result.exit_code == 0, result.output
    corpus = open_store(tmp_path / "store").read()
    (dialogue,) = corpus.dialogues
    assert [(u.speaker, u.emotion) for u in dialogue.utterances] == [
        ("Ada", "joy"),
        ("Ben", "joy"),
        ("Ada", "joy"),
        ("Ada", "neutral"),
    ]
    assert [u.text for u in dialogue.utterances] == [
        *("We won!", "Really, \u05d0\u05de\u05ea?", None),
        "A --> B & <b>",
    ]
    assert {Path(u.media or "").resolve() for u in dialogue.utterances} == {media}
    assert corpus.schema.name == (schema or "own")


@pytest.mark.parametrize("suffix", [".eaf", ".csv", ".TextGrid", ".srt", ".vtt"])
def test_a_recognised_transcript_is_imported_without_a_recording(tmp_path: Path, suffix: str):
    path = written(talk(media="talk.srt"), tmp_path, suffix)
    command = ["import", str(path), "--out", str(tmp_path / "store"), "--schema", "meld-7"]
    assert CliRunner().invoke(app, command).exit_code == 0
    (dialogue,) = open_store(tmp_path / "store").read().dialogues
    assert [u.emotion for u in dialogue.utterances] == ["joy", "anger", "joy", "neutral"]
    assert {u.media for u in dialogue.utterances} == {None}


def test_a_folder_of_corrected_tables_is_one_corpus(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.mp4").touch()
        (tmp_path / "out").mkdir(exist_ok=True)
        write_recognition(talk(str(tmp_path / f"{name}.mp4")), tmp_path / "out" / f"{name}.csv")
    command = ["import", str(tmp_path / "out"), "--out", str(tmp_path / "store")]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert len(open_store(tmp_path / "store").read().dialogues) == 2


@pytest.mark.parametrize("suffix", [".eaf", ".TextGrid", ".srt", ".vtt", ".csv"])
def test_times_are_exact_to_the_millisecond(tmp_path: Path, suffix: str):
    times = [(1.001, 2.003), (4.35, 8.029), (1001.001, 1001.999)]  # x 1000 is a little less or more
    said = [RecognisedUtterance(*span, "Ada", "Hi.", felt("joy")) for span in times]
    spans = read_transcript(written(recognition(*said), tmp_path, suffix))
    assert [(span.start_s, span.end_s) for span in spans] == times


@pytest.mark.parametrize("suffix", [".eaf", ".TextGrid"])
def test_doubtful_ones_are_found_on_a_tier_that_no_reader_takes_for_speech(
    tmp_path: Path, suffix: str
):
    one = recognition(
        RecognisedUtterance(0, 1, "Ada", "Sure.", felt("joy", 0.8)),
        RecognisedUtterance(2, 3, "Ada", "Hm.", (0.4, 0.3, 0.3)),
        RecognisedUtterance(4, 5, "Ada", "Oh.", (0.4, 0.3, 0.3), flags=("no_evidence",)),
        RecognisedUtterance(4, 5, "confidence Ada", "Me too.", felt("joy", 0.8)),
        RecognisedUtterance(6, 7, "confidence Ada", "And how.", felt("anger", 0.9)),
    )
    path = written(one, tmp_path, suffix)
    written_there = path.read_text(encoding="utf-8")
    for value in ("0.80", "0.40 ?", "?", "0.90"):
        assert f">{value}<" in written_there or f'"{value}"' in written_there
    for spans in (read_transcript(path), read_transcript(path, tiers=["*"])):
        assert [(s.text, s.emotion) for s in spans] == [
            ("Sure.", "joy"), ("Hm.", "neutral"), ("Oh.", None), ("Me too.", "joy"),
            ("And how.", "anger"),
        ]  # fmt: skip
