"""The verb live: who expresses what, while it is said."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from synctva import terminal
from synctva.cli.app import Asr, Device, Download, Expect, Model, NoAsr, app
from synctva.errors import InputError

if TYPE_CHECKING:
    from synctva.inference.live.talk import Piece, Talk

STDIN = Path("-")
PAGE = ".html"
READ_BYTES = 3200
"""A tenth of a second at 16 kHz, two bytes a sample."""


@app.command(
    epilog="Examples: synctva live talk.mp4[bright_black] · [/]"
    "synctva live -[bright_black] · [/]"
    "synctva live - --max-speakers 2 --out talk.html"
)
def live(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A recording, which is played at its own pace; or - for sound on standard input:"
            " 16 kHz, one channel, 16 bits, without a header.",
            show_default=False,
        ),
    ],
    *,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="Files to write at the end, as for recognise: html, json, csv, eaf, ..."),
    ] = None,
    model: Model = "lite",
    download: Download = False,
    expect: Expect = None,
    no_asr: NoAsr = False,
    asr: Asr = None,
    max_speakers: Annotated[
        int | None, typer.Option(help="The largest number of speakers; 1 tells nobody apart.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print each event as JSON, even in a terminal."),
    ] = False,
    device: Device = "cpu",
    fast: Annotated[
        bool,
        typer.Option("--fast", help="Do not keep the recording's pace; go as fast as possible."),
    ] = False,
) -> None:
    """Recognise emotions while people speak: a line for each turn when it is over.

    If the standard output is not a terminal, each event is a line of JSON: speech (somebody began),
    turn (an estimate twice a second, then the result), relabel (two speakers are one), error, end.
    Ctrl-C ends the talk; its last turn is still printed.

    It reports what emotion is expressed, not what is felt, and it errs. It must not be used on
    people at work or in education (EU AI Act, article 5), nor to decide about anybody.
    """
    from synctva.inference.export import SUFFIXES
    from synctva.inference.folder import check_outs, jobs_of
    from synctva.listening.asr import chosen

    outs, endings = out or [], (PAGE, *SUFFIXES)
    if source != STDIN:
        jobs_of(source, None, [str(path) for path in outs], endings)
    elif sys.stdin.isatty():
        raise InputError("-: standard input is a terminal; pipe sound into it, or name a recording")
    check_outs(outs, endings)
    from synctva.inference.live.events import told
    from synctva.inference.recognise import Recogniser
    from synctva.listening.listener import listener_of
    from synctva.listening.speakers import Count
    from synctva.terminal.talk import live_line

    is_json = as_json or not sys.stdout.isatty()
    listener = listener_of(chosen(asr, not no_asr), False, Count(1, max_speakers))
    recogniser = Recogniser.load(model, is_causal=True, downloads=download, device=device)
    pieces = _standard_input() if source == STDIN else _recording(source, fast)
    failures: list[Exception] = []
    with recogniser.live(listener, expect=expect) as talk, _ended_by_interrupt(talk):
        Thread(target=_feed, args=(talk, pieces, failures), name="feed", daemon=True).start()
        for event in talk:
            if is_json:
                terminal.print_json_line(told(event))
            elif line := live_line(event):
                print(line, flush=True)
    if failures:
        raise failures[0]
    _write(talk, source, outs)


@contextmanager
def _ended_by_interrupt(talk: "Talk") -> Iterator[None]:
    """Makes Ctrl-C end the talk inside; a second one ends the command."""

    def end(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        talk.end()

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _feed(talk: "Talk", pieces: "Iterator[Piece]", failures: list[Exception]) -> None:
    try:
        for samples, at_s, frame in pieces:
            if talk.is_ended:
                return
            talk.feed(samples, at_s, frame)
    except Exception as error:  # the main thread tells it
        if not talk.is_ended:
            failures.append(error)
    finally:
        talk.end()


def _recording(source: Path, fast: bool) -> "Iterator[Piece]":
    from synctva.inference.live.played import played

    yield from played(source, None if fast else 1.0)


def _standard_input() -> "Iterator[Piece]":
    import numpy as np

    left = b""
    while piece := os.read(sys.stdin.fileno(), READ_BYTES):
        piece = left + piece
        whole = len(piece) // 2 * 2
        left = piece[whole:]
        yield np.frombuffer(piece[:whole], "<i2").astype(np.float32) / 32_768, None, None


def _write(talk: "Talk", source: Path, outs: list[Path]) -> None:
    from dataclasses import replace

    from synctva.inference.export import write_recognition
    from synctva.reports.recognition import write_report

    found = talk.recognition
    recording = None if source == STDIN else source
    if recording is not None:
        found = replace(found, media=str(recording))
    for path in outs:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() == PAGE:
            write_report(found, path, recording=recording)
        else:
            write_recognition(found, path)
        terminal.say(f"Wrote [bold]{terminal.escape(path)}[/bold].")
