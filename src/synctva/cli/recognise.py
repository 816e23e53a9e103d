"""The verb recognise: from a recording to who expressed what when."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import Asr, Download, Expect, Model, NoAsr, Tiers, Workers, app, listed
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.inference.folder import RecognitionJob
    from synctva.inference.progress import Progress
    from synctva.inference.recognition import Recognition
    from synctva.work import Engine

REPORT = ".html"
"""The ending of a page; the others are those that ``write_recognition`` knows."""


@app.command(
    epilog="Examples: synctva recognise talk.mp4[bright_black] · [/]"
    "synctva recognise talk.mp4 --transcript talk.srt --out talk.html --out talk.eaf"
    "[bright_black] · [/]synctva recognise talk.srt[bright_black] · [/]"
    "synctva recognise recordings/ --out results/{name}.json"
)
def recognise(
    recordings: Annotated[
        list[Path],
        typer.Argument(
            metavar="RECORDING...",
            help="Sound, video, or a transcript or a script alone; or a folder of them.",
            show_default=False,
        ),
    ],
    *,
    transcript: Annotated[
        Path | None,
        typer.Option(
            help="Who says what when: srt, vtt, eaf, TextGrid, csv, tsv, rttm, json; without,"
            " speech is listened for."
        ),
    ] = None,
    tiers: Tiers = None,
    sound_track: Annotated[
        str | None,
        typer.Option(
            metavar="TRACK",
            help="Which of several sound tracks is heard: its number, or its language or title as"
            " the recording writes it. Default: that which a player plays.",
        ),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(
            help="A file by its ending: html (a page to look at), json, csv, parquet, srt, vtt,"
            " eaf, TextGrid, emotionml; may be given several times. {name}: the recording's name."
            " -: JSON to the standard output."
        ),
    ] = None,
    model: Model = "lite",
    download: Download = False,
    causal: Annotated[
        bool, typer.Option("--causal", help="Look at no later utterance, as is needed live.")
    ] = False,
    expect: Expect = None,
    asr: Asr = None,
    no_asr: NoAsr = False,
    language: Annotated[
        str | None,
        typer.Option(help="What is spoken, for the words that are heard: en, de, ...; else found."),
    ] = None,
    diarise: Annotated[
        bool,
        typer.Option(
            "--diarise",
            "--diarize",
            help="Tell speakers apart by pyannote, not by our own part; needs"
            " `pip install 'synctva\\[diarise]'`.",
        ),
    ] = False,
    speakers: Annotated[
        int | None, typer.Option(help="How many people speak, where nothing names them.")
    ] = None,
    min_speakers: Annotated[int, typer.Option(help="At least so many.")] = 1,
    max_speakers: Annotated[int | None, typer.Option(help="At the most so many.")] = None,
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
    as_json: Annotated[
        bool,
        typer.Option("--json", help="As --out -: JSON in place of the table; of one recording."),
    ] = False,
    workers: Workers = None,
) -> None:
    """Recognise the emotion of every utterance of a recording, and what tells it.

    Of a folder every recording, with the transcript of its name beside it where there is one; what
    has its results is left out, so that a killed command goes on. Exit code 1: some failed.

    It tells what emotion is expressed, not what is felt, and it errs. It must not be used on people
    at work or in education (EU AI Act, article 5), nor to decide about anybody.
    """
    from synctva.inference.export import SUFFIXES
    from synctva.inference.folder import jobs_of, jobs_of_all

    is_one = len(recordings) == 1 and not recordings[0].is_dir()
    outs = [name for name in out or [] if name != "-"]
    as_json |= len(outs) < len(out or [])
    if as_json and not is_one:
        raise InputError(
            "JSON to the standard output is for one recording; of several, take --out"
            " results/{name}.json"
        )
    endings = REPORT, *SUFFIXES
    of_one = partial(
        jobs_of,
        transcript=transcript,
        outs=outs,
        endings=endings,
        tiers=listed(tiers),
        sound_track=sound_track,
        overwrite=overwrite,
    )
    jobs = jobs_of_all(recordings, transcript, outs, of_one)
    from synctva.inference.recognise import Recogniser
    from synctva.inference.utterances import is_transcript
    from synctva.listening.asr import PACKAGED, is_installed
    from synctva.listening.listener import listener_of
    from synctva.listening.speakers import Count

    count = Count(min_speakers, max_speakers) if speakers is None else Count(speakers, speakers)
    if (
        asr is None
        and not no_asr
        and is_installed()
        and any(not job.transcript and not is_transcript(job.recording) for job in jobs)
    ):
        asr = PACKAGED
        terminal.say(f"Words are heard by Whisper {asr}; --transcript or --no-asr leaves it.")
    listener = listener_of(None if no_asr else asr, diarise, count, language)
    with Recogniser.load(
        model, is_causal=causal, workers=workers, downloads=download
    ) as recogniser:
        work = partial(recogniser.recognise, listener=listener, expect=expect)
        if is_one:
            _recognise_one(work, jobs[0], blur, as_json, recogniser.apart)
        else:
            _recognise_all(work, jobs, blur, overwrite, recogniser.apart)


app.command("recognize", hidden=True, help="See recognise.")(recognise)


def _recognise_one(
    work: "Callable[..., Recognition]",
    job: "RecognitionJob",
    blur: bool,
    as_json: bool,
    apart: "Engine | None",
) -> None:
    bar = partial(terminal.progress, f"Recognising {job.recording.name}")
    found = _recognised(work, job, progress=bar)
    _show(found, as_json)
    _write(found, job, blur, apart)


def _recognised(
    work: "Callable[..., Recognition]", job: "RecognitionJob", progress: "Progress"
) -> "Recognition":
    chosen = {"tiers": job.tiers, "sound_track": job.sound_track}
    return work(job.recording, job.transcript, progress=progress, **chosen)


def _recognise_all(
    work: "Callable[..., Recognition]",
    jobs: "Sequence[RecognitionJob]",
    blur: bool,
    overwrite: bool,
    apart: "Engine | None",
) -> None:
    """Makes the results that are not there yet, or shows all; a failure costs only itself."""
    from synctva.inference.progress import unseen
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
        for job in todo:
            try:
                found = _recognised(work, job, unseen)
                _write(found, job, blur, apart, is_told=False)
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
    """Tells how the transcript was read, where a part of it was left out or is odd."""
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

    bar = partial(terminal.progress, "A small copy for the page, in seconds")
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
