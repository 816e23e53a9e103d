"""The interface from Python: what may be recognised, and what a recognition gives."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from support.command import call
from support.models import SAID, film, model_of, voice
from support.recognitions import conversation

import synctva
from synctva import Recogniser, Recognition
from synctva.errors import InputError
from synctva.inference.export import SUFFIXES, read_recognition
from synctva.inference.given import said

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
        (): "--out",
        ("--out", "{name}.json", "--transcript", tmp_path / "talk.srt"): "one transcript",
        ("--json", "--out", "{name}.json"): "--json",
    }.items():
        assert call(monkeypatch, *both, *words) == 2
        assert complaint in capsys.readouterr().err
    same = "recognise", tmp_path / "talk.srt", tmp_path / "talk.srt", "--model", checkpoint
    assert call(monkeypatch, *same, "--out", tmp_path / "{name}.csv") == 2
