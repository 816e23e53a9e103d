"""Corrections: which utterance is which, whatever the file, and what is told where it fails."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from support.command import call
from support.talks import CHANCE, EMOTIONS, felt, fuzzed, made, recognition, talk, written

from synctva.errors import InputError
from synctva.inference.corrections import CORRECTED, corrected, match
from synctva.inference.export import write_recognition
from synctva.inference.recognition import RecognisedUtterance
from synctva.transcripts import Segment, read_transcript


def span(start_s: float, end_s: float, speaker: str | None, emotion: str | None = "joy") -> Segment:
    return Segment(start_s, end_s, "", "here", speaker, emotion)


def said(start_s: float, end_s: float, speaker: str = "Ada") -> RecognisedUtterance:
    return RecognisedUtterance(start_s, end_s, speaker, "Yes.", felt("joy"))


@pytest.fixture
def talk_json(tmp_path: Path) -> Path:
    write_recognition(talk(), tmp_path / "talk.json")
    return tmp_path / "talk.json"


@pytest.mark.parametrize("suffix", [suffix for suffix in CORRECTED if suffix != ".tsv"])
def test_a_recognition_agrees_with_its_own_file(tmp_path: Path, talk_json: Path, suffix: str):
    (tmp_path / "out").mkdir()
    found = corrected(talk_json, written(talk(), tmp_path / "out", suffix))
    assert [EMOTIONS[n] for n in found.emotion] == ["joy", "anger", "joy", "neutral"]
    assert (found.probabilities.argmax(1) == found.emotion).all()
    rest = ("renamed", "unlabelled", "only_recognised", "only_corrected")
    assert {name: found.counts[name] for name in rest} == dict.fromkeys(rest, 0)


@fuzzed
@given(CHANCE)
def test_nobody_loses_an_utterance_by_elan(tmp_path: Path, chance: list):
    one = made(chance)
    pairs = match(one.utterances, read_transcript(written(one, tmp_path, ".eaf")) if chance else [])
    assert [row for row, _ in pairs] == list(range(len(one.utterances)))
    assert len({number for _, number in pairs}) == len(pairs)


def test_shifted_boundaries_match_and_half_an_utterance_elsewhere_does_not():
    utterances = [said(0, 2), said(2, 4), said(10, 12)]
    spans = [span(0.3, 2.1, "Ada"), span(2.2, 3.9, "Ada"), span(11.5, 13.5, "Ada")]
    assert match(utterances, spans) == [(0, 0), (1, 1)]


def test_who_speaks_at_once_is_told_apart_by_name_and_a_corrected_name_still_matches():
    utterances = [said(0, 2, "Ada"), said(0, 2, "Ben"), said(3, 4, "speaker")]
    spans = [span(0, 2, "Ben"), span(0.1, 2, "Ada"), span(3, 4, "Cleo")]
    assert match(utterances, spans) == [(0, 1), (1, 0), (2, 2)]
    nameless = [span(0, 2, None), span(3, 4, None)]
    assert match([said(3, 4, "speaker")], nameless) == [(0, 1)]


def test_utterances_of_no_length_match():
    assert match([said(1, 1)], [span(1, 1.001, "Ada")]) == [(0, 0)]


def test_what_is_left_out_is_counted(tmp_path: Path, talk_json: Path):
    table = tmp_path / "right.csv"
    rows = ["0.5,2.0,Ada,happy", "1.2345,3.25,Cleo,anger", "1.5,2.5,Ada,", "100,101,Ada,joy"]
    table.write_text("\n".join(["start_s,end_s,speaker,emotion", *rows]))
    found = corrected(talk_json, table)
    assert [EMOTIONS[n] for n in found.emotion] == ["joy", "anger"]
    assert found.counts == {
        **{"recordings": 1, "matched": 2, "renamed": 1, "unlabelled": 1},
        **{"only_recognised": 1, "only_corrected": 1, "without_corrections": 0},
    }


def test_folders_are_pooled_by_name(tmp_path: Path):
    for name in ("a/one", "two", "three"):
        path = tmp_path / "found" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_recognition(talk(), path)
    (tmp_path / "found" / "other.json").write_text("{}")
    (tmp_path / "right" / "a").mkdir(parents=True)
    write_recognition(talk(), tmp_path / "right" / "a" / "one.eaf")
    write_recognition(talk(), tmp_path / "right" / "two.vtt")
    found = corrected(tmp_path / "found", tmp_path / "right")
    assert len(found.emotion) == 8
    assert (found.counts["recordings"], found.counts["without_corrections"]) == (2, 1)


def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, talk_json: Path):
    def complaint(content: str, name: str = "right.csv", recognised: Path = talk_json) -> str:
        (tmp_path / name).write_text("start_s,end_s,speaker,emotion\n" + content)
        with pytest.raises(InputError) as caught:
            corrected(recognised, tmp_path / name)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    told = complaint("0.5,2.0,Ada,joy\n1.2345,3.25,Ben,angr\n")
    assert "right.csv: line 3: unknown emotion 'angr'" in told
    assert "Did you mean 'angry'?" in told
    assert "another recording's" in complaint("500,501,Ada,joy\n")
    assert "no emotion in it" in complaint("0.5,2.0,Ada,\n")
    assert "corrections; they are read from .srt" in complaint("", "right.rttm")
    assert "right.csv: no recognition" in complaint(
        "0,1,Ada,joy", recognised=tmp_path / "right.csv"
    )
    with pytest.raises(InputError, match="no such file"):
        corrected(talk_json, tmp_path / "none.eaf")
    with pytest.raises(InputError, match="a folder against a file"):
        corrected(talk_json, tmp_path)


def test_folders_that_do_not_fit_are_told(tmp_path: Path):
    found, right = tmp_path / "found", tmp_path / "right"
    for folder in (found, right):
        folder.mkdir()
    write_recognition(talk(), found / "a.json")
    with pytest.raises(InputError, match=r"no file of a recognition's name in it \(1 recognitions"):
        corrected(found, right)
    write_recognition(talk(), right / "a.eaf")
    write_recognition(talk(), right / "a.csv")
    with pytest.raises(InputError, match="of the same recording"):
        corrected(found, right)
    (right / "a.csv").unlink()
    write_recognition(replace(talk(), fingerprint="0"), found / "b.json")
    write_recognition(talk(), right / "b.eaf")
    with pytest.raises(InputError, match="by one model"):
        corrected(found, right)


def test_the_command_tells_agreement_and_confusions(
    tmp_path: Path,
    talk_json: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    write_recognition(talk(), tmp_path / "right.csv")
    changed = (tmp_path / "right.csv").read_text().replace(",anger,", ",neutral,")
    (tmp_path / "right.csv").write_text(changed)
    assert call(monkeypatch, "agreement", talk_json, tmp_path / "right.csv") == 0
    told = " ".join(capsys.readouterr().err.split())
    assert "agreement (accuracy) 75.0" in told
    assert "Cohen's kappa 0.60" in told  # (0.75 - 0.375) / (1 - 0.375)
    assert "4 utterances of 1 recording" in told
    assert call(monkeypatch, "agreement", talk_json, tmp_path / "right.csv", "--json") == 0
    out = capsys.readouterr().out
    assert json.loads(out)["confusion"] == [[1, 0, 1], [0, 2, 0], [0, 0, 0]]
    assert json.loads(out)["counts"]["matched"] == 4


def test_the_command_tells_what_does_not_go_together(
    talk_json: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert call(monkeypatch, "evaluate", talk_json) == 2
    assert f"`synctva agreement {talk_json} CORRECTIONS`" in capsys.readouterr().err
    assert call(monkeypatch, "evaluate", talk_json, "--against", "right.eaf") == 2
    assert f"write `synctva agreement {talk_json} right.eaf`" in capsys.readouterr().err


def test_nothing_matches_nothing():
    assert match([], [span(0, 1, "Ada")]) == []
    assert match(recognition().utterances, []) == []
    assert np.size(match([said(0, 1)], [])) == 0
