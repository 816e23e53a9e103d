"""What people see in the terminal: tables and progress bars."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import markup
from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from synctva.dialogue import SPLITS

if TYPE_CHECKING:
    from synctva.corpus import Corpus
    from synctva.data.finding import Finding
    from synctva.data.official import Count
    from synctva.evaluation.compare import Comparison
    from synctva.evaluation.metrics import Scores
    from synctva.features.fill import Filled
    from synctva.features.verify import Verified

SCORES = {
    "weighted_f1": "weighted F1", "macro_f1": "macro F1", "accuracy": "accuracy",
    "uar": "UAR (unweighted average recall)",
}  # fmt: skip
"""Scores in words."""

_console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")
"""Of many processes of one training, the first speaks."""

FAILURES_SHOWN = 20
SAID_EVERY_S = 60.0


def say(text: str) -> None:
    """Prints a line (rich markup); into a file or a pipe it is one line, however long."""
    _console.print(text, soft_wrap=not _console.is_terminal)


def show(table: Table) -> None:
    """Prints a table."""
    _console.print(table)


def escape(text: object) -> str:
    """Returns text that is printed as it is, brackets and all."""
    return markup.escape(str(text))


def show_corpus(corpus: "Corpus") -> None:
    """Prints utterances per split and emotion, and the features."""
    from synctva.data.official import counts

    found = {(count.split, count.emotion): count for count in counts(corpus)}
    emotions = list(dict.fromkeys(emotion for _, emotion in found))
    table = Table(title=escape(f"{corpus.name}: {len(corpus)} utterances"))
    for column in ("", *SPLITS):
        table.add_column(column, justify="right" if column else "left")
    dialogues = Counter(dialogue.split for dialogue in corpus.dialogues)
    utterances = Counter(dialogue.split for dialogue, _ in corpus.utterances())
    table.add_row("dialogues", *(str(dialogues[split]) for split in SPLITS))
    table.add_row("utterances", *(str(utterances[split]) for split in SPLITS))
    table.add_section()
    for emotion in emotions:
        own = [found[split, emotion] for split in SPLITS]
        table.add_row(escape(emotion or "unlabelled"), *(_count(count) for count in own))
    _console.print(table)
    for m in corpus.dims:
        features = corpus.features[m]
        missing = int((~features.present).sum())
        rest = f", missing in {missing} utterances" if missing else ""
        say(f"{m}: {features.dim} numbers of {escape(features.extractor.name)}{rest}")


def show_findings(findings: "Sequence[Finding]", next_: str | None = None) -> None:
    """Prints what the doctor found, and the command that training still waits for."""
    colours = {"error": "red", "warning": "yellow", "note": "cyan"}
    for finding in findings:
        colour = colours[finding.severity]
        place, message = escape(finding.place), escape(finding.message)
        say(f"[{colour}]{finding.severity}[/{colour}] [bold]{place}[/bold]: {message}")
    if any(finding.severity == "error" for finding in findings):
        return
    if next_ is None:
        say("[green]Nothing stands in the way of training.[/green]")
    else:
        say(f"Next: {escape(next_)}")


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
    _console.print(table)
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
    _console.print(table)


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
    _console.print(table)


def show_filled(filled: "Filled", store: Path, steps: int) -> None:
    """Prints how much was computed of so many steps, and the utterances that failed."""
    for modality, known in filled.known.items():
        say(f"{modality}: {known.dim} numbers of {escape(known.extractor.name)}")
    cached = steps - filled.computed - len(filled.failures)
    rest = f"; {cached} were in the cache" if cached else ""
    say(f"{filled.computed} vectors computed now{rest}.")
    if not filled.failures:
        return
    table = Table(title=f"{len(filled.failures)} failed and lack the modality")
    for column in ("dialogue", "turn", "modality", "reason"):
        table.add_column(column, overflow="fold")
    for failure in filled.failures[:FAILURES_SHOWN]:
        cells = failure.dialogue, failure.turn, failure.modality, failure.reason
        table.add_row(*map(escape, cells))
    _console.print(table)
    if (store / "failures.csv").is_file():
        say(f"All of them: [bold]{escape(store / 'failures.csv')}[/bold].")


def show_verified(compared: "Sequence[Verified]") -> None:
    """Prints how a sample computed again compares to a store."""
    for one in compared:
        verdict = "[green]agrees[/green]" if one.agrees else "[red]differs[/red]"
        told = one.changed or (f"greatest difference {one.difference:.1e} of a feature's spread",)
        say(f"{one.modality}: {verdict}, {one.utterances} utterances: {escape('; '.join(told))}")
    if not compared:
        say("The store holds no features of these modalities.")


def show_face_scores(scores: "Mapping[str, Scores]", emotions: Sequence[str]) -> None:
    """Prints a row per split: accuracy, macro F1, and the F1 of every emotion."""
    table = Table(title="The face-expression network on FER2013")
    for column in ("", "accuracy", "macro F1", *emotions):
        table.add_column(escape(column), justify="right" if column else "left")
    for split, own in scores.items():
        numbers = [float(own.accuracy), float(own.macro_f1), *own.f1.tolist()]
        table.add_row(split, *(f"{100 * number:.1f}" for number in numbers))
    _console.print(table)


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Returns the rate so far."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{1 / speed:.0f} s each" if speed < 0.1 else f"{speed:.{int(speed < 10)}f}/s")


@contextmanager
def progress(words: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows a bar; gives a function to be told how much more is done.

    Where nobody watches, there is a line every ``SAID_EVERY_S`` instead.
    """
    said_at = time.monotonic()

    def advance(count: int) -> None:
        nonlocal said_at
        bar.advance(task, count)
        if not _console.is_terminal and time.monotonic() - said_at >= SAID_EVERY_S:
            said_at = time.monotonic()
            of = "" if total is None else f" of {total}"
            say(f"{escape(words)}: {bar.tasks[0].completed:.0f}{of}")

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(),
        TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn(),
    )  # fmt: skip
    with _shown(Progress(*columns, console=_console)) as bar:
        task = bar.add_task(escape(words), total=total)
        yield advance
        bar.update(task, total=bar.tasks[0].completed if total is None else total)


@contextmanager
def seeds_progress(seeds: int, epochs: int) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Shows a line per seed; gives a function to be told of its epochs."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("valid weighted F1 {task.fields[best]}"),
    )  # fmt: skip
    with _shown(Progress(*columns, console=_console)) as bar:
        tasks = {
            n: bar.add_task(f"seed {n}", total=epochs, best="-", start=False) for n in range(seeds)
        }
        best = dict.fromkeys(range(seeds), 0.0)

        def on_epoch(seed: int, record: dict[str, Any]) -> None:
            best[seed] = max(best[seed], record["valid"]["weighted_f1"])
            bar.start_task(tasks[seed])
            completed = record["epoch"] + 1
            bar.update(tasks[seed], completed=completed, best=f"{100 * best[seed]:.1f}")

        yield on_epoch
        ended = {n: bar.tasks[task].completed for n, task in tasks.items()}
    for seed, completed in ended.items():
        if 0 < completed < epochs:
            say(
                f"seed {seed}: ended after {completed:.0f} of {epochs} epochs, as valid had got no"
                " better for training.patience epochs."
            )


@contextmanager
def live() -> Iterator[Callable[[Callable[[int], Table]], None]]:
    """Gives a function that shows a table in place of the last; to a pipe, the last one only."""
    with Live(console=_console, auto_refresh=False) as shown:
        yield lambda table: shown.update(table(_console.height), refresh=_console.is_terminal)
    if not _console.is_terminal:
        _console.line()


def is_watched() -> bool:
    """Returns whether what is shown goes to a terminal."""
    return _console.is_terminal


@contextmanager
def _shown(bar: Progress) -> Iterator[Progress]:
    """Shows a bar, and takes it away again if an error ends what it is about."""
    bar.start()
    try:
        yield bar
    except Exception:
        bar.live.transient = True
        bar.live.stop()
        raise
    except BaseException:
        bar.stop()
        raise
    bar.stop()


def _count(count: "Count") -> str:
    if count.official in (None, count.utterances):
        return str(count.utterances)
    return f"[red]{count.utterances}[/red] of {count.official}"


def _estimate(estimate: Mapping[str, Any]) -> str:
    low, high = (f"{100 * bound:.1f}" for bound in estimate["interval"])
    return f"{_mean_sd(estimate)} \\[{low}, {high}]"


def _mean_sd(estimate: Mapping[str, Any]) -> str:
    sd = "" if estimate["sd"] is None else f" ± {100 * estimate['sd']:.1f}"
    return f"{100 * estimate['mean']:.1f}{sd}"
