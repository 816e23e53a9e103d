"""A model trained further from corrections, and what it gains on recordings it did not learn from.

The server runs it as a process of its own: ``python -m synctva.training.adaptation FOLDER MODEL
RECORDING CORRECTIONS ...`` prints what came out as JSON.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from synctva.batch import batch_of
from synctva.corpus import Corpus
from synctva.dialogue import NOBODY, Dialogue, Utterance
from synctva.errors import InputError
from synctva.evaluation.confidence import views_of
from synctva.features.extraction.cache import Cache
from synctva.features.extraction.extract import extract
from synctva.features.store import open_store, write_store
from synctva.model.causal import without_encoders
from synctva.model.emotion_model import EmotionModel
from synctva.model.load import load_model
from synctva.model.prepared import Reader, as_recognised, model_named
from synctva.run.folder import RunFolder
from synctva.training.run import train_run
from synctva.training.start import load_start, recipe_from
from synctva.transcripts import read_transcript

LEAST_RECORDINGS, LEAST_UTTERANCES = 3, 50
"""With fewer, the gain cannot be measured."""

MOST_FOLDS = 5
"""How many trainings measure the gain; each leaves out a part of the recordings."""

CHANCE = 0.05
"""A gain or loss that chance brings more often than this is none that can be told."""


@dataclass(frozen=True)
class Adapted:
    """What was learnt, and what it gained.

    Attributes:
        recordings: How many were learnt from.
        utterances: How many with an emotion.
        right_before: How many of these the model recognised as they were corrected; None if there
            are too few to tell.
        right_after: How many were recognised by models that had not learnt from the recording.
        note: What that means, in words.
        checkpoint: The model that has learnt from all of them.
    """

    recordings: int
    utterances: int
    right_before: int | None
    right_after: int | None
    note: str
    checkpoint: str


def adapt(model: str, recordings: Sequence[tuple[Path, Path]], folder: Path) -> Adapted:
    """Trains a model from corrections.

    Args:
        model: Its name, folder or hub id.
        recordings: Each with its corrections, a transcript with emotions.
        folder: For all that is made; it is there.

    Raises:
        InputError: A recording or its corrections cannot be read, or an emotion is unknown.
    """
    corpus = _read(recordings, model_named(model), folder)
    emotion = np.array([one.emotion is not None for _, one in corpus.utterances()])
    count, utterances = len(recordings), int(emotion.sum())
    _trained(corpus, model, folder)
    checkpoint = f"{RunFolder(folder / 'run').seed(0).checkpoint}"
    if count < LEAST_RECORDINGS or utterances < LEAST_UTTERANCES:
        lacking = (
            f"{count} recordings with {utterances} emotions are too few to measure the gain; from"
            f" {LEAST_RECORDINGS} recordings with {LEAST_UTTERANCES} on, it is measured"
        )
        return Adapted(count, utterances, None, None, lacking, checkpoint)
    right = np.concatenate([_held_out(corpus, model, fold, folder) for fold in _folds(count)])
    before, after = (int(column.sum()) for column in right.T)
    return Adapted(count, utterances, before, after, _meaning(right), checkpoint)


def _folds(recordings: int) -> list[list[int]]:
    """Returns which recordings each training leaves out."""
    return [
        part.tolist() for part in np.array_split(range(recordings), min(recordings, MOST_FOLDS))
    ]


def _read(recordings: Sequence[tuple[Path, Path]], reader: Reader, folder: Path) -> Corpus:
    """Returns the corrected recordings as the model reads them."""
    dialogues = []
    for number, (recording, corrections) in enumerate(recordings):
        said = tuple(
            Utterance(
                turn,
                one.speaker or NOBODY,
                one.text or None,
                one.emotion,
                one.start_s,
                one.end_s,
                f"{recording}",
            )
            for turn, one in enumerate(read_transcript(corrections))
        )
        dialogues.append(Dialogue(f"recording {number + 1}", "train", said))
    store = write_store(Corpus("corrected", reader.schema, tuple(dialogues)), folder / "read")
    extract(store, reader.makers.preset, Cache(folder / "cache"))
    return as_recognised(open_store(store.path), reader.makers).read()


def _trained(corpus: Corpus, model: str, folder: Path) -> EmotionModel:
    """Returns a model that was trained further on the dialogues of the split ``train``."""
    store = write_store(corpus, folder / "store").path
    start = load_start(model, store)
    run = train_run(recipe_from(start), store, folder / "run", 1, start=start)
    return EmotionModel.from_pretrained(run.seed(0).checkpoint)


def _held_out(
    corpus: Corpus, model: str, fold: Sequence[int], folder: Path
) -> Bool[np.ndarray, "utterance 2"]:
    """Returns whether each utterance of some recordings is right, before and after learning."""
    split = tuple(
        replace(one, split="test" if number in fold else "train")
        for number, one in enumerate(corpus.dialogues)
    )
    place = folder / f"fold-{fold[0]}"
    own = replace(corpus, dialogues=split)
    models = load_model(model), _trained(own, model, place)
    batch = batch_of(open_store(place / "store").read(("test",)))
    emotion = batch.emotion.numpy()
    views = [views_of(*without_encoders(one, batch)) for one in models]
    right = [one.probabilities(tuple(corpus.features)).argmax(1) == emotion for one in views]
    return np.stack(right, axis=1)[emotion >= 0]


def _meaning(right: Bool[np.ndarray, "utterance 2"]) -> str:
    """Returns what is gained, in words; by McNemar's exact test whether that may be chance."""
    from scipy.stats import binomtest

    gained = int((right[:, 1] & ~right[:, 0]).sum())
    lost = int((right[:, 0] & ~right[:, 1]).sum())
    told = f"on recordings not learnt from, {gained} more are right and {lost} fewer"
    if not gained + lost or binomtest(gained, gained + lost).pvalue > CHANCE:
        return f"{told}: that may be chance"
    return f"{told}: it is {'better' if gained > lost else 'worse'}"


def main() -> None:
    """Adapts as the command line says."""
    folder, model, *places = sys.argv[1:]
    os.nice(10)
    paths = [Path(place) for place in places]
    recordings = list(zip(paths[::2], paths[1::2], strict=True))
    try:
        found = asdict(adapt(model, recordings, Path(folder)))
    except InputError as error:
        found = {"error": f"{error}"}
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
