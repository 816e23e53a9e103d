"""What the verb recognise does: recordings one by one, a folder's transcripts together."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from synctva import terminal

if TYPE_CHECKING:
    from synctva.inference.folder import RecognitionJob
    from synctva.inference.recognise import Recogniser
    from synctva.inference.recognition import Recognition
    from synctva.listening.listener import Listener
    from synctva.work import Engine

REPORT = ".html"
"""The ending of a page; the others are those that ``write_recognition`` knows."""

TOGETHER = 32
"""How many transcripts of a folder are recognised together: each alone takes longer."""


def recognise_one(
    recogniser: "Recogniser",
    job: "RecognitionJob",
    listener: "Listener",
    expect: str | None,
    *,
    blur: bool,
    as_json: bool,
) -> None:
    """Shows what a recording expresses, and writes its results."""
    found = recogniser.recognise(
        job.recording,
        job.transcript,
        tiers=job.tiers,
        sound_track=job.sound_track,
        listener=listener,
        expect=expect,
        progress=partial(terminal.progress, f"Recognising {job.recording.name}"),
    )
    _show(found, as_json)
    _write(found, job, blur, recogniser.apart)


def recognise_all(
    recogniser: "Recogniser",
    jobs: "Sequence[RecognitionJob]",
    listener: "Listener",
    expect: str | None,
    *,
    blur: bool,
    overwrite: bool,
) -> None:
    """Writes the results that are not there yet, or shows all; a failure costs one recording."""
    from synctva.work.task import lacking

    failures: list[tuple[Path, str]] = []
    is_shown = not any(job.outs for job in jobs)
    todo = [
        job for job in (job if overwrite else job.rest() for job in jobs) if job.outs or is_shown
    ]
    if len(todo) < len(jobs):
        terminal.say(f"{len(jobs) - len(todo)} of {len(jobs)} have their results already.")
    bar = terminal.progress("Recognising", len(todo)) if todo and not is_shown else nullcontext()
    with bar as advance:
        for job, recognised in _each(recogniser, todo, listener, expect):
            try:
                found = recognised()
                _write(found, job, blur, recogniser.apart, is_told=False)
                _show(found, as_json=False) if is_shown else _tell_note(found)
            except (OSError, ValueError) as error:
                if (machine := lacking(error)) is not None:
                    raise machine from error
                failures.append((job.recording, f"{error}"))
            if advance is not None:
                advance(1)
    for path, reason in failures:
        terminal.say(f"[red]failed[/red] {terminal.escape(path)}: {terminal.escape(reason)}")
    terminal.say(f"{len(todo) - len(failures)} recognised, {len(failures)} failed.")
    if failures:
        raise typer.Exit(1)


def _each(
    recogniser: "Recogniser",
    jobs: "Sequence[RecognitionJob]",
    listener: "Listener",
    expect: str | None,
) -> "Iterator[tuple[RecognitionJob, Callable[[], Recognition]]]":
    """Yields each job with what returns its recognition, or raises why there is none."""
    from synctva.inference.utterances import is_transcript

    waiting: list[RecognitionJob] = []
    for job in jobs:
        if is_transcript(job.recording):
            waiting.append(job)
        else:
            chosen = {"tiers": job.tiers, "sound_track": job.sound_track, "listener": listener}
            yield (
                job,
                partial(
                    recogniser.recognise, job.recording, job.transcript, expect=expect, **chosen
                ),
            )
        if len(waiting) == TOGETHER:
            yield from _together(recogniser, waiting, expect)
            waiting = []
    yield from _together(recogniser, waiting, expect)


def _together(
    recogniser: "Recogniser", jobs: "Sequence[RecognitionJob]", expect: str | None
) -> "Iterator[tuple[RecognitionJob, Callable[[], Recognition]]]":
    """Yields transcripts as ``_each`` does; the model sees all readable ones together."""
    from synctva.inference.utterances import Segmented, utterances_of

    read: list[Segmented | Exception] = []
    for job in jobs:
        try:
            read.append(utterances_of(job.recording, tiers=job.tiers))
        except (OSError, ValueError) as error:
            read.append(error)
    whole = [one for one in read if isinstance(one, Segmented)]
    found = iter(recogniser.recognise_together(whole, expect=expect))
    for job, one in zip(jobs, read, strict=True):
        yield job, partial(_given, next(found) if isinstance(one, Segmented) else one)


def _given(found: "Recognition | Exception") -> "Recognition":
    if isinstance(found, Exception):
        raise found
    return found


def _show(found: "Recognition", as_json: bool) -> None:
    from synctva.inference.export.as_json import json_content
    from synctva.terminal.recognition import recognition_table

    if as_json:
        terminal.print_json(json_content(found))
    elif not found.utterances:
        terminal.say(f"{terminal.escape(found.media)}: no speech found.")
    else:
        terminal.print_table(recognition_table(found))
    _tell_note(found)
    for utterance in found.utterances:
        if utterance.note:
            terminal.say(
                f"[yellow]at {utterance.start_s:.1f} s[/yellow] {terminal.escape(utterance.note)}"
            )


def _tell_note(found: "Recognition") -> None:
    """Says how the transcript was read, if a part of it was left out or is odd."""
    if found.note:
        terminal.say(f"[yellow]note[/yellow] {terminal.escape(found.note)}")


def _write(
    found: "Recognition",
    job: "RecognitionJob",
    blur: bool,
    apart: "Engine | None",
    is_told: bool = True,
) -> None:
    from synctva.inference.export import write_recognition
    from synctva.inference.progress import unseen
    from synctva.inference.utterances import is_transcript
    from synctva.reports.recognition import write_report

    bar = partial(terminal.progress, "Making a small copy for the page, in seconds")
    for out in job.outs:
        out.parent.mkdir(parents=True, exist_ok=True)
        paths = [out]
        if out.suffix.lower() == REPORT:
            paths = write_report(
                found,
                out,
                recording=None if is_transcript(job.recording) else job.recording,
                blur=blur,
                sound_track=job.sound_track,
                progress=bar if is_told else unseen,  # a folder has a bar of its own
                apart=apart,
            )
        else:
            write_recognition(found, out)
        for path in paths if is_told else []:
            terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")
