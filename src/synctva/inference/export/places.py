"""Where utterances are in files of annotations: milliseconds, tiers, and the recording's place."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from urllib.parse import quote

from synctva.inference.recognition import UNSURE, RecognisedUtterance, Recognition
from synctva.transcripts import SUFFIXES
from synctva.transcripts.emotion_tiers import is_emotion, may_be_confidence
from synctva.transcripts.segment import one_line


@dataclass(frozen=True)
class Tier:
    """Utterances of one speaker, none of which overlaps another.

    Attributes:
        name: Its name, of which there is no second in the file: the speaker's, and a number where
            a speaker needs several tiers.
        speaker: The speaker.
        utterances: In the order of time.
    """

    name: str
    speaker: str
    utterances: Sequence[RecognisedUtterance]


def times_ms(utterance: RecognisedUtterance) -> tuple[int, int]:
    """Returns the start and the end of an utterance, in ms; it is never shorter than 1 ms."""
    start_ms, end_ms = round(utterance.start_s * 1000), round(utterance.end_s * 1000)
    return start_ms, max(end_ms, start_ms + 1)


def tiers(recognition: Recognition) -> list[Tier]:
    """Returns the utterances as tiers, speaker by speaker.

    On a tier nothing may overlap; where a speaker does (the voices of a crowd under one name), the
    utterance goes to the speaker's first tier that has room, or to a new one.
    """
    found: list[Tier] = []
    taken: dict[str, int] = {}
    for number, (speaker, said) in enumerate(_by_speaker(recognition).items(), start=1):
        name = one_line(speaker)
        if not name or is_emotion(name) or may_be_confidence(name):  # as other tiers are called
            name = f"speaker {number}"
        for lane in _lanes(said):
            found.append(Tier(_free_name(name, taken), one_line(speaker) or name, lane))
    return found


def _by_speaker(recognition: Recognition) -> dict[str, list[RecognisedUtterance]]:
    said: dict[str, list[RecognisedUtterance]] = {who: [] for who in recognition.speakers}
    for utterance in sorted(recognition.utterances, key=times_ms):
        said[utterance.speaker].append(utterance)
    return said


def _lanes(utterances: Iterable[RecognisedUtterance]) -> list[list[RecognisedUtterance]]:
    """Returns utterances, which come in time's order, on lanes; each on the first with room."""
    lanes: list[list[RecognisedUtterance]] = []
    busy: list[tuple[int, int]] = []  # until when, and the lane's number
    free: list[int] = []
    for utterance in utterances:
        start_ms, end_ms = times_ms(utterance)
        while busy and busy[0][0] <= start_ms:
            heappush(free, heappop(busy)[1])
        if not free:
            free.append(len(lanes))
            lanes.append([])
        number = heappop(free)
        lanes[number].append(utterance)
        heappush(busy, (end_ms, number))
    return lanes


def _free_name(name: str, taken: dict[str, int]) -> str:
    """Returns a name, or the name with the first number that makes it a new one, and takes it.

    Args:
        name: The name.
        taken: Those that are taken, with the last number that each was given.
    """
    number, free = taken.get(name, 1), name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    taken[name], taken[free] = number, 1
    return free


def words(utterance: RecognisedUtterance) -> str:
    """Returns what is said in an utterance, in one line; empty where that is not known."""
    return one_line(utterance.text or "")


def percent(utterance: RecognisedUtterance) -> int:
    """Returns the probability of the recognised emotion, in percent."""
    return round(100 * max(utterance.probabilities))


def confidence(recognition: Recognition, utterance: RecognisedUtterance) -> str:
    """Returns the probability of the recognised emotion, and a question mark where it is doubtful.

    So ``0.83``, ``0.38 ?``, and a mere ``?`` without evidence: whoever looks for ``?`` goes from
    one doubtful utterance to the next.
    """
    if recognition.emotion_of(utterance) is None:
        return "?"
    probability = max(utterance.probabilities)
    return f"{probability:.2f}" + (" ?" if probability < UNSURE else "")


def recording_of(recognition: Recognition) -> Path | None:
    """Returns the recording; None where it is not named, or text alone was recognised."""
    if not recognition.media:
        return None
    media = Path(recognition.media)
    is_text = not recognition.has_times or media.suffix.lower() in SUFFIXES
    return None if is_text else media.absolute()


def relative_url(target: Path, path: Path) -> str:
    """Returns the URL of a file as seen from the folder of another."""
    relative = Path(os.path.relpath(target.absolute(), path.absolute().parent))
    return quote(os.fsencode(relative.as_posix()))
