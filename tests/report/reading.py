"""Reads a rendered page back, the way a browser's parser would see it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Element", "Page", "read"]

_VOID = {"meta", "link", "br", "img", "input", "hr"}
_IMPLIED = {"td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}}


@dataclass(kw_only=True)
class Element:
    """One element with its attributes and all text inside it."""

    tag: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.pieces)).strip()


class Page(HTMLParser):
    """All elements in document order; `find` filters them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self._open and self._open[-1].tag in _IMPLIED.get(tag, set()):
            self._open.pop()
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice: {names}"
        element = Element(tag=tag, attributes={k: v or "" for k, v in attrs}, path=tuple(e.tag for e in self._open))
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1].tag != tag and self._open[-1].tag in {"td", "th", "tr"}:
            self._open.pop()
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    def find(self, tag: str, **attributes: str) -> list[Element]:
        """Elements of this tag with these attributes; `class_` stands for one of the classes."""
        wanted = attributes.pop("class_", None)
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(element.attributes.get(k) == v for k, v in attributes.items())
            and (wanted is None or wanted in element.attributes.get("class", "").split())
        ]


def read(html: str) -> Page:
    """Parse a page; fails when tags do not match."""
    page = Page()
    page.feed(html)
    page.close()
    assert not page._open, f"left open: {[e.tag for e in page._open]}"
    return page
