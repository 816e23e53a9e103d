import csv
import json
import re

import pytest
from support.command import call
from support.pages import Reader
from support.run_folders import edit
from support.sweeps import findings, write_recipe

from synctva.errors import InputError
from synctva.reports.results import figures
from synctva.reports.results.write import write_results

HOSTILE = '</td><script>alert(1)</script> <img src=x onerror="alert(1)"> {{ 7 * 7 }} | $x'


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """Two corpora; on one of them all that an evaluation can tell, and a run that is not ready."""
    folder = tmp_path_factory.mktemp("sweep")
    for corpus, first in (("meld", 0), ("mosi", 100)):
        own, dialogues = folder / corpus, range(first, first + 25)
        extra = findings() if corpus == "meld" else {}
        write_recipe(own / "default", 0.8, extra=extra, dialogues=dialogues)
        write_recipe(own / "peer", 0.6, name="peer", network="sdt", dialogues=dialogues)
        write_recipe(
            *(own / "imbalance-none", 0.75), name="no strategy", dialogues=dialogues, fusion=False
        )
        write_recipe(own / "no-graphs", 0.7, name="no graphs", dialogues=dialogues, graphs=[])
    write_recipe(folder / "mosi" / "unready", name="unready")
    (folder / "mosi" / "unready" / "evaluation.json").unlink()
    return folder


@pytest.fixture(scope="module")
def lone(tmp_path_factory):
    """A sweep of a single run: what takes the least time to tell."""
    folder = tmp_path_factory.mktemp("lone")
    write_recipe(folder / "drawn" / "peer", name="peer", network="sdt", seeds=1)
    return folder


@pytest.fixture(scope="module")
def dots():
    """The names in each figure of dots that ``written`` has drawn."""
    return []


@pytest.fixture(scope="module")
def written(sweep, dots, tmp_path_factory):
    out = tmp_path_factory.mktemp("docs") / "new" / "results"
    draw = figures.draw_dots

    def recorded(names, *rest, **settings):
        dots.append(names)
        return draw(names, *rest, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw_dots", recorded)
        write_results([sweep], out.with_suffix(".html"))
    return out


@pytest.fixture(scope="module")
def page(written):
    return Reader(written.with_suffix(".html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def document(written):
    return written.with_suffix(".md").read_text(encoding="utf-8")


def test_document_and_page_lie_beside_the_folder_of_figures_and_tables(written):
    assert {path.name for path in written.parent.iterdir()} == {
        *("results", "results.md", "results.html")
    }
    figures = {"comparison-weighted-f1", "comparison-macro-f1", "ablations"}
    figures |= {f"{c}-{f}" for c in ("meld", "mosi") for f in ("comparison", "confusion")}
    figures |= {"meld-imbalance", "mosi-imbalance", "meld-robustness", "meld-calibration"}
    expected = {f"{figure}.{kind}" for figure in figures for kind in ("png", "pdf")}
    assert {path.name for path in written.iterdir()} == {*expected, "scores.csv", "tables.tex"}


def test_the_document_shows_every_figure(written, document):
    shown = re.findall(r"!\[.*\]\((.*)\)", document)
    assert sorted(shown) == sorted(f"results/{path.name}" for path in written.glob("*.png"))


def test_the_page_holds_everything_and_loads_nothing(page):
    assert (page.open, page.unclosed) == ([], [])
    for tag, attrs in page.elements:
        assert tag not in ("link", "iframe", "script", "object", "embed", "base"), tag
        assert attrs.get("href", "#").startswith("#"), attrs
        assert attrs.get("src", "data:").startswith("data:"), attrs
    images = [attrs for tag, attrs in page.elements if tag == "img"]
    assert len(images) == 11
    assert all(image["alt"] for image in images)
    policy = next(a["content"] for t, a in page.elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


def test_the_figure_of_the_parts_leaves_out_strategies_against_imbalance(written, dots):
    assert ["no graphs"] in dots
    assert not any("no strategy" in names for names in dots)


def test_page_and_document_show_the_same_numbers(page, document):
    plain = re.sub(r"\\(.)", r"\1", document)
    plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    cells = [c.strip() for line in plain.splitlines() if line[:1] == "|" for c in line.split("|")]
    numbers = {cell for cell in cells if re.search(r"\d", cell)}
    assert len(numbers) > 80
    for number in numbers:
        assert number in page.words, number


def test_numbers_are_those_of_the_runs(sweep, written, document):
    with (written / "scores.csv").open(encoding="utf-8", newline="") as lines:
        rows = {(row["corpus"], row["recipe"]): row for row in csv.DictReader(lines)}
    assert len(rows) == 8
    own = rows["meld", "default"]
    assert (own["seeds"], own["parameters"], own["seconds_per_epoch"]) == ("2", "1234", "0.500")
    mean = 100 * float(own["test_weighted_f1_mean"])
    assert mean == pytest.approx(80, abs=4)
    assert f"| sync-tva | {mean:.1f} ± " in document
    assert float(own["valid_uar_low"]) < float(own["valid_uar_mean"]) < float(own["valid_uar_high"])


def test_rank_significance_rare_emotions_and_ablations_are_told(document):
    assert re.search(
        r"\| meld \| [\d.]+ ± .*? \| 1 of 2 \| \+\d+\.\d \(peer\) \| 1 of 1 \|", document
    )
    assert re.search(r"\| peer \| \+\d.*? \| 0\.001 \| 0\.001 \| better \|", document)
    assert "fear (rare, " in document
    assert "model.fusion: none → false" in document


def test_scores_under_stress_stand_where_they_were_asked_for(document):
    meld, mosi = document.split("## meld\n")[1].split("## mosi\n")
    assert "| model | clean | turns out of order |" in meld
    assert "| sync-tva | 70.0 | 57.7 |" in meld
    assert "stress" not in mosi


def test_what_is_left_out_is_told_with_the_way_to_mend_it(page, sweep):
    assert f"mosi/unready unready is not evaluated yet: `synctva evaluate {sweep}" in page.words


def test_scores_on_valid_are_in_the_page_only(page, document):
    assert page.words.count("Scores on valid x100") > 1
    assert "Scores on valid x100" not in document


def test_the_same_runs_give_the_same_bytes(sweep, written, tmp_path):
    write_results([sweep], tmp_path / "results.html")
    for path in [*written.iterdir(), written.with_suffix(".md"), written.with_suffix(".html")]:
        again = tmp_path / path.relative_to(written.parent)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_hostile_names_stay_text(tmp_path):
    for stem, network, own in (
        *(("default", "sync-tva", {}), ("peer", "sdt", {})),
        ("imbalance-x", "sync-tva", {"fusion": False}),
    ):
        place = tmp_path / "sweep" / "drawn" / stem
        run = write_recipe(place, name=HOSTILE, network=network, **own)
        edit(run / "run.json", lambda value: value.update(corpus=HOSTILE))
    write_recipe(tmp_path / "sweep" / "drawn" / "own", name="sync-tva " + HOSTILE, width=4)
    write_results([tmp_path / "sweep"], tmp_path / "results.html")
    page = Reader((tmp_path / "results.html").read_text(encoding="utf-8"))
    assert (page.open, page.unclosed) == ([], [])
    assert f"sync-tva {HOSTILE}" in page.words
    assert "49" not in page.words.replace(HOSTILE, "").split()
    assert not [tag for tag, _ in page.elements if tag == "script"]
    assert not [attrs for _, attrs in page.elements if "onerror" in attrs]


def test_a_lone_baseline_has_results_too(lone, tmp_path):
    write_results([lone], tmp_path / "results.html")
    document = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| peer |" in document
    assert "Ablations" not in document


def test_a_place_that_cannot_be_written_is_refused(lone, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_results([lone], tmp_path / "taken" / "results.html")


def test_the_verb_writes_the_results_and_says_where(lone, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert call(monkeypatch, "report", lone, "--out", "results.html") == 0
    told = capsys.readouterr().err
    assert "Wrote results.html." in told
    assert json.dumps("results.md")[1:-1] in told
    assert (tmp_path / "results" / "scores.csv").is_file()
    assert call(monkeypatch, "report", tmp_path / "nowhere", "--out", "results.html") == 2
    assert "no such folder" in capsys.readouterr().err
