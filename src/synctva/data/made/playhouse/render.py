"""The playhouse rendered to disk, in the layout of MELD's raw release.

Citation: none, the corpus is our own.
Source: generated here: sentences by us, voices by espeak-ng, faces drawn.
Licence: Apache-2.0, as the rest of the package.
Emotions: neutral, surprise, fear, sadness, joy, disgust, anger (``meld-7``).

What is learned from it is of no use for people. It exists so that everything that is done with raw
recordings can be tried, shown and tested without a download. ``playhouse.json`` says that a folder
holds a playhouse, and which; nothing measured on it is a result on MELD.
"""

import csv
import io
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from synctva.data.corpora.meld import FILES
from synctva.data.corpora.meld_raw import CLIPS, ORIGIN_FILE
from synctva.data.made.playhouse.clips import clip_path, render_clip
from synctva.data.made.playhouse.scenes import Line, Production, Scene, write_scenes
from synctva.errors import InputError
from synctva.files import LOCK, alone, remove_staged, write_json, write_text
from synctva.work.processes import end_with_parent, interrupts_wait

VERSION = "1"
"""The playhouse's version: another one plays differently."""

COLUMNS = (
    *("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID"),
    *("Season", "Episode", "StartTime", "EndTime"),
)

PAUSE_S = 0.25
"""Between two turns of a scene, in the tables' times."""


def render_playhouse(
    folder: Path,
    production: Production | None = None,
    *,
    workers: int = 1,
    advance: Callable[[int], None] = lambda count: None,
) -> None:
    """Writes the tables and clips of a playhouse; clips that are there are not rendered again.

    The same production gives the same tables, sounds and pictures, whatever the number of
    workers, and on one machine the same bytes.

    Args:
        folder: Made if need be. The tables are written last: with them it is complete.
        production: What is played; None = the usual one.
        workers: Processes that render.
        advance: Called with the number of utterances that are done since the last call.

    Raises:
        InputError: Another playhouse is in the folder, another process is writing there, or
            espeak-ng is not installed.
    """
    with alone(folder):
        _render_all(folder, production or Production(), workers, advance)


def _render_all(
    folder: Path, production: Production, workers: int, advance: Callable[[int], None]
) -> None:
    _claim(folder, production)
    scenes = write_scenes(production)
    if all(_is_complete(folder, scene) for scene in scenes):
        advance(sum(len(scene.lines) for scene in scenes))
        return
    jobs = [(scene, line) for scene in scenes for line in scene.lines]
    lengths_s: dict[tuple[str, int, int], float] = {}
    for (scene, line), length_s in zip(
        jobs, _rendered(partial(_render, folder, production), jobs, workers), strict=True
    ):
        lengths_s[scene.split, scene.number, line.turn] = length_s
        advance(1)
    for split, name in FILES.items():
        rows = list(_rows([s for s in scenes if s.split == split], lengths_s))
        write_text(folder / name, _csv(rows))


def amount(production: Production) -> int:
    """Returns how many utterances a production has."""
    return sum(len(scene.lines) for scene in write_scenes(production))


def _claim(folder: Path, production: Production) -> None:
    """Writes what the folder holds, unless it says so already."""
    facts = json.loads(
        json.dumps(
            {"name": "playhouse", "generated": True, "version": VERSION, **asdict(production)}
        )
    )
    path = folder / ORIGIN_FILE
    if path.is_file():
        if json.loads(path.read_text(encoding="utf-8")) != facts:
            raise InputError(
                f"{path}: the folder holds another playhouse; choose another folder, or delete it"
            )
    elif any(path.name != LOCK for path in folder.iterdir()):
        raise InputError(f"{folder}: holds other files, not a playhouse; choose another folder")
    for name in CLIPS.values():
        (folder / name).mkdir(parents=True, exist_ok=True)
    remove_staged(folder)
    write_json(path, facts)


def _is_complete(folder: Path, scene: Scene) -> bool:
    clips = (clip_path(folder, scene, line) for line in scene.lines if line.filmed)
    return (folder / FILES[scene.split]).is_file() and all(clip.is_file() for clip in clips)


def _render(folder: Path, production: Production, job: tuple[Scene, Line]) -> float:
    return render_clip(folder, production, *job)


def _rendered(
    render: Callable[[tuple[Scene, Line]], float], jobs: list[tuple[Scene, Line]], workers: int
) -> Iterator[float]:
    """Yields each job's result, in order, from as many processes."""
    if workers <= 1:
        yield from map(render, jobs)
        return
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), end_with_parent
    ) as pool:
        with interrupts_wait():
            seconds = pool.map(render, jobs, chunksize=4)
        yield from seconds


def _rows(
    scenes: list[Scene], lengths_s: dict[tuple[str, int, int], float]
) -> Iterator[dict[str, object]]:
    """Yields the rows of a table; every ten scenes are an episode with a clock of its own."""
    serial, clock_s = 0, 0.0
    for scene in scenes:
        clock_s = 0.0 if scene.number % 10 == 0 else clock_s + 5.0
        for line in scene.lines:
            serial += 1
            end_s = clock_s + lengths_s[scene.split, scene.number, line.turn]
            values = (
                *(serial, "" if "text" in line.missing else line.text, line.speaker.name),
                *(line.emotion, _sentiment(line), scene.number, line.turn),
                *(1, scene.number // 10 + 1, _clock(clock_s), _clock(end_s)),
            )
            yield dict(zip(COLUMNS, values, strict=True))
            clock_s = end_s + PAUSE_S


def _sentiment(line: Line) -> str:
    """Returns the sentiment; half of the surprises are good ones."""
    if line.emotion == "surprise":
        return "positive" if len(line.text) % 2 else "negative"
    return {"neutral": "neutral", "joy": "positive"}.get(line.emotion, "negative")


def _clock(time_s: float) -> str:
    milliseconds = int(np.rint(time_s * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"


def _csv(rows: list[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
