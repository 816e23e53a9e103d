"""Kills of every long command at random moments, and every writing command twice at once.

    python benchmarks/reliability.py                           # 30 kills and 20 pairs of each
    python benchmarks/reliability.py --kills 5 --pairs 0 --only features train

A command is killed when its processes have used a random share of the CPU time that it needs in
all; then the same command is given again. What is there in the end must be, byte for byte, what a
command leaves that was never killed, but for seconds in logs and TensorBoard's files. It prints the
tables of docs/reliability.md, and on stderr what went wrong.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psutil

from synctva.data.made.planted import planted_corpus
from synctva.data.made.playhouse.render import render_playhouse
from synctva.data.made.playhouse.scenes import Production
from synctva.features.store import write_parts

DEADLINE_S = 900.0
"""No command takes so long."""
GONE_S = 15.0
"""So long after a command some of its processes may still be there."""
TAG = "SYNCTVA_RELIABILITY"
"""In the environment of a command and all its processes."""
WAYS = {
    "SIGKILL to it": ("SIGKILL", "it"),
    "SIGKILL to a worker": ("SIGKILL", "a worker"),
    "SIGTERM to it": ("SIGTERM", "it"),
    "SIGINT to all": ("SIGINT", "all"),
    "SIGTERM to a worker": ("SIGTERM", "a worker"),
    "SIGKILL to all": ("SIGKILL", "all"),
    "SIGINT to it": ("SIGINT", "it"),
}
"""How a command is killed: by which signal, and who gets it."""
TINY = (
    *("model.width=4", "model.heads=1", "model.graphs=['text_audio']", "model.semantic_k=2"),
    *("training.epochs=2", "training.patience=2", "training.batch_utterances=36"),
)
CUE = "1\n00:00:00,000 --> 00:00:01,000\nAda: I am so happy that you are here.\n"
KILLS = ("kills", "as if never killed", "tracebacks", "processes left", "files left")
PAIRS = ("pairs", "both ended well", "one was refused", "as if alone", "tracebacks", "files left")


@dataclass(frozen=True)
class Case:
    """A command, given in a folder of its own.

    Attributes:
        words: Of the command line.
        before: What lies in that folder before: name -> what is copied there.
        has_workers: Whether it has processes that can be killed alone.
    """

    words: tuple[str, ...]
    before: dict[str, Path] = field(default_factory=dict)
    has_workers: bool = True


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code, what it said, how many of its processes stayed."""

    code: int
    said: str
    left: int

    @property
    def has_traceback(self) -> bool:
        """Whether it ended in a way that nobody has foreseen."""
        return "Traceback" in self.said


@dataclass
class Trial:
    """A command, and the folder in which it is tried again and again."""

    case: Case
    folder: Path

    @cached_property
    def whole(self) -> tuple[dict[str, Any], float, float]:
        """What the command leaves that nobody disturbs, and the CPU and wall seconds it needs."""
        self.prepare()
        began, used = time.monotonic(), 0.0
        with started(self) as command:
            while not command.is_over():
                used = max(used, command.cpu_s())
                time.sleep(0.02)
            ended = command.end()
        if ended.code:
            raise SystemExit(f"{self.case.words}: exit code {ended.code}: {ended.said}")
        return self.outcome(), used, time.monotonic() - began

    def prepare(self) -> None:
        """Makes the folder as it is before the command."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for name, source in self.case.before.items():
            shutil.copytree(source, self.folder / name)

    def outcome(self) -> dict[str, Any]:
        """Returns what is in the folder by name, without seconds and TensorBoard's files."""
        files = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {
            str(path.relative_to(self.folder)): content(path)
            for path in files
            if "tensorboard" not in path.parts and not path.name.startswith(".")
        }

    def strays(self) -> int:
        """Returns how many temporary files and locks are in the folder."""
        return sum(path.name.startswith(".") for path in self.folder.rglob("*"))


def content(path: Path) -> object:
    """Returns what is in a file; of JSON what it says, without how many seconds something took."""
    if path.suffix not in (".json", ".jsonl"):
        return path.read_bytes()
    lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
    return [timeless(json.loads(line)) for line in lines]


def timeless(value: Any) -> Any:
    """Returns JSON without how many seconds something took."""
    if isinstance(value, dict):
        return {key: timeless(own) for key, own in value.items() if "seconds" not in key}
    return [timeless(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Running:
    """A command that was started, with all its processes.

    Attributes:
        process: The command itself.
        tag: What its processes have in their environment.
    """

    process: subprocess.Popen[str]
    tag: str

    def is_over(self) -> bool:
        """Returns whether the command itself has ended."""
        return self.process.poll() is not None

    def family(self) -> list[psutil.Process]:
        """Returns the command's processes, itself first."""
        with suppress(psutil.NoSuchProcess):
            own = psutil.Process(self.process.pid)
            return [own, *own.children(recursive=True)]
        return []

    def cpu_s(self) -> float:
        """Returns the CPU seconds that its processes, also former ones, have used."""
        total = 0.0
        for one in self.family():
            with suppress(psutil.Error):
                total += sum(one.cpu_times()[:4])
        return total

    def workers(self) -> list[int]:
        """Returns the processes that do its work."""
        found = []
        for one in self.family()[1:]:
            with suppress(psutil.Error):
                started = " ".join(one.cmdline())
                # the server of copies is none, but they are, and have its words
                is_copy = "forkserver" in started and one.ppid() != self.process.pid
                if "spawn_main" in started or is_copy:
                    found.append(one.pid)
        return found

    def end(self) -> Ended:
        """Waits until it and all its processes have ended."""
        said = self.process.communicate(timeout=DEADLINE_S)[0]
        until = time.monotonic() + GONE_S
        while (left := self.left()) and time.monotonic() < until:
            time.sleep(0.1)
        return Ended(self.process.returncode, said, len(left))

    def left(self) -> list[psutil.Process]:
        """Returns its processes that have not ended, whoever is their parent by now."""
        found = []
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                if one.environ().get(TAG) == self.tag and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
        return found


@contextmanager
def started(trial: Trial) -> Iterator[Running]:
    """Starts a command in a session of its own; none of its processes is there afterwards."""
    tag = uuid4().hex
    process = subprocess.Popen(
        [sys.executable, "-m", "synctva", *trial.case.words],
        cwd=trial.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # who runs this in a shell's background has Ctrl-C ignored, and so would the command
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={**os.environ, TAG: tag, "OMP_NUM_THREADS": "1"},
    )
    running = Running(process, tag)
    try:
        yield running
    finally:
        for one in running.left():
            with suppress(psutil.Error):
                one.kill()
        process.communicate()


def killed(trial: Trial, way: str, moment_s: float) -> Ended | None:
    """Returns how a command ended that was killed after so many CPU seconds; None = it was over."""
    sent, who = WAYS[way]
    with started(trial) as command:
        while not command.is_over():
            targets = command.workers() if who == "a worker" else [command.process.pid]
            if targets and command.cpu_s() >= moment_s:
                to = os.killpg if who == "all" else os.kill
                with suppress(ProcessLookupError):
                    to(targets[-1], signal.Signals[sent])
                return command.end()
            time.sleep(0.02)
    return None


def kills(trial: Trial, count: int, chance: random.Random) -> Counter[str]:
    """Kills a command so many times, has it go on, and counts what is as it should be."""
    expected, all_s, _ = trial.whole
    ways = [way for way, (_, who) in WAYS.items() if trial.case.has_workers or who != "a worker"]
    found = Counter[str]()
    while found["kills"] < count:
        way = ways[found["kills"] % len(ways)]
        moment_s = chance.uniform(0.02, 0.98) * all_s
        trial.prepare()
        ended = killed(trial, way, moment_s)
        if ended is None:
            continue
        last = ended
        if ended.code:
            with started(trial) as command:
                last = command.end()
        is_same = trial.outcome() == expected
        found["kills"] += 1
        print(trial.case.words[0], way, "ended", ended.code, "then", last.code, file=sys.stderr)
        found["as if never killed"] += is_same
        found["tracebacks"] += ended.has_traceback or last.has_traceback
        found["processes left"] += ended.left
        found["files left"] += trial.strays() > 0
        if not is_same or trial.strays() or ended.left or ended.has_traceback or last.has_traceback:
            tell(trial, f"{way} after {moment_s:.1f} of {all_s:.1f} s", ended, last)
    return found


def pairs(trial: Trial, count: int, chance: random.Random) -> Counter[str]:
    """Gives a command twice at once, so many times, and counts what is as it should be."""
    expected, _, wall_s = trial.whole
    found = Counter[str]()
    for _ in range(count):
        trial.prepare()
        delay_s = chance.uniform(0, wall_s / 2) if chance.random() < 0.7 else 0.0
        with started(trial) as first:
            time.sleep(delay_s)
            with started(trial) as second:
                ends = [command.end() for command in (first, second)]
        codes = sorted(end.code for end in ends)
        is_same = trial.outcome() == expected
        found["pairs"] += 1
        found["both ended well"] += codes == [0, 0]
        found["one was refused"] += codes in ([0, 1], [0, 2])
        found["as if alone"] += is_same
        found["tracebacks"] += any(end.has_traceback for end in ends)
        found["files left"] += trial.strays() > 0
        if not is_same or 0 not in codes or trial.strays() or any(e.has_traceback for e in ends):
            tell(trial, f"two, {delay_s:.1f} s apart", *ends)
    return found


def tell(trial: Trial, what: str, *ends: Ended) -> None:
    """Says on stderr what went wrong."""
    expected, found = trial.whole[0], trial.outcome()
    names = expected.keys() | found.keys()
    other = [name for name in sorted(names) if expected.get(name) != found.get(name)]
    hidden = [path.name for path in trial.folder.rglob(".*")]
    said = [f"{end.code}, {end.left} left: {end.said[-300:]!r}" for end in ends]
    print(trial.case.words[0], what, said, "other:", other, "left:", hidden, file=sys.stderr)


def cases_in(folder: Path) -> dict[str, Case]:
    """Returns the commands, having made in a folder what they read and is not there yet."""
    plays, store, run = folder / "plays", folder / "store", folder / "run"
    folder.mkdir(parents=True, exist_ok=True)
    render_playhouse(plays, Production(dialogues=(1, 1, 1)), workers=2)
    recordings, tiny, plan = folder / "recordings", folder / "tiny", folder / "plan.toml"
    recordings.mkdir(exist_ok=True)
    for number, clip in enumerate(sorted(plays.rglob("*.mp4"))[:2]):
        shutil.copy(clip, recordings / f"{number}.mp4")
        (recordings / f"{number}.srt").write_text(CUE)
    corpus = planted_corpus(dialogues=(16, 4, 4), missing=0.1)
    if not tiny.exists():
        write_parts((corpus.select([one.id]) for one in corpus.dialogues), tiny)
    (folder / "tiny.toml").write_text("\n".join(TINY))
    (folder / "one.toml").write_text('based_on = "tiny.toml"\nmodel.graphs = []\n')
    plan.write_text(
        f'out = "runs"\nseeds = 1\nrecipes = ["tiny.toml", "one.toml"]\n[stores]\na = "{tiny}"\n'
    )
    settings = tuple(word for setting in TINY for word in ("--set", setting))
    train = ("train", "--store", str(tiny), "--out", "run", "--seeds", "2", "--save-every", "0")
    importing, training = Case(("import", str(plays), "--out", "store")), Case((*train, *settings))
    for case, name in ((importing, "store"), (training, "run")):
        if (folder / name).exists():
            continue
        own = Trial(case, folder / "made")
        print(f"{name} takes {own.whole[1]:.1f} CPU seconds", file=sys.stderr)
        shutil.copytree(own.folder / name, folder / name)
    results = ("--out", "results/{name}.json", "--out", "results/{name}.html")
    predict = ("predict", str(run / "seed-0"), str(tiny), "--out", "all.parquet")
    return {
        "import": Case(importing.words, has_workers=False),
        "features": Case(("features", "store", "--cache", "cache"), {"store": store}),
        "train": training,
        "sweep": Case(("sweep", str(plan), "--out", "runs")),
        "recognise": Case(("recognise", str(recordings), *results)),
        "predict": Case(predict),
        "evaluate": Case(("evaluate", "run"), {"run": run}, has_workers=False),
    }


def table(title: tuple[str, ...], rows: Iterator[tuple[str, Counter[str]]]) -> None:
    """Prints a table, a row as soon as it is known."""
    print(f"| command | {' | '.join(title)} |\n|---{'|---:' * len(title)}|", flush=True)
    for name, found in rows:
        print(f"| `{name}` | {' | '.join(str(found[key]) for key in title)} |", flush=True)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=30, help="of each long command")
    parser.add_argument("--pairs", type=int, default=20, help="of each writing command")
    parser.add_argument("--only", nargs="+", help="commands; else all")
    parser.add_argument("--folder", type=Path, help="keeps what the commands read; else temporary")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).absolute()
        cases = cases_in(folder)
        chosen = arguments.only or list(cases)
        trials = {name: Trial(cases[name], folder / "trial") for name in chosen}
        if arguments.kills:
            table(KILLS, ((n, kills(one, arguments.kills, chance)) for n, one in trials.items()))
        if arguments.pairs:
            table(PAIRS, ((n, pairs(one, arguments.pairs, chance)) for n, one in trials.items()))


if __name__ == "__main__":
    main()
