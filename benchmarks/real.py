"""What a model says of real recordings with words, voice and face of one person.

    python benchmarks/real.py --clips corpora/real_clips --out real.json --out real.md

The folder holds a folder per corpus, of clips with ``clips.csv``: ``clip``, ``emotion``, and where
known ``text`` and ``speaker``. Each clip is a conversation of one utterance by somebody unheard
before, as ``synctva measure`` takes it. Times and dialogues in the tables are those of the corpora
that the clips are cut from, so they do not count. Nothing is trained on them and nothing chosen.
"""

import argparse
import csv
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from synctva import terminal
from synctva.cli.measure import write
from synctva.corpus import Corpus
from synctva.data.own.folder import read_folder
from synctva.errors import InputError
from synctva.evaluation.frequencies import expected_frequencies
from synctva.features.extraction.cache import default_cache
from synctva.inference.labelled import Measured, measure
from synctva.inference.measurement import measurement
from synctva.inference.recognise import Recogniser
from synctva.terminal.measurement import show_measurement

COLUMNS = ("clip", "emotion", "text", "speaker")
"""What counts of the tables."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="lite")
    parser.add_argument("--clips", type=Path, nargs="+", required=True)
    parser.add_argument("--expect", default="meld", help="class frequencies, as of `measure`")
    parser.add_argument("--out", type=Path, action="append", default=[])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    tables = [table for folder in arguments.clips for table in sorted(folder.glob("*/clips.csv"))]
    if not tables:
        raise InputError(f"{arguments.clips[0]}: no folder in it has a clips.csv")
    recogniser = Recogniser.load(arguments.model, workers=arguments.workers, cache=default_cache())
    frequencies = expected_frequencies(arguments.expect, recogniser.model.emotions)
    parts: dict[str, Measured] = {}
    for table in tables:
        corpus = read_clips(table)
        bar = partial(terminal.progress, f"Measuring {corpus.name}")
        parts[corpus.name] = measure(recogniser, corpus, frequencies, progress=bar)
    found = measurement(
        "Real recordings", parts, frequencies, arguments.expect, str(arguments.model)
    )
    show_measurement(found)
    for path in arguments.out:
        write(found, path)


def read_clips(table: Path) -> Corpus:
    """Returns the clips of a table, each a conversation by itself."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [name for name in COLUMNS if name in rows[0]]
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / f"{table.parent.name}.csv"
        with own.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, kept, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(
                {**row, "clip": str(table.parent.resolve() / row["clip"])} for row in rows
            )
        return read_folder(own, name=table.parent.name)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"real: {error}")
