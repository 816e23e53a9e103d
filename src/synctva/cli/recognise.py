"""The verb recognise: from a recording to who expressed what, and when."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from synctva import terminal
from synctva.cli.app import Asr, Device, Download, Expect, Model, NoAsr, Tiers, Workers, app, listed
from synctva.cli.recognising import REPORT, recognise_all, recognise_one
from synctva.errors import InputError


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
            help="Who says what when: srt, vtt, eaf, TextGrid, csv, tsv, rttm, json. Without one,"
            " the command listens for speech."
        ),
    ] = None,
    tiers: Tiers = None,
    sound_track: Annotated[
        str | None,
        typer.Option(
            metavar="TRACK",
            help="Which of several sound tracks to use: its number, or its language or title in the"
            " recording. Default: the one that a player plays.",
        ),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(
            help="A file; its ending chooses the format: html (a page to look at), json, csv,"
            " parquet, srt, vtt, eaf, TextGrid, emotionml; may be given several times. {name}: the"
            " recording's name. -: JSON to the standard output."
        ),
    ] = None,
    model: Model = "lite",
    download: Download = False,
    causal: Annotated[
        bool, typer.Option("--causal", help="Use no later utterance, as live recognition must.")
    ] = False,
    expect: Expect = None,
    asr: Asr = None,
    no_asr: NoAsr = False,
    language: Annotated[
        str | None,
        typer.Option(help="The language, for speech recognition: en, de, ... Default: detected."),
    ] = None,
    diarise: Annotated[
        bool,
        typer.Option(
            "--diarise",
            "--diarize",
            help="Tell speakers apart with pyannote, not with the built-in method; needs"
            " `pip install 'synctva\\[diarise]'`.",
        ),
    ] = False,
    speakers: Annotated[
        int | None,
        typer.Option(help="How many people speak, if the transcript does not name them."),
    ] = None,
    min_speakers: Annotated[int, typer.Option(help="The smallest number of speakers.")] = 1,
    max_speakers: Annotated[
        int | None, typer.Option(help="The largest number of speakers.")
    ] = None,
    blur: Annotated[
        bool, typer.Option("--blur", help="Make faces unrecognisable in the page.")
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace existing eaf, TextGrid, csv, srt and vtt; in a folder, all results.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print JSON instead of the table, for one recording; like --out -."
        ),
    ] = False,
    workers: Workers = None,
    device: Device = "cpu",
) -> None:
    """Recognise the emotion of every utterance of a recording, and what shows it.

    For a folder, it recognises every recording, each with the transcript of the same name beside
    it. Recordings that already have results are skipped, so a killed command resumes. Exit code 1:
    some failed.

    It reports what emotion is expressed, not what is felt, and it errs. It must not be used on
    people at work or in education (EU AI Act, article 5), nor to decide about anybody.
    """
    from synctva.inference.export import SUFFIXES
    from synctva.inference.folder import jobs_of, jobs_of_all

    is_one = len(recordings) == 1 and not recordings[0].is_dir()
    outs = [name for name in out or [] if name != "-"]
    as_json |= len(outs) < len(out or [])
    if as_json and not is_one:
        raise InputError(
            "JSON to the standard output is for one recording; for several, write --out"
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
        terminal.say(f"Whisper {asr} transcribes the speech; --transcript or --no-asr avoids that.")
    listener = listener_of(None if no_asr else asr, diarise, count, language)
    with Recogniser.load(
        model, is_causal=causal, workers=workers, downloads=download, device=device
    ) as recogniser:
        if is_one:
            recognise_one(recogniser, jobs[0], listener, expect, blur=blur, as_json=as_json)
        else:
            recognise_all(recogniser, jobs, listener, expect, blur=blur, overwrite=overwrite)


app.command("recognize", hidden=True, help="See recognise.")(recognise)
