"""Memory of one process that recognises the same recording again and again, and writes its page.

    python benchmarks/soak.py                             # a minute of talk, twenty times
    python benchmarks/soak.py --minutes 120 --sound --pages

The processes that decode stay from one time to the next, as in a long `synctva recognise FOLDER`.
What the process and they hold is told after each time; at the end it may be 5 % more than after the
first at the most, else the exit code is 1.
"""

import argparse
import gc
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
from recognise import looped, rendered

from synctva.inference.recognise import Recogniser
from synctva.inference.recognition import Recognition
from synctva.reports.recognition import write_report

MOST_MORE = 0.05
"""Of the memory after the first time."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="lite", help="as for `synctva recognise`")
    parser.add_argument("--minutes", type=float, default=1.0, help="of the recording")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sound", action="store_true", help="a recording without pictures")
    parser.add_argument("--pages", action="store_true", help="recognises once; only pages again")
    given = parser.parse_args()
    kinds = ("audio",) if given.sound else ("video", "audio")
    with tempfile.TemporaryDirectory() as folder:
        clips = rendered(Path(folder) / "clips")
        recording = looped(clips, Path(folder) / "talk.mp4", 60 * given.minutes, kinds)
        with Recogniser.load(given.model, workers=given.workers) as recogniser:
            held = held_after_each(act_on(recording, recogniser, given.pages), given.times)
    more = held[-1] / held[0] - 1
    print(f"{given.times} times {given.minutes:g} min: {more:+.1%} after the last one")
    return int(more > MOST_MORE)


def act_on(recording: Path, recogniser: Recogniser, is_pages_only: bool) -> Callable[[], None]:
    """Returns what is done again and again."""

    def recognise() -> Recognition:
        return recogniser.recognise(recording, recording.with_suffix(".srt"))

    once = recognise() if is_pages_only else None

    def act() -> None:
        write_report(once or recognise(), recording.with_suffix(".html"), recording=recording)

    return act


def held_after_each(act: Callable[[], None], times: int) -> list[float]:
    """Returns the memory in MiB that is held after each time that something is done."""
    held = []
    for number in range(times):
        act()
        gc.collect()
        held.append(own_mib())
        print(f"{number + 1}: {held[-1]:.0f} MiB", flush=True)
    return held


def own_mib() -> float:
    """Returns what this process and its children hold that no other process shares."""
    this = psutil.Process()
    return sum(p.memory_full_info().uss for p in [this, *this.children(recursive=True)]) / 2**20


if __name__ == "__main__":
    sys.exit(main())
