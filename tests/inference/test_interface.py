"""The interface from Python: what may be recognised, and what a recognition gives."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.command import call
from support.models import SAID, film, model_of, voice
from support.recognitions import conversation

import synctva
from synctva import Film, Recogniser, Recognition
from synctva.errors import InputError
from synctva.inference.export import SUFFIXES, read_recognition
from synctva.inference.export.write import TIMED
from synctva.inference.given import as_movie, said

TURNS = [("Ada", "Oh no, not again!"), ("Ben", "What a surprise."), ("Ada", "Well.")]


@pytest.fixture
def of_words() -> Recogniser:
    return Recogniser(model_of("text"), "small")


def test_turns_are_recognised_as_a_transcript_of_them_is(of_words: Recogniser, tmp_path: Path):
    cues = [
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{who}: {text}\n"
        for n, (who, text) in enumerate(TURNS, 1)
    ]
    (tmp_path / "talk.srt").write_text("\n".join(cues), encoding="utf-8")
    told, read = of_words.recognise(TURNS), of_words.recognise(tmp_path / "talk.srt")
    assert isinstance(told, Recognition)
    assert [(u.speaker, u.text) for u in told.utterances] == TURNS
    for one, other in zip(told.utterances, read.utterances, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


@pytest.mark.parametrize(
    "turns", [[], [("Ada",)], [("Ada", "")], [("", "Oh")], [("Ada", 3)], ["Oh no!"], ("ab", "cd")]
)
def test_what_is_no_turn_is_refused(turns: Sequence[object]):
    with pytest.raises(InputError, match="turn"):
        said(turns)


def test_turns_with_a_transcript_are_refused(of_words: Recogniser):
    with pytest.raises(InputError, match="words already"):
        of_words.recognise(TURNS, "talk.srt")


@pytest.mark.slow  # starts the processes that read recordings, twice
def test_sound_in_memory_is_recognised_as_its_file_is(tmp_path: Path):
    with Recogniser(model_of("audio"), "small", workers=1) as recogniser:
        sound = 0.5 * voice(2.0) / np.abs(voice(2.0)).max()
        found = recogniser.recognise((sound.astype(np.float32), 22_050))
        filed = recogniser.recognise(film(tmp_path / "talk.wav", sound))
    assert found.media == "sound"
    assert found.duration_s == pytest.approx(filed.duration_s, abs=0.1)
    assert len(found.utterances) == len(filed.utterances) > 0


@pytest.mark.parametrize(
    ("samples", "rate_hz", "complaint"),
    [
        (np.zeros(0), 16_000, "shape"),
        (np.zeros((2, 100)), 16_000, "samples come first"),
        (np.full(100, 2.0), 16_000, "beyond -1 to 1"),
        (np.full(100, np.nan), 16_000, "not finite"),
        (np.zeros(100, np.int64), 16_000, "int64"),
        (np.zeros(100), 0, "rate"),
    ],
)
def test_what_is_no_sound_is_refused(
    of_words: Recogniser, samples: np.ndarray, rate_hz: int, complaint: str
):
    with pytest.raises(InputError, match=complaint):
        of_words.recognise((samples, rate_hz))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recognition_saves_itself_in_every_format(suffix: str, tmp_path: Path):
    conversation().save(tmp_path / f"talk{suffix}")
    assert (tmp_path / f"talk{suffix}").stat().st_size > 0


def test_the_saved_recognition_is_the_same_and_an_unknown_format_is_refused(tmp_path: Path):
    conversation().save(str(tmp_path / "talk.json"))
    assert read_recognition(tmp_path / "talk.json") == conversation()
    with pytest.raises(InputError, match=r"\.srt"):
        conversation().save(tmp_path / "talk.doc")


def test_scores_are_ordered_and_the_first_is_the_emotion():
    found = conversation()
    for utterance in found.utterances:
        scores = found.scores(utterance)
        assert {one["label"] for one in scores} == set(found.emotions)
        assert [one["score"] for one in scores] == sorted(utterance.probabilities, reverse=True)
        assert found.scores(utterance, top_k=2) == scores[:2]


def test_a_notebook_shows_the_utterances_and_nothing_that_runs():
    found = conversation()
    assert all(utterance.speaker in found._repr_html_() for utterance in found.utterances)
    hostile = Recogniser(model_of("text"), "small").recognise([("Ada", "<script>x</script>")])
    assert "<script>" not in hostile._repr_html_()


def test_the_version_is_told():
    assert synctva.__version__.count(".") >= 1


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    model_of("text").save_pretrained(tmp_path / "model")
    (tmp_path / "talk.srt").write_text(SAID)
    (tmp_path / "other.srt").write_text(SAID)
    return str(tmp_path / "model")


@pytest.mark.parametrize("verb", ["recognise", "recognize"])
def test_the_standard_output_holds_the_table_or_json_and_nothing_else(
    verb: str,
    checkpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert call(monkeypatch, verb, tmp_path / "talk.srt", "--model", checkpoint) == 0
    assert "emotion" in capsys.readouterr().out
    out = tmp_path / "talk.json"
    words = "--json", "--model", checkpoint, "--out", out
    assert call(monkeypatch, verb, tmp_path / "talk.srt", *words) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(out.read_text(encoding="utf-8"))


def test_out_to_a_dash_is_json_on_the_standard_output(
    checkpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    out = tmp_path / "talk.json"
    words = "--model", checkpoint, "--out", "-", "--out", out
    assert call(monkeypatch, "recognise", tmp_path / "talk.srt", *words) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(out.read_text(encoding="utf-8"))


def test_several_recordings_without_a_place_for_results_are_a_table_each(
    checkpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "broken.srt").write_text("nothing", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = "talk.srt", "broken.srt", "other.srt"
    assert call(monkeypatch, "recognise", *names, "--model", checkpoint) == 1
    told = capsys.readouterr()
    assert told.out.index("talk.srt") < told.out.index("other.srt")
    assert told.out.count("speaker") == 2
    assert "failed" in told.err
    assert "broken.srt" in told.err


def test_several_recordings_on_one_line_have_a_result_each(
    checkpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    both = "recognise", tmp_path / "talk.srt", tmp_path / "other.srt", "--model", checkpoint
    assert call(monkeypatch, *both, "--out", tmp_path / "out" / "{name}.json") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"talk.json", "other.json"}
    for words, complaint in {
        ("--out", "one.json"): "{name}",
        ("--out", "{name}.json", "--transcript", tmp_path / "talk.srt"): "one transcript",
        ("--json", "--out", "{name}.json"): "standard output",
    }.items():
        assert call(monkeypatch, *both, *words) == 2
        assert complaint in capsys.readouterr().err
    same = "recognise", tmp_path / "talk.srt", tmp_path / "talk.srt", "--model", checkpoint
    assert call(monkeypatch, *same, "--out", tmp_path / "{name}.csv") == 2


def test_a_table_of_several_recordings_tells_which_row_is_whose():
    found = conversation()
    table = pd.concat([found.to_pandas(), replace(found, media="other.mp4").to_pandas()])
    assert list(table.columns[:3]) == ["file", "start_s", "end_s"]
    assert set(table["file"]) == {"talk.mp4", "other.mp4"}


@pytest.mark.parametrize(
    ("film", "complaint"),
    [
        (Film(np.zeros((2, 4, 4, 3), np.int16), 5), "pictures of int16"),
        (Film(np.zeros((2, 4, 4), np.uint8), 5), r"shape \(2, 4, 4\)"),
        (Film(np.zeros((0, 4, 4, 3), np.uint8), 5), r"shape \(0, 4, 4, 3\)"),
        (Film(np.zeros((2, 4, 4, 3), np.uint8), 0), "0 pictures per second"),
        (Film(np.zeros((2, 5, 4, 3), np.uint8), 5), "even"),
        (Film(np.zeros((2, 4, 4, 3), np.uint8), 5, (np.zeros(9), 17_000)), "sound of 17000 Hz"),
    ],
)
def test_what_is_no_film_is_refused(film: Film, complaint: str):
    with pytest.raises(InputError, match=complaint), as_movie(film):
        pass


@pytest.mark.slow  # starts the processes that read recordings
def test_pictures_in_memory_are_recognised_with_their_sound():
    sound = (0.5 * voice(2.0) / np.abs(voice(2.0)).max()).astype(np.float32), 22_050
    frames = np.random.default_rng(0).integers(256, size=(20, 48, 64, 3), dtype=np.uint8)
    with Recogniser(model_of("audio", "visual"), "small", workers=1) as recogniser:
        found = recogniser.recognise(Film(frames, 10, sound))
    assert found.media == "film"
    assert found.duration_s == pytest.approx(2.0, abs=0.2)
    (one,) = found.utterances
    assert "audio" in one.contributions
    assert "no_face" in one.flags  # so pictures were looked at


def test_several_conversations_come_one_by_one(of_words: Recogniser):
    asked = iter([TURNS, TURNS[:1], TURNS[1:]])
    found = of_words.recognise_each(asked)
    assert next(found).utterances == of_words.recognise(TURNS).utterances
    assert next(asked) == TURNS[:1]  # nothing was read ahead
    assert [len(one.utterances) for one in found] == [2]


@pytest.mark.slow  # starts the processes that read recordings
def test_processes_stay_from_one_recording_to_the_next(tmp_path: Path):
    recogniser = Recogniser(model_of("audio"), "small", workers=1)
    talks = [film(tmp_path / f"{n}.wav", voice(1.0)) for n in range(2)]
    kept = []
    for found in recogniser.recognise_each(talks):
        assert len(found.utterances) == 1
        kept.append(recogniser._readers)
    assert kept[0] is not None
    assert kept[0] is kept[1]
    assert recogniser._readers is None


SCRIPT = "Ada: Oh no, not again!\n\nBen: What a surprise: you.\nAda: Well.\n"
TABLE = 'speaker,text\nAda,"Oh no, not again!"\nBen,What a surprise: you.\nAda,Well.\n'


@pytest.mark.parametrize(("name", "content"), [("chat.txt", SCRIPT), ("chat.csv", TABLE)])
def test_a_script_is_recognised_as_its_turns_are(
    of_words: Recogniser, tmp_path: Path, name: str, content: str
):
    (tmp_path / name).write_text(content, encoding="utf-8")
    turns = [("Ada", "Oh no, not again!"), ("Ben", "What a surprise: you."), ("Ada", "Well.")]
    found = of_words.recognise(tmp_path / name)
    assert found.utterances == of_words.recognise(turns).utterances
    assert found.media == str(tmp_path / name)


def test_what_has_no_times_is_given_none(of_words: Recogniser, tmp_path: Path):
    found = of_words.recognise(TURNS)
    assert not found.has_times
    assert conversation().has_times
    assert found.to_pandas()[["start_s", "end_s"]].isna().all(axis=None)
    for suffix in SUFFIXES:
        path = tmp_path / f"talk{suffix}"
        if suffix in TIMED:
            with pytest.raises(InputError, match="this format needs times"):
                found.save(path)
            assert not path.exists()
        else:
            found.save(path)
    assert read_recognition(tmp_path / "talk.json") == found
    header, first, *_ = (tmp_path / "talk.csv").read_text().splitlines()
    assert header.startswith("start_s,end_s,speaker")
    assert first.startswith(",,Ada,")


@pytest.mark.parametrize("out", ["talk.srt", "talk.eaf"])
def test_times_that_are_not_there_are_told_before_anything_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str
):
    (tmp_path / "chat.txt").write_text(SCRIPT, encoding="utf-8")
    words = "--model", "no-such-model", "--out", tmp_path / "talk.json", "--out", tmp_path / out
    assert call(monkeypatch, "recognise", tmp_path / "chat.txt", *words) == 2
    assert "this format needs times" in capsys.readouterr().err
    assert not (tmp_path / "talk.json").exists()


def test_the_page_and_the_table_of_a_script_have_no_times(
    checkpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "chat.txt").write_text(SCRIPT, encoding="utf-8")
    words = "--model", checkpoint, "--out", tmp_path / "chat.html"
    assert call(monkeypatch, "recognise", tmp_path / "chat.txt", *words) == 0
    told = capsys.readouterr().out
    assert "turn" in told
    assert "0:00" not in told
    assert "Oh no, not again!" in (tmp_path / "chat.html").read_text(encoding="utf-8")
