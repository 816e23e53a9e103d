"""Makes the shipped model `lite` of a finished run: its weights, its voices, its log.

    python benchmarks/ship_lite.py runs/lite --words runs/words/seed-0/checkpoint \
        --voices stores/ravdess stores/emodb

The weights are those that the run's `valid` chose, as they are, behind the text encoder that made
the vectors it learnt from (`words_encoded.py`). What is added, of the split `train` alone: the
statistics of the training voices, in studios and in rooms, for recordings of people who are hardly
heard. Then `confidence.py` fits how far the model may be believed.
"""

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq
import torch

from synctva.errors import InputError
from synctva.features.normalise import SpeakerNormalisation, voices_of
from synctva.features.store import open_store
from synctva.features.store.writing import NORMALISATION
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import SHIPPED
from synctva.run.folder import RunFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="a finished run of recipes/lite-model.toml")
    parser.add_argument("--words", type=Path, required=True, help="the encoder's checkpoint")
    parser.add_argument(
        "--voices", type=Path, nargs="+", required=True, help="of benchmarks/voices_in_rooms.py"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED / "lite")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    seed = run.seed(arguments.seed)
    model = joined(
        EmotionModel.from_pretrained(seed.checkpoint), EmotionModel.from_pretrained(arguments.words)
    )
    torch.set_num_threads(1)
    voices = voices_of([training_voices(path) for path in arguments.voices])
    statistics = {"mean": tuple(voices.mean[0].tolist()), "sd": tuple(voices.sd[0].tolist())}
    model.provenance = replace(model.provenance, voices=statistics)
    model.save_pretrained(arguments.out)
    shutil.copyfile(seed.log, arguments.out / "log.jsonl")
    shutil.copyfile(run.recipe, arguments.out / "recipe.toml")
    size = sum(file.stat().st_size for file in arguments.out.iterdir())
    print(f"{arguments.out}: {size / 2**20:.1f} MiB")


def joined(model: EmotionModel, words: EmotionModel) -> EmotionModel:
    """Returns a model of encoded words behind the encoder that made them, of another model."""
    dims = {**model.dims, "text": words.dims["text"]}
    encoders = cast(Any, {"text": words.encoders["text"]})
    whole = EmotionModel(model.emotions, dims, cast(Any, model.settings), encoders)
    whole.become_familiar(model.familiarity)  # where it was trained from one that ships
    own = {n: w for n, w in words.state_dict().items() if n.startswith("encoders.text.")}
    whole.load_state_dict({**model.state_dict(), **own})
    features = {**model.provenance.features, "text": words.provenance.features["text"]}
    whole.provenance = replace(model.provenance, features=features)
    return whole.eval()


def training_voices(path: Path) -> tuple[SpeakerNormalisation, list[str]]:
    """Returns the statistics of a store's voices, and the names of those of its training split."""
    found = SpeakerNormalisation.from_table(pq.read_table(path / NORMALISATION))
    train = open_store(path).read().split("train")
    speakers = {utterance.speaker for _, utterance in train.utterances()}
    return found, [person for person in found.people if person in speakers]


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"ship_lite: {error}")
