"""An alert in an envelope: as a CloudEvent (1.0, structured JSON), and as a Kafka record with key and headers (its binary binding)."""

from __future__ import annotations

from typing import Any

from stillwatch.report.alerts.alert import Alert

__all__ = ["cloud_event", "kafka_record"]

_TYPE = "stillwatch"


def cloud_event(alert: Alert, source: str) -> dict[str, Any]:
    """The alert as a CloudEvent in structured mode.

    Args:
        source: a URI that names this installation.
    """
    return {
        **_attributes(alert, source),
        "datacontenttype": "application/json",
        "data": alert.flat(),
    }


def kafka_record(alert: Alert, source: str, topic: str) -> dict[str, Any]:
    """The alert as a Kafka record in the binary mode of CloudEvents: attributes are headers, the value is the alert alone.

    Alerts about one case, or before there is one about one handle, have one key: they stay in order within a partition.
    """
    attributes = _attributes(alert, source)
    headers = [["content-type", "application/json"], *(["ce_" + name, value] for name, value in attributes.items())]
    return {"topic": topic, "key": attributes["partitionkey"], "headers": headers, "value": alert.flat()}


def _attributes(alert: Alert, source: str) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": alert.id,
        "source": source,
        "type": f"{_TYPE}.{alert.kind}",
        "subject": alert.case or alert.handle,
        "time": alert.at.isoformat().replace("+00:00", "Z"),
        "partitionkey": alert.handle,
    }
