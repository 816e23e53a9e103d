"""The pages of the server itself: where recordings are dropped, and the live one."""

from importlib.resources import files

from jinja2 import ChoiceLoader, PackageLoader

from synctva.reports.palette import EMOTION_COLOURS
from synctva.reports.templating import environment


def page(template: str, **given: object) -> str:
    """Returns a page.

    Args:
        template: ``start.html`` or ``live.html``.
        given: What is in it.
    """
    jinja = environment()
    assert jinja.loader is not None
    jinja.loader = ChoiceLoader([PackageLoader("synctva.serving"), jinja.loader])
    return jinja.get_template(template).render(colours=EMOTION_COLOURS, **given)


def with_saving(recorded: str) -> str:
    """Returns the page of a recording with buttons that save its corrections here.

    Args:
        recorded: The page that ``write_report`` writes, which asks the network for nothing.
    """
    script = files("synctva.serving").joinpath("templates", "saving.js").read_text("utf-8")
    asks = recorded.replace("default-src 'none';", "default-src 'none'; connect-src 'self';", 1)
    before, end, after = asks.rpartition("</body>")
    return f"{before}<script>\n{script}</script>\n{end}{after}"
