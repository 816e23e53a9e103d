"""IEMOCAP as USC releases it: sessions with evaluations, transcriptions, sounds and movies.

Citation, licence and emotions: as in ``iemocap.py``.
Source: https://sail.usc.edu/iemocap, ``IEMOCAP_full_release``.

Of a session are read ``dialog/EmoEvaluation/*.txt`` (times and emotions),
``dialog/transcriptions/*.txt`` (words), ``sentences/wav/*/*.wav`` (an utterance's sound each) and
``dialog/avi/DivX/*.avi`` (a dialogue's movie each). The last two may be left out.

The movies are split screens. The letter after the session (``Ses01F_impro01``) says who wears the
motion-capture markers in the recording, and the markers' wearer is on the left. The release's own
documents do not say so; the published programs that cut the faces out of these movies agree on it.

Utterances of other emotions than the six, and those without agreement, are left out, as the field
does. The release agrees on 7,380 utterances of the six; the field's tables hold 7,433, with 53
more happy ones whose origin nobody has published. So the check reports that happy ones are missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synctva.corpus import Corpus
from synctva.data.corpora import iemocap
from synctva.data.files.assemble import UtteranceRow, assemble
from synctva.data.kind import Kind
from synctva.emotions import schema_named
from synctva.errors import InputError

EMOTIONS = ("hap", "sad", "neu", "ang", "exc", "fru")
"""The codes of the six emotions in EmoEvaluation."""

VALID = frozenset(
    {
        "Ses01M_impro01",
        "Ses01M_script03_1",
        "Ses02F_impro02",
        "Ses02F_impro07",
        "Ses02M_script01_2",
        "Ses03F_impro01",
        "Ses03M_impro02",
        "Ses03M_impro08a",
        "Ses03M_script02_2",
        "Ses03M_script03_2",
        "Ses04F_impro07",
        "Ses04F_script02_1",
    }
)
"""The dialogues of sessions 1-4 that are set aside, the same as in the field's tables."""

_SESSION = re.compile(r"Session([1-5])")
_TURN = re.compile(r"\[(\d+\.\d+) - (\d+\.\d+)\]\t(\w+)\t([a-z]{3})\t\[.*\]\s*")
_ID = re.compile(r"(Ses\d\d([FM])_\w+)_([FM])\d+")
_WORDS = re.compile(r"(\w+) \[[\d.]+-[\d.]+\]:(.*)")


@dataclass(frozen=True)
class _Turn:
    """A line of an evaluation: who spoke when, with which emotion, and where that is written."""

    id: str
    dialogue: str
    wearer: str
    speaker: str
    emotion: str
    start_s: float
    end_s: float
    place: str


def is_release(folder: Path) -> bool:
    """Returns whether a folder holds sessions of the release."""
    return any(True for _ in _sessions(folder))


def read_iemocap_release(source: Path) -> Corpus:
    """Returns IEMOCAP's utterances of six emotions from the folder of its release.

    Turns are in the order of their start and counted without those left out, as in the field's
    tables. An utterance's media is its span of the dialogue's movie and the half of it that shows
    the speaker; its sound is its own file. What of the two is not there is left out.

    Raises:
        InputError: No session is there, a dialogue has no transcription or lies in another
            session, a line of an evaluation is not what it should be, or an utterance stands twice.
    """
    rows: list[UtteranceRow] = []
    places: list[str] = []
    for session, folder in _sessions(source):
        evaluations = folder / "dialog" / "EmoEvaluation"
        for path in sorted(evaluations.glob("Ses*.txt")):
            if not path.name.startswith(f"Ses{session:02}"):
                raise InputError(
                    f"{path}: is not of {folder.name}, and the session decides the split; move it"
                    " to its own"
                )
            words = _words(folder / "dialog" / "transcriptions" / path.name)
            turns = sorted(_turns(path), key=lambda turn: (turn.start_s, turn.end_s))
            for turn in turns:
                if turn.emotion in EMOTIONS:
                    rows.append(_row(turn, session, folder, words.get(turn.id)))
                    places.append(turn.place)
    if not rows:
        raise InputError(
            f"{source}: no Session1 to Session5 with utterances in dialog/EmoEvaluation in it;"
            " name the folder IEMOCAP_full_release"
        )
    schema = schema_named(iemocap.FACTS.schema)
    return assemble(iemocap.FACTS.name, schema, rows, {}, source, lambda row: places[row])


def _sessions(source: Path) -> Iterator[tuple[int, Path]]:
    for folder in sorted(source.glob("Session?")):
        match = _SESSION.fullmatch(folder.name)
        if match and (folder / "dialog" / "EmoEvaluation").is_dir():
            yield int(match[1]), folder.absolute()


def _turns(path: Path) -> Iterator[_Turn]:
    """Yields the utterances of an evaluation, in its order."""
    first: dict[str, int] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.startswith("["):
            continue  # the heading, and what single annotators said
        place = f"{path}: line {number}"
        match = _TURN.fullmatch(line)
        if match is None:
            raise InputError(
                f"{place}: {line[:60]!r} is not written [start - end], name, emotion, [v, a, d]"
                " with tabs between them; get the release again"
            )
        start_s, end_s, id, emotion = match.groups()
        named = _ID.fullmatch(id)
        if named is None or named[1] != path.stem:
            raise InputError(
                f"{place}: {id!r} is not an utterance of {path.stem}; get the release again"
            )
        if first.setdefault(id, number) != number:
            raise InputError(
                f"{place}: {id!r} was there already, in line {first[id]}; get the release again"
            )
        dialogue, wearer, speaker = named.groups()
        yield _Turn(id, dialogue, wearer, speaker, emotion, float(start_s), float(end_s), place)


def _words(path: Path) -> dict[str, str]:
    """Returns what is said in each utterance of a dialogue."""
    if not path.is_file():
        raise InputError(f"{path}: missing; every dialogue of the release has a transcription")
    matches = (_WORDS.fullmatch(line.strip()) for line in _lines(path))
    return {match[1]: match[2].strip() for match in matches if match}


def _lines(path: Path) -> list[str]:
    """Returns the lines of a text file; what in it is not ASCII is a slip of the release."""
    return path.read_text(encoding="utf-8-sig", errors="replace").splitlines()


def _row(turn: _Turn, session: int, folder: Path, text: str | None) -> UtteranceRow:
    movie = folder / "dialog" / "avi" / "DivX" / f"{turn.dialogue}.avi"
    sound = folder / "sentences" / "wav" / turn.dialogue / f"{turn.id}.wav"
    seen = movie.is_file()
    return UtteranceRow(
        dialogue=turn.dialogue,
        speaker=turn.speaker,
        split="test" if session == 5 else "valid" if turn.dialogue in VALID else "train",
        emotion=turn.emotion,
        text=text,
        start_s=turn.start_s,
        end_s=turn.end_s,
        media=str(movie) if seen else None,
        audio_media=str(sound) if sound.is_file() else None,
        half=("left" if turn.speaker == turn.wearer else "right") if seen else None,
    )


KIND = Kind(
    "iemocap-release",
    is_release,
    read_iemocap_release,
    facts=iemocap.FACTS,
    clips=re.compile(r"Ses\d\d[FM]_\w+"),
)
