import csv
import io
import subprocess
import sys

import pytest
from support.run_folders import edit, write_run

from synctva.errors import InputError
from synctva.reports.run.record import load_run
from synctva.reports.run.tables import Table, percent, score_text, scores_table, seeds_table
from synctva.run.scores import Score

HOSTILE = Table("a_b & <c>", ("run", "5 %"), (("[x|y]\n\\end{tabular}", "$1 ± 2"),))


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (Score(0.5844, 0.006, (0.572, 0.5961)), "58.4 ± 0.6 [57.2, 59.6]"),
        (Score(0.5844, None, (0.572, 0.596)), "58.4 [57.2, 59.6]"),
        (Score(0.5844, 0.0), "58.4 ± 0.0"),
        (Score(1.0), "100.0"),
    ],
)
def test_a_score_prints_only_what_it_has(score, text):
    assert score_text(score) == text


def test_a_small_negative_gap_prints_without_a_minus():
    assert percent(-0.0001) == "0.0"


def test_a_run_is_a_row(trained):
    table = scores_table([load_run(path) for path in trained])
    rows = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    assert [row["run"] for row in rows] == ["Sync-TVA lite", "BiGRU, 128", "one seed"]
    assert rows[0]["weighted F1"] == "58.4 ± 0.6 [57.2, 59.6]"
    assert rows[1]["weighted F1"] == "55.4 ± 0.6 [54.2, 56.6]"
    assert rows[2]["weighted F1"] == "58.4 [57.2, 59.6]"
    assert rows[0]["F1 fear"] == "14.7 ± 2.0"
    assert (rows[0]["seeds"], rows[0]["parameters"]) == ("3", "912,345")


def test_the_community_score_never_stands_without_its_gap(trained):
    full, plain, _ = (load_run(path) for path in trained)
    table = scores_table([full, plain])
    column = table.header.index("best test epoch (gap)")
    assert [row[column] for row in table.rows] == ["60.3 ± 0.5 (gap +1.9)", "–"]  # noqa: RUF001
    assert "best test epoch (gap)" not in scores_table([plain]).header


def test_an_emotion_that_a_run_does_not_know_is_absent(trained, tmp_path):
    other = write_run(tmp_path / "other")

    def rename(value):
        value["schema"]["emotions"][2] = "boredom"

    def rename_scores(value):
        for split in ("valid", "test"):
            value[split]["f1"]["boredom"] = value[split]["f1"].pop("fear")
            value["support"][split]["boredom"] = value["support"][split].pop("fear")

    edit(other / "run.json", rename)
    edit(other / "evaluation.json", rename_scores)
    table = scores_table([load_run(trained[0]), load_run(other)])
    cells = {name: [row[i] for row in table.rows] for i, name in enumerate(table.header)}
    assert cells["F1 boredom"] == ["–", "14.7 ± 2.0"]  # noqa: RUF001
    assert cells["F1 fear"] == ["14.7 ± 2.0", "–"]  # noqa: RUF001


def test_seeds_are_rows_under_one_for_all(trained):
    table = seeds_table(load_run(trained[0]))
    assert [row[0] for row in table.rows] == ["0", "1", "2", "all"]
    assert table.rows[1][:4] == ("1", "12", "60.0", "58.0")
    assert table.rows[-1][3] == "58.4 ± 0.6 [57.2, 59.6]"
    several = seeds_table(*(load_run(path) for path in trained))
    assert several.header[0] == "run"
    assert len(several.rows) == 4 + 4 + 2


def test_csv_gives_the_cells_back():
    assert [tuple(row) for row in csv.reader(io.StringIO(HOSTILE.to_csv()))] == [
        HOSTILE.header,
        *HOSTILE.rows,
    ]


def test_markdown_keeps_a_hostile_name_in_its_cell():
    lines = HOSTILE.to_markdown().splitlines()
    assert lines[0] == r"**a\_b &amp; &lt;c&gt;**"
    assert lines[-1] == r"| \[x\|y\] \\end{tabular} | $1 ± 2 |"


def test_latex_escapes_what_would_be_a_command():
    latex = HOSTILE.to_latex()
    assert r"\caption{a\_b \& \textless{}c\textgreater{}}" in latex
    row = r"{[}x|y{]} \textbackslash{}end\{tabular\} & \$1 $\pm$ 2 \\"
    assert row in latex
    assert latex.count(r"\end{tabular}") == 1
    assert r"\toprule" in latex


def test_a_row_of_another_width_is_refused():
    with pytest.raises(InputError, match="row 0 has 1 cells"):
        Table("t", ("a", "b"), (("1",),))


def test_tables_load_without_plotly_and_torch():
    code = (
        "import sys, synctva.reports.run.tables as _; "
        "sys.exit(bool({'plotly', 'torch', 'jinja2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
