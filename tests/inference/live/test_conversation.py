"""Live equals causal: what comes in pieces is recognised as the whole recording is."""

import wave
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.drawn import draw_face, paste, room
from support.models import silence, voice

from synctva import Recogniser
from synctva.dialogue import Dialogue, Utterance
from synctva.errors import InputError
from synctva.inference.live import Conversation, End, Event, Problem, Relabel, Speech, Turn
from synctva.inference.live.words import Heard, Hearing
from synctva.inference.recognition import Recognition
from synctva.inference.utterances import Segmented
from synctva.listening.asr import Sentence
from synctva.listening.listener import BY_VOICE, Listener
from synctva.media import Frames, read_audio, read_frames, write_movie
from synctva.transcripts import Word

RATE_HZ = 16_000
SAID = ("Oh no, not again!", "Yes.", "I am so happy for you.", "Go away.", "Really?")


def said(samples: np.ndarray) -> list[Sentence]:
    """Hears in a sound one of some sentences, by its length."""
    text = f" {SAID[len(samples) // 500 % len(SAID)]}"
    return [Sentence((Word(0.1, len(samples) / RATE_HZ, text),))]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser.load("lite", is_causal=True, workers=1)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three turns of a voice, the last one too long and with pauses, and a face that talks."""
    path = tmp_path_factory.mktemp("talk") / "talk.mkv"
    heard = np.concatenate(
        [
            *(silence(0.7), voice(1.6), silence(0.9), 0.5 * voice(2.2), silence(0.6)),
            *(voice(5.4), silence(0.3), voice(0.9), silence(0.3), voice(12.0)),
        ]
    )
    faces = [draw_face(240, opening) for opening in (0.05, 0.3, 0.6, 0.2)]
    count = int(len(heard) / 22_050 * 5)
    pictures = (paste(room(), faces[number % 4], (300, 180)) for number in range(count))
    write_movie(path, pictures, 5, heard, 22_050)
    return path


@pytest.fixture(scope="module")
def sound(talk: Path) -> np.ndarray:
    found = read_audio(talk)
    assert found is not None
    return np.rint(found * 32_767).astype(np.float32) / 32_768


@pytest.fixture(scope="module")
def pictures(talk: Path) -> Frames:
    found = read_frames(talk, rate_hz=5, most=10_000)
    assert found is not None
    return found


def told(
    recogniser: Recogniser,
    sound: np.ndarray,
    sizes: Sequence[int],
    pictures: Frames | None = None,
    listener: Listener = BY_VOICE,
) -> tuple[list[Event], Recognition]:
    """Returns the events of sound that comes in pieces of these sizes, again and again."""
    conversation = Conversation(recogniser, replace(listener, transcribe=said))
    events: list[Event] = []
    first, number, seen = 0, 0, 0
    while first < len(sound):
        while pictures is not None and seen < len(pictures.pixels) and seen / 5 * RATE_HZ <= first:
            nothing = np.zeros(0, np.float32)
            events += conversation.feed(nothing, seen / 5, pictures.pixels[seen])
            seen += 1
        size = sizes[number % len(sizes)]
        events += conversation.feed(sound[first : first + size], in_haste=True)
        first, number = first + size, number + 1
    events += conversation.end()
    return events, conversation.recognition


def of_spans(recogniser: Recogniser, talk: Path, live: Recognition) -> Recognition:
    """Returns what ``recognise --causal`` makes of the spans, speakers and words of a talk."""
    turns = tuple(
        Utterance(n, one.speaker, one.text, None, one.start_s, one.end_s, str(talk))
        for n, one in enumerate(live.utterances)
    )
    dialogue = Dialogue("talk", "test", turns)
    return recogniser.recognise_utterances(Segmented(str(talk), live.duration_s, dialogue))


def agree(live: Recognition, other: Recognition, within: float) -> None:
    assert len(live.utterances) == len(other.utterances)
    for own, found in zip(live.utterances, other.utterances, strict=True):
        np.testing.assert_allclose(own.probabilities, found.probabilities, atol=within)
        assert own.contributions.keys() == found.contributions.keys()
        for modality, share in found.contributions.items():
            assert own.contributions[modality] == pytest.approx(share, abs=within)
        assert own.flags == found.flags


@pytest.fixture(scope="module")
def alone(recogniser: Recogniser, sound: np.ndarray) -> Recognition:
    return told(recogniser, sound, [1600])[1]


def test_live_equals_causal(
    recogniser: Recogniser, sound: np.ndarray, alone: Recognition, tmp_path: Path
):
    with wave.open(str(tmp_path / "talk.wav"), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(np.rint(sound * 32_768).astype("<i2").tobytes())
    assert len(alone.utterances) >= 4
    agree(alone, of_spans(recogniser, tmp_path / "talk.wav", alone), 1e-4)


def test_live_equals_causal_with_pictures(
    recogniser: Recogniser, talk: Path, sound: np.ndarray, pictures: Frames
):
    live = told(recogniser, sound, [1600], pictures)[1]
    assert {m for one in live.utterances for m in one.contributions} == {"text", "audio", "visual"}
    # the ends of a compressed sound's span are a little other than in the midst of all of it:
    agree(live, of_spans(recogniser, talk, live), 5e-3)


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sizes=st.lists(st.integers(100, 60_000), min_size=1, max_size=4))
def test_the_pieces_do_not_matter(
    recogniser: Recogniser, sound: np.ndarray, sizes: list[int], alone: Recognition
):
    events, found = told(recogniser, sound, sizes)
    assert found == alone
    assert [e.id for e in events if isinstance(e, Turn)] == list(range(len(found.utterances)))
    assert events[-1] == End(found.duration_s, len(found.utterances))


@pytest.fixture
def conversation(recogniser: Recogniser) -> Conversation:
    return Conversation(recogniser)


def samples(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def test_sound_that_is_missing_ends_the_turn_and_keeps_the_clock(
    conversation: Conversation, sound: np.ndarray
):
    events = conversation.feed(sound[: 2 * RATE_HZ], 0.0)
    events += conversation.feed(samples(1.0), 3602.0)
    events += conversation.end()
    assert [e for e in events if isinstance(e, Problem)] == [
        Problem(2.0, "3600.00 s of sound are missing")
    ]
    final = [e for e in events if isinstance(e, Turn) and e.is_final]
    assert [(e.start_s, e.end_s) for e in final] == [
        (pytest.approx(0.7, abs=0.3), pytest.approx(2.0, abs=0.4))
    ]
    assert events[-1] == End(3603.0, 1)


def test_sound_that_comes_twice_is_left_out(conversation: Conversation, sound: np.ndarray):
    conversation.feed(sound[:RATE_HZ], 0.0)
    events = conversation.feed(sound[:RATE_HZ], 0.0)
    assert "came late or twice" in " ".join(e.message for e in events if isinstance(e, Problem))
    assert conversation.now_s == 1.0


def test_a_clock_that_differs_a_little_loses_nothing(conversation: Conversation):
    for second in range(5):
        assert conversation.feed(samples(1.0), second * 1.02) == []
    assert conversation.now_s == 5.0


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((900, 900, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_a_bad_picture_costs_no_sound(conversation: Conversation, picture: np.ndarray):
    (problem,) = conversation.feed(samples(0.5), 0.0, picture)
    assert isinstance(problem, Problem)
    assert "picture" in problem.message
    assert conversation.now_s == 0.5


@pytest.mark.parametrize("wrong", [np.full(9, 2, np.float32), np.full(9, np.nan, np.float32)])
def test_what_is_no_sound_is_refused(conversation: Conversation, wrong: np.ndarray):
    with pytest.raises(InputError, match="samples"):
        conversation.feed(wrong)


def test_after_its_end_a_talk_takes_nothing(conversation: Conversation):
    assert conversation.end() == [End(0.0, 0)]
    assert conversation.end() == []
    with pytest.raises(InputError, match="over"):
        conversation.feed(samples(1.0))


def test_a_turn_that_goes_on_is_estimated_twice_a_second(
    conversation: Conversation, sound: np.ndarray
):
    events = conversation.feed(sound[: 4 * RATE_HZ]) + conversation.end()
    begun = next(e for e in events if isinstance(e, Speech))
    first = [e for e in events if isinstance(e, Turn) and e.id == 0]
    assert [e.revision for e in first] == list(range(len(first)))
    assert [e.is_final for e in first] == [False] * (len(first) - 1) + [True]
    assert {e.start_s for e in first} == {begun.start_s}
    assert np.diff([e.end_s for e in first[:-1]]) == pytest.approx(0.5, abs=0.13)


def test_an_estimate_changes_nothing_that_stays(recogniser: Recogniser, sound: np.ndarray):
    patient, hasty = Conversation(recogniser), Conversation(recogniser)
    for first in range(0, 6 * RATE_HZ, 4000):
        patient.feed(sound[first : first + 4000])
        hasty.feed(sound[first : first + 4000], in_haste=True)
    patient.end(), hasty.end()
    assert patient.recognition == hasty.recognition


def test_two_people_who_are_one_are_told_and_count_as_one(
    recogniser: Recogniser, sound: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    conversation = Conversation(recogniser)
    people = conversation._people
    assert people is not None
    names = iter(["SPEAKER_00", "SPEAKER_01", "SPEAKER_01"])
    pairs = iter([None, ("SPEAKER_01", "SPEAKER_00"), *[None] * 9])
    monkeypatch.setattr(people, "who", lambda *_: next(names))
    monkeypatch.setattr(people, "merged", lambda: next(pairs))
    events = conversation.feed(sound[: 6 * RATE_HZ], in_haste=True) + conversation.end()
    assert Relabel("SPEAKER_01", "SPEAKER_00", (1,)) in events
    assert [one.speaker for one in conversation.recognition.utterances][:2] == ["SPEAKER_00"] * 2


def test_memory_is_bounded_by_the_longest_turn(conversation: Conversation):
    picture = room(height=90, width=160)
    for second in range(40):
        conversation.feed(samples(1.0), float(second))
        for tenth in range(10):
            conversation.feed(samples(0), second + tenth / 10, picture)
    assert len(conversation._sound) < RATE_HZ
    assert len(conversation._pictures._kept) <= 170


def test_words_are_heard_from_pause_to_pause(recogniser: Recogniser, sound: np.ndarray):
    lengths: list[float] = []

    def transcribe(samples: np.ndarray) -> list[Sentence]:
        lengths.append(len(samples) / RATE_HZ)
        return said(samples)

    conversation = Conversation(recogniser, Listener(transcribe))
    lengths.clear()  # the first sound is no turn: everything is loaded with it
    events = conversation.feed(sound[: 13 * RATE_HZ]) + conversation.end()
    last = [e for e in events if isinstance(e, Turn) and e.id == 2]
    assert lengths[:3] == pytest.approx([1.8, 2.4, 5.6], abs=0.15)
    assert [w.end_s for w in last[-1].words] == pytest.approx([11.5, 13.0], abs=0.15)


def test_an_estimate_tells_the_words_so_far(recogniser: Recogniser, sound: np.ndarray):
    conversation = Conversation(recogniser, Listener(said))
    pause = round(11.7 * RATE_HZ)
    conversation.feed(sound[:pause])
    wait([piece.sentences for piece in conversation._hearing._pieces])
    estimates = [e for e in conversation.feed(sound[pause:][:RATE_HZ]) if isinstance(e, Turn)]
    assert not estimates[-1].is_final
    assert estimates[-1].text in SAID


def heard(hearing: Hearing, seconds: float, start_s: float = 0.0) -> Heard:
    hearing.hear(samples(seconds))
    return hearing.words(start_s)


def by_length(sound: np.ndarray) -> list[Sentence]:
    seconds = len(sound) / RATE_HZ
    return [Sentence((Word(0.0, seconds, f" {seconds:g}"),))]


def test_what_is_long_stays_as_it_was_heard_and_what_is_short_is_heard_again():
    hearing = Hearing(Listener(by_length))
    for pause_s in (1.0, 3.0, 5.5, 6.0):
        hearing.hear(samples(pause_s))
    found = heard(hearing, 7.0, 100.0)
    assert found.text == "5.5 1.5"
    assert [(w.start_s, w.end_s) for w in found.words] == [(100.0, 105.5), (105.5, 107.0)]


def test_the_last_pause_is_the_end_of_a_turn_and_nothing_is_heard_twice():
    lengths: list[int] = []

    def transcribe(sound: np.ndarray) -> list[Sentence]:
        lengths.append(len(sound))
        return by_length(sound)

    hearing = Hearing(Listener(transcribe))
    hearing.hear(samples(2.0))
    assert heard(hearing, 2.0).text == "2"
    assert lengths == [2 * RATE_HZ]
    assert heard(hearing, 1.0).text == "1"


def test_a_turn_that_is_cut_before_a_pause_is_heard_to_the_cut():
    hearing = Hearing(Listener(by_length))
    for pause_s in (6.0, 12.0):
        hearing.hear(samples(pause_s))
    assert heard(hearing, 9.0).text == "6 3"


def test_words_are_english_until_more_tells_otherwise():
    likelihoods = iter([-0.9, *[-1.5] * 6])

    def transcribe(samples: np.ndarray) -> list[Sentence]:
        words = tuple(Word(0.1 * n, 0.1 * n + 0.1, " word") for n in range(10))
        return [Sentence(words, next(likelihoods))]

    hearing = Hearing(Listener(transcribe, is_english=True))
    found = [heard(hearing, 1.0, 7.0) for _ in range(7)]
    assert found[0].text == "word " * 9 + "word"
    assert found[0].words[2].start_s == pytest.approx(7.2)
    assert found[-1] == Heard(flags=("other_language",))
    assert hearing.so_far is None
    assert heard(Hearing(Listener()), 1.0) == Heard()
