"""A folder of recordings: which there are, what belongs to each, and where its results go."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from synctva.errors import InputError
from synctva.inference.preview import is_preview
from synctva.inference.utterances import is_transcript
from synctva.media.local_file import MEDIA_SUFFIXES
from synctva.transcripts import SUFFIXES, may_be_transcript

NAME = "{name}"
"""In the path of a result it stands for the recording's name, without its suffix."""


@dataclass(frozen=True)
class RecognitionJob:
    """One recording of a folder.

    Attributes:
        recording: Its path, or that of a transcript that has no recording.
        transcript: The file of its name beside it that says who says what when, if there is one.
        outs: Where its results go.
    """

    recording: Path
    transcript: Path | None
    outs: tuple[Path, ...]

    def rest(self) -> "RecognitionJob":
        """Returns what is left of it: the results that are not there yet."""
        return replace(self, outs=tuple(out for out in self.outs if not os.access(out, os.F_OK)))


def jobs_in(folder: Path, outs: Sequence[str]) -> list[RecognitionJob]:
    """Returns the recordings in a folder and below, in the order of their names.

    Args:
        folder: Recordings, each with a transcript of its name beside it or without; and
            transcripts alone. Hidden files, copies that a page beside them plays, JSON files and
            tables that do not say who speaks when, and others are left out.
        outs: Paths of results, in which ``{name}`` stands for the recording's name, with the
            folders that it lies in.

    Raises:
        InputError: There is no recording; two would be written to one place, or over a
            transcript; or there are two transcripts of one recording.
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
    counts = Counter(out for job in jobs for out in job.outs)
    for job in jobs:
        for out in job.outs:
            if counts[out] > 1:
                raise InputError(
                    f"{job.recording}: another recording of this name would be written to {out}"
                    " too; rename one of them"
                )
    return jobs


def _check(folder: Path, outs: Sequence[str]) -> None:
    example = f"results/{NAME}.json"
    if not outs:
        raise InputError(f"{folder}: a folder; say where results go, such as --out {example}")
    for out in outs:
        if NAME not in out:
            raise InputError(
                f"{out}: one file for a folder of recordings; write {NAME} where the recording's"
                f" name belongs, such as --out {example}"
            )
        if is_transcript(Path(out)) and folder.resolve() in Path(out).resolve().parents:
            raise InputError(
                f"{out}: beside the recordings this would be read as a transcript next time; name"
                f" another folder, such as --out {example}"
            )


def _is_visible(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden


def _recordings(files: Sequence[Path]) -> Iterator[tuple[Path, Path | None]]:
    """Yields recordings with their transcripts, and transcripts without a recording."""
    media = [p for p in files if p.suffix.lower() in MEDIA_SUFFIXES and not is_preview(p)]
    transcripts: dict[Path, list[Path]] = {}
    for path in files:
        if is_transcript(path):
            transcripts.setdefault(path.with_suffix(""), []).append(path)
    for stem, found in transcripts.items():
        if len(found) > 1:
            raise InputError(
                f"{found[1]}: a second transcript of {stem.name}, beside {found[0].name}; keep one"
                f" of {', '.join(SUFFIXES)}"
            )
    alone = dict(transcripts)
    for path in media:
        own = transcripts.get(path.with_suffix(""), [None])[0]
        alone.pop(path.with_suffix(""), None)
        yield path, own
    for found in alone.values():
        if may_be_transcript(found[0]):
            yield found[0], None
