"""What the page says of every speaker."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.reports.recognition.clock import length


@dataclass(frozen=True)
class Share:
    """An emotion's share of the time spoken.

    Attributes:
        emotion: Its name.
        percent: Its share, x100.
        from_percent: Where its band begins in a bar of all shares.
        to_percent: Where its band ends.
    """

    emotion: str
    percent: int
    from_percent: float
    to_percent: float


@dataclass(frozen=True)
class Speaker:
    """A speaker in a recording.

    Attributes:
        name: As in the transcript.
        percent: Share of all time spoken, x100.
        time: How long they speak, in words.
        utterances: How many.
        shares: Their emotions, the most frequent first.
    """

    name: str
    percent: int
    time: str
    utterances: int
    shares: tuple[Share, ...]


def speakers_of(recognition: Recognition) -> list[Speaker]:
    """Returns the speakers, those who speak most first; of equals, who speaks first."""
    total = sum(_weights(recognition.utterances)) or 1.0
    speakers = []
    for name in recognition.speakers:
        own = [u for u in recognition.utterances if u.speaker == name]
        spoken_s = sum(u.end_s - u.start_s for u in own)
        part = sum(_weights(own, recognition.utterances)) / total
        shares = tuple(shares_of(recognition, own))
        one = Speaker(name, round(100 * part), length(spoken_s), len(own), shares)
        speakers.append((part, one))
    return [one for _, one in sorted(speakers, key=lambda pair: -pair[0])]


def shares_of(recognition: Recognition, utterances: Sequence[RecognisedUtterance]) -> list[Share]:
    """Returns the recognised emotions' shares of the time spoken, the greatest first."""
    weights = defaultdict[str, float](float)
    for utterance, weight in zip(utterances, _weights(utterances), strict=True):
        if (emotion := recognition.emotion_of(utterance)) is not None:
            weights[emotion] += weight
    total, shares, start = sum(weights.values()), [], 0.0
    for emotion, weight in sorted(weights.items(), key=lambda pair: -pair[1]):
        end = start + 100 * weight / total
        shares.append(Share(emotion, round(end - start), round(start, 1), round(end, 1)))
        start = end
    return shares


def _weights(
    utterances: Sequence[RecognisedUtterance], among: Sequence[RecognisedUtterance] | None = None
) -> list[float]:
    """Returns the lengths of utterances, in seconds; one for each where no time is known."""
    timed = any(u.end_s > u.start_s for u in (utterances if among is None else among))
    return [u.end_s - u.start_s if timed else 1.0 for u in utterances]
