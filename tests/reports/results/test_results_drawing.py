import subprocess
import sys

import pytest

from synctva.reports.results.drawing import (
    Dot,
    DotPanel,
    Line,
    LinePanel,
    Point,
    PointPanel,
    best_points,
    draw_dots,
    draw_lines,
    draw_matrix,
    draw_points,
)

HOSTILE = r"$\frac{1}$ <script>alert(1)</script> & a very long name of a model"


def dots(name="Sync-TVA", columns=2):
    panels = [DotPanel("weighted F1", [Dot(60.0, 58.0, 62.0), None], guide=60.0)] * 2
    return draw_dots([name, "peer"], [True, False], panels, columns)


def lines(name="Sync-TVA"):
    line = Line(name, [0, 50, 100], [70, 60, 40], sd=[1, 1, 2], strong=True)
    return draw_lines([LinePanel("missing rate, %", "F1", [line], diagonal=True)])


def points(name="Sync-TVA"):
    return draw_points([name], [PointPanel("weighted F1", "macro F1", [Point(60, 40, 1, 1)])])


def matrix(name="neutral"):
    return draw_matrix([name, "joy"], [[90.0, 10.0], [0.0, 0.0]])


every_drawing = pytest.mark.parametrize("draw", [dots, lines, points, matrix])


@every_drawing
def test_a_drawing_comes_as_png_pdf_and_svg(draw):
    drawing = draw()
    assert drawing.png.startswith(b"\x89PNG")
    assert drawing.pdf.startswith(b"%PDF")
    assert b"<svg" in drawing.svg


@every_drawing
def test_the_same_numbers_give_the_same_bytes(draw):
    assert draw() == draw()
    assert b"CreationDate" not in draw().pdf


@every_drawing
def test_a_hostile_name_is_no_markup_and_no_formula(draw):
    assert b"<script>" not in draw(HOSTILE).svg


def test_letters_in_a_pdf_are_letters_not_drawings():
    assert b"/Type /Font" in dots().pdf
    assert b"/Subtype /Type3" not in dots().pdf


def test_a_figure_is_as_wide_as_a_column_or_a_page():
    assert not dots(columns=2).is_wide
    assert dots(columns=3).is_wide


def test_the_best_points_are_those_that_none_exceeds_in_both():
    a, b, c, d = Point(1, 9), Point(5, 5), Point(4, 4), Point(9, 1)
    assert best_points([d, c, a, b]) == [a, b, d]
    assert best_points([Point(1, 1), Point(1, 2), Point(2, 2)]) == [Point(2, 2)]


def test_results_load_without_torch_plotly_and_matplotlib():
    code = (
        "import sys, synctva.reports.results as _; "
        "sys.exit(bool({'plotly', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
