"""An alert as an OCSF Detection Finding (category 2, class 2004): what SIEMs take in without a mapping of their own.

Source: the Open Cybersecurity Schema Framework (schema.ocsf.io), classes and objects of 1.2.0; every field used is in 1.9.0 too.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from stillwatch.report.alerts.alert import Alert

__all__ = ["OCSF_VERSION", "detection_finding"]

OCSF_VERSION = "1.2.0"
_SEVERITY = {"informational": (1, "Informational"), "low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
_CREATE, _CLOSE = (1, "Create"), (3, "Close")
_NEW, _IN_PROGRESS, _RESOLVED = (1, "New"), (2, "In Progress"), (4, "Resolved")
_STATISTICAL = 3
"""Type of an analytic: 'Statistical'."""


def detection_finding(alert: Alert) -> dict[str, Any]:
    """The alert as one OCSF event. Confidence is not mapped: OCSF's three words would say less, or more, than an error rate does."""
    severity_id, severity = _SEVERITY[alert.severity]
    activity_id, activity = _CLOSE if alert.kind == "case.decided" else _CREATE
    status_id, status = {"case.decided": _RESOLVED, "case.withdrawn": _IN_PROGRESS}.get(alert.kind, _NEW)
    event = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200_400 + activity_id,
        "type_name": f"Detection Finding: {activity}",
        "time": _ms(alert.at),
        "start_time": _ms(alert.first_seen),
        "end_time": _ms(alert.last_seen),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": f"{alert.title}. {alert.sentence} {alert.caveat}",
        "metadata": {
            "version": OCSF_VERSION,
            "uid": alert.id,
            "log_name": "stillwatch.alerts",
            "product": _given({"name": "Stillwatch", "vendor_name": "Stillwatch", "version": alert.version}),
        },
        "finding_info": _given(
            {
                "uid": alert.handle,
                "title": alert.title,
                "desc": alert.sentence,
                "types": [alert.kind],
                "first_seen_time": _ms(alert.first_seen),
                "last_seen_time": _ms(alert.last_seen),
                "analytic": {"name": "Stillwatch scan", "type_id": _STATISTICAL, "type": "Statistical"},
            }
        ),
        "resources": [{"uid": member, "type": "Account"} for member in alert.members],
        "unmapped": _given(
            {
                name: value
                for name, value in alert.flat().items()
                if name not in ("members", "title", "sentence", "at", "severity", "first_seen", "last_seen", "version")
            }
        ),
    }
    return _given(event)


def _ms(at: dt.datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without those that are unknown: OCSF leaves them out."""
    return {name: value for name, value in fields.items() if value is not None}
