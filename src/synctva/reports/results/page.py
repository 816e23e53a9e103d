"""The chapters of the results as one self-contained page, and as Markdown."""

from collections.abc import Iterator, Sequence

from synctva.reports.results.chapters import Chapter
from synctva.reports.templating import environment

PROTOCOL = (
    "For every seed the epoch with the best weighted F1 on valid was kept, and the test scores"
    " are those of that epoch: the test split chose nothing here. A score is the mean over seeds,"
    " ± its standard deviation over seeds, and the interval in brackets is a 95 % bootstrap over"
    " whole dialogues, because utterances of one dialogue are not independent: it shows how the"
    " mean of these seeds would vary with other dialogues, and ± how the seeds vary. Differences"
    " are tested by a paired bootstrap over the same dialogues; p-values are Holm-corrected for"
    " the number of baselines. The test takes the trained seeds as given: where ± is as wide as a"
    " difference, other seeds may reverse it. Ranks are by the mean over seeds, among Sync-TVA"
    " and its baselines. An emotion is called rare if it occurs less than half as often as if all"
    " occurred alike. Seconds per epoch are those of the training, which may have shared the"
    " machine with others."
)


def render_results_page(chapters: Sequence[Chapter]) -> str:
    """Returns the page; it holds everything and asks the network for nothing."""
    return environment().get_template("results.html").render(chapters=chapters, protocol=PROTOCOL)


def render_document(chapters: Sequence[Chapter], folder: str) -> str:
    """Returns all chapters as Markdown, their figures in the folder beside it."""

    def lines() -> Iterator[str]:
        yield "# Results\n"
        yield "Made by `synctva report` from run folders; no number here is typed.\n"
        yield PROTOCOL + "\n"
        for chapter in chapters:
            yield f"## {chapter.title}\n"
            yield f"{chapter.lead}\n"
            yield from (table.to_markdown() for table in chapter.tables)
            for shown in chapter.figures:
                yield f"![{shown.title}]({folder}/{shown.file}.png)\n"
                yield f"*{shown.title}.* {shown.caption}\n"

    return "\n".join(lines())
