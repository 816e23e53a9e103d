"""Scores as tables, x100."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from synctva.terminal.console import escape, say, show

if TYPE_CHECKING:
    from synctva.evaluation.compare import Comparison
    from synctva.evaluation.metrics import Scores

SCORES = {
    "weighted_f1": "weighted F1", "macro_f1": "macro F1", "accuracy": "accuracy",
    "uar": "UAR (unweighted average recall)",
}  # fmt: skip
"""Scores in words."""


def show_evaluation(run: Path, result: Mapping[str, Any]) -> None:
    """Prints the scores of a run, x100."""
    seeds = result["seeds"]
    count = f"{seeds} seed{'s' * (seeds > 1)}"
    title = f"{run.resolve().name}: {count}, {result['parameters']:,} parameters"
    table = Table(title=escape(title), caption="x100; [95 % interval over dialogues]")
    table.add_column("score")
    for split in ("valid", "test"):
        table.add_column(split, justify="right")
    for name, words in SCORES.items():
        table.add_row(words, *(_estimate(result[split][name]) for split in ("valid", "test")))
    table.add_section()
    for emotion in result["test"]["f1"]:
        cells = (_estimate(result[split]["f1"][emotion]) for split in ("valid", "test"))
        table.add_row(f"F1 {escape(emotion)}", *cells)
    show(table)
    for key, words in _CONDITIONS.items():
        if key in result:
            show_scores(words, result[key])
    if "calibration" in result:
        found = result["calibration"]
        before, after = (_mean_sd(found["ece"][when]) for when in ("before", "after"))
        say(f"Calibration error {before} before the temperature fitted on valid, {after} after.")
    if "imbalance" in result:
        found = result["imbalance"]
        words = f"logits adjusted, tau {found['tau']['mean']:.1f} by valid"
        show_scores("rare emotions", {"as trained": found["plain"], words: found["adjusted"]})
    if "community" in result:
        best, gap = result["community"]["weighted_f1"], result["community"]["gap"]
        say(
            f"Best test epoch: weighted F1 {_mean_sd(best)}, {100 * gap:.1f} above the honest"
            " score; chosen on the test split, so it is no estimate of anything."
        )


_CONDITIONS = {
    "subsets": "modalities",
    "missing_rates": "missing rate",
    "missing_rates_one_kept": "missing rate, one modality kept",
    "noise": "noise, in sd",
    "turn_order": "order of turns",
}


def show_scores(
    first_column: str,
    scores: Mapping[str, Any],
    ceiling: Mapping[str, Mapping[str, float]] | None = None,
) -> None:
    """Prints a row of test scores for each key, beside the ceiling where one is known."""
    table = Table(title="test, x100")
    table.add_column(first_column)
    for column in ("weighted F1", "macro F1", *(["ceiling weighted F1"] if ceiling else [])):
        table.add_column(column, justify="right")
    for key, own in scores.items():
        top = [f"{100 * ceiling[key]['weighted_f1']:.1f}"] if ceiling else []
        table.add_row(key, _mean_sd(own["weighted_f1"]), _mean_sd(own["macro_f1"]), *top)
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
            table.add_row(run, SCORES[score], *cells)
            run = ""
        table.add_section()
    show(table)


def show_face_scores(scores: "Mapping[str, Scores]", emotions: Sequence[str]) -> None:
    """Prints a row per split: accuracy, macro F1, and the F1 of every emotion."""
    table = Table(title="The face-expression network on FER2013")
    for column in ("", "accuracy", "macro F1", *emotions):
        table.add_column(escape(column), justify="right" if column else "left")
    for split, own in scores.items():
        numbers = [float(own.accuracy), float(own.macro_f1), *own.f1.tolist()]
        table.add_row(split, *(f"{100 * number:.1f}" for number in numbers))
    show(table)


def _estimate(estimate: Mapping[str, Any]) -> str:
    low, high = (f"{100 * bound:.1f}" for bound in estimate["interval"])
    return f"{_mean_sd(estimate)} \\[{low}, {high}]"


def _mean_sd(estimate: Mapping[str, Any]) -> str:
    sd = "" if estimate["sd"] is None else f" ± {100 * estimate['sd']:.1f}"
    return f"{100 * estimate['mean']:.1f}{sd}"
