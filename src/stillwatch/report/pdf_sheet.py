"""The sheet that a case is printed on: fonts that come with the house, a few styles, a footer, and text that cannot do anything.

The same content gives the same bytes: no clock, no random id, fonts embedded as subsets. Outside text passes `printed`: markup is
escaped, commanding characters are shown, and what no font at hand can draw is named by script and code points instead of vanishing.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import lzma
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from stillwatch.core.errors import FormatError
from stillwatch.report.inert import inert

__all__ = ["ACCENT", "CALM", "INK", "PALE", "SOFT", "Sheet", "open_sheet"]

INK, SOFT, PALE, ACCENT, CALM = "#1b2430", "#5b6876", "#eef1f5", "#a8431a", "#9fb3c8"
_PLAIN, _BOLD, _OWN = "Stillwatch", "Stillwatch-Bold", "Stillwatch-Own"
_SHOWN_POINTS = 6
_MOST_TEXT = 1500
"""Characters of one text that are printed; the sealed file has all of it."""
_MOST_LINES = 20
_RIGHT_TO_LEFT = ("R", "AL")
_MARGIN = 51.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """An open sheet: styles by name, and which characters its fonts can draw; `font` names the house's own font and its SHA-256."""

    styles: dict[str, Any]
    known: frozenset[int]
    own: frozenset[int]
    font: str = ""

    def printed(self, text: str) -> str:
        """Outside text as the markup of a paragraph in which nothing but letters is left."""
        lines = inert(text).split("\n")
        text = (
            "\n".join([*lines[:_MOST_LINES], " ".join(lines[_MOST_LINES:])])
            if len(lines) > _MOST_LINES
            else "\n".join(lines)
        )
        cut = f" [{len(text) - _MOST_TEXT:,} more characters in the sealed file]" if len(text) > _MOST_TEXT else ""
        runs = itertools.groupby(text[:_MOST_TEXT], key=self._drawn_by)
        return "".join(_run(drawn_by, "".join(letters)) for drawn_by, letters in runs) + cut

    def plain(self, text: str) -> str:
        """Outside text for the label of a picture: one line, what cannot be drawn as a question mark, at most 48 characters."""
        line = "".join(c if self._drawn_by(c) == _PLAIN else "?" for c in inert(text).replace("\n", " "))
        return line if len(line) <= 48 else line[:47] + "…"

    def paragraph(self, text: str, style: str = "body") -> Any:
        """A paragraph of outside text."""
        return self.markup(self.printed(text), style)

    def markup(self, markup: str, style: str = "body") -> Any:
        """A paragraph of markup that our own code wrote around printed text."""
        from reportlab.platypus import Paragraph

        return Paragraph(markup, self.styles[style])

    def above(self, text: str, room: float = 120) -> tuple[Any, Any]:
        """A heading above a table that may go over pages, on the next page when there is little room left."""
        from reportlab.platypus import CondPageBreak

        return CondPageBreak(room), self.paragraph(text, "over")

    def bytes_of(self, story: Sequence[Any], *, title: str, foot: str) -> bytes:
        """The finished document."""
        from reportlab.platypus import SimpleDocTemplate

        out = io.BytesIO()
        document = SimpleDocTemplate(
            out,
            pagesize=(595.28, 841.89),
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=48,
            bottomMargin=56,
            invariant=1,
            title=title,
            author="Stillwatch",
            subject="Case report",
            lang="en",
        )
        document.build(list(story), canvasmaker=_numbered(foot))
        return out.getvalue()

    def _drawn_by(self, character: str) -> str:
        code = ord(character)
        if unicodedata.bidirectional(character) in _RIGHT_TO_LEFT:
            return ""
        if code in self.known or character in "\n\t":
            return _PLAIN
        return _OWN if code in self.own else ""


def open_sheet(font: Path | None = None) -> Sheet:
    """A sheet with the fonts of the house, and one more (TrueType) for the scripts that they lack.

    Raises:
        FormatError: when the font given cannot be used.
    """
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    for name, file in ((_PLAIN, "DejaVuSansCondensed.ttf.xz"), (_BOLD, "DejaVuSansCondensed-Bold.ttf.xz")):
        data = lzma.decompress(resources.files("stillwatch.report").joinpath("fonts", file).read_bytes())
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(data)))
    pdfmetrics.registerFontFamily(_PLAIN, normal=_PLAIN, bold=_BOLD, italic=_PLAIN, boldItalic=_BOLD)
    known = frozenset(pdfmetrics.getFont(_PLAIN).face.charToGlyph) & frozenset(
        pdfmetrics.getFont(_BOLD).face.charToGlyph
    )
    if font is None:
        return Sheet(styles=_styles(), known=known, own=frozenset())
    data = font.read_bytes()
    try:
        pdfmetrics.registerFont(TTFont(_OWN, io.BytesIO(data)))
    except (TTFError, ValueError, IndexError, KeyError) as error:
        raise FormatError(f"{font}: cannot be used, expected a TrueType font (.ttf) with outlines: {error}") from error
    own = frozenset(pdfmetrics.getFont(_OWN).face.charToGlyph)
    told = f"{font.name}, SHA-256 {hashlib.sha256(data).hexdigest()}"
    return Sheet(styles=_styles(), known=known, own=own, font=told)


def _run(drawn_by: str, text: str) -> str:
    if drawn_by == _OWN:
        return f'<font name="{_OWN}">{escape(text)}</font>'
    if drawn_by:
        return escape(text).replace("\n", "<br/>").replace("\t", " ")
    points = " ".join(f"U+{ord(c):04X}" for c in text[:_SHOWN_POINTS])
    more = " …" if len(text) > _SHOWN_POINTS else ""
    script = unicodedata.name(text[0], "unnamed").split()[0].split("-")[0].capitalize()
    letters = "character" if len(text) == 1 else "characters"
    return f"[{script}, {len(text)} {letters}: {points}{more}]"


def _styles() -> dict[str, Any]:
    from reportlab.lib.styles import ParagraphStyle

    def style(name: str, size: float, leading: float, color: str = INK, **more: Any) -> Any:
        return ParagraphStyle(
            name, fontName=more.pop("font", _PLAIN), fontSize=size, leading=leading, textColor=color, **more
        )

    made = (
        style("title", 20, 24, font=_BOLD),
        style("lead", 10.5, 15),
        style("h1", 14, 18, font=_BOLD, spaceBefore=14, spaceAfter=5, keepWithNext=1),
        style("h2", 10.5, 14, font=_BOLD, spaceBefore=8, spaceAfter=3, keepWithNext=1),
        style("over", 10.5, 14, font=_BOLD, spaceBefore=8, spaceAfter=3),
        style("body", 9.2, 12.8, spaceAfter=3),
        style("small", 7.8, 10.6, SOFT, spaceAfter=2),
        style("cell", 8.2, 10.8),
        style("head", 7.8, 10.2, SOFT, font=_BOLD),
        style("figure", 17, 20, font=_BOLD),
        style("label", 7.8, 10, SOFT),
        style("item", 9.2, 12.8, leftIndent=10, bulletIndent=0, spaceAfter=3),
    )
    return {one.name: one for one in made}


def _numbered(foot: str) -> Any:
    """A canvas that says on every page which case it is and how many pages there are."""
    from reportlab.pdfgen import canvas

    def made(*args: Any, **kwargs: Any) -> Any:
        sheet = canvas.Canvas(*args, **kwargs)
        pages: list[dict[str, Any]] = []

        def keep() -> None:
            pages.append(dict(sheet.__dict__))
            sheet._startPage()

        finish, show = sheet.save, sheet.showPage

        def save() -> None:
            for number, page in enumerate(pages, 1):
                sheet.__dict__.update(page)
                sheet.setFont(_PLAIN, 7)
                sheet.setFillColor(SOFT)
                sheet.drawString(_MARGIN, 30, foot)
                sheet.drawRightString(595.28 - _MARGIN, 30, f"{number} of {len(pages)}")
                show()
            finish()

        sheet.showPage, sheet.save = keep, save
        return sheet

    return made
