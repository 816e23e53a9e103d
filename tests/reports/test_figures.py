import dataclasses

import pytest
from support.run_folders import edit, write_run

from synctva.emotions import SCHEMAS
from synctva.reports import palette
from synctva.reports.run import figures
from synctva.reports.run.record import load_run


@pytest.fixture(scope="module")
def runs(trained):
    return [load_run(path) for path in trained]


def trace(figure, name):
    return next(t for t in figure.data if t.name == name)


def test_curves_have_a_line_per_seed_and_mark_the_chosen_epochs(runs):
    figure = figures.training_curves(runs[0])
    lines = [t for t in figure.data if t.name == "weighted F1, valid"]
    assert len(lines) == 3
    assert sum(bool(line.showlegend) for line in lines) == 1
    chosen = trace(figure, "chosen epoch")
    assert list(chosen.x) == [runs[0].finished[seed].best_epoch for seed in range(3)]
    assert chosen.y[0] == pytest.approx(max(lines[0].y))


def test_confusion_is_a_share_of_each_row(runs):
    matrix = figures.confusion_matrix(runs[0]).data[0]
    for row in matrix.z:
        assert sum(row) == pytest.approx(1)
    counts = runs[0].evaluation.confusion["test"]
    assert matrix.customdata[2][0] == f"{counts[2][0]:,} of {sum(counts[2]):,}"


def test_an_emotion_that_never_occurs_has_an_empty_row(tmp_path):
    run = write_run(tmp_path / "run")

    def empty(value):
        value["confusion"]["test"][2] = [0] * 7

    edit(run / "evaluation.json", empty)
    assert not any(figures.confusion_matrix(load_run(run)).data[0].z[2])


def test_emotion_bars_carry_the_score_and_its_deviation(runs):
    bars = figures.emotion_bars(runs[:1]).data[0]
    assert list(bars.y)[2] == "fear (50)"
    assert (bars.x[2], bars.error_x.array[2]) == pytest.approx((14.7, 2.0))
    grouped = [t for t in figures.emotion_bars(runs).data if t.type == "bar"]
    assert [t.name for t in grouped] == ["Sync-TVA lite", "BiGRU, 128", "one seed"]
    assert not any(grouped[2].error_x.array)


def test_subsets_grow_from_one_modality_to_all_beside_their_ceilings(runs):
    figure = figures.subset_bars(runs[0])
    bars = trace(figure, "weighted F1")
    assert list(bars.y)[:3] == ["text", "audio", "visual"]
    assert list(bars.y)[-1] == "text + audio + visual"
    assert trace(figure, "ceiling, weighted F1").x[0] == pytest.approx(84.5)


def test_robustness_runs_over_rates_in_order(runs):
    line = trace(figures.robustness_curve(runs[:1]), "weighted F1")
    assert list(line.x) == pytest.approx([0, 10, 20, 30, 40, 50, 60, 70])
    several = figures.robustness_curve(runs)
    assert [t.name for t in several.data] == ["Sync-TVA lite", "one seed"]


def test_comparison_shows_the_interval_around_the_mean(runs):
    weighted, macro = figures.run_comparison(runs).data[:2]
    assert (weighted.x[0], macro.x[0]) == pytest.approx((58.4, 42.97))
    assert weighted.error_x.array[0] == pytest.approx(1.2)


def test_every_registered_emotion_has_a_colour_of_its_own_within_its_schema():
    for schema in SCHEMAS.values():
        colours = palette.emotion_colours(schema, schema.emotions)
        assert len(set(colours)) == len(colours), schema.name


def test_spellings_of_an_emotion_share_a_colour():
    happy = palette.emotion_colours(SCHEMAS["iemocap-6"], ["happy"])
    assert happy == palette.emotion_colours(SCHEMAS["meld-7"], ["joy"])


def test_later_runs_differ_by_pattern():
    looks = {(palette.run_colour(n), palette.run_pattern(n)) for n in range(28)}
    assert len(looks) == 28
    assert {palette.run_pattern(n) for n in range(7)} == {""}


def test_a_long_name_keeps_its_beginning_and_its_end(runs):
    name = "graph attention " * 9 + "without enhancement"
    figure = figures.run_comparison([dataclasses.replace(run, name=name) for run in runs])
    labels = [label.replace("<br>", " ") for label in figure.layout.yaxis.ticktext]
    assert labels == ["graph attention graph at … without enhancement"] * 3
    assert [t.y[0] for t in figure.data[::2]] == [0, 1, 2]


def contrast(colour, other):
    def luminance(text):
        parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.05 + 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(colour), luminance(other)), reverse=True)
    return bright / dark


@pytest.mark.parametrize("ground", ["#ffffff", "#181c23"])
def test_colours_stand_out_on_white_and_on_near_black(ground):
    for colour in {*palette.RUN_COLOURS, *palette.EMOTION_COLOURS.values()}:
        assert contrast(colour, ground) > 1.9, colour
