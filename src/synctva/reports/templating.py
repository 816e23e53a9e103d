"""Jinja as all pages want it."""

import base64

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

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
