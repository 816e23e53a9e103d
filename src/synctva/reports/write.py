"""A report of what there is: a page about runs, or the comparison of all runs of sweeps."""

from collections.abc import Sequence
from pathlib import Path

from synctva.errors import InputError
from synctva.run.folder import RunFolder


def write_report(paths: Sequence[Path], out: Path) -> list[Path]:
    """Writes the report of runs or of sweeps.

    Args:
        paths: Folders of evaluated runs; or those that ``synctva sweep`` wrote runs into.
        out: The page, ``NAME.html``. Of runs, tables lie beside it as Markdown, CSV and LaTeX. Of
            sweeps, ``NAME.md`` is the document, and a folder ``NAME`` holds figures and tables.

    Returns:
        What was written, the page first; of a folder, the folder.

    Raises:
        InputError: A folder is neither, there are some of both, a run is damaged or not evaluated,
            or ``out`` cannot be written.
    """
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path}: no such folder; name runs, or what `synctva sweep` wrote")
    runs = [path for path in paths if RunFolder(path).description.is_file()]
    if not runs:
        from synctva.reports.results.write import write_results

        page, document, *_ = write_results(paths, out)
        return [page, document, page.with_suffix("")]
    if len(runs) < len(paths):
        other = next(path for path in paths if path not in runs)
        raise InputError(f"{other}: not a run, as {runs[0]} is; name runs only, or sweeps only")
    from synctva.reports.run.page import write_run_report

    return write_run_report(runs, out)
