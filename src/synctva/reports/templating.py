"""Jinja as all pages want it."""

import base64
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from synctva.errors import InputError
from synctva.reports.run.tables import percent


def environment() -> Environment:
    """Returns an environment of the package's templates: escaping, and strict about names."""
    jinja = Environment(
        loader=ChoiceLoader(
            [PackageLoader("synctva.reports"), PackageLoader("synctva.reports.recognition")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["percent"] = percent
    jinja.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return jinja


def check_page(out: Path) -> None:
    """Checks that a page can have that name.

    Raises:
        InputError: It does not end in ``.html``, or a folder has it.
    """
    if out.suffix != ".html" or out.is_dir():
        raise InputError(f"{out}: a report is a file whose name ends in .html, as in report.html")
