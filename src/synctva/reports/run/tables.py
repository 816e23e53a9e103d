"""Run folders as tables: one row per run, or one row per seed, for a page, a sheet or a paper."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from synctva.errors import InputError
from synctva.files import guarded
from synctva.reports.run.record import RunRecord
from synctva.run.finished import UNCHANGED
from synctva.run.scores import Score
from synctva.run.words import WORDS

ABSENT = "–"  # noqa: RUF001
"""A cell without a value."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",  # noqa: RUF001
    ABSENT: "--",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "[": "{[}",
    "]": "{]}",
} | {character: f"\\{character}" for character in "&%$#_{}"}


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        title: What the table shows, in a line.
        header: Names of the columns; the first column names the row.
        rows: Cells, as many in each row as the header has.
        ours: The numbers of the rows that are about Sync-TVA, which a page marks.

    Raises:
        InputError: A row has more or fewer cells than the header.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ours: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.header):
                raise InputError(
                    f"table {self.title!r}: row {number} has {len(row)} cells, "
                    f"the header {len(self.header)}; give each column a cell"
                )

    def to_markdown(self) -> str:
        """Returns a titled table in GitHub's Markdown, numbers aligned right."""
        rule = ("---", *("---:" for _ in self.header[1:]))
        lines = [map(_markdown, self.header), rule, *(map(_markdown, row) for row in self.rows)]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"**{_markdown(self.title)}**\n\n{table}\n"

    def to_csv(self) -> str:
        """Returns the header and the rows as comma-separated values; an absent one is empty."""
        text = io.StringIO()
        rows = [["" if cell == ABSENT else guarded(cell) for cell in row] for row in self.rows]
        csv.writer(text, lineterminator="\n").writerows([self.header, *rows])
        return text.getvalue()

    def to_latex(self) -> str:
        """Returns a ``table`` environment; the document needs ``booktabs``."""
        lines = [" & ".join(map(_latex, row)) + r" \\" for row in (self.header, *self.rows)]
        return "\n".join(
            [
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{_latex(self.title)}}}",
                rf"\begin{{tabular}}{{l{'r' * (len(self.header) - 1)}}}",
                r"\toprule",
                lines[0],
                r"\midrule",
                *lines[1:],
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
                "",
            ]
        )


def percent(score: float) -> str:
    """Returns a score in [0, 1] as printed: x100 with one decimal, never ``-0.0``."""
    return f"{100 * score:z.1f}"


def score_text(score: Score) -> str:
    """Returns ``mean ± sd [low, high]``, without the parts that a single seed does not have."""
    text = percent(score.mean)
    if score.sd is not None:
        text += f" ± {percent(score.sd)}"
    if score.interval is not None:
        low, high = score.interval
        text += f" [{percent(low)}, {percent(high)}]"
    return text


def scores_table(runs: Sequence[RunRecord]) -> Table:
    """Returns one row per run and store: test scores, F1 of every emotion, what the run cost."""
    emotions = list(dict.fromkeys(name for run in runs for name in run.schema.emotions))
    scored = [one for run in runs for one in run.on_each_store()]
    has_community = any(run.evaluation.community for run in scored)
    averages = ("weighted_f1", "macro_f1", "accuracy", "ece")
    header = ("run", "store", *(WORDS[name] for name in averages))
    header += tuple(f"F1 {emotion}" for emotion in emotions)
    header += ("best test epoch (gap)",) * has_community + ("seeds", "parameters", "s/epoch")
    rows = []
    for run in scored:
        evaluation, test = run.evaluation, run.evaluation.test
        row = [run.name, run.store or ABSENT]
        row += [score_text(getattr(test, name)) for name in averages]
        row += [_f1_text(test.f1.get(emotion)) for emotion in emotions]
        row += [community_text(run)] * has_community
        row += [str(evaluation.seeds), f"{evaluation.parameters:,}"]
        row += [f"{evaluation.seconds_per_epoch:.2f}"]
        rows.append(tuple(row))
    title = (
        "Test scores x100, epoch chosen on valid: mean ± sd over seeds [95 % bootstrap interval]"
    )
    return Table(title, header, tuple(rows), _ours(scored))


def _ours(rows: Sequence[RunRecord]) -> frozenset[int]:
    return frozenset(number for number, run in enumerate(rows) if run.is_ours)


def seeds_table(*runs: RunRecord) -> Table:
    """Returns one row per seed and one for all of them, by run and store one after the other."""
    scored = [one for run in runs for one in run.on_each_store()]
    header = ("run", "store") * (len(scored) > 1) + ("seed", "chosen epoch")
    header += (f"valid {WORDS['weighted_f1']}",)
    averages = ("weighted_f1", "macro_f1", "accuracy", "ece")
    header += tuple(f"test {WORDS[name]}" for name in averages)
    rows: list[tuple[str, ...]] = []
    for run in scored:
        first = (run.name, run.store or ABSENT) * (len(scored) > 1)
        valid, test = run.evaluation.valid, run.evaluation.test
        whole = (valid.weighted_f1, *(getattr(test, name) for name in averages))
        for seed in run.evaluation.per_seed:
            own = (getattr(seed.test, name) for name in averages)
            cells = map(percent, (seed.valid.weighted_f1, *own))
            is_unchanged = seed.best_epoch == UNCHANGED
            epoch = "none, the start is better" if is_unchanged else str(seed.best_epoch)
            rows.append((*first, str(seed.seed), epoch, *cells))
        rows.append((*first, "all", ABSENT, *map(score_text, whole)))
    return Table("Scores of each seed x100", header, tuple(rows))


def community_text(run: RunRecord) -> str:
    """Returns the score of the best test epoch beside its gap to the honest one, never alone."""
    community = run.evaluation.community
    if community is None:
        return ABSENT
    return f"{score_text(community.weighted_f1)} (gap {100 * community.gap:+z.1f})"


def _f1_text(score: Score | None) -> str:
    return ABSENT if score is None else score_text(Score(score.mean, score.sd))


def _markdown(cell: str) -> str:
    escaped = re.sub(r"([\\|`*_\[\]])", r"\\\1", " ".join(cell.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _latex(cell: str) -> str:
    return "".join(_LATEX.get(character, character) for character in " ".join(cell.split()))
