"""Tiers of ELAN and Praat: which of them are read, which are refused, and which one chooses."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pympi.Elan import Eaf

from synctva.errors import InputError
from synctva.transcripts import Segment, read_transcript
from synctva.transcripts.emotion_tiers import with_emotions

Interval = tuple[float, float, str]
Tiers = Mapping[str, Sequence[Interval]]


def textgrid(path: Path, tiers: Tiers, end_s: float = 100) -> Path:
    lines = ['"ooTextFile"', '"TextGrid"', "0", f"{end_s}", "<exists>", f"{len(tiers)}"]
    for name, intervals in tiers.items():
        lines += ['"IntervalTier"', f'"{name}"', "0", f"{end_s}", f"{len(intervals)}"]
        lines += [part for a, b, text in intervals for part in (f"{a}", f"{b}", f'"{text}"')]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def elan(path: Path, tiers: Tiers, participants: Mapping[str, str] | None = None) -> Path:
    file = Eaf()
    file.remove_tier("default")
    for name, intervals in tiers.items():
        file.add_tier(name, part=(participants or {}).get(name))
        for a, b, text in intervals:
            file.add_annotation(name, round(a * 1000), round(b * 1000), text)
    file.to_file(str(path))
    return path


def written(folder: Path, suffix: str, tiers: Tiers) -> Path:
    return (elan if suffix == ".eaf" else textgrid)(folder / f"talk{suffix}", tiers)


def said(path: Path, *tiers: str) -> list[tuple]:
    return [
        (s.start_s, s.end_s, s.speaker, s.text, s.emotion) for s in read_transcript(path, tiers)
    ]


both = pytest.mark.parametrize("suffix", [".eaf", ".TextGrid"])

CODED = {
    "Ida": [(1, 2, "Yes."), (3, 4, "No.")],
    "gesture": [(1, 4, "waves")],
    "emotion Ida": [(1, 2, "joy"), (3, 4, "fear")],
    "emotion Ida second": [(1, 2, "anger"), (3, 4, "anger")],
}


@both
def test_two_codings_of_one_speaker_are_refused_by_name_and_one_is_chosen(tmp_path, suffix):
    path = written(tmp_path, suffix, CODED)
    told = "tiers 'emotion Ida' and 'emotion Ida second' both give the emotions of 'Ida'"
    with pytest.raises(InputError, match=told) as caught:
        read_transcript(path)
    assert "--tiers" in str(caught.value)
    first = [(1, 2, "Ida", "Yes.", "joy"), (3, 4, "Ida", "No.", "fear")]
    assert said(path, "Ida", "emotion Ida") == first
    assert said(path, "Ida", "*second") == [(*rest, "anger") for *rest, _ in first]
    assert said(path, "Ida") == [(*rest, None) for *rest, _ in first]


@both
def test_what_is_left_out_is_told_and_a_name_that_fits_nothing_is_refused(tmp_path, suffix):
    path = written(tmp_path, suffix, CODED)
    note = read_transcript(path, ["Ida", "emotion Ida"]).note
    assert note.startswith(f"{path}: ")
    assert "'gesture', 'emotion Ida second' left out" in note
    with pytest.raises(InputError, match=r"no tier 'Idda'; there are: .*Did you mean 'Ida'"):
        read_transcript(path, ["Idda"])


def test_a_file_without_tiers_has_none_to_choose(tmp_path: Path):
    (tmp_path / "talk.csv").write_text("start_s,end_s,text\n0,1,Hi.\n")
    with pytest.raises(InputError, match="so there are no tiers"):
        read_transcript(tmp_path / "talk.csv", ["Ida"])


def test_several_tiers_of_a_participant_are_told(tmp_path: Path):
    tiers = {"a": [(1, 2, "Yes.")], "b": [(1, 2, "nods")], "c": [(3, 4, "door")]}
    path = elan(tmp_path / "talk.eaf", tiers, {"a": "Ida", "b": "Ida"})
    note = read_transcript(path).note
    assert "'a', 'b' are all read as words of 'Ida'" in note
    assert "'c' without a participant" in note
    assert read_transcript(elan(tmp_path / "talk.eaf", tiers)).note == ""


ALIGNED = [
    (0.0, 0.5, ""),
    (0.5, 1.0, "so"),
    (1.0, 1.5, "soon"),
    (1.5, 1.8, "sil"),
    (1.8, 2.0, "then"),
    (3.0, 3.5, "no"),
]
PHONES = [(0.5, 0.8, "S"), (0.8, 1.0, "OW1"), (1.0, 1.5, "S")]


@both
@pytest.mark.parametrize(
    ("words", "phones", "speaker"),
    [
        ("words", "phones", None),
        ("word", "phone", None),
        ("Ida - words", "Ida - phones", "Ida"),
        ("Ida_words", "Ida_phonemes", "Ida"),
        ("ORT-MAU", "MAU", None),
    ],
)
def test_aligned_words_are_joined_and_phones_left_out(tmp_path, suffix, words, phones, speaker):
    path = written(tmp_path, suffix, {words: ALIGNED, phones: PHONES})
    expected = [(0.5, 2.0, speaker, "so soon then", None), (3.0, 3.5, speaker, "no", None)]
    assert said(path) == expected
    note = read_transcript(path).note
    assert f"{phones!r} left out" in note
    assert f"{words!r} with single words, joined" in note


@both
def test_aligned_words_have_emotions_and_utterances_win(tmp_path: Path, suffix: str):
    tiers = {"Ida - words": ALIGNED, "Ida - phones": PHONES, "emotion Ida": [(0, 2, "joy")]}
    path = written(tmp_path, suffix, tiers)
    assert said(path) == [
        (0.5, 2.0, "Ida", "so soon then", "joy"),
        (3.0, 3.5, "Ida", "no", None),
    ]
    whole = {"Ida - utterances": [(0.5, 3.5, "So soon then. No.")], **tiers}
    assert said(written(tmp_path, suffix, whole)) == [(0.5, 3.5, "Ida", "So soon then. No.", "joy")]


@both
def test_a_tier_of_words_without_phones_is_a_speaker_as_ever(tmp_path: Path, suffix: str):
    path = written(tmp_path, suffix, {"words": [(0, 1, "So."), (1, 2, "No.")]})
    assert [segment.speaker for segment in read_transcript(path)] == ["words", "words"]


def label(start: int, end: int, text: str = "joy") -> Segment:
    return Segment(float(start), float(end), text, "")


SPANS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted).map(tuple), max_size=12
)


@settings(max_examples=200, deadline=None)
@given(spans=SPANS, labels=SPANS)
@example(spans=[(0, 10)], labels=[(1, 2), (3, 7), (8, 30)])
@example(spans=[(0, 10)], labels=[(0, 3), (1, 2), (4, 12), (9, 10)])
def test_the_emotion_is_that_of_what_covers_most(spans: list, labels: list):
    """Against the rule itself: look at every annotation for every utterance."""
    labelled = [label(a, b, f"{a}-{b}-{n}") for n, (a, b) in enumerate(labels)]
    ordered = sorted(labelled, key=lambda one: one.start_s)
    for found in with_emotions([label(a, b) for a, b in spans], labelled):
        shared = [min(found.end_s, one.end_s) - max(found.start_s, one.start_s) for one in ordered]
        most = max(shared, default=0)
        if most <= 0:
            assert found.emotion is None
        else:
            (own,) = [n for n, one in enumerate(ordered) if one.text == found.emotion]
            assert shared[own] == most


def test_an_emotion_over_everything_costs_no_time():
    many = [label(n, n + 1) for n in range(20_000)]
    over = [label(0, 20_000, "calm"), *(label(n, n + 1) for n in range(20_000))]
    started = time.process_time()
    assert len(with_emotions(many, over)) == 20_000
    assert len(with_emotions([label(0, 20_000)] * 20_000, over)) == 20_000
    assert time.process_time() - started < 30  # hours where it is quadratic
