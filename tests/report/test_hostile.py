"""Text from outside can neither mark up, nor run, nor reorder, nor hide anything on a page or in a terminal."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.report import ScanView, explain_lines, render_html, render_json, render_markdown
from stillwatch.report.inert import inert

from .reading import read
from .world import actor, whole_day

T = TypeVar("T")

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><svg onload=alert(1)><img src=x onerror='alert(1)'>",
    "</title></svg></style></script><script>1</script>",
    "</blockquote><a href=javascript:alert(1)>x</a><!-- ",
    "{{ 7*7 }}{% raw %}{# x #}",
    "abc\u202edcba\u2066x\u2069 \u200bhidden\ufeff \U000e0041\U000e0042",
    "\x1b[31mred\x1b]8;;http://evil.example\x07link\x00\x08\x9b\r\n",
    "lone \ud800 surrogate and \u2028 line",
    "&lt;b&gt; & &amp; ' \" ` = / \\ | * _ [x](http://evil.example) http://evil.example www.evil.example # ~~~ ``` $x$ @a",
)


def _poison(value: T, text: str) -> T:
    """The same view with every string replaced."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return cast(T, text if value else value)
    if isinstance(value, tuple):
        return cast(T, tuple(_poison(item, text) for item in value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            f.name: _poison(getattr(value, f.name), text)
            for f in fields(value)
            if f.name not in {"level", "method", "of", "form", "unit", "signal", "kind", "key"}
        }
        return cast(T, replace(value, **changed))
    return value


@cache
def _small() -> ScanView:
    """A view with something of everything, few of each."""
    whole = whole_day(accounts=4)
    found = actor(1, accounts=52, kind="scaffold")
    return replace(
        whole,
        actors=(replace(found, hours=found.hours[:3]), *whole.actors[-2:]),
        calibration=whole.calibration[:2],
    )


def _shape(html: str) -> list[tuple[str, frozenset[str]]]:
    html = re.sub(r' (id|href|aria-labelledby)="[^"]*"', "", html)
    page = read(html)
    return [(e.tag, frozenset(e.attributes) - {"text-anchor"}) for e in page.elements]


@pytest.fixture(scope="module")
def calm() -> list[tuple[str, frozenset[str]]]:
    return _shape(render_html(_poison(_small(), "calm")))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_adds_no_tag_and_no_attribute_to_the_page(
    text: str, calm: list[tuple[str, frozenset[str]]]
) -> None:
    html = render_html(_poison(_small(), text))
    assert _shape(html) == calm
    html.encode("utf-8")
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\U000e0000-\U000e0fff]", html
    )


def test_template_syntax_in_outside_text_is_shown_and_not_run() -> None:
    assert "{{ 7*7 }}" in render_html(_poison(_small(), "{{ 7*7 }}"))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_inert_in_markdown(text: str) -> None:
    calm = render_markdown(_poison(_small(), "calm"))
    marked = render_markdown(_poison(_small(), text))
    marked.encode("utf-8")
    outside = re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", marked)
    assert not re.search(r"(?<!\\)[<>]", outside)
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not re.search(r"(?<!\\)`", outside)
    assert not re.search(r"https?:(?!\\)//|www\.(?!\\)", outside)
    rows = [line for line in outside.splitlines() if line.startswith("| ")]
    assert len(rows) == len([line for line in calm.splitlines() if line.startswith("| ")])
    assert "\x1b" not in marked


def test_a_fence_in_an_example_cannot_end_its_own_fence() -> None:
    marked = render_markdown(_poison(_small(), "a\n```\n# heading\n````\n"))
    fences = [line for line in marked.splitlines() if re.fullmatch(r"`{5,}(text)?", line)]
    assert fences
    assert len(fences) % 2 == 0


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_terminal_lines_carry_no_control_and_json_stays_writable(text: str) -> None:
    view = _small()
    keep = view.actors[0].handle
    poisoned = _poison(view, text)
    poisoned = replace(poisoned, actors=(replace(poisoned.actors[0], handle=keep), *poisoned.actors[1:]))
    for line in explain_lines(poisoned, keep):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line.text)
    render_json(poisoned)


@given(st.text(st.characters()))
@settings(max_examples=300)
def test_inert_text_stays_inert_and_can_be_written(text: str) -> None:
    once = inert(text)
    assert inert(once) == once
    once.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in once)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
def test_letters_of_every_script_pass_unchanged(text: str) -> None:
    seen = "".join(c for c in text if not "\U000e0000" <= c <= "\U000e0fff")
    assert inert(text) == seen
