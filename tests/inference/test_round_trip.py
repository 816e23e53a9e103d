"""Every export, corrected as people do it, is read again with these corrections and no other."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.talks import EMOTIONS, felt, fuzzed, recognition

from synctva.errors import InputError
from synctva.inference.corrections import corrected
from synctva.inference.export import read_recognition, write_recognition
from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.transcripts import Segment, read_transcript

SPEAKERS = ("Ada", "Ben Okri", "SPEAKER_00", "Жанна", "the man in black")
NEW = {"speaker": "Cleo", "word": "zebra", "shift_ms": 7}


@dataclass(frozen=True)
class Change:
    """Which utterance gets another emotion, speaker, start and word."""

    number: int
    emotion: str


TALKS = st.lists(
    st.tuples(
        st.sampled_from(SPEAKERS),
        st.lists(st.sampled_from(["yes", "no: never", "[sighs]", "10:30", "é"]), max_size=3),
        st.sampled_from(EMOTIONS),
        st.integers(300, 4000),
    ),
    min_size=1,
    max_size=5,
)


def made(drawn: list[tuple]) -> Recognition:
    """A conversation in which nobody overlaps, and every utterance has a word of its own."""
    utterances, end_ms = [], 0
    for number, (who, words, emotion, length_ms) in enumerate(drawn):
        start_ms, end_ms = end_ms + 50, end_ms + 50 + length_ms
        text = " ".join([f"word{number}", *words])
        times = (start_ms / 1000, end_ms / 1000)
        utterances.append(RecognisedUtterance(*times, who, text, felt(emotion, 0.6)))
    return recognition(*utterances, media="talk.srt")


def clock(time_s: float, mark: str) -> str:
    ms = round(time_s * 1000)
    return (
        f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}{mark}{ms % 1000:03d}"
    )


def in_subtitles(text: str, old: RecognisedUtterance, new: Segment, tag: str) -> str:
    mark = "," if text.startswith("1\n") else "."
    own = next(block for block in text.split("\n\n") if f"word{number_of(old)}" in block)
    block = own.replace(clock(old.start_s, mark), clock(new.start_s, mark))
    block = re.sub(r"\[\w+ \d+ %\]", tag.format(new.emotion), block)
    who = f"<v {old.speaker}>" if mark == "." else f" {old.speaker}:"
    assert who in block
    block = block.replace(who, who.replace(old.speaker, new.speaker or ""))
    return text.replace(own, block.replace(f"word{number_of(old)}", NEW["word"]))


def in_csv(path: Path, old: RecognisedUtterance, new: Segment) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    (row,) = [n for n, line in enumerate(lines) if f"word{number_of(old)}" in line]
    line = lines[row].replace(f"{old.start_s},", f"{new.start_s},", 1)
    line = line.replace(f",{old.speaker},", f",{new.speaker},").replace(
        f"word{number_of(old)}", NEW["word"]
    )
    lines[row] = re.sub(r",(neutral|joy|anger),", f",{new.emotion},", line, count=1)
    path.write_text("\n".join(lines), encoding="utf-8")


def in_json(path: Path, old: RecognisedUtterance, new: Segment) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    (own,) = [u for u in content["utterances"] if f"word{number_of(old)}" in u["text"]]
    own |= {"start_s": new.start_s, "speaker": new.speaker, "emotion": new.emotion}
    own["text"] = new.text
    path.write_text(json.dumps(content), encoding="utf-8")


def in_parquet(path: Path, old: RecognisedUtterance, new: Segment) -> None:
    table = pd.read_parquet(path)
    row = list(table["text"]).index(old.text)
    for column in ("start_s", "speaker", "text", "emotion"):
        table.loc[row, column] = getattr(new, column)
    table.to_parquet(path)


def in_elan(path: Path, old: RecognisedUtterance, new: Segment) -> None:
    """In the file's text: a speaker who has one utterance is renamed with his tiers."""
    text = path.read_text(encoding="utf-8")
    text = text.replace(f"word{number_of(old)}", NEW["word"])
    text = text.replace(f'PARTICIPANT="{old.speaker}"', f'PARTICIPANT="{new.speaker}"')
    tier = text.index(f'TIER_ID="emotion {old.speaker}"')
    text = text[:tier] + re.sub(
        r"<ANNOTATION_VALUE>\w+<", f"<ANNOTATION_VALUE>{new.emotion}<", text[tier:], count=1
    )
    start = f'TIME_VALUE="{round(old.start_s * 1000)}"'
    assert start in text
    text = text.replace(start, f'TIME_VALUE="{round(new.start_s * 1000)}"', 1)
    path.write_text(text, encoding="utf-8")


def in_textgrid(path: Path, old: RecognisedUtterance, new: Segment) -> None:
    text = path.read_text(encoding="utf-8")
    text = text.replace(f"word{number_of(old)}", NEW["word"])
    text = text.replace(f'"{old.speaker}"', f'"{new.speaker}"')
    text = text.replace(f'"emotion {old.speaker}"', f'"emotion {new.speaker}"')
    tier = text.index(f'"emotion {new.speaker}"')
    tail = re.sub(r'text = "\w+"', f'text = "{new.emotion}"', text[tier:], count=1)
    text = text[:tier] + tail
    for name in ("xmin", "xmax"):
        text = re.sub(rf"{name} = {re.escape(str(old.start_s))}\b", f"{name} = {new.start_s}", text)
    path.write_text(text, encoding="utf-8")


def number_of(utterance: RecognisedUtterance) -> int:
    match = re.match(r"word(\d+)", utterance.text or "")
    assert match
    return int(match[1])


def in_text(tag: str) -> Callable[[Path, RecognisedUtterance, Segment], None]:
    def change(path: Path, old: RecognisedUtterance, new: Segment) -> None:
        text = path.read_text(encoding="utf-8")
        path.write_text(in_subtitles(text, old, new, tag), encoding="utf-8")

    return change


WAYS: dict[str, tuple[str, Callable[[Path, RecognisedUtterance, Segment], None]]] = {
    **{
        f"{suffix} {tag}": (suffix, in_text(tag))
        for suffix in (".srt", ".vtt")
        for tag in ("[{}]", "[{} 100 %]", "[{} 40%]", "[ {} ]")
    },
    ".csv": (".csv", in_csv),
    ".json": (".json", in_json),
    ".parquet": (".parquet", in_parquet),
    ".eaf": (".eaf", in_elan),
    ".TextGrid": (".TextGrid", in_textgrid),
}


def read(path: Path) -> list[Segment]:
    return [replace(segment, place="") for segment in read_transcript(path)]


@pytest.mark.parametrize("way", WAYS)
@given(drawn=TALKS, which=st.integers(0, 4), emotion=st.sampled_from(EMOTIONS))
@settings(fuzzed, max_examples=12)
def test_exactly_what_is_corrected_comes_back(
    tmp_path: Path, way: str, drawn: list[tuple], which: int, emotion: str
):
    suffix, change = WAYS[way]
    if suffix in (".eaf", ".TextGrid"):  # there a speaker's name is that of a whole tier
        drawn = [
            (f"{who}{n}" if who != "SPEAKER_00" else f"SPEAKER_{n:02d}", *rest)
            for n, (who, *rest) in enumerate(drawn)
        ]
    one = made(drawn)
    path = tmp_path / f"talk-out{suffix}"
    write_recognition(one, path)
    before = read(path)
    row = which % len(before)
    old = one.utterances[row]
    new = replace(
        before[row],
        start_s=round(old.start_s + NEW["shift_ms"] / 1000, 3),
        speaker=NEW["speaker"],
        emotion=emotion,
        text=before[row].text.replace(f"word{row}", NEW["word"]),
    )
    change(path, old, new)
    assert read(path) == [*before[:row], new, *before[row + 1 :]]


@pytest.mark.parametrize("suffix", [".srt", ".vtt"])
@pytest.mark.parametrize("tag", ["[sadness]", "[Sad]", "[sadness 9%]", "[ sadness, 100 % ]"])
def test_agreement_counts_a_corrected_tag(tmp_path: Path, suffix: str, tag: str):
    emotions = ("neutral", "sadness", "fear")
    said = RecognisedUtterance(0.5, 2, "Ada", "No: never.", (0.3, 0.3, 0.4))
    also = RecognisedUtterance(3, 4, "Ben", "Yes.", (0.8, 0.1, 0.1))
    one = Recognition("talk.wav", 5, emotions, (said, also), "lite", "")
    write_recognition(one, tmp_path / "talk.json")
    path = tmp_path / f"talk{suffix}"
    write_recognition(one, path)
    text = path.read_text()
    assert "[fear 40 %]" in text
    path.write_text(text.replace("[fear 40 %]", tag))
    found = corrected(tmp_path / "talk.json", path)
    assert [emotions[n] for n in found.emotion] == ["sadness", "neutral"]
    assert (found.counts["matched"], found.counts["renamed"]) == (2, 0)


@pytest.mark.parametrize("suffix", [".srt", ".vtt"])
def test_all_tags_may_be_corrected_and_one_deleted(tmp_path: Path, suffix: str):
    one = made([("Ada", ["[sighs]"], "joy", 900), ("Ben", [], "joy", 900), ("Eva", [], "joy", 900)])
    path = tmp_path / f"talk{suffix}"
    write_recognition(one, path)
    text = path.read_text()
    path.write_text(text.replace("[joy 60 %]", "[sadness]"))
    assert [(s.speaker, s.emotion) for s in read(path)] == [
        (who, "sadness") for who in ("Ada", "Ben", "Eva")
    ]
    path.write_text(text.replace("[joy 60 %] ", "", 1))
    assert [(s.speaker, s.emotion) for s in read(path)] == [
        *(("Ada", None), ("Ben", "joy"), ("Eva", "joy")),
    ]


def test_subtitles_that_an_editor_has_joined_are_two(tmp_path: Path):
    text = (
        "1\n00:00:01,000 --> 00:00:04,000\n"
        "[joy 83 %] Ada: We won!\n[anger 50 %] the other man: No.\n"
    )
    path = tmp_path / "talk.srt"
    path.write_text(text)
    assert [(s.speaker, s.text, s.emotion) for s in read(path)] == [
        ("Ada", "We won!", "joy"),
        ("the other man", "No.", "anger"),
    ]


def test_brackets_of_others_are_no_emotions(tmp_path: Path):
    path = tmp_path / "talk.srt"
    cues = ["[sad music]", "[sad] Ada: No.", "Ben: Yes."]
    path.write_text(
        "\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{cue}\n" for n, cue in enumerate(cues))
    )
    assert [s.emotion for s in read(path)] == [None, None, None]


def test_a_corrected_recognition_is_no_recognition_any_more(tmp_path: Path):
    one = made([("Ada", [], "joy", 900)])
    path = tmp_path / "talk.json"
    write_recognition(one, path)
    path.write_text(path.read_text().replace('"emotion": "joy"', '"emotion": "anger"'))
    with pytest.raises(InputError, match=r"emotion 'anger' is not what its probabilities tell"):
        read_recognition(path)
    (segment,) = read_transcript(path)
    assert segment.emotion == "anger"
    (tmp_path / "found").mkdir()
    write_recognition(one, tmp_path / "found" / "talk.json")
    found = corrected(tmp_path / "found" / "talk.json", path)
    assert [EMOTIONS[n] for n in found.emotion] == ["anger"]
    with pytest.raises(InputError, match="the recognition itself"):
        corrected(tmp_path / "found" / "talk.json", tmp_path / "found" / "talk.json")
