"""Alerts say what a finding is and is not, in the shapes that other systems read, and never more than may leave the desk."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cases.desk import opening
from tests.report.world import small_day

from stillwatch.cases import Case, Event, Reason, Ruling, RulingGiven, State
from stillwatch.core.errors import Error
from stillwatch.report.alerts import (
    FORMS,
    Alert,
    alert_lines,
    alerts_from,
    cloud_event,
    coop_report,
    detection_finding,
    kafka_record,
    new_secret,
    osprey_events,
    sigma_rules,
    signed_headers,
)

SOURCE = "urn:stillwatch:0011"
PUBLISHED = json.loads((Path(__file__).parent / "ocsf_required.json").read_text())
CHECKED = {"metadata": "metadata", "finding_info": "finding_info"}


def case(*, withdrawn: bool = False) -> Case:
    found = opening()
    ruling = RulingGiven(
        number=1,
        ruling=Ruling.ATTRIBUTE,
        reason=Reason.CONCEALED_OPERATOR,
        by="mary",
        person="p1",
        at="2026-11-02T09:00:00Z",
        note="secret note",
        organisation="Acme Corporation",
        approved_by="joe",
        withdrawn=withdrawn,
    )
    events = [Event(seq=1, at="2026-11-01T09:00:00Z", what="opened", by="mary")]
    events += [Event(seq=9, at="2026-11-05T09:00:00Z", what="reopened", by="joe")] if withdrawn else []
    return Case(
        id="C-1",
        state=State.DECIDED,
        handle=found.handle,
        openings=(found,),
        members=found.members,
        rulings=(ruling,),
        history=tuple(events),
    )


def findings() -> tuple[Alert, ...]:
    made = alerts_from(small_day())
    assert made
    return made


def told() -> list[Alert]:
    return [
        *findings(),
        *alerts_from(dataclasses.replace(small_day(), actors=(), accounts=()), [case(), case(withdrawn=True)]),
    ]


def test_the_same_scan_told_twice_gives_the_same_ids_and_bytes() -> None:
    assert findings() == findings()
    for form in FORMS:
        assert list(alert_lines(findings(), form, SOURCE)) == list(alert_lines(findings(), form, SOURCE))
    ids = [alert.id for alert in told()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_holds_an_organisation_a_note_or_a_persons_name(form: str) -> None:
    text = b"".join(alert_lines(told(), form, SOURCE)).decode()
    assert text
    for private in ("Acme", "secret note", "mary", "joe"):
        assert private not in text


@pytest.mark.parametrize("form", FORMS)
def test_every_line_of_every_form_is_json_and_carries_the_caveat(form: str) -> None:
    lines = list(alert_lines(findings(), form, SOURCE))
    assert all(json.loads(line) for line in lines)
    assert "not proof of wrongdoing" in lines[0].decode()


def test_a_decision_that_was_withdrawn_is_told_when_it_was() -> None:
    (alert,) = alerts_from(dataclasses.replace(small_day(), actors=(), accounts=()), [case(withdrawn=True)])
    assert (alert.kind, alert.at.day, alert.appeal) == ("case.withdrawn", 5, "C-1/1")


@pytest.mark.parametrize("version", PUBLISHED)
def test_a_detection_finding_keeps_what_the_published_schema_requires(version: str) -> None:
    rules = PUBLISHED[version]
    for alert in told():
        event = detection_finding(alert)
        _keeps(event, rules["detection_finding"])
        _keeps(event["metadata"], rules["metadata"])
        _keeps(event["metadata"]["product"], rules["product"])
        _keeps(event["finding_info"], rules["finding_info"])
        _keeps(event["finding_info"]["analytic"], rules["analytic"])
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"] == 200_400 + event["activity_id"]
        assert all(resource["uid"].startswith("A-") for resource in event["resources"])


def _keeps(value: dict[str, Any], rule: dict[str, Any]) -> None:
    assert set(rule["required"]) <= value.keys()
    assert value.keys() - set(rule["known"]) <= {"unmapped", "category_name", "class_name", "type_name", "severity"}
    for name, allowed in rule["enums"].items():
        if name in value and allowed:
            assert str(value[name]) in allowed, name
    assert None not in value.values()


def test_a_cloud_event_has_the_attributes_that_the_specification_demands() -> None:
    event = cloud_event(findings()[0], SOURCE)
    assert event["specversion"] == "1.0"
    assert all(
        isinstance(event[name], str) and event[name] for name in ("id", "source", "type", "time", "partitionkey")
    )
    assert dt.datetime.fromisoformat(event["time"]).tzinfo is not None
    assert all(name.islower() and name.isalnum() for name in event)


def test_alerts_about_one_actor_stay_in_one_partition() -> None:
    first, decided = findings()[0], alerts_from(dataclasses.replace(small_day(), actors=(), accounts=()), [case()])[0]
    record = kafka_record(first, SOURCE, "t")
    assert (record["topic"], record["key"]) == ("t", first.handle)
    assert ["ce_specversion", "1.0"] in record["headers"]
    assert kafka_record(decided, SOURCE, "t")["key"] == decided.handle
    assert record["value"] == first.flat()


def test_a_report_to_coop_has_what_its_interface_requires_and_never_the_wrong_queue() -> None:
    body = coop_report(findings()[0])
    assert {"reporter", "reportedAt", "reportedItem"} <= body.keys()
    assert set(body["reporter"]) == {"kind", "typeId", "id"}
    for item in (body["reportedItem"], *body["additionalItems"]):
        assert set(item) == {"id", "typeId", "data"}
    assert "csam" not in json.dumps(body)


def test_osprey_gets_an_action_about_the_finding_and_one_about_each_account() -> None:
    alert = findings()[0]
    actions = list(osprey_events(alert))
    assert len(actions) == 1 + len(alert.members)
    ids = [action["data"]["action_id"] for action in actions]
    assert len(set(ids)) == len(ids)
    assert max(ids) < 1 << 53
    for action in actions:
        assert set(action) == {"send_time", "data"}
        assert set(action["data"]) == {"action_id", "action_name", "data"}
    assert [action["data"]["data"]["user_id"] for action in actions[1:]] == list(alert.members)


def test_an_evidence_without_end_is_a_number_in_the_log() -> None:
    alert = dataclasses.replace(findings()[0], evidence=float("inf"), demanded=float("nan"))
    assert alert.flat()["evidence"] == pytest.approx(1.7976931348623157e308)
    assert alert.flat()["demanded"] is None


def test_the_severity_grows_with_how_much_there_is() -> None:
    assert {alert.severity for alert in findings()} <= {"low", "medium", "high"}


def test_a_signature_has_one_part_for_each_secret_and_names_no_secret_when_it_is_wrong() -> None:
    old, new = new_secret(), new_secret()
    both = signed_headers([new, old], "msg_1", 1, b"{}")["webhook-signature"].split()
    assert both == [signed_headers([one], "msg_1", 1, b"{}")["webhook-signature"] for one in (new, old)]
    assert signed_headers([new], "msg_1", 2, b"{}")["webhook-signature"] != both[0]
    for wrong in ("whsec_c2hvcnQ=", "whsec_***", ""):
        with pytest.raises(Error) as error:
            signed_headers([wrong], "msg_1", 1, b"{}")
        assert "c2hv" not in str(error.value)


def test_every_sigma_rule_reads_fields_that_alerts_have() -> None:
    fields = set(findings()[0].flat())
    rules = sigma_rules()
    assert len(rules) == 6
    for text in rules.values():
        detection = text[text.index("detection:") : text.index("condition:")]
        named = {
            line.strip().split(":")[0].split("|")[0]
            for line in detection.splitlines()
            if line.startswith(" " * 8) and ":" in line
        }
        assert named <= fields, text


def test_sigma_rules_are_rules_and_match_the_alerts_they_are_about() -> None:
    collection = pytest.importorskip("sigma.collection", reason="pySigma is not installed").SigmaCollection
    for text in sigma_rules().values():
        parsed = collection.from_yaml(text)
        assert not parsed.errors
        (rule,) = parsed.rules
        assert rule.detection.parsed_condition[0].parse() is not None
        assert (rule.logsource.product, rule.logsource.service) == ("stillwatch", "alerts")
