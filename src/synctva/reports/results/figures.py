"""The figures of the results: what of the scores is drawn, and what it says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synctva.evaluation.bootstrap import Difference
from synctva.reports.results.corpus import F1S, Ablation, CorpusResults, rare_f1
from synctva.reports.results.drawing import (
    Dot,
    DotPanel,
    Drawing,
    Line,
    LinePanel,
    Point,
    PointPanel,
    draw_dots,
    draw_lines,
    draw_matrix,
    draw_points,
)
from synctva.reports.results.findings import Curve
from synctva.reports.results.runs import RecipeResult
from synctva.reports.results.summary import MeanAblation, Place
from synctva.run.findings import Bin
from synctva.run.scores import Score, Scores
from synctva.run.words import WORDS

WEIGHTED, MACRO = (WORDS[score] for score in F1S)

MOST_CURVES = 6
"""How many models share a figure of curves: Sync-TVA, and the best of the others."""


@dataclass(frozen=True)
class Shown:
    """A figure of the results.

    Attributes:
        file: The name of its files, without their endings.
        title: What it shows, in a few words.
        caption: How to read it.
        drawing: The figure.
    """

    file: str
    title: str
    caption: str
    drawing: Drawing


def summary_figures(
    corpora: Sequence[CorpusResults], models: Sequence[Place], ablations: Sequence[MeanAblation]
) -> Iterator[Shown]:
    """Yields the figures over all corpora."""
    if len(corpora) > 1:
        for score in F1S:
            panels = [_corpus_panel(corpus, models, score) for corpus in corpora]
            names, strong = [m.name for m in models], [m.is_ours for m in models]
            yield Shown(
                f"comparison-{score.replace('_', '-')}",
                f"Test {WORDS[score]} on every corpus",
                "Mean over seeds and 95 % interval over dialogues; the line is Sync-TVA's mean.",
                draw_dots(names, strong, panels, columns=min(len(panels), 4)),
            )
    parts = [a for a in ablations if not all(map(_is_strategy, a.ablations.values()))]
    if parts:
        panels = [
            DotPanel(
                f"Δ {WORDS[score]}",
                [_difference_dot(part.differences[score]) for part in parts],
                guide=0.0,
            )
            for score in F1S
        ]
        yield Shown(
            "ablations",
            "What every part is worth",
            "Each ablation against the full model, mean over corpora with 95 % interval: left of"
            " zero, the part earns its place.",
            draw_dots([part.name for part in parts], [False] * len(parts), panels, columns=2),
        )


def corpus_figures(corpus: CorpusResults) -> Iterator[Shown]:
    """Yields the figures of one corpus for which there are scores."""
    yield _comparison(corpus)
    curves = [_robustness(corpus), _imbalance(corpus), _calibration(corpus)]
    yield from (shown for shown in curves if shown)
    if corpus.ours:
        yield Shown(
            f"{corpus.name}-confusion",
            "Confusion",
            "Sync-TVA on the test split: percent of each emotion's row.",
            draw_matrix(*_shares(corpus.ours)),
        )


def _comparison(corpus: CorpusResults) -> Shown:
    results = sorted(
        [*corpus.compared, *corpus.sizes],
        key=lambda result: result.test.scores["weighted_f1"].mean,
        reverse=True,
    )
    panels = [
        DotPanel(
            WORDS[score],
            [_score_dot(result.test.scores[score]) for result in results],
            100 * corpus.ours.test.scores[score].mean if corpus.ours else None,
        )
        for score in F1S
    ]
    strong = [result is corpus.ours for result in results]
    drawing = draw_dots([result.name for result in results], strong, panels, columns=2)
    caption = "Test split; mean over seeds and 95 % interval over dialogues."
    return Shown(f"{corpus.name}-comparison", "Comparison", caption, drawing)


def _robustness(corpus: CorpusResults) -> Shown | None:
    panels = []
    for key, label, scale in (
        ("missing_rates", "missing rate, %", 100),
        ("missing_rates_one_kept", "missing rate, one kept, %", 100),
        ("noise", "noise, sd of features", 1),
    ):
        found = [(r, getattr(r.findings, key)) for r in corpus.compared]
        found.sort(key=lambda pair: pair[0] is not corpus.ours)
        lines = [
            _curve(result, curve, scale, result is corpus.ours) for result, curve in found if curve
        ]
        if any(len(set(line.y)) > 1 for line in lines):  # one modality is kept at every rate
            panels.append(LinePanel(label, WEIGHTED, lines[:MOST_CURVES]))
    if not panels:
        return None
    return Shown(
        f"{corpus.name}-robustness",
        "Robustness",
        "One model for each seed, tested at every rate of missing (utterance, modality) pairs, once"
        " independently and once so that an utterance keeps one, and with Gaussian noise on the"
        " features; bands are ± sd over seeds.",
        draw_lines(panels),
    )


def _curve(result: RecipeResult, curve: Curve, scale: int, strong: bool) -> Line:
    rates = sorted(curve)
    scores = [curve[rate].weighted_f1 for rate in rates]
    sds = [100 * score.sd for score in scores if score.sd is not None]
    return Line(
        result.name,
        [scale * rate for rate in rates],
        [100 * score.mean for score in scores],
        sds if strong and len(sds) == len(rates) else (),
        strong,
    )


def _is_strategy(ablation: Ablation) -> bool:
    """Returns whether it is no part of the model, but another strategy against imbalance."""
    return ablation.result.stem.startswith("imbalance-")


def _imbalance(corpus: CorpusResults) -> Shown | None:
    """Returns weighted F1 against macro F1 and rare F1 for every strategy against imbalance."""
    strategies = [ablation.result for ablation in corpus.ablations if _is_strategy(ablation)]
    if not strategies or corpus.ours is None:
        return None
    scores = {
        result.name: Scores(**result.test.scores, f1=dict(result.test.f1))
        for result in (corpus.ours, *strategies)
    }
    adjusted = corpus.ours.findings.adjusted
    if adjusted:
        scores["logits adjusted afterwards"] = adjusted
    weighted = [own.weighted_f1 for own in scores.values()]
    macro = [own.macro_f1 for own in scores.values()]
    panels = [PointPanel(WEIGHTED, MACRO, list(map(_point, weighted, macro)))]
    if corpus.rare:
        rare = [Score(rare_f1(own.f1, corpus.rare)) for own in scores.values()]
        panels.append(PointPanel(WEIGHTED, "rare emotions' F1", list(map(_point, weighted, rare))))
    return Shown(
        f"{corpus.name}-imbalance",
        "Strategies against imbalance",
        "Test split, mean ± sd over seeds; the line joins what nothing else exceeds in both.",
        draw_points(list(scores), panels),
    )


def _calibration(corpus: CorpusResults) -> Shown | None:
    """Returns reliability before and after the temperature, and what abstaining brings."""
    found = corpus.ours.findings if corpus.ours else None
    if found is None or found.bins is None:
        return None
    reliability = [_bins("before", found.bins.before), _bins("after", found.bins.after, True)]
    panels = [LinePanel("confidence, %", "right, %", reliability, diagonal=True)]
    if found.abstention:
        steps = sorted(found.abstention, key=lambda step: step.coverage)
        line = Line(
            "after",
            [100 * step.coverage for step in steps],
            [100 * step.weighted_f1 for step in steps],
            strong=True,
        )
        panels.append(LinePanel("answered, %", WEIGHTED, [line]))
    return Shown(
        f"{corpus.name}-calibration",
        "Calibration and abstention",
        "Sync-TVA before and after division of its logits by the temperature fitted on valid; and"
        " its score where it answers only what it is surest of.",
        draw_lines(panels),
    )


def _bins(name: str, bins: Sequence[Bin], strong: bool = False) -> Line:
    filled = [one for one in bins if one.count]
    confidence = [100 * (one.confidence or 0) for one in filled]
    return Line(name, confidence, [100 * (one.accuracy or 0) for one in filled], strong=strong)


def _shares(result: RecipeResult) -> tuple[Sequence[str], list[list[float]]]:
    rows = [[100 * n / max(sum(row), 1) for n in row] for row in result.confusion]
    return result.info.schema.emotions, rows


def _corpus_panel(corpus: CorpusResults, models: Sequence[Place], score: str) -> DotPanel:
    found = [model.results.get(corpus.name) for model in models]
    dots = [_score_dot(result.test.scores[score]) if result else None for result in found]
    guide = 100 * corpus.ours.test.scores[score].mean if corpus.ours else None
    return DotPanel(corpus.name, dots, guide)


def _score_dot(score: Score) -> Dot:
    low, high = score.interval or (score.mean, score.mean)
    return Dot(100 * score.mean, 100 * low, 100 * high)


def _difference_dot(found: Difference) -> Dot:
    return Dot(100 * found.mean, 100 * found.interval[0], 100 * found.interval[1])


def _point(x: Score, y: Score) -> Point:
    return Point(100 * x.mean, 100 * y.mean, 100 * (x.sd or 0), 100 * (y.sd or 0))
