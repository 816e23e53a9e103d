"""Whatever is in a file: segments that make sense, or one line that names it; nothing else."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.transcripts import TALK, WRITERS, Said, put

from synctva.errors import InputError
from synctva.transcripts import Segment, read_transcript

every_format = pytest.mark.parametrize("suffix", WRITERS)
fuzzed = settings(
    max_examples=60, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

PIECES = (
    *("-->", "<v ", "[SPEAKER_", "{\\an8}", "&#0;", "&amp;", "]]>", "<!--", "<![CDATA[", "\u2028"),
    *('"', '""', "\t", ";", ",", "\n\n", "\r", "\u200f", "\0", "\U0001f600", "\u05d0", "NOTE "),
    *("-1", "1e999", "nan", "99:99:99,999", "::00:00.000", "9" * 400, "<exists>", "null", "{"),
)
"""Texts that mean something to some format."""

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    [piece for piece in PIECES if not set(piece) & set('"\0\r\n\t')]
)


def check(path: Path) -> None:
    """Fails where a file is read as nonsense, or refused otherwise than in one line."""
    try:
        segments = read_transcript(path)
    except InputError as error:
        told = str(error)
    else:
        told = f"{path}"
        assert_sense(segments, path)
    assert told.startswith(str(path))
    assert "\n" not in told
    assert len(told) < len(str(path)) + 400


def assert_sense(segments: Sequence[Segment], path: Path) -> None:
    assert segments
    assert [s.start_s for s in segments] == sorted(s.start_s for s in segments)
    for segment in segments:
        assert 0 <= segment.start_s <= segment.end_s < float("inf")
        assert segment.place.startswith(str(path))
        for text in (segment.text, segment.speaker or "x", segment.emotion or "x"):
            assert text == " ".join(text.split())
            text.encode()
        assert segment.speaker != ""
        assert segment.emotion != ""


@every_format
@given(
    content=st.binary(max_size=400)
    | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))
)
@fuzzed
def test_any_bytes(tmp_path: Path, suffix: str, content: bytes):
    path = tmp_path / f"talk{suffix}"
    path.write_bytes(content)
    check(path)


@every_format
@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=30))
@fuzzed
def test_any_heap_of_what_means_something(tmp_path: Path, suffix: str, pieces: list[str]):
    path = tmp_path / f"talk{suffix}"
    path.write_bytes("".join(pieces).encode("utf-8", "replace"))
    check(path)


@every_format
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 6))
@fuzzed
def test_any_damage_to_a_good_file(tmp_path: Path, suffix: str, seed: int, changes: int):
    chance = random.Random(seed)
    text = WRITERS[suffix](TALK)
    for _ in range(changes):
        start, end = sorted(chance.randrange(len(text) + 1) for _ in range(2))
        end = min(end, start + chance.choice([0, 1, 8, 200]))
        again = text[start:end] if chance.random() < 0.3 else chance.choice(["", *PIECES])
        text = text[:start] + again + (text[start:] if chance.random() < 0.3 else text[end:])
    path = tmp_path / f"talk{suffix}"
    path.write_bytes(text.encode("utf-8", "replace"))
    check(path)


@st.composite
def conversations(draw: st.DrawFn) -> list[Said]:
    """Utterances of a few speakers; of one speaker none overlaps another, as tiers demand."""
    said = []
    speakers = st.sampled_from(["Ada", "Ben", "SPEAKER_00"])
    for who in draw(st.lists(speakers, min_size=1, unique=True)):
        times_ms = draw(st.lists(st.integers(0, 3_999_000), min_size=2, max_size=8, unique=True))
        ordered = sorted(times_ms)
        for start_ms, end_ms in zip(ordered[::2], ordered[1::2], strict=False):
            words = " ".join(draw(WORDS).split()) + "."
            said.append((start_ms / 1000, end_ms / 1000, who, words.strip()))
    return sorted(said)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".eaf", ".TextGrid", ".rttm"])
@given(said=conversations())
@fuzzed
def test_any_conversation_is_read_as_it_was_written(tmp_path: Path, suffix: str, said: list[Said]):
    said = [(start, end, who, text.replace('"', "'")) for start, end, who, text in said]
    read = read_transcript(put(tmp_path, suffix, WRITERS[suffix](said)))
    told = sorted((s.start_s, s.end_s, s.speaker or "", s.text) for s in read)
    assert told == [(*rest, "" if suffix == ".rttm" else text) for *rest, text in said]
