"""Our own subtitles, perhaps corrected by hand -> segments.

An emotion stands in brackets before the speaker: ``[joy 83 %] Ada: We won!``. Whoever corrects it
writes ``[sadness]``, ``[Sadness 100%]`` or ``[sadness, surely]``, and leaves the rest as it was. So
one bracket with a percentage says that a file is ours; without any, all that is said has to begin
with a known emotion in brackets.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from synctva.emotions import is_known
from synctva.transcripts.rolling import Cue
from synctva.transcripts.segment import Segment, one_line
from synctva.transcripts.speakers import who_says_what

_PERCENT = r"\d{1,3}(?:[.,]\d{1,3})?[ ]?%"
TAG = re.compile(rf"\[\s*([^\[\]]{{1,60}}?)[\s,;:=-]*(?:({_PERCENT})\s*)?\]")
"""An emotion in brackets, and its probability, if that stands there."""

_SURE = re.compile(rf"\[\s*[^\[\]]{{1,60}}?[\s,;:=-]*{_PERCENT}\s*\]")
_DIGIT = re.compile(r"\d")


def are_tagged(cues: Sequence[Cue]) -> bool:
    """Returns whether subtitles are our own: emotions in brackets stand before what is said."""
    found = [TAG.match(cue.lines[0]) for cue in cues]
    if any(match and match[2] for match in found):
        return True
    return bool(found) and all(match and is_known(match[1]) for match in found)


def tagged_segments(cue: Cue) -> Iterator[Segment]:
    """Yields what is said in a subtitle of ours; two, if somebody has joined two subtitles."""
    text = one_line(" ".join(cue.lines))
    starts = [match.start() for match in _SURE.finditer(text)]
    for start, end in pairwise([0, *(start for start in starts if start), len(text)]):
        emotion, speaker, words = _parts(text[start:end].strip(), cue.voice)
        if words or emotion:
            yield Segment(cue.start_s, cue.end_s, words, cue.place, speaker, emotion)


def _parts(text: str, voice: str | None) -> tuple[str | None, str | None, str]:
    """Returns the emotion, the speaker and the words."""
    match = TAG.match(text)
    is_emotion = match is not None and (match[2] or not _DIGIT.search(match[1]))
    emotion = one_line(match[1]) if match and is_emotion else None
    said = text[match.end() :].strip() if match and is_emotion else text
    if voice is not None:
        return emotion or None, voice, said
    if emotion is None:
        ((speaker, words), *_) = who_says_what([[said]])[0] or [(None, "")]
        return None, speaker, words
    name, colon, words = said.partition(":")
    return (emotion, name.strip() or None, words.strip()) if colon else (emotion, None, said)
