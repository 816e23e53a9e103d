"""The results of sweeps: a document, a page, and figures for a paper, from run folders alone."""

from collections.abc import Sequence
from pathlib import Path

from synctva.errors import InputError
from synctva.files import write_bytes, write_text
from synctva.reports.results.chapters import read_chapters
from synctva.reports.results.page import render_document, render_results_page


def write_results(sweeps: Sequence[Path], out: Path) -> list[Path]:
    """Writes the results of sweeps.

    Args:
        sweeps: Folders that ``synctva sweep`` wrote runs into.
        out: Where, without an ending: ``OUT.md`` is the document and ``OUT.html`` the page, which
            holds everything; the folder ``OUT`` holds every figure as PNG and PDF, the tables as
            LaTeX, and all scores as CSV.

    Returns:
        The paths written, the page first.

    Raises:
        InputError: There is nothing to show, a run is damaged, or ``out`` cannot be written.
    """
    chapters, scores = read_chapters(sweeps)
    texts = {
        out.with_name(f"{out.name}.html"): render_results_page(chapters),
        out.with_name(f"{out.name}.md"): render_document(chapters, out.name),
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
            f"{out}: cannot be written ({error.strerror}); name a place in a folder of yours, such"
            " as docs/results"
        ) from error
    return [*texts, *pictures]
