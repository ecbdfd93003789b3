"""Alerts hold to the shapes that other systems have published, field by field, and Sigma rules fire on the alerts they are about alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

import msgspec
import pytest
from tests.report.world import small_day

from stillwatch.cases import Case
from stillwatch.report.alerts import Alert, alerts_from, coop_report, osprey_events, sigma_rules

from .sigma_matcher import matches
from .test_alerts import case, findings, told

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")


class _Closed(msgspec.Struct, forbid_unknown_fields=True):
    """A record that the other side would refuse with another field in it."""


class Reporter(_Closed):
    """Who reports: Coop knows users alone."""

    kind: str
    typeId: str  # noqa: N815 - Coop's word
    id: str


class Reason(_Closed):
    """Why; the flag for abuse of children leads round every review queue."""

    policyId: str | None = None  # noqa: N815 - Coop's word
    reason: str | None = None
    csam: bool | None = None


class Item(_Closed):
    """Something that Coop shows."""

    id: str
    typeId: str  # noqa: N815 - Coop's word
    data: dict[str, str | int | float | bool]


class Report(_Closed):
    """The body of `POST /api/v1/report` as docs/api/report.md of roostorg/coop has it (July 2026)."""

    reporter: Reporter
    reportedAt: dt.datetime  # noqa: N815 - Coop's word
    reportedItem: Item  # noqa: N815 - Coop's word
    reportedForReason: Reason | None = None  # noqa: N815 - Coop's word
    additionalItems: list[Item] = []  # noqa: N815 - Coop's word


class OspreyAction(_Closed):
    """One action."""

    action_id: int
    action_name: str
    data: dict[str, Any]


class OspreyEvent(_Closed):
    """One message of the topic that Osprey reads (docs/integration/data-flow.md of roostorg/osprey, July 2026)."""

    send_time: str
    data: OspreyAction


@pytest.mark.parametrize("alert", told(), ids=lambda one: one.kind)
def test_a_report_to_coop_is_one_that_its_interface_takes(alert: Alert) -> None:
    body = msgspec.json.decode(msgspec.json.encode(coop_report(alert)), type=Report)
    assert body.reporter.kind == "user"
    assert body.reportedForReason is not None
    assert not body.reportedForReason.csam
    assert body.reportedAt.tzinfo is not None
    assert body.reportedItem.data["caveat"] == alert.caveat


@pytest.mark.parametrize("alert", told(), ids=lambda one: one.kind)
def test_an_osprey_event_is_one_that_its_reader_takes(alert: Alert) -> None:
    for event in osprey_events(alert):
        read = msgspec.json.decode(msgspec.json.encode(event), type=OspreyEvent)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", read.send_time)
        assert read.data.action_id >= 0
        assert re.fullmatch(r"[a-z_]+", read.data.action_name)


def fired(alert: Alert) -> set[str]:
    """The files of the rules that fire on an alert, without number and ending."""
    event = msgspec.json.decode(msgspec.json.encode(alert.flat()))
    return {name.removesuffix(".yml") for name, text in sigma_rules().items() if matches(yaml.safe_load(text), event)}


def rules_of(title: str) -> str:
    """The file of the rule whose title begins so."""
    (name,) = [n for n, text in sigma_rules().items() if yaml.safe_load(text)["title"].startswith(title)]
    return name.removesuffix(".yml")


ACTS, MANY = rules_of("Accounts that seem"), rules_of("Many distinct")
REASONING, TESTED = rules_of("Hidden reasoning"), rules_of("A finding for which")
BLOCKED, WITHDRAWN = rules_of("Accounts blocked"), rules_of("A decision about")


def group(**facts: Any) -> Alert:
    """An alert about a group, with other facts."""
    (one, *_) = [alert for alert in findings() if alert.kind == "finding.actor"]
    plain: dict[str, Any] = {"obtained": 5, "techniques": (), "explanations_open": ("classroom",)}
    return dataclasses.replace(one, **{**plain, **facts})


def decided(one: Case) -> Alert:
    """The alert about a decision."""
    (alert,) = alerts_from(dataclasses.replace(small_day(), actors=(), accounts=()), [one])
    return alert


def test_a_rule_fires_on_the_alerts_that_it_is_about_and_on_no_other() -> None:
    assert fired(group()) == {ACTS}
    assert fired(group(obtained=9_999)) == {ACTS}
    assert fired(group(obtained=10_000)) == {ACTS, MANY}
    assert fired(group(obtained=25_000)) == {ACTS, MANY}
    assert fired(group(obtained=None)) == {ACTS}
    assert fired(group(techniques=("rubric_grading",))) == {ACTS}
    assert fired(group(techniques=("rubric_grading", "reasoning_tags"))) == {ACTS, REASONING}
    assert fired(group(explanations_open=())) == {ACTS, TESTED}
    assert fired(dataclasses.replace(group(), kind="finding.account", obtained=10**6)) == set()
    assert fired(decided(case())) == set(), "an attribution takes nobody's access away"
    assert fired(dataclasses.replace(decided(case()), ruling="block")) == {BLOCKED}
    assert fired(dataclasses.replace(decided(case()), ruling="suspend")) == {BLOCKED}
    assert fired(dataclasses.replace(decided(case()), ruling="clear")) == set()
    assert fired(decided(case(withdrawn=True))) == {WITHDRAWN}


def test_every_rule_has_what_the_specification_demands_and_an_id_of_its_own() -> None:
    rules = [yaml.safe_load(text) for text in sigma_rules().values()]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert {"title", "logsource", "detection"} <= rule.keys()
        assert rule["logsource"] == {"product": "stillwatch", "service": "alerts"}
        assert rule["level"] in {"informational", "low", "medium", "high", "critical"}
        assert rule["status"] in {"stable", "test", "experimental", "deprecated", "unsupported"}
        assert len(rule["title"]) <= 256


def test_the_matcher_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="modifier"):
        matches({"detection": {"a": {"x|base64": "y"}, "condition": "a"}}, {"x": "z"})
    with pytest.raises(ValueError, match="condition"):
        matches({"detection": {"a": {"x": "y"}, "condition": "1 of them"}}, {"x": "y"})
