"""Who says what when in a recording: from its transcript, else from when somebody speaks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from synctva.dialogue import NOBODY, Dialogue, Utterance
from synctva.errors import InputError
from synctva.inference.fit import doubt
from synctva.listening.listener import BY_VOICE, Listener, spoken, who_speaks
from synctva.listening.voice_activity import speech_in
from synctva.media import apart as looking
from synctva.media import chosen_track, length_of, seen_apart, sound_tracks
from synctva.transcripts import (
    SCRIPT,
    SUFFIXES,
    Segment,
    Word,
    is_script,
    read_script,
    read_transcript,
    within,
)
from synctva.work import Engine

IMPORTED = "synctva.inference.imported"
"""By the server of the processes that read recordings: see ``Task``."""


@dataclass(frozen=True)
class Segmented:
    """A recording in utterances.

    Attributes:
        media: Path of the recording, or of the transcript where there is no recording.
        duration_s: Its length, in seconds.
        dialogue: The utterances, in order of time; None where nobody speaks.
        note: What was left out of the transcript, and which of several sound tracks is heard, in
            words; empty if there is nothing to note.
        sound_track: Which of the recording's sound tracks is heard, from 1; None = that which a
            player plays.
        words: The words of each utterance with their times, where they were heard; else none.
        is_foreign: Whether words were heard and left out, as they are in another language.
    """

    media: str
    duration_s: float
    dialogue: Dialogue | None
    note: str = ""
    sound_track: int | None = None
    words: tuple[tuple[Word, ...], ...] = ()
    is_foreign: bool = False


def is_transcript(path: Path) -> bool:
    """Returns whether a path has the name of a transcript, not of a recording."""
    return path.suffix.lower() in (*SUFFIXES, SCRIPT)


def utterances_of(
    recording: Path,
    transcript: Path | None = None,
    listener: Listener = BY_VOICE,
    apart: Engine | None = None,
    *,
    tiers: Sequence[str] = (),
    sound_track: str | None = None,
) -> Segmented:
    """Returns the utterances of a recording.

    Args:
        recording: Sound, pictures or both; or a transcript or a script alone, for its text.
        transcript: Who says what when, in any format that ``synctva.transcripts`` reads; None =
            listen for speech.
        listener: What hears words where there is no transcript, and tells speakers apart where
            nothing names them.
        apart: The process that looks at recordings, of :func:`synctva.media.apart`, kept for
            several; None = one for this recording.
        tiers: The tiers that count of an ELAN or Praat file; see ``read_transcript``.
        sound_track: The number, language or title of the sound track that is heard; None = that
            which a player plays.

    Raises:
        InputError: A file is missing, broken or hostile; there are two transcripts; the times of
            one do not fit the recording; there is no such sound track; or there is neither sound
            nor transcript.
    """
    recording = Path(recording)
    if is_transcript(recording):
        if transcript is not None:
            raise InputError(
                f"{recording}: a transcript, and {transcript} another one; give the recording and"
                " one transcript, or one transcript alone"
            )
        if sound_track is not None:
            raise InputError(f"{recording}: a transcript has no sound; leave out --sound-track")
        return _said(recording, None, tiers=tiers)
    if apart is None:
        chosen = {"tiers": tiers, "sound_track": sound_track}
        with looking(IMPORTED) as own:
            return utterances_of(recording, transcript, listener, own, **chosen)
    length_s, track, about_track = seen_apart(partial(_looked, sound_track), recording, apart)
    if transcript is not None:
        said = _said(Path(transcript), recording, length_s, tiers)
        found = _heard_as_said(said, recording, listener, apart, track)
    else:
        speech = speech_in(recording, apart, track)
        heard = spoken(recording, speech, listener, apart, track)
        utterances = _utterances(heard.segments, recording)
        length_s = max(length_s or 0.0, speech.length_s)
        about = "; ".join(filter(None, (speech.note, heard.note)))
        found = _segmented(recording, length_s, utterances, about)
        words = tuple(segment.words for segment in heard.segments)
        found = replace(found, words=words, is_foreign=heard.is_foreign)
    note = "; ".join(filter(None, (about_track, found.note)))
    return replace(found, note=note, sound_track=track)


def _looked(choice: str | None, recording: Path) -> tuple[float | None, int | None, str]:
    """Returns a recording's length, and of its sound tracks as ``_heard_track``."""
    return length_of(recording), *_heard_track(recording, choice)


def _heard_track(recording: Path, choice: str | None) -> tuple[int | None, str]:
    """Returns the number of the sound track that was chosen, and what is to say of several."""
    if choice is not None:
        track = chosen_track(recording, choice)
        return track.number, f"sound track {track} is heard"
    tracks = sound_tracks(recording)
    if len(tracks) < 2:
        return None, ""
    heard = next(track for track in tracks if track.is_default)
    listed = ", ".join(map(str, tracks))
    return None, (
        f"of its sound tracks {listed}, {heard.number} is heard; --sound-track chooses another"
    )


def _said(
    transcript: Path,
    recording: Path | None,
    length_s: float | None = None,
    tiers: Sequence[str] = (),
) -> Segmented:
    if is_script(transcript) and not tiers:
        if recording is not None:
            raise InputError(
                f"{transcript}: no times in it, so it cannot tell who speaks when in {recording};"
                " give it alone, or a transcript with times"
            )
        turns, note = read_script(transcript)
        utterances = [Utterance(n, speaker, text) for n, (speaker, text) in enumerate(turns)]
        return _segmented(transcript, None, utterances, note)
    read = read_transcript(transcript, tiers)
    segments, note = read, read.note
    if length_s is not None:
        segments, outside = within(read, length_s)
        note = "; ".join(filter(None, (note, outside)))
    utterances = _utterances(segments, recording)
    if recording is None and not any(utterance.text for utterance in utterances):
        raise InputError(
            f"{transcript}: no words in it; give the recording, and this file with --transcript"
        )
    return _segmented(recording or transcript, length_s, utterances, note)


def _heard_as_said(
    segmented: Segmented, recording: Path, listener: Listener, apart: Engine, track: int | None
) -> Segmented:
    """Returns the same with speakers, and a note where speech is not when the transcript says."""
    try:
        speech = speech_in(recording, apart, track)
    except InputError:  # it has no sound, or none that can be read, which its features will tell
        return segmented
    turns = () if segmented.dialogue is None else segmented.dialogue.utterances
    spans = [(turn.start_s or 0.0, turn.end_s or 0.0) for turn in turns]
    notes = [segmented.note, speech.note, doubt(spans, speech.spans, segmented.duration_s)]
    dialogue = segmented.dialogue
    if dialogue and speech.spans and listener.count and all(t.speaker == NOBODY for t in turns):
        names, about_speakers = who_speaks(recording, spans, listener.count, apart, track)
        named = (replace(t, speaker=name) for t, name in zip(turns, names, strict=True))
        dialogue = replace(dialogue, utterances=tuple(named))
        notes.append(about_speakers)
    return replace(segmented, dialogue=dialogue, note="; ".join(filter(None, notes)))


def _utterances(segments: Sequence[Segment], recording: Path | None) -> list[Utterance]:
    return [
        Utterance(
            turn,
            segment.speaker or NOBODY,
            segment.text or None,
            start_s=segment.start_s,
            end_s=segment.end_s,
            media=None if recording is None else str(recording),
        )
        for turn, segment in enumerate(segments)
    ]


def _segmented(
    path: Path, length_s: float | None, utterances: list[Utterance], note: str = ""
) -> Segmented:
    last_s = max((utterance.end_s or 0.0 for utterance in utterances), default=0.0)
    dialogue = Dialogue(path.name, "test", tuple(utterances)) if utterances else None
    return Segmented(str(path), length_s or last_s, dialogue, note)
