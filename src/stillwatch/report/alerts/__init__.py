"""Findings and decisions as alerts for other systems: a flat log, OCSF, CloudEvents, Kafka-shaped records, Coop and Osprey.

An alert leaves the case team's desk, so it holds counts, handles and sentences of the scan: no prompt, no raw name, no organisation.
"""

from stillwatch.report.alerts.alert import KINDS, Alert, alerts_from
from stillwatch.report.alerts.coop import coop_report
from stillwatch.report.alerts.envelope import cloud_event, kafka_record
from stillwatch.report.alerts.forms import FORMS, alert_lines
from stillwatch.report.alerts.ocsf import detection_finding
from stillwatch.report.alerts.osprey import osprey_events
from stillwatch.report.alerts.sigma import sigma_rules
from stillwatch.report.alerts.webhook import new_secret, signed_headers, webhook_body

__all__ = [
    "FORMS",
    "KINDS",
    "Alert",
    "alert_lines",
    "alerts_from",
    "cloud_event",
    "coop_report",
    "detection_finding",
    "kafka_record",
    "new_secret",
    "osprey_events",
    "sigma_rules",
    "signed_headers",
    "webhook_body",
]
