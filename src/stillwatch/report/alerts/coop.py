"""An alert as a report to Coop, ROOST's review console: a job in its queue, with the accounts beside it.

Source: Coop's Report API (`POST /api/v1/report`, docs/api/report.md of roostorg/coop). Item types are made in Coop's own settings; the
ids below are those that `docs/alerts.md` tells how to make.
"""

from __future__ import annotations

from typing import Any

from stillwatch.report.alerts.alert import Alert

__all__ = ["ACCOUNT_TYPE", "FINDING_TYPE", "REPORTER_TYPE", "coop_report"]

FINDING_TYPE, ACCOUNT_TYPE, REPORTER_TYPE = "stillwatch-finding", "stillwatch-account", "stillwatch-reporter"
_BESIDE = 50
"""Accounts that are shown beside a job."""


def coop_report(alert: Alert) -> dict[str, Any]:
    """The body of one report. It never sets the flag for child abuse material, which routes around ordinary review."""
    at = alert.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "title": alert.title,
        "reason": alert.sentence,
        "caveat": alert.caveat,
        "accounts": alert.accounts,
        "attempts": alert.attempts,
        "obtained": alert.obtained,
        "capability": alert.capability,
        "techniques": ", ".join(alert.techniques),
        "explanationsOpen": ", ".join(alert.explanations_open),
        "wrongShare": alert.wrong_share,
        "case": alert.case,
        "appeal": alert.appeal,
        "datetime": at,
    }
    return {
        "reporter": {"kind": "user", "typeId": REPORTER_TYPE, "id": "stillwatch"},
        "reportedAt": at,
        "reportedForReason": {"reason": f"{alert.title}. {alert.caveat}"},
        "reportedItem": {
            "id": alert.handle,
            "typeId": FINDING_TYPE,
            "data": {name: value for name, value in data.items() if value not in (None, "")},
        },
        "additionalItems": [
            {"id": member, "typeId": ACCOUNT_TYPE, "data": {"handle": member}} for member in alert.members[:_BESIDE]
        ],
    }
