"""Makes stores of voices as the shipped model learns them: cut to speech, in studios and in rooms.

    python benchmarks/voices_in_rooms.py corpora/ravdess --copies 1 --out stores/ravdess

Each voice is normalised by its conversation. The words are kept as tokens, for composing.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from speech import in_rooms

from synctva.corpus import Corpus, Features
from synctva.data.source import read_source
from synctva.errors import InputError
from synctva.features.extractors.audio import AudioExtractor
from synctva.features.extractors.tokens import TokenExtractor
from synctva.features.normalise import normalise
from synctva.features.store import check_place, write_store
from synctva.features.store.writing import NORMALISATION


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, help="such as RAVDESS's folder")
    parser.add_argument("--kind", help="what it is, where a table lies beside its clips")
    parser.add_argument("--audio", default="egemaps-no-level", help="the features")
    parser.add_argument("--copies", type=int, default=1, help="how often all is heard in rooms")
    parser.add_argument("--tokens", type=int, default=48, help="as many as the words' store has")
    parser.add_argument("--raw", action="store_true", help="leave the voices as they are")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    check_place(arguments.out, overwrite=False)
    corpus = read_source(arguments.corpus, arguments.kind)
    heard = in_rooms(corpus, AudioExtractor(arguments.audio), arguments.copies, arguments.seed)
    found = None
    if not arguments.raw:
        heard, found = normalise(heard, "audio", "speaker")
    store = write_store(with_tokens(heard, arguments.tokens), arguments.out)
    if found is not None:
        pq.write_table(found.to_table(), store.path / NORMALISATION)
    print(f"{store.path}: {len(corpus)} clips, {len(heard)} with those in rooms")


def with_tokens(corpus: Corpus, count: int) -> Corpus:
    """Returns the corpus with the tokens of what is said, where anything is known of it."""
    tokens = TokenExtractor("minilm", count)
    said = [bool((utterance.text or "").strip()) for _, utterance in corpus.utterances()]
    if not any(said):
        return corpus
    values = tokens.encode(tokens.inputs_of(corpus))
    for row, is_there in enumerate(said):
        if not is_there:
            values[row] = 0

    return corpus.with_features("text", Features(values, np.array(said), tokens.description))


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"voices_in_rooms: {error}")
