"""A page as a browser finds it, for tests of every report."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br"}
"""Tags of the page that have no end."""


@dataclass
class Page(HTMLParser):
    """What a browser finds: tags with their attributes, and the text."""

    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""
    style: str = ""
    script: str = ""
    tables: list[list[list[str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += "\n"
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.style += data
            return
        if "script" in self.open:
            self.script += data
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def rows(self, *start: str) -> list[list[str]]:
        """The table whose heading begins with these words."""
        return next(table for table in self.tables if tuple(table[0][: len(start)]) == start)


def read(html: str) -> Page:
    """The page, parsed; fails where tags are not nested properly."""
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page
