"""A recognition is written in every format, and others' readers find all of it there."""

import html
import json
import math
import re
import time
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pyarrow.parquet as pq
import pytest
import webvtt
import xmlschema
from hypothesis import given
from praatio import textgrid
from pympi.Elan import Eaf
from support.talks import (
    CHANCE,
    EMOTIONS,
    felt,
    fuzzed,
    made,
    plain,
    recognition,
    talk,
    times_ms,
    told,
    written,
)

from synctva.errors import InputError
from synctva.files import unguarded
from synctva.inference.export import SUFFIXES, read_recognition, write_recognition
from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.transcripts import Word

SCHEMA = Path(__file__).with_name("emotionml.xsd")

every_format = pytest.mark.parametrize("suffix", SUFFIXES)


@pytest.mark.parametrize("probabilities", [(), (-0.5, 1.5), (0.5, 0.4), (0.5, math.nan)])
def test_what_are_no_probabilities_are_refused(probabilities: tuple[float, ...]):
    with pytest.raises(InputError, match="are none: their sum is not 1"):
        RecognisedUtterance(0.0, 1.0, "Ada", None, probabilities)


@every_format
def test_the_same_recognition_gives_the_same_bytes_on_another_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
):
    first = written(recognition(), tmp_path, suffix).read_bytes()
    strftime = time.strftime
    monkeypatch.setattr(time, "strftime", lambda form, *_: strftime(form, time.gmtime(1e9)))
    assert written(recognition(), tmp_path, suffix).read_bytes() == first


@given(chance=CHANCE)
@fuzzed
def test_json_is_without_loss(tmp_path: Path, chance: list[tuple]):
    one = made(chance)
    assert read_recognition(written(one, tmp_path, ".json")) == one


def test_json_holds_even_names_that_are_no_text(tmp_path: Path):
    one = recognition(media="caf\udce9.mp4")
    assert read_recognition(written(one, tmp_path, ".json")) == one


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('"lite"', "7", "model: Input should be a valid string"),
        (
            '"start_s": 0.5',
            '"start_s": -0.5',
            "utterances 0: Value error, an utterance from -0.5 s",
        ),
        ('"end_s": 2.0', '"end_s": 1e308', "utterances 0: Value error, an utterance from 0.5 s to"),
        ("synctva-recognition-1", "other", "no recognition; a JSON file of `recognise`"),
        ('"start_s": 0.5,', "", "utterances 0 start_s: Field required"),
        ("{", "", "no recognition, or damaged"),
    ],
)
def test_json_that_is_no_recognition_is_told(tmp_path: Path, before: str, after: str, reason: str):
    path = written(talk(), tmp_path, ".json")
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(InputError) as caught:
        read_recognition(path)
    assert str(caught.value).startswith(f"{path}: {reason}")
    with pytest.raises(InputError, match="no recognition, or damaged"):
        read_recognition(tmp_path / "none.json")


@given(chance=CHANCE)
@fuzzed
def test_csv_is_read_by_pandas(tmp_path: Path, chance: list[tuple]):
    one = made(chance)
    table = pd.read_csv(written(one, tmp_path, ".csv"), keep_default_na=False)
    rows = zip(table["start_s"], table["end_s"], table["text"], table["emotion"], strict=True)
    assert [(*times, plain(unguarded(text)), emotion) for *times, text, emotion in rows] == [
        (u.start_s, u.end_s, plain(u.text), one.emotion_of(u)) for u in one.utterances
    ]
    for number, utterance in enumerate(one.utterances):
        assert tuple(table.loc[number, [f"p_{e}" for e in EMOTIONS]]) == utterance.probabilities
        assert table.loc[number, "flags"] == " ".join(utterance.flags)


@given(chance=CHANCE)
@fuzzed
def test_parquet_is_read_by_pyarrow(tmp_path: Path, chance: list[tuple]):
    one = made(chance)
    table = pq.read_table(written(one, tmp_path, ".parquet"))
    rows = table.to_pylist()
    assert [(r["start_s"], r["end_s"]) for r in rows] == [
        (u.start_s, u.end_s) for u in one.utterances
    ]
    for row, utterance in zip(rows, one.utterances, strict=True):
        assert plain(row["text"]) == plain(utterance.text)
        assert (row["text"] is None) == (utterance.text is None)
        assert row["audio_contribution"] == utterance.contributions.get("audio")
        assert tuple(row[f"p_{name}"] for name in EMOTIONS) == utterance.probabilities
    facts = json.loads(table.schema.metadata[b"synctva"])
    assert (facts["media"], facts["emotions"]) == (one.media, list(one.emotions))


def milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


@pytest.mark.parametrize("suffix", [".srt", ".vtt"])
@given(chance=CHANCE)
@fuzzed
def test_subtitles_are_read_by_webvtt(tmp_path: Path, suffix: str, chance: list[tuple]):
    one = made(chance)
    path = written(one, tmp_path, suffix)
    if suffix == ".srt" and not one.utterances:
        assert path.read_text() == ""
        return
    file = webvtt.from_srt(str(path)) if suffix == ".srt" else webvtt.read(str(path))
    captions = file.captions
    ordered = sorted(one.utterances, key=times_ms)
    assert [(milliseconds(c.start), milliseconds(c.end)) for c in captions] == [
        times_ms(utterance) for utterance in ordered
    ]
    for caption, utterance in zip(captions, ordered, strict=True):
        tag = f"[{one.emotion_of(utterance)} {round(100 * max(utterance.probabilities))} %]"
        who = plain(utterance.speaker).replace(":", "-") + ":" if suffix == ".srt" else ""
        read = caption.raw_text if suffix == ".srt" else html.unescape(caption.text)
        assert plain(read) == plain(tag) + who + plain(utterance.text)
        if suffix == ".vtt":
            voice = html.unescape(caption.voice or "")
            assert plain(voice) == (plain(utterance.speaker) or "speaker")


@given(chance=CHANCE)
@fuzzed
def test_elan_is_read_by_pympi(tmp_path: Path, chance: list[tuple]):
    one = made(chance)
    file = Eaf(str(written(one, tmp_path, ".eaf")))
    found = []
    for tier, (_, _, facts, _) in file.tiers.items():
        if facts.get("PARENT_REF"):
            continue
        spoken = file.get_annotation_data_for_tier(tier)
        emotions = file.get_ref_annotation_data_for_tier(f"emotion {tier}")
        assert all(one[1] <= two[0] for one, two in pairwise(spoken))
        for (start_ms, end_ms, text), (*times, emotion, _) in zip(spoken, emotions, strict=True):
            assert times == [start_ms, end_ms]
            found.append((start_ms, end_ms, plain(text), emotion))
    assert sorted(found) == told(one)
    slots = sorted(file.timeslots.items(), key=lambda slot: int(slot[0][2:]))
    assert [time for _, time in slots] == sorted(time for _, time in slots)
    (entries,) = [entries for _, entries, _ in file.controlled_vocabularies.values()]
    assert [values[0][0] for values, _ in entries.values()] == list(EMOTIONS)


@given(chance=CHANCE)
@fuzzed
def test_textgrid_is_read_by_praatio(tmp_path: Path, chance: list[tuple]):
    one = made(chance)
    if any("[1]" in f"{u.text}{u.speaker}" for u in one.utterances):
        return  # praatio takes it for structure; Praat and our own reader do not
    grid = textgrid.openTextgrid(
        str(written(one, tmp_path, ".TextGrid")), True, reportingMode="error"
    )
    found = []
    for name in grid.tierNames:
        if f"emotion {name}" not in grid.tierNames:
            continue
        said = {tuple(entry)[:2]: tuple(entry)[2] for entry in grid.getTier(name).entries}
        for entry in grid.getTier(f"emotion {name}").entries:
            start_s, end_s, emotion = tuple(entry)
            if emotion:
                text = said[start_s, end_s]
                found.append((round(start_s * 1000), round(end_s * 1000), plain(text), emotion))
    assert sorted(found) == told(one)


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


@given(chance=CHANCE)
@fuzzed
def test_emotionml_keeps_to_its_schema(tmp_path: Path, schema, chance: list[tuple]):
    one = made(chance)
    path = written(one, tmp_path, ".emotionml")
    schema.validate(path)
    names = {"e": "http://www.w3.org/2009/10/emotionml", "s": "urn:synctva:recognition"}
    root = ElementTree.parse(path).getroot()
    assert [item.get("name") for item in root.findall("e:vocabulary/e:item", names)] == [*EMOTIONS]
    for element, utterance in zip(root.findall("e:emotion", names), one.utterances, strict=True):
        start_ms, duration_ms = (int(element.attrib[n]) for n in ("offset-to-start", "duration"))
        assert (start_ms, start_ms + duration_ms) == times_ms(utterance)
        values = [float(c.attrib["value"]) for c in element.findall("e:category", names)]
        assert values == pytest.approx(utterance.probabilities, abs=1e-6)
        assert plain("".join(element.itertext())) == plain(utterance.text)
        (who,) = element.findall("e:info/s:utterance", names)
        assert plain(who.get("speaker")) == plain(utterance.speaker)


def test_an_emotion_that_xml_cannot_name_is_renamed(tmp_path: Path, schema):
    odd = ("very happy", "very-happy", "!?", "\u60b2\u3057\u307f")
    said = RecognisedUtterance(0, 1, "Ada", "Hi.", (0.25, 0.25, 0.25, 0.25))
    path = written(Recognition("a.wav", 1, odd, (said,), "m", "f"), tmp_path, ".emotionml")
    schema.validate(path)
    names = re.findall('item name="(.*?)"', path.read_text(encoding="utf-8"))
    assert names == ["very-happy", "very-happy-2", "emotion-3", "\u60b2\u3057\u307f"]


@every_format
def test_nobody_speaks_and_still_there_is_a_file(tmp_path: Path, suffix: str):
    path = written(Recognition("a.wav", 0.0, EMOTIONS, (), "lite", ""), tmp_path, suffix)
    assert path.is_file()


@every_format
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, suffix: str, monkeypatch):
    path = written(talk(), tmp_path, suffix.upper())
    before = path.read_bytes()

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(InputError, match="not written"):
        write_recognition(recognition(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_other_formats_and_places_are_told(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"talk\.xlsx: unknown ending; a recognition is written as one of \.json, "
    ):
        write_recognition(talk(), tmp_path / "talk.xlsx")
    with pytest.raises(InputError, match="not written"):
        write_recognition(talk(), tmp_path / "nowhere" / "talk.json")


@pytest.fixture(scope="module")
def long_talk() -> Recognition:
    """Ten thousand utterances of three speakers."""
    return recognition(
        *(
            RecognisedUtterance(n / 4, n / 4 + 0.25, f"S{n % 3}", f"word {n}", felt("joy"))
            for n in range(10_000)
        )
    )


@every_format
def test_ten_thousand_utterances_are_written_in_seconds(tmp_path: Path, suffix: str, long_talk):
    started = time.process_time()
    written(long_talk, tmp_path, suffix)
    assert time.process_time() - started < 10


def test_words_with_their_times_are_written_as_whisperx_does_and_read_again(tmp_path: Path):
    words = Word(0.5, 0.9, "We"), Word(0.9, 1.4, "won!")
    said = RecognisedUtterance(0.5, 2, "Ada", "We won!", (0.3, 0.7), words=words)
    silent = RecognisedUtterance(3, 4, "Ben", None, (0.3, 0.7))
    one = Recognition("talk.wav", 5, ("neutral", "joy"), (said, silent), "lite", "")
    write_recognition(one, tmp_path / "talk.json")
    first, second = json.loads((tmp_path / "talk.json").read_text())["utterances"]
    assert first["words"][1] == {"word": "won!", "start": 0.9, "end": 1.4}
    assert "words" not in second
    assert read_recognition(tmp_path / "talk.json") == one


@pytest.mark.parametrize("words", [3, [3], [{"word": "a"}], [{"word": 1, "start": [], "end": 2}]])
def test_words_that_are_none_are_refused_in_one_line(tmp_path: Path, words: object):
    said = RecognisedUtterance(0.5, 2, "Ada", "We won!", (0.3, 0.7))
    one = Recognition("talk.wav", 5, ("neutral", "joy"), (said,), "lite", "")
    write_recognition(one, tmp_path / "talk.json")
    content = json.loads((tmp_path / "talk.json").read_text())
    content["utterances"][0]["words"] = words
    (tmp_path / "talk.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"talk\.json"):
        read_recognition(tmp_path / "talk.json")
