"""Run records as interactive figures; the one file that knows plotly.

Figures have no title and a transparent ground: a page names them and gives their text its colour.
Every name from a run passes ``_plain`` or ``_label``.
"""

import html
import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs
from plotly.subplots import make_subplots

from synctva.emotions import MODALITIES
from synctva.reports import palette
from synctva.reports.run.record import RunRecord
from synctva.reports.run.tables import percent, score_text
from synctva.run.scores import Score
from synctva.run.words import WORDS

WEIGHTED, MACRO = WORDS["weighted_f1"], WORDS["macro_f1"]

_VALUES_AT = 119
"""Where the column of values ends, on an axis of scores that reaches 100."""


def plotly_script() -> str:
    """Returns plotly.js, to be inlined once in a page."""
    return get_plotlyjs()


def training_curves(run: RunRecord) -> Figure:
    """Returns weighted F1 on ``valid`` above the losses, a line per seed, chosen epochs marked."""
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.09)
    for number, (seed, log) in enumerate(run.logs.items()):
        scores = [epoch.valid for epoch in log if epoch.valid]  # of all epochs, or of none
        lines = {
            f"{WEIGHTED}, valid": (1, palette.WEIGHTED, [100 * s.weighted_f1 for s in scores]),
            "loss, train": (2, palette.GREY, [e.train_loss for e in log]),
            "loss, valid": (2, palette.MACRO, [s.loss for s in scores]),
        }
        for name, (row, colour, values) in lines.items():
            line = go.Scatter(
                x=[epoch.epoch for epoch in log],
                y=values,
                mode="lines" if len(log) > 1 else "markers",
                line={"color": colour, "width": 1.6},
                opacity=0.75,
                name=name,
                legendgroup=name,
                showlegend=number == 0,
                hovertemplate=f"seed {seed}, epoch %{{x}}: %{{y:.3~f}}<extra></extra>",
            )
            figure.add_trace(line, row=row, col=1)
    figure.add_trace(_chosen_epochs(run), row=1, col=1)
    figure.update_yaxes(title=WEIGHTED, row=1, col=1)
    figure.update_yaxes(title="loss", row=2, col=1).update_xaxes(title="epoch", row=2, col=1)
    return _styled(figure, height=470)


def _chosen_epochs(run: RunRecord) -> go.Scatter:
    chosen = [
        (epoch.epoch, 100 * epoch.valid.weighted_f1, seed)
        for seed, log in run.logs.items()
        for epoch in log
        if epoch.valid and epoch.epoch == run.finished[seed].best_epoch
    ]
    return go.Scatter(
        x=[epoch for epoch, _, _ in chosen],
        y=[score for _, score, _ in chosen],
        customdata=[seed for _, _, seed in chosen],
        mode="markers",
        marker={"color": palette.CHOSEN, "size": 10, "symbol": "diamond"},
        name="chosen epoch",
        hovertemplate="seed %{customdata}: epoch %{x} chosen at %{y:.1f}<extra></extra>",
    )


def confusion_matrix(run: RunRecord, split: str = "test") -> Figure:
    """Returns the confusion matrix: share of each emotion's row, and counts over all seeds."""
    names = [_plain(emotion) for emotion in run.schema.emotions]
    shares, texts, counts = [], [], []
    for row in run.evaluation.confusion[split]:
        total = sum(row)
        shares.append([count / total if total else 0.0 for count in row])
        texts.append([_cell(count, total, len(names)) for count in row])
        counts.append([f"{count:,} of {total:,}" for count in row])
    matrix = go.Heatmap(
        z=shares,
        x=names,
        y=names,
        text=texts,
        texttemplate="%{text}",
        customdata=counts,
        textfont={"size": 11, "color": palette.INK},
        colorscale=palette.SHARES,
        zmin=0,
        zmax=1,
        xgap=2,
        ygap=2,
        showscale=False,
        hovertemplate="%{y}, predicted as %{x}: %{customdata}<extra></extra>",
    )
    figure = _styled(Figure(matrix), height=80 + 48 * len(names))
    figure.update_xaxes(type="category", side="top", autotickangles=[0, -45], showgrid=False)
    return figure.update_yaxes(type="category", autorange="reversed", showgrid=False)


def _cell(count: int, total: int, emotions: int) -> str:
    share = 100 * count / total if total else 0.0
    text = f"<b>{share:.0f}</b>" + (f"<br>{count}" if emotions <= 8 else "")
    return f'<span style="color:#fff">{text}</span>' if share > 70 else text


def emotion_bars(runs: Sequence[RunRecord]) -> Figure:
    """Returns test F1 of every emotion with its sd; several runs side by side."""
    emotions = list(dict.fromkeys(name for run in runs for name in run.schema.emotions))
    support = runs[0].evaluation.support["test"] if len(runs) == 1 else {}
    names = [_plain(e) + (f" ({support[e]:,})" if e in support else "") for e in emotions]
    figure = Figure()
    for number, run in enumerate(runs):
        scores = [run.evaluation.test.f1.get(emotion) for emotion in emotions]
        bars = _bars(names, scores, _label(run), palette.run_colour(number), group=str(number))
        bars.update(marker_pattern_shape=palette.run_pattern(number))
        if len(runs) == 1:
            bars.update(marker_color=palette.emotion_colours(run.schema, emotions))
        figure.add_traces([bars, _values(names, scores, group=str(number))])
    return _horizontal(figure, len(emotions) * (len(runs) + 1), "F1", legend=len(runs) > 1)


def subset_bars(run: RunRecord) -> Figure:
    """Returns test F1 of every subset of the modalities, with the ceiling where it is known."""
    subsets = run.evaluation.subsets or {}
    order = sorted(subsets, key=_subset_order)
    names = [_plain(subset.replace("+", " + ")) for subset in order]
    weighted = [subsets[subset].weighted_f1 for subset in order]
    macro = [subsets[subset].macro_f1 for subset in order]
    figure = Figure()
    for name, scores, colour in (
        (WEIGHTED, weighted, palette.WEIGHTED),
        (MACRO, macro, palette.MACRO),
    ):
        bars = _bars(names, scores, name, colour, group=name)
        figure.add_traces([bars, _values(names, scores, group=name)])
    ceilings = run.evaluation.ceiling_subsets or {}
    if ceilings:
        best = [ceilings[s].weighted_f1 if s in ceilings else None for s in order]
        figure.add_trace(_ceiling_marks(names, best))
    return _horizontal(figure, 3 * len(order), "test score")


def _ceiling_marks(names: list[str], best: Sequence[float | None]) -> go.Scatter:
    return go.Scatter(
        y=names,
        x=[None if score is None else 100 * score for score in best],
        mode="markers",
        marker={"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": palette.CHOSEN}},
        name=f"ceiling, {WEIGHTED}",
        orientation="h",
        offsetgroup=WEIGHTED,
        hovertemplate="%{y}, best possible: %{x:.1f}<extra></extra>",
    )


def _subset_order(subset: str) -> tuple[int, list[int]]:
    parts = subset.split("+")
    return len(parts), [MODALITIES.index(p) if p in MODALITIES else 9 for p in parts]


def robustness_curve(runs: Sequence[RunRecord]) -> Figure:
    """Returns test F1 against the share of missing (utterance, modality) pairs."""
    figure = Figure()
    for number, run in enumerate(runs):
        rates = sorted((run.evaluation.missing_rates or {}).items())
        if not rates:
            continue
        weighted = [(rate, scores.weighted_f1) for rate, scores in rates]
        if len(runs) > 1:
            figure.add_trace(_rates(weighted, _label(run), palette.run_colour(number)))
            continue
        macro = [(rate, scores.macro_f1) for rate, scores in rates]
        figure.add_trace(_rates(weighted, WEIGHTED, palette.WEIGHTED))
        figure.add_trace(_rates(macro, MACRO, palette.MACRO))
    figure.update_xaxes(title="missing rate, %")
    figure.update_yaxes(title=WEIGHTED if len(runs) > 1 else "test score", rangemode="tozero")
    return _styled(figure, height=340)


def _rates(scores: list[tuple[float, Score]], name: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=[100 * rate for rate, _ in scores],
        y=[100 * score.mean for _, score in scores],
        error_y={"array": _deviations([s for _, s in scores]), "color": colour, "thickness": 1.2},
        mode="lines+markers",
        line={"color": colour, "width": 2},
        name=name,
        hovertemplate="%{x:.0f} % missing: %{y:.1f}<extra></extra>",
    )


def run_comparison(runs: Sequence[RunRecord]) -> Figure:
    """Returns weighted and macro F1 of every run with its interval, a row per run."""
    height = 140 + 80 * len(runs)
    figure = make_subplots(rows=2, vertical_spacing=72 / height, subplot_titles=(WEIGHTED, MACRO))
    for number, run in enumerate(runs):
        test, colour = run.evaluation.test, palette.run_colour(number)
        for row, score in enumerate((test.weighted_f1, test.macro_f1), start=1):
            figure.add_trace(_interval(number, score, colour), row=row, col=1)
    _styled(figure, height)
    rows = {"tickvals": list(range(len(runs))), "range": [len(runs) - 0.5, -0.5]}
    return figure.update_yaxes(rows, ticktext=[_label(run, width=24) for run in runs])


def _interval(place: int, score: Score, colour: str) -> go.Scatter:
    low, high = score.interval or (score.mean, score.mean)
    return go.Scatter(
        x=[100 * score.mean],
        y=[place],
        error_x={
            "array": [100 * max(high - score.mean, 0)],
            "arrayminus": [100 * max(score.mean - low, 0)],
            "color": colour,
            "thickness": 2.5,
            "width": 6,
        },
        mode="markers",
        marker={"color": colour, "size": 9},
        showlegend=False,
        text=[score_text(score)],
        hovertemplate="%{text}<extra></extra>",
    )


def _bars(
    names: list[str], scores: Sequence[Score | None], name: str, colour: str, group: str
) -> go.Bar:
    """Returns horizontal bars: lying down, they leave their labels room on a phone."""
    return go.Bar(
        y=names,
        x=[None if score is None else 100 * score.mean for score in scores],
        error_x={"array": _deviations(scores), "thickness": 1.4, "width": 3, "color": palette.INK},
        orientation="h",
        name=name,
        offsetgroup=group,
        marker={"color": colour},
        customdata=["" if score is None else score_text(score) for score in scores],
        hovertemplate="%{y}: %{customdata}<extra>%{fullData.name}</extra>",
    )


def _values(names: list[str], scores: Sequence[Score | None], group: str) -> go.Scatter:
    """Returns a column of the bars' values, clear of bars, deviations and ceilings."""
    return go.Scatter(
        y=names,
        x=[_VALUES_AT] * len(names),
        text=["" if score is None else percent(score.mean) for score in scores],
        mode="text",
        textposition="middle left",
        textfont={"size": 12},
        orientation="h",
        offsetgroup=group,
        showlegend=False,
        hoverinfo="skip",
    )


def _plain(text: str) -> str:
    """Returns text that plotly, which reads text as a small HTML, shows as it is."""
    return html.escape(text, quote=False)


def _label(run: RunRecord, width: int = 60) -> str:
    """Returns a run's name for a figure: a long one keeps its beginning and its end."""
    name = run.name
    if len(name) > 48:
        name = f"{name[:24].rstrip()} … {name[-20:].lstrip()}"
    return "<br>".join(map(_plain, textwrap.wrap(name, width)))


def _deviations(scores: Sequence[Score | None]) -> list[float]:
    return [100 * score.sd if score and score.sd is not None else 0.0 for score in scores]


def _horizontal(figure: Figure, bars: int, title: str, legend: bool = True) -> Figure:
    _styled(figure, height=90 + 20 * bars)
    figure.update_layout(
        barmode="group", bargap=0.28, scattermode="group", scattergap=0.28, showlegend=legend
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure.update_xaxes(
        title_text=title, range=[0, _VALUES_AT + 1], tickvals=[*range(0, 101, 20)]
    )


def _styled(figure: Figure, height: int) -> Figure:
    figure.update_layout(palette.LAYOUT, height=height)
    figure.update_annotations(font_size=13)
    return figure.update_xaxes(palette.AXIS).update_yaxes(palette.AXIS)
