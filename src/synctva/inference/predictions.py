"""What a model predicts of whole dialogues: probabilities, with what carried them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float

from synctva.batch import Batch, batch_of, joined
from synctva.emotions import MODALITIES
from synctva.evaluation.confidence import Views, views_of
from synctva.features.extractors.language import OTHER_LANGUAGE
from synctva.inference.encode import EncodedDialogue
from synctva.inference.recognition import (
    NO_EVIDENCE,
    UNLIKE_TRAINING,
    RecognisedUtterance,
    Recognition,
)
from synctva.inference.utterances import Segmented
from synctva.model.causal import encoded, without_encoders
from synctva.model.emotion_model import EmotionModel
from synctva.tensors import device_of, in_one_thread
from synctva.transcripts import Word


@dataclass(frozen=True)
class Predictions:
    """What is expressed in utterances.

    Attributes:
        probabilities: Calibrated.
        contributions: What text, audio and visual add to the probability of the emotion that is
            the most probable one: exact Shapley values; 0 if the utterance lacks the modality.
        trust: How far each is trusted, in [0, 1]; 0 = it does not count, or is absent.
        unusual: Where a modality is farther from the training's than usual.
    """

    probabilities: Float[np.ndarray, "utterance emotion"]
    contributions: Float[np.ndarray, "utterance 3"]
    trust: Float[np.ndarray, "utterance 3"]
    unusual: Bool[np.ndarray, "utterance 3"]

    def split(self, counts: Sequence[int]) -> "list[Predictions]":
        """Returns the predictions of so many utterances each."""
        ends = np.cumsum(counts)[:-1]
        columns = [np.split(getattr(self, own.name), ends) for own in fields(self)]
        return [Predictions(*parts) for parts in zip(*columns, strict=True)]


def predictions_of(
    model: EmotionModel,
    batch: Batch,
    expected: Float[np.ndarray, " emotion"] | None = None,
    *,
    at_once: bool = False,
) -> Predictions:
    """Returns calibrated probabilities of whole dialogues, and what carried them.

    Args:
        model: Any model of this project.
        batch: Whole dialogues.
        expected: How often each emotion is expected; None = as in what the model was calibrated on.
        at_once: See the subsets of the modalities in one pass, which is quicker for a few
            utterances, and equal up to the last digits.

    Raises:
        InputError: Frequencies are expected, but the model does not say which it knows.
    """
    with in_one_thread():
        views = seen_in_part(model, batch)
        if at_once:
            views.look_at_once()
        probabilities = views.probabilities(tuple(model.dims), expected)
        contributions = views.contributions(expected)
    return Predictions(probabilities, contributions, views.trust, views.unusual)


def predicted(
    model: EmotionModel,
    plain: EmotionModel,
    several: Sequence[EncodedDialogue],
    expected: Float[np.ndarray, " emotion"] | None = None,
) -> list[Predictions]:
    """Returns the predictions of several dialogues, seen together; see ``predictions_of``.

    Args:
        model: The model.
        plain: The same without its encoders, of :func:`synctva.model.causal.bare`.
        several: Dialogues.
        expected: How often each emotion is expected; None = as the model was calibrated.

    Raises:
        InputError: The features are of another model; or as ``predictions_of``.
    """
    for corpus in (one.corpus for one in several):
        found = {m: features.fingerprint for m, features in corpus.features.items()}
        model.provenance.check(found, corpus.name)
    batches = [batch_of(one.corpus) for one in several]
    if not batches:
        return []
    found = predictions_of(plain, encoded(model, joined(batches).to(device_of(model))), expected)
    return found.split([len(own) for own in batches])


def seen_in_part(model: EmotionModel, batch: Batch) -> Views:
    """Returns what a model predicts for whole dialogues, seeing each subset of the modalities.

    A model's own encoders run once, and not again for each subset.
    """
    return views_of(*without_encoders(model, batch))


def probabilities_of(model: EmotionModel, batch: Batch) -> Float[np.ndarray, "utterance emotion"]:
    """Returns calibrated probabilities of whole dialogues."""
    with in_one_thread():
        return seen_in_part(model, batch).probabilities(tuple(model.dims))


def recognised(
    dialogue: EncodedDialogue,
    found: Predictions,
    heard: tuple[str, ...] = (),
    words: Sequence[tuple[Word, ...]] = (),
) -> Iterator[RecognisedUtterance]:
    """Yields the utterances of a dialogue with what was predicted of them.

    Args:
        dialogue: Its utterances with their features.
        found: Of its utterances.
        heard: Flags of all of them.
        words: Those of each, where they were heard.
    """
    features = dialogue.corpus.features
    for row, (_, utterance) in enumerate(dialogue.corpus.utterances()):
        flags = [*heard]
        flags += [word for f in features.values() if f.flags for word in f.flags[row].split()]
        flags += [f"{MODALITIES[n]}{UNLIKE_TRAINING}" for n in np.flatnonzero(found.unusual[row])]
        if not found.trust[row].any():
            flags.append(NO_EVIDENCE)
        yield RecognisedUtterance(
            utterance.start_s or 0.0,
            utterance.end_s or 0.0,
            utterance.speaker,
            utterance.text,
            tuple(found.probabilities[row].tolist()),
            {
                m: float(found.contributions[row, i])
                for i, m in enumerate(MODALITIES)
                if m in features and features[m].present[row]
            },
            tuple(dict.fromkeys(flags)),
            dialogue.notes.get(row, ""),
            words[row] if words else (),
        )


def recognition_of(
    segmented: Segmented,
    found: tuple[EncodedDialogue, Predictions] | None,
    emotions: tuple[str, ...],
    model: str,
    fingerprint: str,
) -> Recognition:
    """Returns what a recording expresses.

    Args:
        segmented: The recording in utterances.
        found: Their features and what was predicted of them; None where nobody speaks.
        emotions: The model's.
        model: Its name.
        fingerprint: Of its weights.
    """
    heard = (OTHER_LANGUAGE,) if segmented.is_foreign else ()
    utterances = () if found is None else tuple(recognised(*found, heard, segmented.words))
    note = "; ".join(filter(None, (segmented.note, left_out(utterances))))
    about = segmented.media, segmented.duration_s
    return Recognition(*about, emotions, utterances, model, fingerprint, note)


def left_out(utterances: Sequence[RecognisedUtterance]) -> str:
    """Returns how many utterances are recognised without their words, in words; else nothing."""
    unknown = sum(bool(one.text) and OTHER_LANGUAGE in one.flags for one in utterances)
    if not unknown:
        return ""
    return (
        f"the words of {unknown} of {len(utterances)} utterances are in a language that the model"
        " does not know, and are left out"
    )
