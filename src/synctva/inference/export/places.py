"""Where utterances are in files of annotations: milliseconds, tiers, and the recording's place."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.transcripts import SUFFIXES
from synctva.transcripts.emotion_tiers import is_emotion
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
    lanes: dict[str, list[list[RecognisedUtterance]]] = {who: [] for who in recognition.speakers}
    for utterance in sorted(recognition.utterances, key=times_ms):
        own = lanes[utterance.speaker]
        start_ms, _ = times_ms(utterance)
        free = next((lane for lane in own if times_ms(lane[-1])[1] <= start_ms), None)
        if free is None:
            own.append([utterance])
        else:
            free.append(utterance)
    found: list[Tier] = []
    taken: set[str] = set()
    for number, (speaker, own) in enumerate(lanes.items(), start=1):
        name = one_line(speaker)
        if not name or is_emotion(name):  # else it would be taken for a tier of emotions
            name = f"speaker {number}"
        for lane in own:
            found.append(Tier(_free_name(name, taken), one_line(speaker) or name, lane))
            taken.add(found[-1].name)
    return found


def _free_name(name: str, taken: set[str]) -> str:
    """Returns a name, or the name with the first number that makes it a new one."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def words(utterance: RecognisedUtterance) -> str:
    """Returns what is said in an utterance, in one line; empty where that is not known."""
    return one_line(utterance.text or "")


def percent(utterance: RecognisedUtterance) -> int:
    """Returns the probability of the recognised emotion, in percent."""
    return round(100 * max(utterance.probabilities))


def recording_of(recognition: Recognition) -> Path | None:
    """Returns the recording; None where a transcript alone was recognised."""
    media = Path(recognition.media)
    return None if media.suffix.lower() in SUFFIXES else media.absolute()


def relative_url(target: Path, path: Path) -> str:
    """Returns the URL of a file as seen from the folder of another."""
    relative = Path(os.path.relpath(target.absolute(), path.absolute().parent))
    return quote(os.fsencode(relative.as_posix()))
