"""What the results tell, in order: all corpora together, then one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synctva.reports.results.corpus import F1S, CorpusResults, by_corpus
from synctva.reports.results.figures import Shown, corpus_figures, summary_figures
from synctva.reports.results.runs import read_sweeps
from synctva.reports.results.summary import mean_ablations, places
from synctva.reports.results.tables import (
    ablations_table,
    corpus_table,
    emotions_table,
    left_out_table,
    mean_ablations_table,
    models_table,
    places_table,
    sheet,
    significance_table,
    stress_table,
    valid_table,
)
from synctva.reports.run.tables import Table


@dataclass(frozen=True)
class Chapter:
    """A part of the results.

    Attributes:
        title: A corpus, or what is reported of all of them.
        lead: What was trained on what, in a sentence.
        tables: The tables.
        more: Tables that the page folds and the document leaves out.
        figures: The figures.
    """

    title: str
    lead: str
    tables: tuple[Table, ...]
    more: tuple[Table, ...]
    figures: tuple[Shown, ...]


def read_chapters(sweeps: Sequence[Path]) -> tuple[list[Chapter], Table]:
    """Returns the summary and a chapter for each corpus; and all scores as one table.

    Raises:
        InputError: There is nothing to show, or a run is damaged.
    """
    corpora, left_out = by_corpus(read_sweeps([Path(sweep) for sweep in sweeps]))
    models, ablations = places(corpora), mean_ablations(corpora)
    tables = [places_table(corpora)] if any(corpus.ours for corpus in corpora) else []
    if len(corpora) > 1:
        tables += [models_table(corpora, models, score) for score in F1S]
    if ablations:
        tables += [mean_ablations_table(corpora, ablations, score) for score in F1S]
    if left_out:
        tables.append(left_out_table(left_out))
    figures = tuple(summary_figures(corpora, models, ablations))
    summary = Chapter("Summary", _count(corpora), tuple(tables), (), figures)
    return [summary, *map(_corpus_chapter, corpora)], sheet(corpora)


def _corpus_chapter(corpus: CorpusResults) -> Chapter:
    tables = [corpus_table(corpus), emotions_table(corpus)]
    if corpus.against:
        tables.append(significance_table(corpus))
    if corpus.ablations:
        tables.append(ablations_table(corpus))
    if (stress := stress_table(corpus)) is not None:
        tables.append(stress)
    figures = tuple(corpus_figures(corpus))
    return Chapter(corpus.name, _facts(corpus), tuple(tables), (valid_table(corpus),), figures)


def _facts(corpus: CorpusResults) -> str:
    """Returns what the corpus is, and which recipe stands for Sync-TVA on it."""
    widest = max(corpus.results, key=lambda result: len(result.info.dims))
    dims = " + ".join(f"{modality} ({dim})" for modality, dim in widest.info.dims.items())
    utterances = sum(widest.test.support.values())
    folds = f", of {widest.folds} folds together" if widest.folds > 1 else ""
    ours = f" Sync-TVA is the recipe {corpus.ours.stem!r}." if corpus.ours else ""
    return (
        f"{widest.info.corpus}: {dims}; test split: {utterances:,} utterances in"
        f" {len(widest.dialogues):,} dialogues{folds}.{ours}"
    )


def _count(corpora: Sequence[CorpusResults]) -> str:
    runs = [result for corpus in corpora for result in corpus.results]
    models = sum(len(result.seeds) * result.folds for result in runs)
    names = ", ".join(corpus.name for corpus in corpora)
    return f"{models:,} trained models: {len(runs)} runs of recipes on {names}."
