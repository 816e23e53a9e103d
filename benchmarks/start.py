"""CPU seconds of short work, in which the start counts most: what a command costs in all.

    python benchmarks/start.py                       # each three times; the least is told
    python benchmarks/start.py --times 1 --only words

To hold one version against another: `--source ../before/src`. Both are then run in turn, since
machines are noisy.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from memory import counted
from recognise import looped, rendered

from synctva.dialogue import Utterance

HERE = Path(__file__).parents[1] / "src"
RATE_HZ = 16_000
CUE = "{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{who}: {words}\n\n"
SYNCTVA = (sys.executable, "-m", "synctva")


def words(folder: Path) -> list[str]:
    """Two lines of text."""
    return [*SYNCTVA, "recognise", str(_script(folder / "two.srt"))]


def sound(folder: Path) -> list[str]:
    """Four seconds of a voice-like sound, with a transcript of two lines."""
    moments = np.arange(4 * RATE_HZ) / RATE_HZ
    voice = sum(np.sin(2 * math.pi * 140 * k * moments) / k for k in range(1, 12))
    samples = 6_000 * voice * (1 + np.sin(2 * math.pi * 4 * moments)) / 2
    with wave.open(str(folder / "four.wav"), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    script = str(_script(folder / "four.srt"))
    return [*SYNCTVA, "recognise", str(folder / "four.wav"), "--transcript", script]


def floor(folder: Path) -> list[str]:
    """Torch alone, imported."""
    return [sys.executable, "-c", "import torch"]


def loading(folder: Path) -> list[str]:
    """The shipped model, from Python."""
    return [sys.executable, "-c", "from synctva import Recogniser; Recogniser.load(workers=1)"]


def hundred(folder: Path) -> list[str]:
    """A folder of a hundred transcripts of two lines."""
    (folder / "talks").mkdir()
    for number in range(100):
        _script(folder / "talks" / f"{number:03}.srt")
    return [*SYNCTVA, "recognise", str(folder / "talks"), "--out", str(folder / "{name}.json")]


def minute(folder: Path) -> list[str]:
    """A minute of film, with its transcript."""
    return _film(folder, 1.0)


def six(folder: Path) -> list[str]:
    """Six minutes of film, with their transcript."""
    return _film(folder, 6.0)


CASES: Mapping[str, Callable[[Path], list[str]]] = MappingProxyType(
    {
        **{"floor": floor, "words": words, "sound": sound, "loading": loading, "hundred": hundred},
        **{"minute": minute, "six": six},
    }
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--source", type=Path, help="the src folder of a version before")
    given = parser.parse_args()
    sources = [HERE] if given.source is None else [given.source.absolute(), HERE]
    print("| CPU seconds |" + " before |" * (len(sources) - 1) + " now |")
    print("|---|" + "---:|" * len(sources))
    with tempfile.TemporaryDirectory() as kept:  # what is unpacked once is, but the first time
        for name in given.only:
            found = [[used(name, source, kept) for source in sources] for _ in range(given.times)]
            least = [min(column) for column in zip(*found, strict=True)]
            what = (CASES[name].__doc__ or "").rstrip(".").lower()
            print(f"| {what} | " + " | ".join(f"{seconds:.1f}" for seconds in least) + " |")


def used(name: str, source: Path, cache: str) -> float:
    """Returns the CPU seconds of a case, its processes included."""
    with tempfile.TemporaryDirectory() as place:
        command = CASES[name](Path(place))
        environment = {**os.environ, "PYTHONPATH": str(source), "SYNCTVA_CACHE": cache}
        whole = counted(command)
        ended = subprocess.run(whole, env=environment, check=True, capture_output=True, text=True)
        return float(ended.stdout.splitlines()[-1])


@cache
def _scene() -> tuple[tempfile.TemporaryDirectory[str], list[Utterance]]:
    """Returns the clips of a scene, and their folder, which lives as long as this."""
    place = tempfile.TemporaryDirectory()
    return place, rendered(Path(place.name))


def _film(folder: Path, minutes: float) -> list[str]:
    film = looped(_scene()[1], folder / "film.mp4", 60 * minutes)
    script = str(film.with_suffix(".srt"))
    return [*SYNCTVA, "recognise", str(film), "--transcript", script, "--workers", "2"]


def _script(path: Path) -> Path:
    lines = (("Ada", "I am so happy that you are here!"), ("Bob", "Oh no, not again."))
    cues = (CUE.format(n=n, who=who, words=said) for n, (who, said) in enumerate(lines, 1))
    path.write_text("".join(cues), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
