"""An alert as actions for Osprey, ROOST's rules engine: one about the finding, and one about each account that is in it.

Source: Osprey's JSON over Kafka (`{"send_time", "data": {"action_id", "action_name", "data"}}`, docs/integration/data-flow.md of
roostorg/osprey). A rule about an account finds it as `user_id`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from stillwatch.report.alerts.alert import Alert

__all__ = ["osprey_events"]


def osprey_events(alert: Alert) -> Iterator[dict[str, Any]]:
    """The actions of one alert; the same alert gives the same action ids."""
    name = "stillwatch_" + alert.kind.replace(".", "_")
    yield _action(alert, name, {"handle": alert.handle, **alert.flat()})
    about = {
        "event_type": f"{name}_account",
        "finding": alert.handle,
        "capability": alert.capability,
        "evidence": alert.flat()["evidence"],
        "wrong_share": alert.wrong_share,
        "ruling": alert.ruling,
        "appeal": alert.appeal,
        "caveat": alert.caveat,
    }
    for member in alert.members:
        yield _action(alert, f"{name}_account", {"user_id": member, **about})


def _action(alert: Alert, name: str, data: dict[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(f"{alert.id}\n{name}\n{data.get('user_id', '')}".encode()).digest()
    return {
        "send_time": alert.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "data": {
            "action_id": int.from_bytes(digest[:8], "big") >> 11,  # below 2^53, so that no JSON reader rounds it
            "action_name": name,
            "data": {"event_type": name, **data},
        },
    }
