"""Scores as a run folder holds them: mean and sd over seeds, and each seed's."""

from dataclasses import dataclass, field

from synctva.run.parsing import Finite, Number


@dataclass(frozen=True)
class Score:
    """A score in [0, 1].

    Attributes:
        mean: Over the seeds.
        sd: Sample standard deviation over the seeds; None with one seed.
        interval: 95 % percentile interval of the mean, over resampled dialogues; all that a score
            can be where there are too few of them; None where it was not asked for.
    """

    mean: Finite
    sd: Finite | None = None
    interval: tuple[Finite, Finite] | None = None


@dataclass(frozen=True)
class Scores:
    """The scores under one condition, such as a missing rate; ``f1`` by emotion, where asked."""

    weighted_f1: Score
    macro_f1: Score
    accuracy: Score
    uar: Score
    f1: dict[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class SplitScores:
    """The scores of one split; ``f1`` by emotion."""

    weighted_f1: Score
    macro_f1: Score
    accuracy: Score
    uar: Score
    f1: dict[str, Score]
    ece: Score


@dataclass(frozen=True)
class SeedSplit:
    """One seed's scores on one split."""

    weighted_f1: Finite
    macro_f1: Finite
    accuracy: Finite
    uar: Finite
    ece: Finite


@dataclass(frozen=True)
class SeedScores:
    """One seed: the epoch that ``valid`` chose, -1 where what it began with was better."""

    seed: Number
    best_epoch: int
    valid: SeedSplit
    test: SeedSplit
