"""A recognition as subtitles with emotion tags: SRT and VTT.

SRT knows no escapes: what would be markup or a line of times in it is parted by a space.
"""

import re
from pathlib import Path

from synctva.inference.export.places import percent, times_ms, words
from synctva.inference.recognition import RecognisedUtterance, Recognition
from synctva.transcripts.segment import one_line


def srt_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of an SRT file: ``[joy 83 %] Ada: We won!``."""
    blocks = []
    for number, utterance in enumerate(_in_time(recognition), start=1):
        speaker = one_line(utterance.speaker).replace(":", "-")
        line = f"{_tag(recognition, utterance)} {speaker}: {words(utterance)}".rstrip()
        blocks.append(f"{number}\n{_times(utterance, ',')}\n{_parted(line)}\n")
    return "\n".join(blocks).encode()


def vtt_bytes(recognition: Recognition, path: Path) -> bytes:
    """Returns the content of a VTT file: ``<v Ada>[joy 83 %] We won!</v>``."""
    blocks = ["WEBVTT\n"]
    for utterance in _in_time(recognition):
        speaker = _escaped(one_line(utterance.speaker)) or "speaker"
        line = _escaped(f"{_tag(recognition, utterance)} {words(utterance)}".rstrip())
        blocks.append(f"{_times(utterance, '.')}\n<v {speaker}>{line}</v>\n")
    return "\n".join(blocks).encode()


def _in_time(recognition: Recognition) -> list[RecognisedUtterance]:
    return sorted(recognition.utterances, key=times_ms)


def _tag(recognition: Recognition, utterance: RecognisedUtterance) -> str:
    emotion = recognition.emotion_of(utterance)
    if emotion is None:
        return ""
    name = one_line(emotion).replace("[", "(").replace("]", ")")
    return f"[{name} {percent(utterance)} %]"


def _times(utterance: RecognisedUtterance, mark: str) -> str:
    return " --> ".join(_clock(time_ms, mark) for time_ms in times_ms(utterance))


def _clock(time_ms: int, mark: str) -> str:
    minutes, rest_ms = divmod(time_ms, 60_000)
    seconds, rest_ms = divmod(rest_ms, 1000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{mark}{rest_ms:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _parted(text: str) -> str:
    """Returns a text in which a player finds no markup, and no line of times."""
    return re.sub(r"<(?=\S)", "< ", text).replace("-->", "-- >").replace("{\\", "{ \\")
