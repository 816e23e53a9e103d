"""What people see of a measurement on labelled recordings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from synctva.terminal.console import escape, say, show

HEAD = (
    "modalities",
    "clips",
    "recall",
    "log loss",
    "shares alone",
    "minus shares",
    "minus words",
    "confidence",
    "right",
    "calib. error",
    "if true",
)
LEFT_OUT = (4, 7, 8)
"""Columns that a terminal has no room for."""

ABOUT = (
    "log loss in nats; all but recall are weighted to the class frequencies; [95 % interval over"
    " clips]; recall: averaged over the emotions that occur; shares: the log loss of the class"
    " frequencies alone; calib. error: of calibration; if true: what 95 of 100 such sets would stay"
    " under if the probabilities were exactly true"
)


def show_measurement(found: Mapping[str, Any]) -> None:
    """Prints the scores of every set, its confusions, and what there was to see and hear."""
    for name, own in found["sets"].items():
        title = f"{name}: {found['model']}, expecting {found['expect']}"
        show(_scores(title, own["scores"]))
        if "evidence" in own:
            for line in evidence_lines(own):
                say(escape(line))
            show(_confusion(found, own["scores"]))
    say(ABOUT.replace("[95", "\\[95"))


def _scores(title: str, scores: Mapping[str, Any]) -> Table:
    """Returns the columns that matter most, intervals under their values, for narrow terminals."""
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for number, column in enumerate(HEAD):
        if number not in LEFT_OUT:
            heading = column.replace(" ", "\n")
            table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in score_rows(scores):
        cells = (_narrow(cell) for number, cell in enumerate(row) if number not in LEFT_OUT)
        table.add_row(*map(escape, cells))
    return table


def _narrow(cell: str) -> str:
    """Returns a cell with its interval below its value, and no zeros before points."""
    return re.sub(r"(?<!\d)0\.", ".", cell.replace(" [", "\n[", 1))


def score_rows(scores: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yields the cells of ``HEAD`` for each subset of the modalities."""
    for subset, own in scores.items():
        calibration = own["calibration"]
        yield (
            "all three" if subset.count("+") == 2 else subset.replace("+", " + "),
            f"{own['utterances']}",
            _cell(own["recall"]),
            _cell(own["log_loss"]),
            f"{own['frequencies']['value']:.2f}",
            _cell(own["difference"], sign="+"),
            _cell(own["against_text"], sign="+"),
            f"{own['confidence']['value']:.2f}",
            f"{own['accuracy']['value']:.2f}",
            f"{calibration['error']:.3f}",
            f"{calibration['at_most']:.3f}",
        )


def evidence_lines(own: Mapping[str, Any]) -> Iterator[str]:
    """Yields what there was to see and hear, and how the labels were counted."""
    seen = own["evidence"]
    present = ", ".join(f"{m} {share:.0%}" for m, share in seen["present"].items())
    yield f"{own['utterances']} utterances have {present}; {own['left_out']} left out."
    if seen["frames_with_face"] is not None:
        size = "" if seen["face_px"] is None else f", {seen['face_px']:.0f} pixels wide (median)"
        yield f"A face in {seen['frames_with_face']:.0%} of {seen['frames']} frames{size}."
    if seen["level_db"] is not None:
        yield (
            f"Sound: level {seen['level_db']:.0f} dB, noise {seen['noise_db']:.0f} dB, loud above"
            f" quiet {seen['snr_db']:.0f} dB (medians)."
        )
    if seen["flags"]:
        flags = ", ".join(f"{flag} {count}" for flag, count in sorted(seen["flags"].items()))
        yield f"Flags: {flags}."
    renamed = [f"{one} = {name}" for one, name in own["counted"].items() if one != name]
    if renamed:
        yield f"Counted: {', '.join(renamed)}."


def confusion_rows(
    emotions: Sequence[str], scores: Mapping[str, Any], subset: str
) -> tuple[list[str], list[list[str]]]:
    """Returns the heading and the rows of a subset's confusions, without what never occurs."""
    counts = scores[subset]["confusion"]
    kept = [n for n in range(len(emotions)) if sum(counts[n]) or any(row[n] for row in counts)]
    head = ["emotion as recognised", *(emotions[n] for n in kept), "recall"]
    rows = []
    for n in kept:
        recall = scores[subset]["emotions"][emotions[n]]["recall"]
        told = "-" if recall is None else f"{recall:.2f}"
        rows.append([emotions[n], *(str(counts[n][m] or "·") for m in kept), told])
    return head, rows


def largest_subset(scores: Mapping[str, Any]) -> str:
    """Returns the subset with most modalities."""
    return max(scores, key=lambda subset: subset.count("+"))


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


def _cell(estimate: Mapping[str, Any] | None, sign: str = "") -> str:
    if estimate is None:
        return "-"
    text = f"{estimate['value']:{sign}.2f}"
    if estimate["interval"] is None:
        return text
    low, high = (f"{bound:{sign}.2f}" for bound in estimate["interval"])
    return f"{text} [{low}, {high}]"
