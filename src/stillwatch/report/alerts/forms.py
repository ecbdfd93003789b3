"""The forms in which alerts can be written, by name: a JSON value a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from stillwatch.report.alerts.alert import Alert
from stillwatch.report.alerts.coop import coop_report
from stillwatch.report.alerts.envelope import cloud_event, kafka_record
from stillwatch.report.alerts.ocsf import detection_finding
from stillwatch.report.alerts.osprey import osprey_events

__all__ = ["FORMS", "TOPIC", "alert_lines"]

TOPIC = "stillwatch.alerts"
_Form = Callable[[Alert, str], Iterator[dict[str, Any]]]

FORMS: dict[str, _Form] = {
    "flat": lambda alert, source: iter([alert.flat()]),
    "ocsf": lambda alert, source: iter([detection_finding(alert)]),
    "cloudevents": lambda alert, source: iter([cloud_event(alert, source)]),
    "kafka": lambda alert, source: iter([kafka_record(alert, source, TOPIC)]),
    "coop": lambda alert, source: iter([coop_report(alert)]),
    "osprey": lambda alert, source: osprey_events(alert),
}
"""What each form makes of an alert."""


def alert_lines(alerts: Iterable[Alert], form: str, source: str) -> Iterator[bytes]:
    """The alerts in a form, a JSON value a line; the same alerts give the same bytes."""
    for alert in alerts:
        for value in FORMS[form](alert, source):
            yield msgspec.json.encode(value) + b"\n"
