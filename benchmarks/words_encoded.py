"""Makes a store of words as a model's text encoder reads them: vectors in place of tokens.

    python benchmarks/words_encoded.py stores/lite --model src/synctva/models/lite \
        --out stores/lite-encoded

A network that is trained on these learns in minutes, since the encoder runs once and not in every
epoch; ``ship_lite.py`` puts network and encoder together again.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch

from synctva.batch import batch_of
from synctva.corpus import Corpus, Description, Features
from synctva.errors import InputError
from synctva.features.extractors.hub import weights_sha256
from synctva.features.store import check_place, open_store, write_store
from synctva.model.emotion_model import EmotionModel

AT_ONCE = 256
"""So many utterances go through the encoder at a time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path, help="of tokens")
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint that reads them")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    check_place(arguments.out, overwrite=False)
    torch.set_num_threads(1)
    corpus = encoded(open_store(arguments.store).read(), arguments.model)
    store = write_store(corpus, arguments.out)
    print(f"{store.path}: {len(corpus)} utterances")


@torch.inference_mode()
def encoded(corpus: Corpus, source: Path) -> Corpus:
    """Returns a corpus with the words' vectors in place of their tokens."""
    model = EmotionModel.from_pretrained(source)
    tokens, known = corpus.features["text"], model.provenance.features["text"]
    if tokens.fingerprint != known.fingerprint or "text" not in model.encoders:
        raise InputError(f"{source}: no encoder of such words; extract them with --for {source}")
    encoder, rows = model.encoders["text"], batch_of(corpus).text
    lengths = (rows != 0).sum(1)
    vectors = torch.zeros(len(rows), int(encoder.dim))  # pyright: ignore[reportArgumentType]
    order = lengths.argsort()  # alike in length, so that little is padded
    for chosen in order[lengths[order] > 0].split(AT_ONCE):
        there = torch.ones(len(chosen), dtype=torch.bool)
        vectors[chosen] = encoder(rows[chosen], there)
    vectors[~torch.from_numpy(tokens.present)] = 0
    told = Description("tuned", f"{known.model}", weights=weights_sha256(encoder))
    text = Features(vectors.numpy(), tokens.present, told)
    return replace(corpus, features={**corpus.features, "text": text})


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"words_encoded: {error}")
