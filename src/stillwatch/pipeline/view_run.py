"""What a run read and was told: how often fields were known, the settings that shaped it, the rows that were rejected."""

from __future__ import annotations

from typing import Any

from stillwatch.core import Settings
from stillwatch.engine import Store
from stillwatch.pipeline.detect import Findings
from stillwatch.report import FieldCoverage, RejectCount, SettingUsed

__all__ = ["coverage", "rejects_by_reason", "settings_that_matter", "settings_used"]

_COSTS = {
    "account": "unattributed exchanges are left out of everything about accounts",
    "prompt": "without text there are no templates, topics or techniques",
    "ip": "no links by address or subnet, no fan-out",
    "user_agent": "no fan-out over clients",
    "turns": "single-turn behaviour is unknown",
    "output_tokens": "the yield in tokens is unknown",
    "conversation": "conversations cannot be followed",
}
"""What is lost where a field is unknown."""

_ALWAYS_SHOWN = {
    "detect.budgets.review",
    "detect.contamination",
    "actors.actor_fdr",
    "actors.family_support",
    "actors.least_members",
}
_CHANGE_NO_RESULT = {
    "cases.open",
    "keep.days",
    "keep.text_days",
    "run.engine",
    "run.memory_mb",
    "run.spark_master",
    "run.workers",
}
_REASONS_SHOWN = 200


def coverage(findings: Findings) -> tuple[FieldCoverage, ...]:
    """How often the fields that detection leans on were known."""
    counts = findings.pictures.coverage
    total = counts.get("exchanges") or 0
    return tuple(
        FieldCoverage(field=field, known=(counts[field] or 0) / total if total else 0.0, costs=cost)
        for field, cost in _COSTS.items()
    )


def settings_used(settings: Settings) -> tuple[SettingUsed, ...]:
    """Settings that shaped the result: the budgets, and everything that was changed."""
    used, plain = settings.values(), Settings().values()
    changed = settings_that_matter(settings).keys()
    return tuple(
        SettingUsed(name=path, value=str(used[path]), default=str(plain[path]) if path in changed else "")
        for path in sorted(_ALWAYS_SHOWN | changed)
    )


def settings_that_matter(settings: Settings) -> dict[str, Any]:
    """Settings that differ from their defaults, without those that change the effort and never the result."""
    return {path: value for path, value in settings.changed().items() if path not in _CHANGE_NO_RESULT}


def rejects_by_reason(store: Store) -> tuple[RejectCount, ...]:
    """Rejected rows counted by file, field and reason, the most frequent first."""
    rows = store.read("rejects")
    counted = (
        rows.group_by(["path", "format", "field", "reason"]).aggregate([("line", "count"), ("line", "min")]).to_pylist()
    )
    ordered = sorted(counted, key=lambda r: (-r["line_count"], r["path"], r["field"], r["reason"]))
    return tuple(
        RejectCount(
            path=r["path"],
            format=r["format"] or "",
            field=r["field"],
            reason=r["reason"],
            count=r["line_count"],
            line=r["line_min"],
        )
        for r in ordered[:_REASONS_SHOWN]
    )
