"""The page loads nothing, runs nothing, and says what the result says."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

from stillwatch.range.page import render_markdown, render_page
from stillwatch.range.page.curves import draw_curves
from stillwatch.range.results import Curves, Line, Point

from .study import HOSTILE, study

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Reading(HTMLParser):
    """Tags, ids, links and words of a page, with the nesting checked."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open += [] if tag in VOID else [tag]
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert name != "style"
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(page: str) -> Reading:
    reading = Reading()
    reading.feed(page)
    assert reading.open == []
    return reading


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    page = render_page(study())
    reading = read(page)
    assert "script" not in reading.tags
    assert all(link.startswith("#") for link in reading.links)
    style = re.search(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src &#39;none&#39;; style-src &#39;sha256-{digest}&#39;" in page
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_every_place_the_contents_lead_to_is_there_once() -> None:
    reading = read(render_page(study()))
    assert len(reading.ids) == len(set(reading.ids))
    assert {link[1:] for link in reading.links} <= set(reading.ids)


def test_text_from_outside_stays_text() -> None:
    page = render_page(study(title=HOSTILE))
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;script" in page


def test_the_page_says_answer_limits_and_origin() -> None:
    words = " ".join(read(render_page(study())).words)
    for told in (
        "It is found.",
        "It is made up.",
        "stillwatch range run smoke",
        "seed 1",
        "1 to 2",
        "Mind this.",
        "12 s",
    ):
        assert told in words


def test_unknown_is_said_and_never_drawn_as_zero() -> None:
    words = " ".join(read(render_page(study())).words)
    assert "nobody: unknown" in words
    assert "unknown" in words
    drawn = str(
        draw_curves(
            Curves(title="t", x_name="x", y_name="y", lines=(Line(name="l", points=(Point(x=1, value=None),)),)),
            uid="u",
        )
    )
    assert "<circle" not in drawn
    assert "NaN" not in drawn


def test_a_long_table_is_folded() -> None:
    words = render_page(study())
    assert "<summary>10 more rows</summary>" in words
    assert words.count("row 17") == 1


def test_marks_stay_inside_the_picture() -> None:
    for figure in study().sections[0].figures:
        assert isinstance(figure, Curves)
        drawn = str(draw_curves(figure, uid="u"))
        width, height = (float(x) for x in re.findall(r'viewBox="0 0 (\S+) (\S+)"', drawn)[0])
        for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', drawn):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_names_at_the_ends_of_curves_do_not_cover_each_other() -> None:
    lines = tuple(
        Line(name=f"method {k}", points=(Point(x=1, value=0.0), Point(x=2, value=0.0)), ours=False) for k in range(8)
    )
    drawn = str(draw_curves(Curves(title="t", x_name="x", y_name="y", lines=lines), uid="u"))
    places = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)" class="name', drawn))
    assert len(places) == 8
    assert min(b - a for a, b in pairwise(places)) >= 13


def test_markdown_has_the_same_numbers_and_sound_tables() -> None:
    told = render_markdown(study())
    assert told.startswith("# A study\n")
    assert "a\\|b" in told
    assert "90 % (80 to 100 %)" in told
    assert "unknown" in told
    for block in re.findall(r"(?:^\|.*\n?)+", told, flags=re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().splitlines()}
        assert len(counts) == 1
