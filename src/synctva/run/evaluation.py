"""``evaluation.json``: what a run scores on a store."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from synctva.files import write_json
from synctva.run.findings import Calibration, Ceiling, Community, Imbalance, TurnOrder
from synctva.run.parsing import Finite, Number, read
from synctva.run.scores import Scores, SeedScores, SplitScores

FINDINGS = (
    *("subsets", "missing_rates", "missing_rates_one_kept", "noise", "turn_order", "stress"),
    *("calibration", "imbalance", "community", "ceiling", "ceiling_subsets"),
)
"""What an evaluation holds only if it was asked to; it stays while models and store are these."""


@dataclass(frozen=True)
class EvaluatedStore:
    """The feature store that the scores are of.

    Attributes:
        name: The corpus's name.
        path: The store's folder, as it was then.
        fingerprint: sha256 of its manifest, which names every shard with its sha256.
        is_own: Whether the run was trained on what is in it.
    """

    name: str
    path: str
    fingerprint: str
    is_own: bool


@dataclass(frozen=True)
class Evaluation:
    """What ``synctva evaluate`` found; all scores are in [0, 1].

    Attributes:
        test: Scores on ``test``: mean, sd over seeds, interval over dialogues.
        valid: Those on ``valid``.
        seeds: How many.
        parameters: Of one model.
        seconds_per_epoch: Of the training, mean over the seeds.
        per_seed: Each seed's scores.
        confusion: By split; rows are emotions, columns predictions, summed over the seeds.
        support: By split, how often each emotion occurs.
        store: The store that was scored; None in evaluations from before that was kept.
        weights: sha256 of each seed's weights, by seed; empty in older evaluations.
        subsets: Scores of every subset of the modalities, such as ``text+audio``.
        missing_rates: Scores at rates of missing (utterance, modality) pairs.
        missing_rates_one_kept: Likewise; no utterance loses all its modalities.
        noise: Scores with noise on the features, by its sd in sd of the feature.
        turn_order: Scores with the turns shuffled.
        stress: Scores clean, under each of five stresses, and the mean of the five.
        calibration: Whether probabilities mean what they say.
        imbalance: Scores with the logits adjusted for rare emotions.
        community: The best test epoch, beside the gap.
        ceiling: The best that is possible, where that is known.
        ceiling_subsets: Likewise, of every subset of the modalities.
    """

    test: SplitScores
    valid: SplitScores
    seeds: Number
    parameters: Number
    seconds_per_epoch: Finite
    per_seed: tuple[SeedScores, ...]
    confusion: dict[str, tuple[tuple[Number, ...], ...]]
    support: dict[str, dict[str, Number]]
    store: EvaluatedStore | None = None
    weights: dict[Number, str] = field(default_factory=dict)
    subsets: dict[str, Scores] | None = None
    missing_rates: dict[Finite, Scores] | None = None
    missing_rates_one_kept: dict[Finite, Scores] | None = None
    noise: dict[Finite, Scores] | None = None
    turn_order: TurnOrder | None = None
    stress: dict[str, Scores] | None = None
    calibration: Calibration | None = None
    imbalance: Imbalance | None = None
    community: Community | None = None
    ceiling: Ceiling | None = None
    ceiling_subsets: dict[str, Ceiling] | None = None

    def is_of_same(self, other: "Evaluation") -> bool:
        """Returns whether models and store are those of another evaluation.

        An evaluation from before these were kept is recognised by the scores of each seed.
        """
        if not (self.weights and other.weights and self.store and other.store):
            return self.per_seed == other.per_seed and self.confusion == other.confusion
        same_store = self.store.fingerprint == other.store.fingerprint
        return same_store and self.weights == other.weights

    def with_findings_of(self, other: "Evaluation") -> "Evaluation":
        """Returns the evaluation with what another one found beside the scores."""
        return replace(self, **{name: getattr(other, name) for name in FINDINGS})

    def as_json(self) -> Mapping[str, Any]:
        """Returns what is written: all that there is."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read_evaluation(path: Path, remedy: str) -> Evaluation:
    """Returns the evaluation in a file.

    Raises:
        InputError: It is missing or damaged; the message ends with the remedy.
    """
    return read(path, Evaluation, remedy)


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Writes an evaluation, atomically."""
    write_json(path, evaluation.as_json())
