"""What people see of a measurement on labelled recordings."""

import re
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.table import Table

from synctva.reports.measurement_rows import (
    ABOUT,
    HEAD,
    confusion_rows,
    evidence_lines,
    largest_subset,
    score_rows,
)
from synctva.terminal.console import escape, say, show

LEFT_OUT = ("if alike", "shares alone", "confidence", "right")
"""Columns that a terminal has no room for."""


def show_measurement(found: Mapping[str, Any]) -> None:
    """Prints the scores of every set, its confusions, and what there was to see and hear."""
    for name, own in found["sets"].items():
        title = f"{name}: {found['model']}, expecting {found['expect']}"
        show(_scores(title, own["scores"]))
        if "evidence" in own:
            for line in evidence_lines(own):
                say(escape(line))
            show(_confusion(found, own["scores"]))
    say(escape(ABOUT.replace("[95 % interval over clips]", "below, its 95 % interval over clips")))


def _scores(title: str, scores: Mapping[str, Any]) -> Table:
    """Returns the columns that matter most, intervals under their values, for narrow terminals."""
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    kept = [number for number, column in enumerate(HEAD) if column not in LEFT_OUT]
    for number in kept:
        heading = HEAD[number].replace(" ", "\n")
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in score_rows(scores):
        table.add_row(*(_narrow(row[number]) for number in kept))
    return table


def _narrow(cell: str) -> str:
    """Returns a cell with its interval below its value, as few characters as can be."""
    value, there, interval = re.sub(r"(?<!\d)0\.", ".", cell).partition(" [")
    below = escape(interval.strip("]").replace(",", ""))
    return f"{escape(value)}\n{below}" if there else escape(value).replace(" + ", "+")


def _confusion(found: Mapping[str, Any], scores: Mapping[str, Any]) -> Table:
    subset = largest_subset(scores)
    head, rows = confusion_rows(list(found["expected"]), scores, subset)
    title = f"{subset.replace('+', ' + ')}: emotions (rows) as recognised (columns)"
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, name in enumerate(head):
        table.add_column(escape(name) if number else "", justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
