"""A measurement on labelled recordings, as Markdown and as a page that needs nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from synctva.reports.measurement_rows import (
    ABOUT,
    HEAD,
    confusion_rows,
    evidence_lines,
    largest_subset,
    score_rows,
)

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;
color:#1c2733;background:#fff}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
td,th{padding:.3rem .7rem;border-bottom:1px solid #d7dee6;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
div{overflow-x:auto}
@media(prefers-color-scheme:dark){body{color:#dce4ec;background:#12181f}
td,th{border-color:#2b3742}}
"""


def markdown(found: Mapping[str, Any]) -> str:
    """Returns a measurement as Markdown."""
    lines = [f"# {found['name']}", "", _told(found), ""]
    for heading, paragraphs, tables in _chapters(found):
        lines += [f"## {heading}", ""]
        for head, rows in tables:
            rule = ["---", *(["---:"] * (len(head) - 1))]
            lines += [f"| {' | '.join(map(_plain, row))} |" for row in (head, rule, *rows)]
            lines.append("")
        for paragraph in paragraphs:
            lines += [_plain(paragraph), ""]
    return "\n".join([*lines, _plain(ABOUT), ""])


def page(found: Mapping[str, Any]) -> str:
    """Returns a measurement as a page of HTML."""
    parts = [f"<h1>{escape(found['name'])}</h1>", f"<p>{escape(_told(found))}</p>"]
    for heading, paragraphs, tables in _chapters(found):
        parts.append(f"<h2>{escape(heading)}</h2>")
        for head, rows in tables:
            cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
            body = "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
            )
            parts.append(f"<div><table><tr>{cells}</tr>{body}</table></div>")
        parts += [f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs]
    parts.append(f"<p><small>{escape(ABOUT)}</small></p>")
    title = escape(found["name"])
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


Tables = list[tuple[Sequence[str], list[Sequence[str]]]]


def _chapters(found: Mapping[str, Any]) -> Iterator[tuple[str, list[str], Tables]]:
    """Yields each set: a heading, paragraphs, and tables of a heading and rows."""
    emotions = list(found["expected"])
    for name, own in found["sets"].items():
        tables: Tables = [(HEAD, list(score_rows(own["scores"])))]
        paragraphs = list(evidence_lines(own)) if "evidence" in own else []
        if paragraphs:
            head, rows = confusion_rows(emotions, own["scores"], largest_subset(own["scores"]))
            tables.append((head, [list(row) for row in rows]))
        yield name, paragraphs, tables


def _told(found: Mapping[str, Any]) -> str:
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found["expected"].items())
    return f"Model {found['model']}; emotions weighted to {found['expect']}: {shares}."


def _plain(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
