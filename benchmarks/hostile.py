"""Mutated files of every foreign format: what each reader makes of them, how long, how large.

    python benchmarks/hostile.py                        # 10,000 of each format
    python benchmarks/hostile.py --tries 500 --only pickle npz --seed 3

A good file of the format is damaged at random, with a seed, and read in a process with limits of
time and of memory. It is either read or refused in one line; anything else is told on stderr with
the number that makes it again. It prints the table of docs/reliability.md.
"""

import argparse
import pickle
import random
import resource
import sys
import time
import wave
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synctva.errors import InputError
from synctva.work import Task, on_this_machine

MOST_S, MOST_BYTES = 60.0, 1 << 30
"""No file takes longer of the CPU, or more memory, the libraries included."""

AT_ONCE = 50
"""So many files are read before the process tells."""

EMOTIONS = ("neutral", "joy", "anger")
PIECES = (
    *(b"9" * 400, b"1e999", b"NaN", b"null", b"-1", b"[" * 3000, b"{}", b'"', b"\0", b"\xff\xfe"),
    *(b"\x1b[2J", b"\n", b"\r\n\r\n", b"-->", b"=1+1", b"x_ms_ms_ms", b"<!DOCTYPE a>", b"&a;"),
    *(b"\xff" * 8, b"\x7f\xff\xff\xff", b"\x80\x05\x96", b"(" * 3000, b"\x94" * 3000),
)
"""What means something to some format, or has been a fault before."""


@dataclass
class Tries:
    """What became of the files of a format.

    Attributes:
        ends: How many were ``read``, ``refused``, or else.
        slowest_s: The longest time of one.
        largest_mb: The most memory of the process that read them.
    """

    ends: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    largest_mb: float = 0.0


def damaged(content: bytes, dice: random.Random) -> bytes:
    """Returns the bytes of a file with one to four damages."""
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(content) + 1)
        length = dice.choice((1, 1, 2, 8, 100))
        kind = dice.randrange(7)
        rest = content[place + length :]
        if kind == 0 and place < len(content):
            flipped = content[place] ^ 1 << dice.randrange(8)
            content = content[:place] + bytes([flipped]) + content[place + 1 :]
        elif kind == 1:
            content = content[:place] + dice.randbytes(length) + rest
        elif kind == 2:
            content = content[:place]
        elif kind == 3:
            content = content[:place] + rest
        elif kind == 4:
            content = content[:place] + dice.choice(PIECES) + content[place:]
        elif kind == 5:
            content = content[:place] + dice.choice(PIECES) + rest
        else:
            content = content[: place + length] * 2 + rest
    return content


def _pickle(path: Path) -> None:
    ids = [f"d{number}" for number in range(6)]
    rng = np.random.default_rng(0)
    said = {one: ["no", "yes"] for one in ids}
    vectors = {one: rng.random((2, 4), dtype=np.float32) for one in ids}
    content = (
        *(said, {one: ["F", "M"] for one in ids}, {one: [0, 3] for one in ids}),
        *(vectors, vectors, vectors, said, ids[:4], ids[4:]),
    )
    path.write_bytes(pickle.dumps(content, 4))


def _npz(path: Path) -> None:
    columns = {"dialogue": ["a", "a", "b", "c"], "emotion": ["joy", "anger", "joy", "anger"]}
    audio = np.ones((4, 3), np.float32)
    np.savez_compressed(path, names=["joy", "anger"], audio=audio, **columns)  # pyright: ignore


TABLE = {
    "dialogue": ["a", "a", "b", "c"],
    "speaker": ["Ada", "Ben", "Ada", "Ben"],
    "emotion": ["joy", "anger", "joy", "anger"],
    "text": ["no", "yes", "Zoë", "-"],
    "audio_0": [0.5, 1.0, 2.5, 3.0],
}


def _csv(path: Path) -> None:
    rows = [TABLE, *zip(*TABLE.values(), strict=True)]
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


def _parquet(path: Path) -> None:
    pq.write_table(pa.table(TABLE), path)


def _recognition(path: Path) -> None:
    from synctva.inference.export import write_recognition
    from synctva.inference.recognition import RecognisedUtterance, Recognition

    said = tuple(
        RecognisedUtterance(n, n + 1.5, "Ada" if n % 2 else "Ben", "No, yes.", (0.2, 0.7, 0.1))
        for n in range(5)
    )
    write_recognition(Recognition("talk.mp4", 9.0, EMOTIONS, said, "lite", "3f" * 32), path)


def _script(path: Path) -> None:
    path.write_text("Ada: Oh no!\nBen: It is all right.\n\nZoë: - \nAda: Yes: 9:45.\n", "utf-8")


def _chat(path: Path) -> None:
    path.write_text('speaker,text\nAda,Oh no!\nBen,"It is, all right."\nZoë,-\n', "utf-8")


def _rttm(path: Path) -> None:
    line = "SPEAKER talk 1 {}.0 1.5 <NA> <NA> Ada <NA> <NA>\n"
    path.write_text("".join(line.format(number) for number in range(5)))


def _wav(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).integers(-3000, 3000, 16_000, np.int16).tobytes())


def _mp4(path: Path) -> None:
    from synctva.media import write_small

    _wav(path.with_suffix(".wav"))
    write_small(path.with_suffix(".wav"), path)


def _store(path: Path) -> None:
    from synctva.data.made.planted import planted_corpus
    from synctva.features.store import write_store

    write_store(planted_corpus(0, (4, 2, 2)), path.parent / "store")
    path.write_bytes((path.parent / "store" / "manifest.json").read_bytes())


def _model(path: Path) -> None:
    from synctva.model.load import SHIPPED

    path.write_bytes((SHIPPED / "lite" / "config.json").read_bytes())


def _recipe(path: Path) -> None:
    path.write_text(
        'name = "own"\n[model]\nnetwork = "sync-tva"\nwidth = 8\n[training]\nepochs = 2\n'
    )


def _read_source(path: Path) -> object:
    from synctva.data.source import read_source

    order = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
    return read_source(path, label_order=order if path.suffix == ".pkl" else None)


def _read_transcript(path: Path) -> object:
    from synctva.transcripts import read_transcript

    return read_transcript(path)


def _read_script(path: Path) -> object:
    from synctva.transcripts import read_script

    return read_script(path)


def _read_recognition(path: Path) -> object:
    from synctva.inference.export import read_recognition

    return read_recognition(path)


def _read_media(path: Path) -> object:
    from synctva.media import length_of, probe, read_audio

    return probe(path), length_of(path), read_audio(path, 0.0, 0.5)


def _read_manifest(path: Path) -> object:
    from synctva.features.store import open_store

    (path.parent / "store" / "manifest.json").write_bytes(path.read_bytes())
    return open_store(path.parent / "store").read()


def _read_model(path: Path) -> object:
    from synctva.model.emotion_model import EmotionModel
    from synctva.model.load import SHIPPED

    weights = path.with_name("model.safetensors")
    if not weights.exists():
        weights.write_bytes((SHIPPED / "lite" / weights.name).read_bytes())
    return EmotionModel.from_pretrained(path.parent)


def _read_recipe(path: Path) -> object:
    from synctva.recipe import load_recipe

    return load_recipe(path)


@dataclass(frozen=True)
class Format:
    """A foreign format.

    Attributes:
        name: Of its file.
        make: Writes a good one.
        read: Reads one.
    """

    name: str
    make: Callable[[Path], None]
    read: Callable[[Path], object]


FORMATS = {
    "pickle": Format("own.pkl", _pickle, _read_source),
    "npz": Format("own.npz", _npz, _read_source),
    "csv": Format("own.csv", _csv, _read_source),
    "parquet": Format("own.parquet", _parquet, _read_source),
    **{
        f"transcript {suffix}": Format(f"talk.{suffix}", _recognition, _read_transcript)
        for suffix in ("srt", "vtt", "eaf", "textgrid", "csv", "json", "parquet")
    },
    "transcript rttm": Format("talk.rttm", _rttm, _read_transcript),
    "script txt": Format("talk.txt", _script, _read_script),
    "script csv": Format("talk.csv", _chat, _read_script),
    "recognition": Format("talk.json", _recognition, _read_recognition),
    "wav": Format("talk.wav", _wav, _read_media),
    "mp4": Format("talk.mp4", _mp4, _read_media),
    "manifest": Format("manifest.json", _store, _read_manifest),
    "checkpoint": Format("config.json", _model, _read_model),
    "recipe": Format("recipe.toml", _recipe, _read_recipe),
}


def tried(name: str, folder: Path, seed: int) -> tuple[str, str]:
    """Returns what became of a damaged file: ``read``, ``refused`` or else; and what was said.

    Args:
        name: One of ``FORMATS``.
        folder: Where it may be; a good file is kept there from one try to the next.
        seed: Of the damage.
    """
    own = FORMATS[name]
    path = folder / own.name
    good = folder / f"good-{own.name}"
    if not good.exists():
        own.make(path)
        good.write_bytes(path.read_bytes())
    path.write_bytes(damaged(good.read_bytes(), random.Random(f"{name} {seed}")))
    try:
        own.read(path)
    except InputError as error:
        told = f"{error}"
        return ("refused", told) if "\n" not in told else ("several lines", told)
    except Exception as error:  # that is what is looked for
        return "traceback", f"{type(error).__name__}: {error}"[:200]
    return "read", ""


Tried = tuple[int, str, str, float, float]
"""The number of a try, its end, what was said, seconds of the CPU, and MB of its process."""


def _timed(request: tuple[str, Path, range]) -> list[Tried]:
    name, folder, seeds = request
    found = []
    for seed in seeds:
        begun = time.process_time()
        end, told = tried(name, folder, seed)
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found.append((seed, end, told, time.process_time() - begun, size))
    return found


def campaign(name: str, tries: int, first: int) -> Tries:
    """Returns what became of so many damaged files, and tells on stderr what should not be."""
    found = Tries()
    last = first + tries
    task = Task(_timed, time_limit_s=AT_ONCE * MOST_S, memory_bytes=2 * MOST_BYTES)
    with TemporaryDirectory() as folder, on_this_machine(task, 1) as engine:
        seeds = (range(n, min(n + AT_ONCE, last)) for n in range(first, last, AT_ONCE))
        for (_, _, own), outcome in engine.outcomes((name, Path(folder), s) for s in seeds):
            if isinstance(outcome, InputError):
                outcome = [(own.start, "given up", f"or a later one: {outcome}", 0.0, 0.0)]
            for seed, end, told, seconds, size in outcome:
                found.ends[end] += 1
                found.slowest_s = max(found.slowest_s, seconds)
                found.largest_mb = max(found.largest_mb, size)
                if end not in ("read", "refused"):
                    print(f"{name} {seed}: {end}: {told}", file=sys.stderr)
    return found


def main() -> None:
    """Runs the campaign and prints its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first try")
    parser.add_argument("--only", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    given = parser.parse_args()
    ends = ("read", "refused", "several lines", "traceback", "given up")
    print("| format | tries | " + " | ".join(ends) + " | slowest s | largest MB |")
    print("|---" + "|---:" * (len(ends) + 3) + "|")
    for name in given.only:
        found = campaign(name, given.tries, given.seed)
        cells = [f"{found.ends[end]:,}" for end in ends]
        cells = [f"{found.ends.total():,}", *cells, f"{found.slowest_s:.1f}"]
        print(f"| {name} | " + " | ".join([*cells, f"{found.largest_mb:.0f}"]) + " |", flush=True)


if __name__ == "__main__":
    main()
