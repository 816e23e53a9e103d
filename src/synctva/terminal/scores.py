"""Scores as tables, x100."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from synctva.run.words import SCORES, WORDS
from synctva.terminal.console import escape, say, show

if TYPE_CHECKING:
    from synctva.evaluation.compare import Comparison
    from synctva.evaluation.metrics import ScoreArrays
    from synctva.run.evaluation import Evaluation
    from synctva.run.findings import Ceiling
    from synctva.run.scores import Score, Scores


def show_evaluation(run: Path, evaluation: "Evaluation") -> None:
    """Prints the scores of a run on a store, x100, and all else that was found."""
    count = f"{evaluation.seeds} seed{'s' * (evaluation.seeds > 1)}"
    title = f"{run.resolve().name}: {count}, {evaluation.parameters:,} parameters"
    table = Table(title=escape(title), caption="x100; [95 % interval over dialogues]")
    table.add_column("score")
    for split in ("valid", "test"):
        table.add_column(split, justify="right")
    splits = (evaluation.valid, evaluation.test)
    for name in SCORES:
        table.add_row(WORDS[name], *(_estimate(getattr(split, name)) for split in splits))
    table.add_section()
    for emotion in evaluation.test.f1:
        table.add_row(f"F1 {escape(emotion)}", *(_estimate(split.f1[emotion]) for split in splits))
    show(table)
    if evaluation.store is not None and not evaluation.store.is_own:
        store = escape(f"{evaluation.store.name} ({evaluation.store.path})")
        say(f"Scored on a store other than the run's own: {store}.")
    _show_findings(evaluation)


def _show_findings(evaluation: "Evaluation") -> None:
    """Prints what was found beside the scores."""
    if evaluation.subsets is not None:
        show_scores("modalities", evaluation.subsets, evaluation.ceiling_subsets)
    for words, found in (
        ("missing rate", evaluation.missing_rates),
        ("missing rate, one modality kept", evaluation.missing_rates_one_kept),
        ("noise, in sd", evaluation.noise),
    ):
        if found is not None:
            show_scores(words, {f"{rate:g}": scores for rate, scores in found.items()})
    if (order := evaluation.turn_order) is not None:
        show_scores("order of turns", {"in order": order.in_order, "shuffled": order.shuffled})
    if evaluation.stress is not None:
        show_scores("under stress", evaluation.stress)
    if (found := evaluation.calibration) is not None:
        before, after = _mean_sd(found.ece.before), _mean_sd(found.ece.after)
        say(f"Calibration error {before} before the temperature fitted on valid, {after} after.")
    if (found := evaluation.imbalance) is not None:
        words = f"logits adjusted, tau {found.tau.mean:.1f} from valid"
        show_scores("rare emotions", {"as trained": found.plain, words: found.adjusted})
    if (found := evaluation.community) is not None:
        best, gap = _mean_sd(found.weighted_f1), 100 * found.gap
        say(
            f"Best test epoch: weighted F1 {best}, {gap:.1f} above the honest"
            " score; chosen on the test split, so it is no estimate of anything."
        )


def show_scores(
    first_column: str,
    scores: "Mapping[str, Scores]",
    ceiling: "Mapping[str, Ceiling] | None" = None,
) -> None:
    """Prints a row of test scores for each key, beside the ceiling where one is known."""
    columns = [WORDS["weighted_f1"], WORDS["macro_f1"]]
    table = Table(title="test, x100")
    table.add_column(first_column)
    for column in (*columns, *([f"ceiling {columns[0]}"] if ceiling else [])):
        table.add_column(column, justify="right")
    for key, own in scores.items():
        top = [f"{100 * ceiling[key].weighted_f1:.1f}"] if ceiling else []
        table.add_row(escape(key), _mean_sd(own.weighted_f1), _mean_sd(own.macro_f1), *top)
    show(table)


def show_comparisons(comparisons: "Sequence[Comparison]") -> None:
    """Prints how far the first run is above the others."""
    table = Table(title=escape(f"{comparisons[0].first} against ..."), caption="test, x100")
    table.add_column("run", overflow="fold")
    table.add_column("score")
    for column in ("difference", "95 % interval", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    for comparison in comparisons:
        run = escape(comparison.run)
        for score, found in comparison.differences.items():
            low, high = (f"{100 * bound:+.1f}" for bound in found.interval)
            cells = (f"{100 * found.mean:+.1f}", f"{low} to {high}", f"{found.p:.3f}")
            table.add_row(run, WORDS[score], *cells)
            run = ""
        table.add_section()
    show(table)


def show_face_scores(scores: "Mapping[str, ScoreArrays]", emotions: Sequence[str]) -> None:
    """Prints a row per split and truth: accuracy, macro F1, and the F1 of every emotion."""
    table = Table(title="The face-expression network on FER2013")
    for column in ("", WORDS["accuracy"], WORDS["macro_f1"], *emotions):
        table.add_column(escape(column), justify="right" if column else "left")
    for split, own in scores.items():
        numbers = [float(own.accuracy), float(own.macro_f1), *own.f1.tolist()]
        table.add_row(split, *(f"{100 * number:.1f}" for number in numbers))
    show(table)


def _estimate(score: "Score") -> str:
    if score.interval is None:
        return _mean_sd(score)
    low, high = (f"{100 * bound:.1f}" for bound in score.interval)
    return f"{_mean_sd(score)} \\[{low}, {high}]"


def _mean_sd(score: "Score") -> str:
    sd = "" if score.sd is None else f" ± {100 * score.sd:.1f}"
    return f"{100 * score.mean:.1f}{sd}"
