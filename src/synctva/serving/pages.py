"""The pages of the server itself: where recordings are dropped, and the live one."""

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
