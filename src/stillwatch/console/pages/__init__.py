"""The pages, one module for each thing that people come for; importing this registers every page with the door."""

from __future__ import annotations

from stillwatch.console.pages import (
    accounts,
    actors,
    bystanders,
    case_files,
    case_steps,
    cases,
    feedback,
    findings,
    inbox,
    log_in,
    people,
    purposes,
    replay,
    search,
    single_sign_on,
    today,
)

__all__ = [
    "accounts",
    "actors",
    "bystanders",
    "case_files",
    "case_steps",
    "cases",
    "feedback",
    "findings",
    "inbox",
    "log_in",
    "people",
    "purposes",
    "replay",
    "search",
    "single_sign_on",
    "today",
]
