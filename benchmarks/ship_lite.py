"""Makes the shipped model `lite` of a finished run: its weights, its voices, its log.

    python benchmarks/ship_lite.py runs/lite --composed stores/lite \
        --voices stores/ravdess stores/emodb --strangers stores/nemo --faces stores/fer2013

The weights are those that the run's `valid` chose, as they are. What is added, of the splits
`train` and `valid` alone: the statistics of the training voices, in studios and in rooms, for
recordings of people who are hardly heard; and a temperature for each set of modalities that an
utterance may have, since a model that sees less has to be less sure. A face alone has its
temperature of both kinds of valid utterances: in composed conversations, and by itself; a voice
alone that of strangers of a corpus that was never learnt from, in rooms as well.
"""

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from lite import SUBSETS, each_a_stranger, in_schema, widened

from synctva.batch import Batch, batch_of
from synctva.emotions import EmotionSchema
from synctva.errors import InputError
from synctva.evaluation.calibration import fit_temperature
from synctva.evaluation.prediction import predict
from synctva.features.store import open_store
from synctva.features.store.folder import NORMALISATION
from synctva.features.store.normalise import SpeakerNormalisation, normalise_towards, voices_of
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import SHIPPED
from synctva.run.folder import RunFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, help="a finished run of recipes/lite-model.toml")
    parser.add_argument(
        "--voices", type=Path, nargs="+", required=True, help="of benchmarks/voices_in_rooms.py"
    )
    parser.add_argument(
        "--strangers", type=Path, required=True, help="voices of a corpus that is not learnt, --raw"
    )
    parser.add_argument("--composed", type=Path, required=True, help="the run's store")
    parser.add_argument("--faces", type=Path, required=True, help="FER2013")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=SHIPPED / "lite")
    arguments = parser.parse_args()
    run = RunFolder(arguments.run)
    seed = run.seed(arguments.seed)
    model = EmotionModel.from_pretrained(seed.checkpoint)
    torch.set_num_threads(1)
    voices = voices_of([training_voices(path) for path in arguments.voices])
    statistics = {"mean": tuple(voices.mean[0].tolist()), "sd": tuple(voices.sd[0].tolist())}
    batch = batch_of(open_store(arguments.composed).read().split("valid"))
    valid = {"+".join(own): [batch.keep(own)] for own in SUBSETS}
    valid["audio"] = [strangers(arguments.strangers, model, voices)]
    valid["visual"] += [alone(arguments.faces, model)]
    temperatures = {name: temperature(model, parts) for name, parts in valid.items()}
    model.provenance = replace(model.provenance, voices=statistics, temperatures=temperatures)
    model.save_pretrained(arguments.out)
    shutil.copyfile(seed.log, arguments.out / "log.jsonl")
    shutil.copyfile(run.recipe, arguments.out / "recipe.toml")
    size = sum(file.stat().st_size for file in arguments.out.iterdir())
    print(f"{arguments.out}: {size / 2**20:.1f} MiB")


def alone(path: Path, model: EmotionModel) -> Batch:
    """Returns the valid utterances of a corpus of voices or faces, as the model calls emotions."""
    schema = EmotionSchema("of the model", model.emotions)
    return widened(batch_of(in_schema(open_store(path).read(), schema).split("valid")), model)


def temperature(model: EmotionModel, parts: list[Batch]) -> float:
    """Returns the temperature for the best likelihood of all parts together."""
    logits = np.concatenate([predict(model, part).numpy() for part in parts])
    return fit_temperature(logits, np.concatenate([part.emotion.numpy() for part in parts]))


def strangers(path: Path, model: EmotionModel, voices: SpeakerNormalisation) -> Batch:
    """Returns voices of a corpus that was not learnt from, each of which is heard once.

    What a model learnt of some studios says little of how sure it may be elsewhere.
    """
    schema = EmotionSchema("of the model", model.emotions)
    heard = each_a_stranger(in_schema(open_store(path).read(), schema))
    return widened(batch_of(normalise_towards(heard, voices)), model)


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
