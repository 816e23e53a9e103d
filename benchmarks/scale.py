"""One epoch on generated stores of more and more utterances: time must be linear, memory flat.

    python benchmarks/scale.py                                  # 10 and 100 thousand, 1 million
    python benchmarks/scale.py --sizes 10000 100000 --in-memory # as small splits are read

Each store has text and audio of 384 and 128 numbers, and a fiftieth as many utterances to validate
on; it is generated shard by shard into a temporary folder and trained on in a process of its own,
so that its peak memory is its own.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from memory import peak_mib
from rich.console import Console
from rich.table import Table

from synctva.corpus import Corpus, Description, Features
from synctva.dialogue import Dialogue, Utterance
from synctva.emotions import schema_named
from synctva.features.store import open_store, write_parts
from synctva.features.store.writing import SHARD_UTTERANCES
from synctva.recipe import load_recipe
from synctva.training import splits
from synctva.training.run import train_run

SIZES = (10_000, 100_000, 1_000_000)
DIMS = {"text": 384, "audio": 128}
VALID = 50
"""Every such dialogue is one of the split ``valid``."""
SCHEMA = schema_named("meld-7")
RECIPE = Path(__file__).parents[1] / "recipes" / "lite.toml"
SETTINGS = ("training.epochs=1", "training.batch_utterances=256")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="utterances to train on"
    )
    parser.add_argument("--in-memory", action="store_true", help="do not read by windows")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, in_memory=arguments.in_memory)))
        return
    found: dict[str, float] = {}
    table = Table(title=f"one epoch of {RECIPE.stem}, {', '.join(SETTINGS)}")
    for column in (
        *("utterances", "store, MB", "CPU seconds", "utterances a CPU second"),
        "peak memory, MiB",
    ):
        table.add_column(column, justify="right")
    for size in arguments.sizes:
        with TemporaryDirectory() as folder:
            store = Path(folder) / "store"
            write_parts(parts_of(size), store)
            megabytes = sum(file.stat().st_size for file in store.iterdir()) / 1e6
            command = [sys.executable, __file__, "--one", str(store)]
            command += ["--in-memory"] if arguments.in_memory else []
            shown = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        found = json.loads(shown)
        table.add_row(
            f"{size:,}", f"{megabytes:,.0f}", f"{found['cpu_s']:,.1f}",
            f"{size / found['cpu_s']:,.0f}", f"{found['mebibytes']:,.0f}",
        )  # fmt: skip
        print(json.dumps({"utterances": size, **found}), flush=True)
    Console().print(table)
    print(f"reading alone: {found['read_per_s']:,.0f} utterances a CPU second")


def parts_of(utterances: int) -> Iterator[Corpus]:
    """Yields a corpus in parts of a shard's size, made one at a time."""
    directions = np.random.default_rng(0)
    centres = {m: directions.normal(0, 0.2, (len(SCHEMA.emotions), dim)) for m, dim in DIMS.items()}
    wanted = {"train": utterances, "valid": utterances // VALID}
    for split, count in wanted.items():
        for number, start in enumerate(range(0, count, SHARD_UTTERANCES)):
            size = min(SHARD_UTTERANCES, count - start)
            yield _part(f"{split}-{number}", split, size, centres, start)


def _part(name: str, split: str, size: int, centres: dict[str, np.ndarray], seed: int) -> Corpus:
    """Returns dialogues of 5 to 15 utterances whose features lie around their emotion's centre."""
    random = np.random.default_rng((seed, len(split)))
    emotion = random.integers(len(SCHEMA.emotions), size=size)
    features = {}
    for m, own in centres.items():
        values = own[emotion] + random.standard_normal((size, DIMS[m]), dtype=np.float32)
        present = random.random(size) > 0.1
        values[~present] = 0.0
        features[m] = Features(values.astype(np.float32), present, Description("generated"))
    dialogues, first = [], 0
    while first < size:
        last = min(first + int(random.integers(5, 16)), size)
        turns = tuple(
            Utterance(turn=row - first, speaker=f"{row % 2}", emotion=SCHEMA.emotions[emotion[row]])
            for row in range(first, last)
        )
        dialogues.append(Dialogue(f"{name}-{first}", split, turns))
        first = last
    return Corpus("generated", SCHEMA, tuple(dialogues), features)


def measure(store: Path, *, in_memory: bool) -> dict[str, float]:
    """Returns the CPU seconds of ``synctva train``, the peak memory, and how fast a store is read.

    Of the CPU, because on a machine that does other things too only that means anything.
    """
    splits.IN_MEMORY_BYTES = sys.maxsize if in_memory else 0
    recipe = load_recipe(RECIPE, SETTINGS)
    started = time.process_time()
    run = train_run(recipe, store, store.parent / "run", 1)
    trained = time.process_time()
    valid = run.seed(0).read_log()[0].valid
    assert valid is not None  # the store has that split
    found = {
        "cpu_s": trained - started,
        "weighted_f1": valid.weighted_f1,
        "mebibytes": peak_mib(),
    }
    read = sum(map(len, open_store(store).read_shards()))
    return {**found, "read_per_s": read / (time.process_time() - trained)}


if __name__ == "__main__":
    main()
