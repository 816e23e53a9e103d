"""The results of sweeps: a document, a page, and figures for a paper, from run folders alone."""

from collections.abc import Sequence
from pathlib import Path

from synctva.errors import InputError
from synctva.files import write_bytes, write_text
from synctva.reports.results.chapters import read_chapters
from synctva.reports.results.page import render_document, render_results_page
from synctva.reports.templating import check_page


def write_results(sweeps: Sequence[Path], out: Path) -> list[Path]:
    """Writes the results of sweeps.

    Args:
        sweeps: Folders that ``synctva sweep`` wrote runs into.
        out: The page, ``NAME.html``, which holds everything. ``NAME.md`` is the document; the
            folder ``NAME`` holds every figure as PNG and PDF, the tables as LaTeX, and all scores
            as CSV.

    Returns:
        The paths written, the page first.

    Raises:
        InputError: There is nothing to show, a run is damaged, or ``out`` cannot be written.
    """
    check_page(out)
    chapters, scores = read_chapters(sweeps)
    page, out = out, out.with_suffix("")
    texts = {
        page: render_results_page(chapters),
        page.with_suffix(".md"): render_document(chapters, out.name),
        out / "scores.csv": scores.to_csv(),
        out / "tables.tex": "\n".join(t.to_latex() for c in chapters for t in c.tables),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            write_text(path, text)
        pictures = {}
        for shown in (shown for chapter in chapters for shown in chapter.figures):
            pictures[out / f"{shown.file}.png"] = shown.drawing.png
            pictures[out / f"{shown.file}.pdf"] = shown.drawing.pdf
        for path, content in pictures.items():
            write_bytes(path, content)
    except OSError as error:
        raise InputError(
            f"{page}: cannot be written ({error.strerror}); name a file in another folder"
        ) from error
    return [*texts, *pictures]
