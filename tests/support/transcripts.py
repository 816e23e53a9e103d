"""One conversation in every format, and what it says."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from praatio.data_classes.interval_tier import IntervalTier
from praatio.data_classes.textgrid import Textgrid
from praatio.utilities.constants import Interval
from praatio.utilities.textgrid_io import getTextgridAsStr
from pympi.Elan import Eaf, to_string

Said = tuple[float, float, str, str]
"""Start and end in seconds, speaker, text."""

TALK: Sequence[Said] = (
    (0.5, 2.0, "Ada", "We won!"),
    (1.75, 3.25, "SPEAKER_01", "Really, \u05d0\u05de\u05ea?"),
    (3661.001, 3662.999, "Ada", "Yes & yes."),
)


def clock(time_s: float, mark: str) -> str:
    whole = round(time_s * 1000)
    return (
        f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}{mark}"
        f"{whole % 1000:03d}"
    )


def srt(said: Sequence[Said]) -> str:
    return "\n".join(
        f"{number}\n{clock(start, ',')} --> {clock(end, ',')}\n"
        + (f"[{who}] {text}\n" if who.startswith("SPEAKER") else f"{who}: {text}\n")
        for number, (start, end, who, text) in enumerate(said, start=1)
    )


def vtt(said: Sequence[Said]) -> str:
    return "WEBVTT\n\n" + "\n".join(
        f"{clock(start, '.')} --> {clock(end, '.')}\n<v {who}>{text.replace('&', '&amp;')}</v>\n"
        for start, end, who, text in said
    )


def csv(said: Sequence[Said], mark: str = ",") -> str:
    rows = [mark.join(("start", "end", "speaker", "text"))]
    rows += [f'{start}{mark}{end}{mark}{who}{mark}"{text}"' for start, end, who, text in said]
    return "\n".join(rows) + "\n"


def tsv(said: Sequence[Said]) -> str:
    return csv(said, "\t")


def rttm(said: Sequence[Said]) -> str:
    return "".join(
        f"SPEAKER talk 1 {start:.3f} {end - start:.3f} <NA> <NA> {who} <NA> <NA>\n"
        for start, end, who, _ in said
    )


def whisper(said: Sequence[Said]) -> str:
    """WhisperX's form."""
    segments = [
        {"start": start, "end": end, "text": f" {text}", "speaker": who}
        for start, end, who, text in said
    ]
    return json.dumps({"segments": segments, "language": "en"}, ensure_ascii=False)


def elan(said: Sequence[Said]) -> str:
    file = Eaf()
    for who in dict.fromkeys(who for _, _, who, _ in said):
        file.add_tier(who)
    file.remove_tier("default")
    for start, end, who, text in said:
        file.add_annotation(who, round(start * 1000), round(end * 1000), text)
    return to_string(file)


def textgrid(said: Sequence[Said], form: str = "long_textgrid") -> str:
    grid = Textgrid(0, 4000)
    for who in dict.fromkeys(who for _, _, who, _ in said):
        entries = [Interval(start, end, text) for start, end, own, text in said if own == who]
        grid.addTier(IntervalTier(who, entries, 0, 4000))
    tiers = [
        {"class": "IntervalTier", "name": tier.name, "xmin": 0, "xmax": 4000}
        | {"entries": list(tier.entries)}
        for tier in grid.tiers
    ]
    return getTextgridAsStr({"xmin": 0, "xmax": 4000, "tiers": tiers}, form, True)  # pyright: ignore[reportArgumentType]


WRITERS: dict[str, Callable[[Sequence[Said]], str]] = {
    ".srt": srt,
    ".vtt": vtt,
    ".csv": csv,
    ".tsv": tsv,
    ".rttm": rttm,
    ".json": whisper,
    ".eaf": elan,
    ".TextGrid": textgrid,
}


def put(folder: Path, suffix: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / f"talk{suffix}"
    path.write_bytes(text.encode(encoding))
    return path
