"""Recognitions made by hand and by chance, and what has to be found again in their files."""

import re
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from synctva.inference.export import write_recognition
from synctva.inference.recognition import RecognisedUtterance, Recognition

EMOTIONS = ("neutral", "joy", "anger")

fuzzed = settings(
    max_examples=20, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def felt(emotion: str, probability: float = 0.8) -> tuple[float, ...]:
    rest = (1 - probability) / (len(EMOTIONS) - 1)
    return tuple(probability if name == emotion else rest for name in EMOTIONS)


def recognition(*utterances: RecognisedUtterance, media: str = "talk.mp4") -> Recognition:
    return Recognition(media, 4000.5, EMOTIONS, utterances, "lite", "3f" * 32)


def talk(media: str = "talk.mp4") -> Recognition:
    """A conversation in which one speaker has two voices at a time, and one is not understood."""
    return recognition(
        RecognisedUtterance(0.5, 2.0, "Ada", "We won!", felt("joy", 0.83), {"text": 0.3}),
        RecognisedUtterance(1.2345, 3.25, "Ben", "Really, \u05d0\u05de\u05ea?", felt("anger")),
        RecognisedUtterance(1.5, 2.5, "Ada", None, felt("joy"), {"audio": 0.2, "visual": -0.1}),
        RecognisedUtterance(
            3661.001, 3662.999, "Ada", "A --> B & <b>", felt("neutral"), flags=("short",)
        ),
        media=media,
    )


ODD_TEXTS = (
    *("-->", "<v A>", "00:00:01,000 --> 00:00:02,000", "\u05d0\u200f b", '"', "]]>", "a\n\nb"),
    *("\U0001f600", "&amp;", "{\\an8}", "item [1]:", "\0", "", "x" * 3000),
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(ODD_TEXTS)


CHANCE = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 4_000_000), st.integers(0, 4_000_000)).map(sorted),
        st.sampled_from(["Ada", "emotion", "A: b", "SPEAKER_00"]) | TEXTS,
        st.none() | TEXTS,
        st.tuples(st.sampled_from(EMOTIONS), st.floats(0.5, 1)),
        st.sampled_from([{}, {"text": 0.1}, {"audio": -0.2, "visual": 0.3}]),
        st.sampled_from([(), ("no_face", "short")]),
        TEXTS,
    ),
    max_size=6,
)
"""What ``made`` makes a recognition of, in a test: beartype, which checks it, takes random samples,
and hypothesis allows none while it draws."""


def made(chance: list[tuple]) -> Recognition:
    """Returns the recognition of what was drawn from ``CHANCE``."""
    utterances = [
        RecognisedUtterance(start_ms / 1000, end_ms / 1000, who, text, felt(*emotion), *rest)
        for (start_ms, end_ms), who, text, emotion, *rest in chance
    ]
    return recognition(*sorted(utterances, key=lambda utterance: utterance.start_s))


def plain(text: str | None) -> str:
    """Returns the characters of a text that are neither spaces nor impossible in XML."""
    kept = re.sub("[\x00-\x08\x0e-\x1b\x7f\ufffe\uffff]", "", text or "")
    return "".join(kept.split())


def times_ms(utterance: RecognisedUtterance) -> tuple[int, int]:
    start_ms, end_ms = round(utterance.start_s * 1000), round(utterance.end_s * 1000)
    return start_ms, max(end_ms, start_ms + 1)


def told(one: Recognition) -> list[tuple]:
    """Returns what every annotation says of a recognition: times, text, emotion."""
    return sorted((*times_ms(u), plain(u.text), one.emotion_of(u)) for u in one.utterances)


def written(one: Recognition, folder: Path, suffix: str) -> Path:
    path = folder / f"talk-out{suffix}"
    write_recognition(one, path)
    return path
