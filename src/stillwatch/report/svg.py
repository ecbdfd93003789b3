"""Pictures as inline SVG, drawn by our own hand: no script, no style attribute, no outside reference.

Colours come from the page's classes, so light, dark and print are one drawing. Every text passes `inert` and is
escaped.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from stillwatch.report.inert import inert

__all__ = ["Drawing", "number"]


def number(x: float) -> str:
    """A coordinate in tenths of a pixel, as short as it gets.

    >>> number(12.04), number(3.96), number(-0.01)
    ('12', '4', '0')
    """
    text = f"{x:.1f}".rstrip("0").rstrip(".") if abs(x) >= 0.05 else "0"
    return text or "0"


class Drawing:
    """Marks on a canvas of `width` by `height` pixels, in the order drawn. `picture` gives the finished element.

    With a title it is an image that a screen reader names and describes; without one it is ornament beside the same
    numbers in words.
    """

    def __init__(self, width: float, height: float, *, kind: str = "") -> None:
        self.width = width
        self.height = height
        self._kind = kind
        self._marks: list[str] = []
        self._walked = False

    def rect(self, x: float, y: float, w: float, h: float, cls: str, *, radius: float = 0, tip: str = "") -> None:
        """A rectangle; `tip` is its tooltip."""
        round_ = f' rx="{number(radius)}"' if radius else ""
        self._mark(
            "rect", f'x="{number(x)}" y="{number(y)}" width="{number(w)}" height="{number(h)}"{round_}', cls, tip
        )

    def circle(self, x: float, y: float, r: float, cls: str, *, tip: str = "") -> None:
        """A dot."""
        self._mark("circle", f'cx="{number(x)}" cy="{number(y)}" r="{number(r)}"', cls, tip)

    def line(self, x1: float, y1: float, x2: float, y2: float, cls: str, *, width: float = 0) -> None:
        """A straight line; `width` overrides the class's stroke width."""
        thick = f' stroke-width="{number(width)}"' if width else ""
        where = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"{thick}'
        self._mark("line", where, cls, "")

    def path(self, steps: str, cls: str, *, width: float = 0, tip: str = "") -> None:
        """A path from steps that our own code has written."""
        thick = f' stroke-width="{number(width)}"' if width else ""
        self._mark("path", f'd="{escape(steps)}"{thick}', cls, tip)

    def polygon(self, points: Sequence[tuple[float, float]], cls: str, *, tip: str = "", way: str = "") -> None:
        """A closed shape; with a `way` it is a link there, which its tooltip names."""
        where = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        if way:
            self._marks.append(f'<a href="{escape(way)}" aria-label="{escape(inert(tip))}">')
            self._walked = True
        self._mark("polygon", f'points="{where}"', cls, tip)
        if way:
            self._marks.append("</a>")

    def dots(self, centres: Sequence[tuple[float, float]], r: float, cls: str, *, tip: str = "") -> None:
        """Many equal dots as one mark: a path of round caps, which keeps a thousand of them small."""
        steps = "".join(f"M{number(x)} {number(y)}h0" for x, y in centres)
        self._mark("path", f'd="{steps}" stroke-width="{number(2 * r)}"', cls, tip)

    def words(self, x: float, y: float, text: str, cls: str = "", *, anchor: str = "start") -> None:
        """A line of text with its baseline at `y`; `anchor` is start, middle or end."""
        where = f'x="{number(x)}" y="{number(y)}"' + (f' text-anchor="{anchor}"' if anchor != "start" else "")
        self._marks.append(f"<text {where}{_class(cls)}>{escape(inert(text))}</text>")

    def _mark(self, name: str, where: str, cls: str, tip: str) -> None:
        inside = f"><title>{escape(inert(tip))}</title></{name}>" if tip else "/>"
        self._marks.append(f"<{name} {where}{_class(cls)}{inside}")

    def picture(self, *, title: str = "", desc: str = "", uid: str = "") -> Markup:
        """The finished element. `uid` must be unique on the page when there is a title."""
        size = f'width="{number(self.width)}" height="{number(self.height)}" '
        size += f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        if not title:
            return _whole(f'<svg {size}{_class(self._kind)} aria-hidden="true">{"".join(self._marks)}</svg>')
        named = f'<title id="{uid}-t">{escape(inert(title))}</title><desc id="{uid}-d">{escape(inert(desc))}</desc>'
        kind = "group" if self._walked else "img"  # what is an image has no links for a screen reader
        role = f'role="{kind}" aria-labelledby="{uid}-t {uid}-d"'
        return _whole(f"<svg {size}{_class(self._kind)} {role}>{named}{''.join(self._marks)}</svg>")


def _class(name: str) -> str:
    return f' class="{escape(name)}"' if name else ""


def _whole(markup: str) -> Markup:
    return Markup(markup)  # noqa: S704 - every text in it went through `escape`
