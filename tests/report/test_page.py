"""The page shows the view's numbers, loads nothing, and can be read by everybody."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from stillwatch.core.records import Decision, Support, Vote
from stillwatch.report import ActorView, ErrorBudget, HeldOutTest, ScanView, render_html
from stillwatch.report.parts import three_parts
from stillwatch.report.wording import amount, count, e_words, p_words, quantity

from .reading import Page, read
from .world import crowd, empty_day, whole_day


@pytest.fixture(scope="module")
def day() -> ScanView:
    return whole_day()


@pytest.fixture(scope="module")
def html(day: ScanView) -> str:
    return render_html(day)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return read(html)


def test_a_page_asks_for_nothing_from_anywhere(html: str, page: Page) -> None:
    loading = {"src", "srcset", "data", "action", "formaction", "poster", "background", "xlink:href", "ping", "style"}
    for element in page.elements:
        assert not loading & element.attributes.keys(), element
        href = element.attributes.get("href", "#")
        assert href.startswith("#") or href == "data:,", href
        assert not any(name.startswith("on") for name in element.attributes)
    assert not {e.tag for e in page.elements} & {
        "iframe",
        "object",
        "embed",
        "img",
        "image",
        "use",
        "base",
        "form",
        "foreignobject",
    }
    style = page.find("style")[0].text
    assert "url(" not in style
    assert "@import" not in style
    assert "://" not in re.sub(r"<blockquote.*?</blockquote>", "", html, flags=re.DOTALL)


def test_the_policy_allows_exactly_the_packaged_script_and_style(html: str, page: Page) -> None:
    policy = page.find("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_findings_table_has_the_numbers_of_the_view(day: ScanView, page: Page) -> None:
    table = page.find("table", class_="findings")[0]
    for actor in day.for_review:
        assert actor.handle in table.text
        for number in (actor.accounts, actor.harvest_exchanges, actor.yield_exchanges):
            assert count(number) in table.text
        assert e_words(actor.e_value) in table.text
    numbers = page.find("dl", class_="numbers")[0].text
    assert f"{sum(a.accounts for a in day.for_review):,} accounts in them" in numbers
    assert amount(sum(a.yield_exchanges for a in day.for_review)) in numbers
    assert amount(day.run.exchanges) in numbers


def test_every_test_of_an_actor_stands_with_its_null_and_its_numbers(day: ScanView, page: Page) -> None:
    tables = page.find("table", class_="tests")
    for actor, table in zip(day.for_review, tables, strict=False):
        for test in actor.tests:
            assert f"Null: {test.null}." in table.text
            assert count(test.n) in table.text
            if test.p_value is not None:
                assert p_words(test.p_value) in table.text
            if test.needed is not None and not test.decided:
                assert f"needs {count(test.needed)}" in table.text
            assert quantity(test.value, test.unit) in table.text


def test_the_three_parts_of_a_case_are_apart_for_every_actor(day: ScanView, page: Page) -> None:
    for name in ("observed", "inferred", "exculpatory"):
        assert len(page.find("div", class_=name)) == len(day.for_review)
    observed = page.find("div", class_="observed")[0].text
    assert "e = " not in observed
    assert "operator" not in observed


def test_all_members_are_on_the_page_and_fifty_are_in_full(day: ScanView, page: Page) -> None:
    tables = [e for e in page.find("table") if {"members", "compact"} & set(e.attributes.get("class", "").split())]
    listed = " ".join(table.text for table in tables)
    for actor in day.for_review:
        for member in actor.members:
            assert member.handle in listed
    full = page.find("table", class_="members")[0]
    assert full.text.count("A-") == 50


def test_an_undecided_value_is_never_shown_as_a_number(day: ScanView) -> None:
    bare = ActorView(
        handle="X-0000000000001",
        decision=Decision.UNDECIDED,
        reason="too little",
        accounts=3,
        exchanges=9,
        harvest_exchanges=0,
        yield_exchanges=0,
        capability="unknown",
    )
    text = read(render_html(ScanView(run=day.run, actors=(bare,)))).find("table", class_="candidates")[0].text
    assert "undecided" in text
    assert "e =" not in text
    assert "None" not in text
    assert "nan" not in text


def test_a_scan_that_read_nothing_is_still_a_page_that_says_so() -> None:
    page = read(render_html(empty_day()))
    assert page.find("h1")[0].text == "No exchange could be read, so nothing was decided."
    assert "None" not in page.find("main")[0].text
    assert "not a clearance" in page.find("section", id="findings")[0].text


def test_a_scan_that_could_not_find_anything_says_so_in_its_first_sentence(day: ScanView) -> None:
    budget = ErrorBudget(level="actors", method="e-BH", rate=0.05, tested=2, found=0, can_fire=False)
    page = read(render_html(ScanView(run=day.run, budgets=(budget,))))
    assert "No actor could have been found at this error budget." in page.find("h1")[0].text


def test_an_actor_that_knows_only_its_counts_has_a_page(day: ScanView) -> None:
    found = day.for_review[0]
    bare = ActorView(
        handle=found.handle,
        decision=Decision.REVIEW,
        reason="",
        accounts=1,
        exchanges=0,
        harvest_exchanges=0,
        yield_exchanges=0,
        capability="",
    )
    article = read(render_html(replace(day, actors=(bare,)))).find("article")[0].text
    assert "No innocent explanation was tried on this candidate" in article


def test_tables_pictures_and_headings_can_be_read_without_seeing(page: Page) -> None:
    assert page.find("html")[0].attributes["lang"] == "en"
    assert len(page.find("h1")) == 1
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch(r"h[1-6]", e.tag)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for cell in page.find("th"):
        assert cell.attributes.get("scope") in {"col", "row", "rowgroup"}, cell
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for drawing in page.find("svg"):
        if drawing.attributes.get("aria-hidden") == "true":
            continue
        assert drawing.attributes["role"] == "img"
        assert set(drawing.attributes["aria-labelledby"].split()) <= set(ids)
    for link in page.find("a"):
        assert link.attributes["href"].removeprefix("#") in ids
    for region in page.find("div", role="region"):
        assert region.attributes["aria-label"]
        assert region.attributes["tabindex"] == "0"


def _schemes(style: str) -> list[dict[str, str]]:
    roots = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
    light, dark, paper = (dict(re.findall(r"--(\w[\w-]*): (#[0-9a-f]{3,6});", root)) for root in roots)
    return [light, {**light, **dark}, {**light, **paper}]


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_keeps_the_contrast_that_wcag_aa_asks_for(page: Page, scheme: int) -> None:
    colours = _schemes(page.find("style")[0].text)[scheme]
    texts = [
        ("ink", "paper"),
        ("ink", "panel"),
        ("soft", "paper"),
        ("soft", "panel"),
        ("link", "paper"),
        ("harvest", "paper"),
    ]
    texts += [
        ("harvest", "harvest-wash"),
        ("innocent", "innocent-wash"),
        ("neither", "neither-wash"),
        ("innocent", "paper"),
    ]
    for front, back in texts:
        high, low = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (front, back)


def test_twenty_actors_of_a_thousand_members_and_two_hundred_accounts_stay_below_three_megabytes() -> None:
    assert len(render_html(crowd(20, 1000, 200)).encode()) < 3_000_000


def test_the_same_view_gives_the_same_bytes_in_another_process(html: str) -> None:
    script = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); from report.world import whole_day; "
        "from stillwatch.report import render_html; print(hashlib.sha256(render_html(whole_day()).encode()).hexdigest())"
    )
    here = str(Path(__file__).resolve().parent.parent)
    run = subprocess.run(
        [sys.executable, "-c", script, here],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == hashlib.sha256(html.encode()).hexdigest()


def test_a_value_that_was_only_measured_is_observed_and_not_called_undecided(day: ScanView) -> None:
    found = day.for_review[0]
    measured = HeldOutTest(
        test="breadth",
        vote=Vote.BEHAVIOURAL,
        supports=Support.NEITHER,
        n=40,
        null="no test",
        sentence="99% of its prompts are distinct",
        value=0.99,
        unit="share",
    )
    page = read(render_html(replace(day, actors=(replace(found, tests=(measured,)),))))
    assert "99 % of its prompts are distinct." in page.find("div", class_="observed")[0].text.replace("\u00a0", " ")
    assert "breadth" not in page.find("div", class_="exculpatory")[0].text
    table = page.find("table", class_="tests")[0].text
    assert "describes only" in table
    assert "undecided" not in table


def test_what_speaks_for_innocence_is_said_when_members_do_other_work_or_are_old(day: ScanView) -> None:
    grading = day.for_review[2]
    words = [s.sentence for s in three_parts(grading).exculpatory]
    other = grading.exchanges - grading.harvest_exchanges
    assert any(s.startswith(f"{other:,} exchanges") for s in words)
    assert any("bystanders" in s for s in words)
    old = sum(1 for m in grading.members if m.created and m.first_seen and (m.first_seen - m.created).days >= 90)
    assert any(s.startswith(f"{old} member") for s in words)
    assert any("neither confirm nor refute: a reseller" in s for s in words)
