"""What an evaluation can find beside the scores, if asked to."""

from dataclasses import dataclass

from synctva.run.parsing import Finite, Number
from synctva.run.scores import Score, Scores


@dataclass(frozen=True)
class TurnOrder:
    """Scores with the turns in their order, and shuffled."""

    in_order: Scores
    shuffled: Scores


@dataclass(frozen=True)
class Bin:
    """Predictions of like confidence: their mean confidence, the share of right ones, the count."""

    confidence: Finite | None
    accuracy: Finite | None
    count: Number


@dataclass(frozen=True)
class Bins:
    """The reliability diagram before and after the division of the logits by the temperature."""

    before: tuple[Bin, ...]
    after: tuple[Bin, ...]


@dataclass(frozen=True)
class Errors:
    """The calibration error before and after the division by the temperature."""

    before: Score
    after: Score


@dataclass(frozen=True)
class Abstention:
    """The scores on the surest predictions.

    Attributes:
        coverage: The share of labelled utterances that get a prediction.
        threshold: The least confidence among them.
        weighted_f1: Mean over the seeds, as the other scores.
        macro_f1: Likewise.
        accuracy: Likewise.
        sd: The sample standard deviation over the seeds, by score; None with one seed.
    """

    coverage: Finite
    threshold: Finite
    weighted_f1: Finite
    macro_f1: Finite
    accuracy: Finite
    sd: dict[str, Finite | None]


@dataclass(frozen=True)
class Calibration:
    """Whether probabilities mean what they say.

    Attributes:
        temperature: Each seed's, fitted on ``valid`` when its training ended.
        ece: The calibration error.
        bins: The reliability diagram of all seeds' predictions together.
        abstention: The curve after the temperature.
        abstention_before: That before it.
    """

    temperature: Score
    ece: Errors
    bins: Bins
    abstention: tuple[Abstention, ...]
    abstention_before: tuple[Abstention, ...]


@dataclass(frozen=True)
class Imbalance:
    """Scores with the logits as trained, and adjusted as strongly (``tau``) as ``valid`` chose."""

    tau: Score
    plain: Scores
    adjusted: Scores


@dataclass(frozen=True)
class Community:
    """The field's habit, the best *test* epoch, and how far above the honest score it is."""

    weighted_f1: Score
    gap: Finite


@dataclass(frozen=True)
class Ceiling:
    """The best score that anyone could reach on a corpus with planted structure."""

    weighted_f1: Finite
    macro_f1: Finite | None = None
    accuracy: Finite | None = None
