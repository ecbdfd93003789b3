"""A field of the wrong type is refused like anything else: no rule, no hub and no house stumbles over one."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.forum.harvest import NOW, Object, arriving, indicator, leaving, objects, policy
from tests.forum.taxii.hub import asking, settings

from stillwatch.engine import Workspace
from stillwatch.forum import Doubt, by_the_rules, lint, not_harvesting, seen_too, sender_of, take_in
from stillwatch.forum.stix.reading import MOST_OBJECTS
from stillwatch.forum.stix.shapes import SHAPES
from stillwatch.forum.taxii.envelope import read_envelope, read_object
from stillwatch.forum.taxii.hub import Collection
from stillwatch.forum.taxii.wire import Refusal

GONE = object()
WRONG: tuple[Any, ...] = ([], {}, 0, None, "2026-02-30T00:00:00.000Z", GONE)
ANY = Collection(id="x", api_root="", title="")


def one_of_each() -> list[Object]:
    """One object of every type with a shape, and an indicator that was withdrawn; definitions are compared as a whole."""
    today, sender, about = NOW.date(), sender_of(policy(member="11111111")), indicator()
    said = [seen_too(about, sender, accounts=41, first=today, last=today, today=today)]
    said += not_harvesting(about, sender, Doubt.FALSE_POSITIVE, today=today)
    made = {one["type"]: one for one in [*objects(), *said] if one["type"] in SHAPES}
    return [*made.values(), {**indicator("asn"), "revoked": True}]


def places(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*steps, name)
        yield from places(one, (*steps, name))


def broken() -> Iterator[Object]:
    """Every field of every shape as a list, an object, a number, null, no day of the calendar, or not there; inner ones as two of these."""
    for one in one_of_each():
        for number, (*steps, last) in enumerate(places(one)):
            for value in WRONG if not steps else (WRONG[number % 6], WRONG[(number + 3) % 6]):
                changed: Any = copy.deepcopy(one)
                inner = changed
                for step in steps:
                    inner = inner[step]
                if value is GONE:
                    del inner[last]
                else:
                    inner[last] = value
                yield changed


def test_no_field_of_a_wrong_type_makes_a_rule_or_a_house_fail(tmp_path: Path) -> None:
    house, count = Workspace(tmp_path / "w"), 0
    passed: list[Any] = []
    for one in broken():
        count += 1
        lint([one], leaving())
        passed += lint([one], arriving()).passing([one])
    assert count > 500
    for one in passed:
        take_in(house, [one], source="x", now=NOW)
    assert 0 < len(passed) < 60, "what is left passes, such as a confidence of 0"


def test_a_hub_refuses_what_its_rules_cannot_read_and_keeps_what_is_beside_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = by_the_rules(lambda: NOW)

    def stumbling(stix: Any, /, *, member: str, collection: str) -> Any:
        if stix["type"] == "campaign":
            raise KeyError(stix["name"])
        return asked(stix, member=member, collection=collection)

    with asking(settings(tmp_path), accept=stumbling) as ask, caplog.at_level(logging.ERROR):
        status = ask.push(*objects())
        (failed,) = status["failures"]
    assert failed["id"].startswith("campaign--")
    assert failed["message"] == "malformed: no rule can read it"
    assert [one.error for one in caplog.records] == ["KeyError"]  # type: ignore[attr-defined]
    assert "Harvest" not in caplog.text, "an object's words are not logged"
    ours = indicator()
    assert read_object({**ours, "object_marking_refs": [{}]}, ANY, most_bytes=99_999, member="x", accept=asked).fault


def test_an_envelope_holds_no_more_objects_than_are_read_at_once() -> None:
    with pytest.raises(Refusal, match="20,001 objects") as refused:
        read_envelope(b'{"objects":[' + b"0," * MOST_OBJECTS + b"0]}")
    assert refused.value.status == 413
