"""The verb recognise: from a recording to who expressed what when."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import Workers, app
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.inference.folder import RecognitionJob
    from synctva.inference.recognition import Recognition

REPORT = ".html"
CORRECTED = (".eaf", ".textgrid", ".csv", ".srt", ".vtt")
"""What people correct by hand: a file that is there is not replaced unasked."""


@app.command(
    epilog="Examples: synctva recognise talk.mp4[bright_black] · [/]"
    "synctva recognise talk.mp4 --transcript talk.srt --out talk.html --out talk.eaf"
    "[bright_black] · [/]synctva recognise talk.srt[bright_black] · [/]"
    "synctva recognise recordings/ --out results/{name}.json"
)
def recognise(
    recording: Annotated[
        Path,
        typer.Argument(help="Sound, video, or a transcript alone; or a folder of them."),
    ],
    *,
    transcript: Annotated[
        Path | None,
        typer.Option(
            help="Who says what when: srt, vtt, eaf, TextGrid, csv, tsv, rttm, json; without,"
            " speech is listened for."
        ),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(
            help="A file by its ending: html (a page to look at), json, csv, parquet, srt, vtt,"
            " eaf, TextGrid, emotionml; may be given several times. {name}: the recording's name."
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="lite, a checkpoint's folder, or a hub id.")] = "lite",
    causal: Annotated[
        bool, typer.Option("--causal", help="Look at no later utterance, as is needed live.")
    ] = False,
    expect: Annotated[
        str | None,
        typer.Option(
            help="How often each emotion is expected: meld (conversations, the default of lite),"
            " equal (as in acted clips), or a CSV file with the columns emotion and share."
        ),
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            help="Hear words too: a size of Whisper, such as small; needs `pip install"
            " 'synctva\\[asr]'`."
        ),
    ] = None,
    diarise: Annotated[
        bool,
        typer.Option(
            "--diarise",
            help="Tell speakers apart; needs `pip install 'synctva\\[diarise]'`.",
        ),
    ] = False,
    blur: Annotated[
        bool, typer.Option("--blur", help="Make faces unrecognisable in the page.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace eaf, TextGrid, csv, srt, vtt that are there; of a folder, all results.",
        ),
    ] = False,
    workers: Workers = None,
) -> None:
    """Recognise the emotion of every utterance of a recording, and what tells it.

    Of a folder every recording, with the transcript of its name beside it where there is one; what
    has its results is left out, so that a killed command goes on. Exit code 1: some failed.

    It tells what emotion is expressed, not what is felt, and it errs. It must not be used on people
    at work or in education (EU AI Act, article 5), nor to decide about anybody.
    """
    from synctva.inference.folder import jobs_in

    jobs = None
    if recording.is_dir():
        if transcript is not None:
            raise InputError(
                f"{transcript}: one transcript for a folder; put each beside its recording, under"
                " the same name"
            )
        jobs = jobs_in(recording, out or [])
        _check_places([path for job in jobs for path in job.outs])
    outs = [Path(one.replace("{name}", recording.stem)) for one in out or []]
    _check_suffixes(outs)
    _check_places(outs)
    _check_kept(outs, [recording, *([transcript] if transcript else [])])
    if jobs is None and not overwrite:
        _check_uncorrected(outs)
    from synctva.inference.recognise import Recogniser
    from synctva.listening.listener import listener_of

    listener = listener_of(asr, diarise)
    recogniser = Recogniser.load(model, is_causal=causal, workers=workers)
    if jobs is not None:
        with recogniser:
            work = partial(recogniser.recognise, listener=listener, expect=expect)
            _recognise_all(work, jobs, blur, overwrite)
        return
    bar = partial(terminal.progress, f"Recognising {recording.name}")
    found = recogniser.recognise(
        recording, transcript, listener=listener, expect=expect, progress=bar
    )
    _show(found)
    _write(found, recording, outs, blur)


def _recognise_all(
    work: "Callable[..., Recognition]",
    jobs: "Sequence[RecognitionJob]",
    blur: bool,
    overwrite: bool,
) -> None:
    """Makes the results that are not there yet; a recording that fails costs only itself."""
    failures: list[tuple[Path, str]] = []
    todo = [own for job in jobs if (own := job if overwrite else job.rest()).outs]
    if len(todo) < len(jobs):
        terminal.say(f"{len(jobs) - len(todo)} of {len(jobs)} have their results already.")
    with terminal.progress("Recognising", len(todo)) if todo else nullcontext() as advance:
        for job in todo:
            try:
                found = work(job.recording, job.transcript)
                _write(found, job.recording, job.outs, blur, is_told=False)
                _tell_note(found)
            except (OSError, ValueError) as error:
                failures.append((job.recording, f"{error}"))
            if advance is not None:
                advance(1)
    for path, reason in failures:
        terminal.say(f"[red]failed[/red] {terminal.escape(path)}: {terminal.escape(reason)}")
    terminal.say(f"{len(todo) - len(failures)} recognised, {len(failures)} failed.")
    if failures:
        raise typer.Exit(1)


def _show(found: "Recognition") -> None:
    from synctva.terminal.recognition import recognition_table

    if not found.utterances:
        terminal.say(f"{terminal.escape(found.media)}: no speech found.")
        return
    terminal.show(recognition_table(found))
    _tell_note(found)
    for utterance in found.utterances:
        if utterance.note:
            terminal.say(
                f"[yellow]at {utterance.start_s:.1f} s[/yellow] {terminal.escape(utterance.note)}"
            )


def _tell_note(found: "Recognition") -> None:
    """Tells what of the transcript was left out."""
    if found.note:
        terminal.say(f"[yellow]left out[/yellow] {terminal.escape(found.note)}")


def _check_suffixes(outs: Sequence[Path]) -> None:
    """Refuses files of an unknown ending before an hour is spent on what goes into them."""
    from synctva.inference.export import SUFFIXES

    for out in outs:
        if out.suffix.lower() not in (REPORT, *SUFFIXES):
            raise InputError(f"{out}: unknown ending; known are {', '.join((REPORT, *SUFFIXES))}")


def _check_places(outs: Sequence[Path]) -> None:
    """Refuses files that cannot be made, likewise."""
    for out in outs:
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


def _write(
    found: "Recognition", recording: Path, outs: Sequence[Path], blur: bool, is_told: bool = True
) -> None:
    from synctva.inference.export import write_recognition
    from synctva.inference.progress import unseen
    from synctva.inference.utterances import is_transcript
    from synctva.reports.recognition import write_report

    bar = partial(terminal.progress, "A small copy for the page, in seconds")
    for out in outs:
        out.parent.mkdir(parents=True, exist_ok=True)
        paths = [out]
        if out.suffix.lower() == REPORT:
            played = None if is_transcript(recording) else recording
            progress = bar if is_told else unseen  # a folder has a bar of its own
            paths = write_report(found, out, recording=played, blur=blur, progress=progress)
        else:
            write_recognition(found, out)
        for path in paths if is_told else []:
            terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")
