"""Pages, read as a browser reads them."""

import json
from html.parser import HTMLParser

VOID = {"meta", "br", "rect", "img", "link", "input", "hr"}


class Reader(HTMLParser):
    """Reads a page: its elements, its text outside script and style, whether all tags close."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self.open, self.unclosed = [], [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())

    @property
    def figures(self):
        return {
            attrs["aria-label"]: json.loads(attrs["data-figure"])
            for _, attrs in self.elements
            if "data-figure" in attrs
        }
