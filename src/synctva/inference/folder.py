"""What is to be recognised: which recordings, what belongs to each, where its results go."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from synctva.errors import InputError
from synctva.inference.export.write import check_untimed
from synctva.inference.utterances import is_transcript
from synctva.media.local_file import MEDIA_SUFFIXES, may_be_recording
from synctva.transcripts import SUFFIXES, belongings, is_script, may_be_transcript, tiers_of_each

NAME = "{name}"
"""In the path of a result, this stands for the recording's name without its suffix."""

EXAMPLE = f"results/{NAME}.json"

CORRECTED = (".eaf", ".textgrid", ".csv", ".srt", ".vtt")
"""What people correct by hand: an existing file is not replaced unasked."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecognitionJob:
    """One recording.

    Attributes:
        recording: Its path, or that of a transcript that has no recording.
        transcript: The file that says who says what when, if there is one; in a folder the one
            beside it.
        outs: Where its results go.
        tiers: Those that count of an ELAN or Praat file.
        sound_track: The number, language or title of the one that is heard; None = that which a
            player plays.
    """

    recording: Path
    transcript: Path | None
    outs: tuple[Path, ...]
    tiers: Sequence[str] = ()
    sound_track: str | None = None

    @property
    def said(self) -> Path:
        """The file that says who says what when; the recording itself where there is none."""
        return self.transcript or self.recording

    def rest(self) -> "RecognitionJob":
        """Returns what is left of it: the results that are not there yet."""
        return replace(self, outs=tuple(out for out in self.outs if not os.access(out, os.F_OK)))


def jobs_of_all(
    recordings: Sequence[Path],
    transcript: Path | None,
    outs: Sequence[str],
    of_one: Callable[[Path], list[RecognitionJob]],
) -> list[RecognitionJob]:
    """Returns what is to be recognised of recordings and folders.

    Args:
        recordings: Each a recording, or a folder.
        transcript: As of ``jobs_of``.
        outs: As of ``jobs_of``.
        of_one: ``jobs_of`` a recording or folder, with all else that it takes.

    Raises:
        InputError: As ``jobs_of``; or of several recordings, one of them a folder, no place is
            named for the results of each, two would be written to one place, or one transcript is
            given for all.
    """
    if len(recordings) > 1:
        if transcript is not None:
            raise InputError(f"{transcript}: one transcript for {len(recordings)} recordings")
        if outs or any(recording.is_dir() for recording in recordings):
            _check_names(f"{len(recordings)} recordings", outs)
    jobs = [job for recording in recordings for job in of_one(recording)]
    _check_places(jobs)
    return jobs


def jobs_of(
    recording: Path,
    transcript: Path | None,
    outs: Sequence[str],
    endings: Sequence[str],
    *,
    tiers: Sequence[str] = (),
    sound_track: str | None = None,
    overwrite: bool = False,
) -> list[RecognitionJob]:
    """Returns what is to be recognised: a recording, or every one of a folder.

    What can be refused is refused now, before an hour is spent on what goes into the results.

    Args:
        recording: The recording, or a folder; see ``jobs_in``.
        transcript: Who says what when in the recording, if a file says so.
        outs: Paths of results; ``{name}`` stands for the recording's name.
        endings: Those that a result may have.
        tiers: Those that count of ELAN and Praat files.
        sound_track: The one that is heard of every recording; see ``RecognitionJob``.
        overwrite: Whether what may have been corrected by hand is replaced.

    Raises:
        InputError: As ``jobs_in``; a file is missing; a result has another ending, cannot be made
            there, would replace what it is made from, or what may have been corrected by hand, or
            needs times where there are none; or tiers are named where there are none.
    """
    if recording.is_dir():
        if transcript is not None:
            raise InputError(
                f"{transcript}: one transcript for a folder; put each beside its recording, under"
                " the same name"
            )
        jobs = jobs_in(recording, outs)
    else:
        own = tuple(Path(out.replace(NAME, recording.stem)) for out in outs)
        jobs = [RecognitionJob(recording, transcript, own)]
        given = [recording, *([transcript] if transcript else [])]
        if missing := [path for path in given if not path.exists()]:
            raise InputError(f"{missing[0]}: no such file; correct the path")
        _check_kept(own, given)
        if is_script(recording):
            for path in own:
                check_untimed(path)
        if not overwrite:
            _check_uncorrected(own)
    check_outs([out for job in jobs for out in job.outs], endings)
    own_tiers = tiers_of_each(recording, [job.said for job in jobs], tiers)
    return [
        replace(
            job,
            tiers=own_tiers[job.said],
            sound_track=None if is_transcript(job.recording) else sound_track,
        )
        for job in jobs
    ]


def check_outs(outs: Sequence[Path], endings: Sequence[str]) -> None:
    """Checks that results can be written to these paths.

    Raises:
        InputError: One has another ending, or cannot be made there.
    """
    for out in outs:
        if out.suffix.lower() not in endings:
            raise InputError(f"{out}: unknown ending; known are {', '.join(endings)}")
        _check_place(out)


def _check_place(out: Path) -> None:
    """Refuses a file that cannot be made."""
    if os.access(out, os.F_OK) and out.is_dir():
        raise InputError(f"{out}: is a folder; name a file in it")
    folder = next(path for path in out.absolute().parents if os.access(path, os.F_OK))
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        reason = "no right to write" if folder.is_dir() else "a file, not a folder"
        raise InputError(f"{out}: cannot be made ({folder}: {reason}); name another place")


def _check_kept(outs: Sequence[Path], kept: Sequence[Path]) -> None:
    """Refuses results that would replace what they are made from."""
    for out in outs:
        for path in kept:
            if out.exists() and path.exists() and out.samefile(path):
                raise InputError(f"{out}: would be written over {path}; give it another name")


def _check_uncorrected(outs: Sequence[Path]) -> None:
    """Refuses to replace what may have been corrected by hand."""
    for out in outs:
        if out.suffix.lower() in CORRECTED and out.exists():
            raise InputError(
                f"{out}: is there, perhaps with corrections by hand; name another file, or add"
                " --overwrite"
            )


def jobs_in(folder: Path, outs: Sequence[str]) -> list[RecognitionJob]:
    """Returns the recordings in a folder and below, in the order of their names.

    Args:
        folder: Recordings, each with a transcript beside it (see ``belongings``) or without; and
            transcripts alone. Hidden files, copies that a page beside them plays, JSON files and
            tables that do not say who speaks when, and others are left out; a warning names them,
            and transcripts beside the one that is used.
        outs: Paths of results, in which ``{name}`` stands for the recording's name, with the
            folders that it lies in.

    Raises:
        InputError: There is no recording; or two would be written to one place, or over a
            transcript.
    """
    _check(folder, outs)
    files = sorted(path for path in folder.rglob("*") if _is_visible(path, folder))
    jobs = []
    for path, transcript in _recordings(files):
        name = path.relative_to(folder).with_suffix("").as_posix()
        own = tuple(Path(out.replace(NAME, name)) for out in outs)
        jobs.append(RecognitionJob(path, transcript, own))
    if not jobs:
        raise InputError(
            f"{folder}: no recording in it ({', '.join(MEDIA_SUFFIXES)}), and no transcript"
        )
    _tell_left_out(folder, files, jobs)
    _check_places(jobs)
    return jobs


def _check_places(jobs: Sequence[RecognitionJob]) -> None:
    """Refuses two results in one place."""
    counts = Counter(out.absolute() for job in jobs for out in job.outs)
    for job in jobs:
        for out in job.outs:
            if counts[out.absolute()] > 1:
                raise InputError(
                    f"{job.recording}: another recording of this name would be written to {out}"
                    " too; rename one of them"
                )


def _check_names(what: str, outs: Sequence[str]) -> None:
    """Refuses several recordings where the results of each have no place of their own."""
    if not outs:
        raise InputError(f"{what}; say where results go, such as --out {EXAMPLE}")
    for out in outs:
        if NAME not in out:
            raise InputError(
                f"{out}: one file for {what}; write {NAME} where the recording's name belongs,"
                f" such as --out {EXAMPLE}"
            )


def _check(folder: Path, outs: Sequence[str]) -> None:
    _check_names(f"{folder}: a folder", outs)
    for out in outs:
        if is_transcript(Path(out)) and folder.resolve() in Path(out).resolve().parents:
            raise InputError(
                f"{out}: beside the recordings this would be read as a transcript next time; name"
                f" another folder, such as --out {EXAMPLE}"
            )


def _is_visible(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden


def is_preview(path: Path) -> bool:
    """Returns whether a file, ``NAME.preview.mp4``, is the copy of the page ``NAME.html``."""
    name, mark, _ = path.name.rpartition(".preview")
    pages = (p for p in path.parent.iterdir() if p.stem == name and p.suffix.lower() == ".html")
    told = f'data-copy="./{quote(os.fsencode(path.name))}"'.encode()
    return bool(mark) and any(page.is_file() and told in page.read_bytes() for page in pages)


def _recordings(files: Sequence[Path]) -> Iterator[tuple[Path, Path | None]]:
    """Yields recordings with their transcripts, and transcripts without a recording."""
    media = [p for p in files if p.suffix.lower() in MEDIA_SUFFIXES and not is_preview(p)]
    found = belongings(media, [path for path in files if path.suffix.lower() in SUFFIXES])
    for path in media:
        first, *others = found.of.get(path, (None,))
        _tell_others(path, first, others)
        yield path, first
    for first, *others in found.alone:
        _tell_others(first, first, others)
        yield first, None


def _tell_others(recording: Path, first: Path | None, others: Sequence[Path]) -> None:
    """Logs which transcripts of a recording are not used."""
    if first is not None and others:
        names = ", ".join(path.name for path in others)
        _log.warning("%s: %s says who says what; not used: %s", recording, first.name, names)


def _tell_left_out(folder: Path, files: Sequence[Path], jobs: Sequence[RecognitionJob]) -> None:
    """Logs which files of a folder are neither recordings nor what belongs to them."""
    results = {out.absolute() for job in jobs for out in job.outs}
    used = {path for job in jobs for path in (job.recording, job.transcript)}
    others = [
        path.relative_to(folder).as_posix()
        for path in files
        if path not in used
        and path.absolute() not in results
        and not (is_preview(path) or (path.suffix.lower() in SUFFIXES and may_be_transcript(path)))
    ]
    if others:
        others.sort(key=lambda name: not may_be_recording(Path(name)))
        shown = ", ".join(others[:8]) + (", ..." if len(others) > 8 else "")
        _log.warning("%s: %d files that are not read are left out: %s", folder, len(others), shown)
