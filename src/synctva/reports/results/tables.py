"""The tables of the results: one corpus, and all of them."""

from collections.abc import Sequence

from synctva.evaluation.bootstrap import Difference
from synctva.reports.results.corpus import F1S, Ablation, CorpusResults
from synctva.reports.results.runs import LeftOut, RecipeResult
from synctva.reports.results.summary import MeanAblation, Place
from synctva.reports.run.tables import ABSENT, Table, score_text
from synctva.run.scores import Score
from synctva.run.words import SCORES, WORDS


def places_table(corpora: Sequence[CorpusResults]) -> Table:
    """Returns Sync-TVA's place on every corpus, and how surely it is above the best baseline."""
    header = ("corpus",)
    for score in F1S:
        header += (WORDS[score], "rank", "above the best other", "better than, p < 0.05")
    rows = []
    for corpus in (one for one in corpora if one.ours):
        row = [corpus.name]
        for score in F1S:
            row += _place(corpus, score)
        rows.append(tuple(row))
    title = (
        "Sync-TVA on the test split of every corpus, x100, against its baselines; p by paired"
        " bootstrap over dialogues, Holm-corrected"
    )
    return Table(title, header, tuple(rows))


def _place(corpus: CorpusResults, score: str) -> list[str]:
    """Returns score, rank, distance from the best baseline, and how many are surely below."""
    assert corpus.ours is not None
    own = score_text(corpus.ours.test.scores[score])
    if not corpus.against:
        return [own, ABSENT, ABSENT, ABSENT]
    rank = f"{corpus.rank(corpus.ours, score)} of {len(corpus.compared)}"
    best = max(corpus.against, key=lambda one: one.baseline.test.scores[score].mean)
    won = sum(one.is_won(score) for one in corpus.against)
    above = f"{_signed(best.differences[score].mean)} ({best.baseline.name})"
    return [own, rank, above, f"{won} of {len(corpus.against)}"]


def models_table(corpora: Sequence[CorpusResults], models: Sequence[Place], score: str) -> Table:
    """Returns a score of every model on every corpus, and its mean rank."""
    header = ("model", *(corpus.name for corpus in corpora), "mean rank")
    rows = []
    for model in models:
        found = [model.results.get(corpus.name) for corpus in corpora]
        cells = [_mean_sd(result.test.scores[score]) if result else ABSENT for result in found]
        rows.append((model.name, *cells, f"{model.ranks[score]:.1f}"))
    title = (
        f"Test {WORDS[score]} x100, mean ± sd over seeds; mean rank over the corpora that a model"
        " was trained on"
    )
    ours = frozenset(number for number, model in enumerate(models) if model.is_ours)
    return Table(title, header, tuple(rows), ours)


def mean_ablations_table(
    corpora: Sequence[CorpusResults], ablations: Sequence[MeanAblation], score: str
) -> Table:
    """Returns how far every ablation is above the full model, by corpus and in the mean."""
    header = ("ablation", "mean", "full model is", *(corpus.name for corpus in corpora), "changed")
    rows = []
    for one in ablations:
        found = [one.ablations.get(corpus.name) for corpus in corpora]
        cells = [_signed(own.differences[score].mean) if own else ABSENT for own in found]
        mean = one.differences[score]
        row = (one.name, _difference(mean), _verdict(mean), *cells)
        rows.append((*row, "; ".join(one.changed)))
    title = (
        f"Ablations, test {WORDS[score]} x100: how far above the full model [95 % interval of the"
        " mean over corpora]; the full model is better where all of the interval is below zero"
    )
    return Table(title, header, tuple(rows))


def corpus_table(corpus: CorpusResults) -> Table:
    """Returns the scores of all compared models and sizes, ranks, and what they cost."""
    weighted, macro, *others = WORDS.values()
    header = ("model", weighted, "rank", macro, "rank", *others, "seeds", "parameters", "s/epoch")
    rows = []
    for result in (*corpus.compared, *corpus.sizes):
        is_ranked = result not in corpus.sizes
        ranks = {s: str(corpus.rank(result, s)) if is_ranked else ABSENT for s in F1S}
        scores = {name: score_text(score) for name, score in result.test.scores.items()}
        row = [result.name, scores["weighted_f1"], ranks["weighted_f1"]]
        row += [scores["macro_f1"], ranks["macro_f1"], scores["accuracy"], scores["uar"]]
        rows.append((*row, score_text(result.test.ece), *_cost(result)))
    title = "Test scores x100: mean ± sd over seeds [95 % bootstrap interval over dialogues]"
    return Table(title, header, tuple(rows), _ours(corpus, (*corpus.compared, *corpus.sizes)))


def _ours(corpus: CorpusResults, rows: Sequence[RecipeResult]) -> frozenset[int]:
    """Returns the rows of Sync-TVA as it is meant, by its recipe, whatever that is called."""
    return frozenset(number for number, result in enumerate(rows) if corpus.is_ours(result))


def emotions_table(corpus: CorpusResults) -> Table:
    """Returns the F1 of every emotion; the header says how often it occurs, and if it is rare."""
    results = (*corpus.compared, *corpus.sizes)
    support = results[0].test.support
    total = max(sum(support.values()), 1)
    header = ["model"]
    for emotion, count in support.items():
        rare = "rare, " if emotion in corpus.rare else ""
        header.append(f"{emotion} ({rare}{100 * count / total:.1f} %)")
    rows = [
        (result.name, *(score_text(result.test.f1[emotion]) for emotion in support))
        for result in results
    ]
    title = "Test F1 of every emotion x100; how often it occurs"
    return Table(title, tuple(header), tuple(rows), _ours(corpus, results))


def significance_table(corpus: CorpusResults) -> Table:
    """Returns how far Sync-TVA is above each baseline, and the corrected p-values."""
    header = ("Sync-TVA against",)
    for score in F1S:
        header += (f"{WORDS[score]}, difference", "p", "p, Holm", "")
    rows = []
    for one in corpus.against:
        row = [one.baseline.name]
        for score in F1S:
            found = one.differences[score]
            verdict = "better" if one.is_won(score) else "worse" if one.is_lost(score) else ABSENT
            row += [_difference(found), f"{found.p:.3f}", f"{one.corrected[score]:.3f}", verdict]
        rows.append(tuple(row))
    title = (
        "Paired bootstrap over dialogues, test split, x100 [95 % interval]; p Holm-corrected"
        " for the baselines of this corpus"
    )
    return Table(title, header, tuple(rows))


def ablations_table(corpus: CorpusResults) -> Table:
    """Returns every ablation's scores and how far they are above the full model's."""
    header = ("ablation",)
    for score in F1S:
        header += (WORDS[score], "difference")
    rows = tuple(_ablation_row(ablation) for ablation in corpus.ablations)
    title = (
        "Ablations, test split, x100, and how far above the full model they are: below zero, the"
        " part earns its place [95 % interval over dialogues]"
    )
    header += ("seeds", "parameters", "s/epoch", "full model", "changed")
    return Table(title, header, rows)


def _ablation_row(ablation: Ablation) -> tuple[str, ...]:
    result = ablation.result
    row = [result.name]
    for score in F1S:
        row += [score_text(result.test.scores[score]), _difference(ablation.differences[score])]
    return (*row, *_cost(result), ablation.full.name, "; ".join(ablation.changed) or ABSENT)


def stress_table(corpus: CorpusResults) -> Table | None:
    """Returns what was tested under stress: clean, each stress, their mean; None = nothing was."""
    tested = [(result, found) for result in corpus.results if (found := result.findings.stress)]
    if not tested:
        return None
    conditions = list(tested[0][1])
    rows = tuple(
        (
            result.name,
            *(_mean_sd(found[one].weighted_f1) if one in found else ABSENT for one in conditions),
        )
        for result, found in tested
    )
    title = (
        f"Under stress that no model knows of: test {WORDS['weighted_f1']} x100, mean ± sd over"
        " seeds; below the models, the ablations"
    )
    results = [result for result, _ in tested]
    return Table(title, ("model", *conditions), rows, _ours(corpus, results))


def valid_table(corpus: CorpusResults) -> Table:
    """Returns the scores on ``valid``, by which epochs were chosen."""
    header = ("model", *WORDS.values())
    rows = [
        (
            result.name,
            *(score_text(result.valid.scores[name]) for name in SCORES),
            score_text(result.valid.ece),
        )
        for result in corpus.results
    ]
    return Table("Scores on valid x100", header, tuple(rows), _ours(corpus, corpus.results))


def left_out_table(left_out: Sequence[LeftOut]) -> Table:
    """Returns the runs that no table shows, and why."""
    rows = tuple((f"{one.path.parent.name}/{one.path.name}", one.why) for one in left_out)
    return Table("Runs that no table shows", ("run", "why"), rows)


def sheet(corpora: Sequence[CorpusResults]) -> Table:
    """Returns all test and valid scores as numbers, one row per corpus and recipe."""
    header = ("corpus", "recipe", "name", "network")
    for split in ("test", "valid"):
        for name in SCORES:
            header += tuple(f"{split}_{name}_{part}" for part in ("mean", "sd", "low", "high"))
    header += ("seeds", "folds", "parameters", "seconds_per_epoch")
    rows = []
    for corpus in corpora:
        for result in corpus.results:
            row = [corpus.name, result.stem, result.name, result.network]
            for scores in (result.test.scores, result.valid.scores):
                row += [cell for name in SCORES for cell in _numbers(scores[name])]
            row += [str(len(result.seeds)), str(result.folds), str(result.parameters)]
            rows.append((*row, f"{result.seconds_per_epoch:.3f}"))
    return Table("All scores", header, tuple(rows))


def _numbers(score: Score) -> list[str]:
    values = (score.mean, score.sd, *(score.interval or (None, None)))
    return ["" if value is None else f"{value:.5f}" for value in values]


def _cost(result: RecipeResult) -> tuple[str, str, str]:
    planned = len(result.info.seeds)
    seeds = str(len(result.seeds))
    seeds += f" of {planned}" if len(result.seeds) < planned else ""
    return seeds, f"{result.parameters:,}", f"{result.seconds_per_epoch:.2f}"


def _mean_sd(score: Score) -> str:
    return score_text(Score(score.mean, score.sd))


def _difference(found: Difference) -> str:
    low, high = found.interval
    return f"{_signed(found.mean)} [{_signed(low, 2)}, {_signed(high, 2)}]"


def _verdict(ablation: Difference) -> str:
    low, high = ablation.interval
    return "better" if high < 0 else "worse" if low > 0 else "within chance"


def _signed(score: float, digits: int = 1) -> str:
    return f"{100 * score:+z.{digits}f}"
