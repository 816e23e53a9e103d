import csv
import json
import re
from pathlib import Path

import pytest
from support.pages import Reader
from support.run_folders import edit, write_evaluation_on, write_run

from synctva.errors import InputError
from synctva.reports.run.page import write_run_report
from synctva.reports.run.record import load_run
from synctva.reports.run.tables import scores_table

HOSTILE = '</script><img src=x onerror="alert(1)"><a href="https://x.example">%{x} {{ 7 * 7 }}'


@pytest.fixture(scope="module")
def several(trained, tmp_path_factory):
    paths = write_run_report(trained, tmp_path_factory.mktemp("several") / "new" / "report.html")
    return paths, Reader(paths[0].read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    run = write_run(folder / "run", HOSTILE)
    edit(run / "run.json", lambda v: v.update(corpus=HOSTILE, command=HOSTILE, store=HOSTILE))
    edit(run / "run.json", lambda v: v["environment"].update({HOSTILE: HOSTILE}))
    (run / "recipe.toml").write_text(f"# {HOSTILE}\n", encoding="utf-8")
    other = write_run(folder / "other")
    paths = write_run_report([run, other], folder / "report.html")
    return Reader(paths[0].read_text(encoding="utf-8"))


def test_the_files_lie_beside_the_page(several):
    paths, _ = several
    names = ["report.html", "report.md", "report.csv", "report.tex", "report-seeds.csv"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in paths[0].parent.iterdir()) == sorted(names)


def test_every_tag_closes(several, hostile):
    for page in (several[1], hostile):
        assert (page.open, page.unclosed) == ([], [])


def test_the_page_loads_nothing(several):
    paths, page = several
    for tag, attrs in page.elements:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base"), tag
        assert "src" not in attrs, attrs
        assert attrs.get("href", "#").startswith("#"), attrs
    source = paths[0].read_text(encoding="utf-8")
    style = source.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in style
    assert "url(" not in style
    policy = next(a["content"] for t, a in page.elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


def test_plotly_is_inside_once(several):
    scripts = re.findall(r"plotly\.js v\d", several[0][0].read_text(encoding="utf-8"))
    assert len(scripts) == 1


def test_page_and_tables_show_the_same_numbers(several):
    (_, markdown, sheet, latex, seeds), page = several
    markdown = markdown.read_text(encoding="utf-8").replace("\\", "")
    latex = latex.read_text(encoding="utf-8")
    latex = latex.replace(r"$\pm$", "±").replace("{[}", "[").replace("{]}", "]")
    cells = 0
    for file in (sheet, seeds):
        with file.open(encoding="utf-8", newline="") as lines:
            for cell in (cell for row in csv.reader(lines) for cell in row if cell):
                cells += 1
                for text in (markdown, latex, page.words):
                    assert cell in text
    assert cells > 60


def test_a_comparison_comes_first_then_each_run(several):
    _, page = several
    headings = [page.words.index(h) for h in ("Comparison", "What was trained", "How these")]
    assert headings == sorted(headings)
    assert page.words.count("What was trained on what") == 3
    assert {a["id"] for t, a in page.elements if t == "section" and "id" in a} == {
        "run-1",
        "run-2",
        "run-3",
    }
    assert "Scores and their intervals" in page.figures


def test_one_run_has_headline_figures_ceiling_and_every_section(trained, tmp_path):
    page = Reader(write_run_report(trained[:1], tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    assert "Weighted F1 58.4 ± 0.6 95 %: 57.2 to 59.6 ceiling 88.3" in page.words
    assert "ECE 4.7 ± 0.3" in page.words
    assert "text 384, audio 88, visual 128" in page.words
    assert "torch 2.10.0" in page.words
    assert set(page.figures) == {
        "Training",
        "Confusion",
        "F1 of each emotion",
        "Subsets of the modalities",
        "With modalities missing",
    }
    assert "Comparison" not in page.words


def test_what_was_not_evaluated_is_not_shown(trained, tmp_path):
    page = Reader(
        write_run_report(trained[1:2], tmp_path / "r.html")[0].read_text(encoding="utf-8")
    )
    assert set(page.figures) == {"Training", "Confusion", "F1 of each emotion"}
    assert "ceiling" not in page.words
    assert "best test epoch" not in page.words


def test_one_seed_has_no_sd_and_says_so(trained, tmp_path):
    page = Reader(write_run_report(trained[2:], tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    assert "Weighted F1 58.4 95 %: 57.2 to 59.6" in page.words
    assert "one seed: no sd" in page.words
    assert "None" not in page.words


def test_a_run_with_unfinished_seeds_says_so(tmp_path):
    run = write_run(tmp_path / "run", seeds=2)
    edit(run / "run.json", lambda value: value.update(seeds=[0, 1, 2]))
    page = Reader(write_run_report([run], tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    assert "Seeds 0, 1 (1 of 3 not finished)" in page.words


def test_a_score_without_an_interval_is_shown(tmp_path):
    run = write_run(tmp_path / "run", seeds=1)

    def without(value):
        value["test"]["weighted_f1"]["interval"] = None

    edit(run / "evaluation.json", without)
    page = Reader(write_run_report([run], tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    assert "Weighted F1 58.4 ceiling" in page.words


def test_the_community_score_is_shown_beside_its_gap(trained, tmp_path):
    page = Reader(write_run_report(trained[:1], tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    assert page.words.count("60.3 ± 0.5") == page.words.count("60.3 ± 0.5 (gap +1.9)") > 0


def test_hostile_names_stay_text(hostile):
    assert HOSTILE in hostile.words
    assert "49" not in hostile.words.replace(HOSTILE, "").split()
    assert not [attrs for _, attrs in hostile.elements if "onerror" in attrs]
    assert sum(tag == "script" for tag, _ in hostile.elements) == 2


def test_hostile_names_are_no_markup_in_figures_either(hostile):
    for name, figure in hostile.figures.items():
        assert "<img" not in json.dumps(figure), name
        assert "<a " not in json.dumps(figure), name


def test_scores_on_another_store_stand_beside_the_own_ones_under_its_name(tmp_path):
    run = write_run(tmp_path / "run")
    write_evaluation_on(run, Path("/stores/other"), lift=-0.2)
    paths = write_run_report([run], tmp_path / "r.html")
    page = Reader(paths[0].read_text(encoding="utf-8"))
    own, other = page.words.split("On another store: other")
    assert "Scores are of this store" in own
    assert "/stores/other" in other
    assert "58.4" in own.partition("What was trained")[0]
    assert "38.4" in other.partition("Training")[0]
    with paths[2].open(encoding="utf-8", newline="") as lines:
        rows = {row["store"]: row["weighted F1"] for row in csv.DictReader(lines)}
    assert {store: score[:4] for store, score in rows.items()} == {"meld": "58.4", "other": "38.4"}


def test_of_an_older_evaluation_it_is_told_that_its_store_is_not_known(tmp_path):
    run = write_run(tmp_path / "run")
    edit(run / "evaluation.json", lambda value: value.pop("store"))
    page, *_ = write_run_report([run], tmp_path / "r.html")
    told = Reader(page.read_text(encoding="utf-8")).words
    assert f"Scores are of an unknown store; run `synctva evaluate {run}` again" in told


def test_ours_is_marked_by_its_network_whatever_its_name(tmp_path):
    runs = [
        write_run(tmp_path / "renamed", "the one we like"),
        write_run(tmp_path / "peer", "sync-tva's peer", network="mmgcn"),
    ]
    page = Reader(write_run_report(runs, tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    assert sum(attrs.get("class") == "ours" for tag, attrs in page.elements if tag == "tr") == 1
    assert scores_table([load_run(run) for run in runs]).ours == {0}


def test_runs_of_one_name_are_told_apart(tmp_path):
    runs = [write_run(tmp_path / folder) for folder in ("first", "second")]
    page = Reader(write_run_report(runs, tmp_path / "r.html")[0].read_text(encoding="utf-8"))
    for run in runs:
        assert f"Sync-TVA lite ({run})" in page.words


def test_a_run_without_evaluation_writes_nothing(tmp_path, trained):
    run = write_run(tmp_path / "run")
    (run / "evaluation.json").unlink()
    with pytest.raises(InputError, match=rf"run `synctva evaluate {re.escape(str(run))}`"):
        write_run_report([trained[0], run], tmp_path / "out" / "report.html")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["report", "report.htm", "report.pdf", "folder.html"])
def test_an_output_that_is_no_page_is_refused(trained, tmp_path, name):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match=r"ends in \.html"):
        write_run_report(trained[:1], tmp_path / name)


def test_an_output_below_a_file_is_refused(trained, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_run_report(trained[:1], tmp_path / "taken" / "report.html")


def test_no_run_and_the_same_run_twice_are_refused(trained, tmp_path):
    with pytest.raises(InputError, match="at least one run"):
        write_run_report([], tmp_path / "r.html")
    with pytest.raises(InputError, match="given 2 times"):
        write_run_report([trained[0], trained[0]], tmp_path / "r.html")
