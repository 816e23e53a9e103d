"""Seconds of compute per second of media, for each extractor of the lite preset; the job around.

    python benchmarks/extract.py                  # on clips of the playhouse, rendered for it
    python benchmarks/extract.py --folder clips   # on your own .mp4 files
    python benchmarks/extract.py --job            # also: 1 and 2 workers, a second run, memory

Beside each stands the time that the bare libraries take on the same clips: PyAV, openSMILE, OpenCV
and torch called in a plain loop, without limits, checks, flags, cache and processes. Clip by clip
they take turns, in CPU seconds of one thread, so that the share holds on a noisy machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import opensmile
import torch
import transformers
from memory import held_mib
from rich.console import Console
from rich.table import Table

from synctva.corpus import Corpus
from synctva.data.corpora.meld import read_meld
from synctva.data.made.playhouse import Production, render_playhouse
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import schema_named
from synctva.features.extractors.audio import AudioExtractor
from synctva.features.extractors.expression import load_expression_network
from synctva.features.extractors.text import TextExtractor
from synctva.features.extractors.visual import VisualExtractor
from synctva.features.store import write_store
from synctva.media import probe, read_audio, read_frames

WARM_UP = 3
PAIRS = 3
"""Of jobs with one and with two workers."""

BATCHES = 30
"""Of faces, to time the network on."""


@dataclass(frozen=True)
class Clip:
    """A recording with sound and picture, and what is said in it."""

    path: Path
    words: str
    length_s: float


class Bare:
    """The libraries, called as their manuals do."""

    def __init__(self) -> None:
        self.smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02)
        self.cascade = cv2.CascadeClassifier(
            str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml")  # pyright: ignore
        )
        self.network = load_expression_network()
        loaded = TextExtractor("minilm")
        self.tokenizer, self.model = loaded._tokeniser.tokenizer, loaded._model

    def audio(self, path: Path) -> None:
        """Runs openSMILE on the decoded sound."""
        resampler = av.AudioResampler("flt", "mono", 16000)
        with av.open(str(path)) as container:
            container.streams.audio[0].codec_context.thread_count = 1
            pieces = [
                piece.to_ndarray()
                for frame in container.decode(audio=0)
                for piece in resampler.resample(frame)
            ]
        self.smile.process_signal(np.concatenate(pieces, axis=1), 16000)

    @torch.inference_mode()
    def visual(self, path: Path) -> None:
        """Runs the network on the largest face of five frames a second."""
        faces, due_s = [], 0.1
        with av.open(str(path)) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for frame in container.decode(video=0):
                if (frame.time or 0.0) < due_s:
                    continue
                due_s += 0.2
                picture = frame.to_ndarray(format="rgb24")
                scale = min(1, 320 / max(picture.shape))
                grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
                small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                least = max(20, round(38 * scale))  # as small as ours looks for
                boxes = self.cascade.detectMultiScale(small, 1.1, 2, minSize=(least, least))
                if len(boxes):
                    x, y, w, h = (np.array(max(boxes, key=lambda box: box[2])) / scale).astype(int)
                    faces.append(cv2.resize(grey[y : y + h, x : x + w], (48, 48)))
        if faces:
            self.network.embed(torch.from_numpy(np.stack(faces)).float())

    @torch.inference_mode()
    def text(self, words: str) -> None:
        """Runs MiniLM on one utterance."""
        items = {"input_ids": [self.tokenizer(words)["input_ids"]]}
        self.model(**self.tokenizer.pad(items, return_tensors="pt"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, help="own .mp4 files, an utterance each")
    parser.add_argument("--clips", type=int, default=60, help="how many of them")
    parser.add_argument("--job", action="store_true", help="also time the command, and its memory")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        clips = _clips(arguments.folder, Path(folder) / "playhouse", arguments.clips)
        _show_compute(clips)
        if arguments.job:
            _show_job(clips, Path(folder))


def _clips(own: Path | None, folder: Path, count: int) -> list[Clip]:
    if own is None:
        render_playhouse(folder, Production(dialogues=(count // 4, 1, 1)), workers=2)
        utterances = [u for _, u in read_meld(folder).utterances()]
        found = [(Path(u.media), u.text) for u in utterances if u.media and u.text]
    else:
        found = [(p, "Well, who would have thought so?") for p in sorted(own.rglob("*.mp4"))]
    facts = [(path, words, probe(path)) for path, words in found]
    whole = [
        Clip(path, words, seen.duration_s)
        for path, words, seen in facts
        if seen.has_audio and seen.has_video and seen.duration_s
    ]
    return whole[:count]


def _show_compute(clips: list[Clip]) -> None:
    bare, words = Bare(), TextExtractor("minilm")
    audio, visual = AudioExtractor("egemaps"), VisualExtractor("expression")

    def hear(clip: Clip) -> None:
        sound = read_audio(clip.path)
        assert sound is not None
        audio.encode(sound)

    def look(clip: Clip) -> None:
        reader = visual.reader
        frames = read_frames(clip.path, rate_hz=reader.rate_hz, most=reader.most_frames)
        assert frames is not None
        visual.encode(frames)

    ways: dict[str, tuple[Callable[[Clip], object], Callable[[Clip], object]]] = {
        "text (minilm)": (lambda c: words.encode([c.words]), lambda c: bare.text(c.words)),
        "audio (egemaps)": (hear, lambda c: bare.audio(c.path)),
        "visual (expression)": (look, lambda c: bare.visual(c.path)),
    }
    for clip in clips[:WARM_UP]:
        for pair in ways.values():
            for way in pair:
                way(clip)
    media_s = sum(clip.length_s for clip in clips)
    title = f"CPU seconds per second of media; {len(clips)} clips, {media_s:.0f} s"
    table = Table("", "ours", "bare libraries", "our own share", title=title)
    total = np.zeros(2)
    for name, pair in ways.items():
        taken = np.zeros(2)
        for number, clip in enumerate(clips):
            for way in (0, 1) if number % 2 else (1, 0):
                started = time.process_time()
                pair[way](clip)
                taken[way] += time.process_time() - started
        total += taken
        table.add_row(*_row(name, taken / media_s))
    table.add_section()
    table.add_row(*_row("lite preset, in all", total / media_s))
    Console().print(table)
    print(f"real-time factor on two cores: {total[0] / media_s / 2:.3f}")
    print(f"face-expression network, batches of 32, two threads: {_faces_a_second():.0f} faces/s")


@torch.inference_mode()
def _faces_a_second() -> float:
    network, faces = load_expression_network(), 255 * torch.rand(32, 48, 48)
    torch.set_num_threads(2)
    network(faces)
    started = time.monotonic()
    for _ in range(BATCHES):
        network(faces)
    torch.set_num_threads(1)
    return 32 * BATCHES / (time.monotonic() - started)


def _row(name: str, taken: np.ndarray) -> tuple[str, ...]:
    ours, bare = taken
    return name, f"{ours:.4f}", f"{bare:.4f}", f"{100 * (ours - bare) / ours:.1f} %"


def _show_job(clips: list[Clip], folder: Path) -> None:
    """Prints wall time with 1 and 2 workers in turn, of a second run, and memory for more clips."""
    table = Table("clips", "workers", "seconds", "peak MiB of all processes", title="The command")
    pairs = [(300, workers, f"{pair}-{workers}") for pair in range(PAIRS) for workers in (1, 2)]
    seconds: dict[str, float] = {}
    for count, workers, cache in [*pairs, (300, 2, "0-2"), (100, 2, "100"), (1000, 2, "1000")]:
        copies = _copies(clips, count, folder / f"clips-{count}")
        store = write_store(copies, folder / f"store-{count}", overwrite=True)
        taken, peak = _run(store.path, workers, folder / "cache" / cache)
        again = ", all cached" if cache in seconds else ""
        seconds.setdefault(cache, taken)
        table.add_row(f"{count}{again}", str(workers), f"{taken:.1f}", f"{peak:.0f}")
    Console().print(table)
    times = [seconds[f"{pair}-1"] / seconds[f"{pair}-2"] for pair in range(PAIRS)]
    print("two workers are", ", ".join(f"{one:.2f}" for one in times), "times as fast as one")


def _copies(clips: list[Clip], count: int, folder: Path) -> Corpus:
    """Returns a corpus of so many clips, no two of the same content."""
    folder.mkdir(exist_ok=True)
    dialogues = []
    for number in range(count):
        clip = clips[number % len(clips)]
        path = folder / f"{number}.mp4"
        box = (16).to_bytes(4) + b"free" + number.to_bytes(8)
        path.write_bytes(clip.path.read_bytes() + box)
        copy = Utterance(0, "A", f"{number} {clip.words}", media=str(path))
        dialogues.append(Dialogue(f"{number}", "train", (copy,)))
    return Corpus("clips", schema_named("meld-7"), tuple(dialogues))


def _run(store: Path, workers: int, cache: Path) -> tuple[float, float]:
    """Returns the command's seconds and the peak of its processes' resident memory in MiB."""
    command = [sys.executable, "-m", "synctva", "features", str(store), "--cache", str(cache)]
    started, peak = time.monotonic(), 0.0
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--workers", str(workers)], stderr=subprocess.DEVNULL, env=environment
    ) as process:
        while process.poll() is None:
            peak = max(peak, held_mib(process.pid))
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.monotonic() - started, peak


if __name__ == "__main__":
    main()
