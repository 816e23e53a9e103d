"""Scores on labelled recordings, as if their emotions came as often as in conversations.

A set of clips is small, and its emotions come as somebody chose them. So every score is reported
with an interval, and weighted to stated class frequencies, which ``frequencies.py`` holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from synctva.evaluation.bootstrap import FEWEST, RESAMPLES
from synctva.evaluation.frequencies import reweighted

BINS = 10
"""Bins of confidence, of equal width, for the calibration error of a few dozen clips."""

LEAST_PROBABILITY = 1e-6
"""A right emotion of less than this costs so much: 13.8 nats, not infinitely many."""


@dataclass(frozen=True)
class Judged:
    """What a model predicts for labelled utterances.

    Attributes:
        emotions: The model's.
        emotion: The number of each utterance's right one.
        group: Which utterances belong together (a recording, a conversation), by number.
        present: Which of text, audio and visual each has.
        probabilities: Subset of the modalities, such as ``text+audio`` -> of each utterance.
    """

    emotions: tuple[str, ...]
    emotion: Int[np.ndarray, " utterance"]
    group: Int[np.ndarray, " utterance"]
    present: Bool[np.ndarray, "utterance 3"]
    probabilities: Mapping[str, Float[np.ndarray, "utterance emotion"]]

    def __len__(self) -> int:
        """Returns the number of utterances."""
        return len(self.emotion)


def pooled(parts: Sequence[Judged]) -> Judged:
    """Returns several sets as one; they are of one model."""
    first, offset, groups = parts[0], 0, []
    for part in parts:
        groups.append(part.group + offset)
        offset += int(part.group.max(initial=-1)) + 1
    return Judged(
        first.emotions,
        np.concatenate([part.emotion for part in parts]),
        np.concatenate(groups),
        np.concatenate([part.present for part in parts]),
        {s: np.concatenate([p.probabilities[s] for p in parts]) for s in first.probabilities},
    )


def recording_scores(
    judged: Judged, frequencies: Float[np.ndarray, " emotion"], modalities: Sequence[str]
) -> dict[str, Any]:
    """Returns the scores of every subset, over the utterances that have any modality of it.

    A subset with a modality that no utterance has is left out.

    Args:
        judged: What a model predicts.
        frequencies: How often each emotion is expected.
        modalities: The names of the columns of ``judged.present``.

    Returns:
        Subset -> ``utterances``; ``recall`` (averaged over the emotions that occur),
        ``recall_alike`` (the same if the model expected all emotions alike), ``accuracy``,
        ``confidence`` (mean highest probability), ``log_loss``, ``frequencies`` (the log loss of
        the stated frequencies alone), ``difference`` (the former minus the latter) and, where
        words are part of it, ``against_text`` (its log loss minus that of words alone), each with
        ``value`` and ``interval``; ``calibration``; ``emotions`` (name -> ``count``, ``recall``);
        ``confusion`` (rows = emotion, columns = recognised). All but recalls and confusion are
        weighted to the frequencies. None where there is nothing to say.
    """
    found: dict[str, Any] = {}
    for subset, probabilities in judged.probabilities.items():
        columns = [modalities.index(m) for m in subset.split("+")]
        kept = judged.present[:, columns].any(1) & (frequencies[judged.emotion] > 0)
        if not judged.present[kept][:, columns].any(0).all():
            continue  # the same as another subset
        words = judged.probabilities.get("text") if "text+" in subset else None
        found[subset] = {
            "utterances": int(kept.sum()),
            **_scores(judged, probabilities, kept, frequencies),
            "against_text": None
            if words is None
            else _against(judged, probabilities, words, kept & judged.present[:, 0], frequencies),
            "calibration": calibration(probabilities[kept], judged.emotion[kept], frequencies),
            **_by_emotion(judged, probabilities, kept),
        }
    return found


def calibration(
    probabilities: Float[np.ndarray, "utterance emotion"],
    emotion: Int[np.ndarray, " utterance"],
    frequencies: Float[np.ndarray, " emotion"],
) -> dict[str, float]:
    """Returns ``error``, and what it would be if the probabilities were exactly true.

    The latter as ``expected``, the mean, and ``at_most``, which 95 of 100 such sets do not exceed:
    the same clips with the same weights, simulated as right as often as their confidence says. With
    few clips there are gaps by chance alone, more so if a rare emotion's clips weigh most.

    Source: the expected calibration error of Guo et al. 2017, eq. 3, weighted.
    """
    weights, confidence = reweighted(emotion, frequencies), probabilities.max(1)
    bin_of = np.minimum((confidence * BINS).astype(int), BINS - 1)
    in_bin = (bin_of[:, None] == np.arange(BINS)) * weights[:, None]
    right = np.random.default_rng(0).random((RESAMPLES, len(emotion))) < confidence
    drawn = np.abs((right - confidence) @ in_bin).sum(1)
    own = (probabilities.argmax(1) == emotion) - confidence
    return {
        "error": float(np.abs(own @ in_bin).sum()),
        "expected": float(drawn.mean()),
        "at_most": float(np.quantile(drawn, 0.95)),
    }


def _scores(
    judged: Judged,
    probabilities: Float[np.ndarray, "utterance emotion"],
    kept: Bool[np.ndarray, " utterance"],
    frequencies: Float[np.ndarray, " emotion"],
) -> dict[str, Any]:
    emotion = judged.emotion[kept]
    right = probabilities[kept].argmax(1) == emotion
    is_expected = frequencies > 0
    alike_for_all = probabilities[kept] * is_expected / np.where(is_expected, frequencies, 1)
    right_alike = alike_for_all.argmax(1) == emotion
    known = _surprise(frequencies[None], emotion)
    surprise = _surprise(probabilities[kept], emotion)
    terms = {
        "recall": right,
        "recall_alike": right_alike,
        "accuracy": right,
        "confidence": probabilities[kept].max(1),
        "log_loss": surprise,
        "frequencies": known,
        "difference": surprise - known,
    }
    alike = np.array([name.startswith("recall") for name in terms])
    columns = np.stack(list(terms.values()), axis=1)
    values, draws = _estimates(columns, emotion, judged.group[kept], frequencies, alike)
    return {n: _estimate(values[i], draws[:, i]) for i, n in enumerate(terms)}


def _against(
    judged: Judged,
    probabilities: Float[np.ndarray, "utterance emotion"],
    words: Float[np.ndarray, "utterance emotion"],
    kept: Bool[np.ndarray, " utterance"],
    frequencies: Float[np.ndarray, " emotion"],
) -> dict[str, Any] | None:
    if not kept.any():
        return None
    emotion = judged.emotion[kept]
    terms = _surprise(probabilities[kept], emotion) - _surprise(words[kept], emotion)
    values, draws = _estimates(
        terms[:, None], emotion, judged.group[kept], frequencies, np.zeros(1, dtype=bool)
    )
    return _estimate(values[0], draws[:, 0])


def _estimates(
    terms: Float[np.ndarray, "utterance term"],
    emotion: Int[np.ndarray, " utterance"],
    group: Int[np.ndarray, " utterance"],
    frequencies: Float[np.ndarray, " emotion"],
    alike: Bool[np.ndarray, " term"],
) -> tuple[Float[np.ndarray, " term"], Float[np.ndarray, "resample term"]]:
    """Returns means of terms, and those of groups drawn with replacement, if there are enough.

    Args:
        terms: Of each utterance.
        emotion: Its emotion.
        group: What is drawn together.
        frequencies: By which emotions are weighted.
        alike: For which terms all emotions that occur weigh alike instead.
    """
    numbers, own = np.unique(group, return_inverse=True)
    each = np.zeros((len(numbers), len(frequencies), terms.shape[1] + 1))
    np.add.at(each, (own, emotion), np.column_stack([terms, np.ones(len(terms))]))

    def means(sums: Float[np.ndarray, "draw emotion term1"]) -> Float[np.ndarray, "draw term"]:
        counts = sums[..., -1:]
        by_emotion = sums[..., :-1] / np.maximum(counts, 1)
        shares = np.where(alike, 1.0, frequencies[:, None]) * (counts > 0)
        return (by_emotion * shares).sum(1) / np.maximum(shares.sum(1), 1e-12)

    drawn = np.zeros((0, terms.shape[1]))
    if len(numbers) >= FEWEST:
        rng = np.random.default_rng(0)
        draws = rng.multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)), RESAMPLES)
        drawn = means(np.tensordot(draws.astype(float), each, axes=1))
    return means(each.sum(0)[None])[0], drawn


def _estimate(value: float, draws: Float[np.ndarray, " resample"]) -> dict[str, Any]:
    interval = np.quantile(draws, [0.025, 0.975]).tolist() if len(draws) else None
    return {"value": float(value), "interval": interval}


def _surprise(
    probabilities: Float[np.ndarray, "*utterance emotion"], emotion: Int[np.ndarray, " utterance"]
) -> Float[np.ndarray, " utterance"]:
    every = np.broadcast_to(probabilities, (len(emotion), probabilities.shape[1]))
    return -np.log(np.maximum(every[np.arange(len(emotion)), emotion], LEAST_PROBABILITY))


def _by_emotion(
    judged: Judged,
    probabilities: Float[np.ndarray, "utterance emotion"],
    kept: Bool[np.ndarray, " utterance"],
) -> dict[str, Any]:
    names, said = judged.emotions, probabilities[kept].argmax(1)
    confusion = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(confusion, (judged.emotion[kept], said), 1)
    counts = confusion.sum(1)
    return {
        "emotions": {
            name: {
                "count": int(counts[i]),
                "recall": float(confusion[i, i] / counts[i]) if counts[i] else None,
            }
            for i, name in enumerate(names)
        },
        "confusion": confusion.tolist(),
    }
