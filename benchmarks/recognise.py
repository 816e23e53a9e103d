"""How long it takes to recognise a recording, and in how much memory.

    python benchmarks/recognise.py --model runs/own/seed-0/checkpoint --hours 0.5 2

The playhouse renders a scene of about a minute; longer recordings are its clips over and over. Each
is recognised with its transcript by a process of its own, the last one also without. Time is told
in parts of the recording's length: by the clock, and in seconds of a processor, which other work
on the machine does not change. Memory is the most that the process and its workers held together,
looked at four times a second; a page that they share counts once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import av
from memory import counted, held_mib
from rich.console import Console
from rich.table import Table

from synctva.data.corpora.meld import read_meld
from synctva.data.made.playhouse import Production, render_playhouse
from synctva.dialogue import Utterance

SCENES = (5, 1, 1)
"""Dialogues; those of the first split are the scene."""

SHORTEST_MINUTES = 1.0
"""Of the first recording, which is about a scene long."""

PAUSE_S = 0.2
"""Between two clips, so that the time stamps of one end before those of the next begin."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="lite", help="as for `synctva recognise`")
    parser.add_argument("--hours", type=float, nargs="*", default=[0.5, 2.0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--measure", nargs="+", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(given.model, given.workers, *given.measure)))
        return
    table = Table(title=f"Recognising, {given.workers} workers; parts of the recording's length")
    for column in ("recording", "utterances", "clock", "with loading", "processor", "peak memory"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as folder:
        clips = rendered(Path(folder) / "clips")
        last = None
        for minutes in [SHORTEST_MINUTES, *(60 * hours for hours in given.hours)]:
            last = looped(clips, Path(folder) / f"{minutes:g}.mp4", 60 * minutes)
            row(table, f"{minutes:g} min", given, last, last.with_suffix(".srt"))
        if last is not None:
            row(table, "the same, no transcript", given, last)
        Console().print(table)


def rendered(folder: Path) -> list[Utterance]:
    """Returns the utterances of the scene, a clip each."""
    render_playhouse(folder, Production(dialogues=SCENES))
    return [
        utterance
        for dialogue, utterance in read_meld(folder).utterances()
        if dialogue.split == "train" and utterance.media
    ]


def looped(
    clips: Iterable[Utterance],
    path: Path,
    length_s: float,
    kinds: Sequence[str] = ("video", "audio"),
) -> Path:
    """Writes the clips over and over, as they are encoded, and a transcript beside.

    Args:
        clips: What is written.
        path: The recording.
        length_s: How long it is.
        kinds: Its streams.
    """
    cues, begin_s = [], 0.0
    with av.open(str(path), "w") as movie:
        streams: dict[str, Any] = {}
        for clip in cycle(clips):
            with av.open(str(clip.media)) as source:
                own = [one for one in source.streams if one.type in kinds]
                for one in own if not streams else ():
                    streams[one.type] = movie.add_stream_from_template(one)
                for packet in source.demux(own):
                    if packet.dts is not None and packet.pts is not None:
                        offset = round(begin_s / packet.time_base)
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        packet.stream = streams[packet.stream.type]
                        movie.mux(packet)
                end_s = begin_s + (source.duration or 0) / av.time_base
            cues.append((begin_s, end_s, f"{clip.speaker}: {clip.text}"))
            begin_s = end_s + PAUSE_S
            if begin_s >= length_s:
                break
    lines = (
        f"{n}\n{stamp(a)} --> {stamp(b)}\n{said}\n\n" for n, (a, b, said) in enumerate(cues, 1)
    )
    path.with_suffix(".srt").write_text("".join(lines), encoding="utf-8")
    return path


def stamp(time_s: float) -> str:
    """Returns a time as SRT has it."""
    ms = round(1000 * time_s)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"


def row(table: Table, name: str, given: argparse.Namespace, *files: Path) -> None:
    """Measures in a process of its own, and adds what it found."""
    words = ["--model", given.model, "--workers", given.workers, "--measure", *files]
    command = counted([sys.executable, __file__, *map(str, words)])
    peak_mib = 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            peak_mib = max(peak_mib, held_mib(running.pid))
            time.sleep(0.25)
        said = running.stdout.read() if running.stdout else ""
    if running.returncode:
        raise SystemExit(running.returncode)
    *_, told, processor_s = said.splitlines()
    found = {**json.loads(told), "processor_s": float(processor_s), "memory_mib": peak_mib}
    length_s = found["length_s"]
    table.add_row(
        name,
        f"{found['utterances']}",
        f"{found['clock_s'] / length_s:.3f}",
        f"{(found['load_s'] + found['clock_s']) / length_s:.3f}",
        f"{found['processor_s'] / length_s:.3f}",
        f"{found['memory_mib']:.0f} MiB",
    )
    print(name, json.dumps(found), flush=True)


def measure(model: str, workers: int, recording: Path, transcript: Path | None = None) -> dict:
    """Returns what it took to recognise a recording in this process."""
    began = time.perf_counter()
    from synctva import Recogniser

    recogniser = Recogniser.load(model, workers=workers)
    loaded = time.perf_counter()
    found = recogniser.recognise(recording, transcript)
    done = time.perf_counter()
    return {
        "length_s": found.duration_s,
        "utterances": len(found.utterances),
        "failed": sum(bool(utterance.note) for utterance in found.utterances),
        "load_s": loaded - began,
        "clock_s": done - loaded,
    }


if __name__ == "__main__":
    main()
