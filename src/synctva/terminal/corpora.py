"""Corpora, what the doctor found in them, and their features."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from synctva.dialogue import SPLITS
from synctva.terminal.console import escape, say, show

if TYPE_CHECKING:
    from synctva.corpus import Corpus
    from synctva.data.checks.finding import Finding
    from synctva.data.checks.official import Count
    from synctva.features.extraction.fill import Filled
    from synctva.features.extraction.verify import Verified

FAILURES_SHOWN = 20


def show_corpus(corpus: "Corpus") -> None:
    """Prints utterances per split and emotion, and the features."""
    from synctva.data.checks.official import counts

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
    show(table)
    for m in corpus.dims:
        features = corpus.features[m]
        missing = int((~features.present).sum())
        rest = f", missing in {missing} utterances" if missing else ""
        say(f"{m}: {features.dim} numbers of {escape(features.description.name)}{rest}")


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


def show_filled(filled: "Filled", store: Path, steps: int) -> None:
    """Prints how much was computed of so many steps, and the utterances that failed."""
    for modality, known in filled.descriptions.items():
        say(f"{modality}: {known.dim} numbers of {escape(known.name)}")
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
    show(table)
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


def _count(count: "Count") -> str:
    if count.official in (None, count.utterances):
        return str(count.utterances)
    return f"[red]{count.utterances}[/red] of {count.official}"
