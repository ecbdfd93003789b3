"""Numbers in words, the JSON form and its schema, the Markdown form, and the lines for the terminal."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.errors import Error, FormatError
from stillwatch.core.records import Technique
from stillwatch.report import (
    Kind,
    ScanView,
    explain_lines,
    findings_table,
    json_form,
    json_schema,
    read_json,
    render_json,
    render_markdown,
    wording,
)

from .world import empty_day, small_day, whole_day

GOLDEN = Path(__file__).parent / "golden.md"


@given(st.floats())
def test_every_number_has_words(x: float) -> None:
    for words in (wording.quantity(x), wording.share(x), wording.quantity(x, "share")):
        assert words
        assert "nan" not in words
    assert wording.e_words(abs(x))
    assert wording.p_words(abs(x))


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_between_none_and_all_is_never_shown_as_none_or_all(x: float) -> None:
    assert wording.share(x) not in {"0 %", "100 %"}


def test_every_technique_has_words_of_its_own() -> None:
    words = [wording.technique_words(technique) for technique in Technique]
    assert len(set(words)) == len(words)
    assert not {technique.value.replace("_", " ") for technique in Technique} & set(words)


def test_json_comes_back_as_the_same_view() -> None:
    for view in (whole_day(accounts=5), small_day(), empty_day()):
        assert read_json(render_json(view)) == view


def test_the_packaged_schema_is_the_one_that_the_records_give() -> None:
    assert json_form.packaged_schema() == json_schema(), "write json_schema() to src/stillwatch/report/schema.json"


def test_the_schema_names_every_field_and_explains_every_record() -> None:
    schema = json.loads(json_schema())
    assert set(schema["$defs"]["ScanView"]["properties"]) == set(ScanView.__dataclass_fields__)
    for name, definition in schema["$defs"].items():
        assert len(definition.get("description", "")) > 20 or "enum" in definition, name


def test_json_holds_what_it_cannot_say_as_the_largest_number_and_unknown_as_null() -> None:
    view = small_day()
    actor = replace(view.actors[0], e_value=math.inf, threshold=math.nan)
    data = json.loads(render_json(replace(view, actors=(actor,))))
    assert data["actors"][0]["e_value"] > 1e308
    assert data["actors"][0]["threshold"] is None
    assert wording.e_words(data["actors"][0]["e_value"]) == "> 10³⁰⁰"


@pytest.mark.parametrize("data", [b"", b"{}", b'{"run": 1}', b"\xff", b'{"form": "other/1"}'])
def test_foreign_json_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"^report: got .*expected the JSON of a scan"):
        read_json(data)


def test_markdown_is_as_it_was_agreed() -> None:
    assert render_markdown(small_day()) == GOLDEN.read_text(encoding="utf-8"), (
        "write render_markdown(small_day()) to golden.md if meant"
    )


def test_markdown_of_a_scan_that_read_nothing_says_so() -> None:
    text = render_markdown(empty_day())
    assert "No exchange could be read" in text
    assert "None" not in text


def test_the_findings_table_has_a_row_for_each_actor_for_review() -> None:
    view = whole_day(accounts=3)
    table = findings_table(view)
    assert [row[0] for row in table.rows] == [actor.handle for actor in view.for_review]
    assert all(len(row) == len(table.header) for row in table.rows)


def test_explaining_an_actor_gives_its_parts_and_its_tests() -> None:
    view = whole_day(accounts=3)
    lines = explain_lines(view, view.actors[0].handle.lower())
    assert [line.text for line in lines if line.kind is Kind.HEADING][:3] == ["Observed", "Inferred", "Exculpatory"]
    words = " ".join(line.text for line in lines)
    assert all(test.null in words for test in view.actors[0].tests)
    assert any(line.kind is Kind.QUOTE and "⟦" in line.text for line in lines)


def test_explaining_a_member_says_why_it_is_one() -> None:
    view = whole_day(accounts=3)
    member = view.actors[1].members[700]
    words = " ".join(line.text for line in explain_lines(view, member.handle))
    assert view.actors[1].handle in words
    assert wording.sentence(member.reason) in words


def test_explaining_an_account_gives_its_signals_beside_the_population() -> None:
    view = whole_day(accounts=3)
    words = " ".join(line.text for line in explain_lines(view, view.accounts[0].handle))
    assert "undecided, n = 12, needs 40" in words


def test_explaining_a_family_shows_its_scaffold() -> None:
    view = whole_day(accounts=3)
    lines = explain_lines(view, view.actors[0].families[0].handle)
    assert any("expert data analyst" in line.text for line in lines if line.kind is Kind.QUOTE)


def test_an_unknown_handle_is_refused_with_what_would_do() -> None:
    with pytest.raises(Error, match=r"handle: got 'X-NOBODY', expected an actor"):
        explain_lines(empty_day(), "X-nobody".upper())


def test_the_view_itself_is_a_plain_record_that_msgspec_can_write() -> None:
    assert msgspec.json.decode(msgspec.json.encode(small_day()), type=ScanView) == small_day()
