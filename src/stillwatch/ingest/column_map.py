"""Which of a table's columns is which of ours: by a TOML mapping, or by names that leave no doubt."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.core.errors import Fault, SettingsError

__all__ = ["TARGETS", "ColumnMap", "automatic", "load", "resolve"]

TARGETS = (
    "at", "account", "org", "credential", "end_user", "ip", "asn", "user_agent", "tls_fingerprint", "model", "pathway", "outcome",
    "http_status", "retention_class", "system", "prompt", "messages", "turns", "tools", "output", "reasoning", "reasoning_artifacts",
    "artifacts_returned", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "max_tokens", "temperature", "top_p",
    "top_k", "n", "logprobs", "top_logprobs", "logit_bias", "stream", "stop_reason", "refusal_category", "conversation", "request",
)  # fmt: skip
"""Columns that a mapping may fill."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "at": (
        "timestamp",
        "ts",
        "time",
        "created_at",
        "started_at",
        "start_time",
        "request_time",
        "created",
        "datetime",
        "date",
    ),
    "account": (
        "account_id",
        "customer",
        "customer_id",
        "user_account",
        "tenant",
        "tenant_id",
        "workspace_id",
        "billing_account",
    ),
    "org": ("org_id", "organization", "organization_id", "organisation", "organisation_id"),
    "credential": ("api_key", "api_key_id", "key_id", "token_id"),
    "end_user": ("end_user_id", "user", "user_id", "safety_identifier"),
    "ip": ("ip_address", "client_ip", "remote_addr", "source_ip", "remote_ip"),
    "asn": ("as_number",),
    "user_agent": ("useragent", "http_user_agent", "ua"),
    "tls_fingerprint": ("ja4", "ja3", "tls_fp"),
    "model": ("model_name", "model_id", "deployment"),
    "pathway": ("channel", "surface"),
    "outcome": ("result",),
    "http_status": ("status_code", "status", "response_code"),
    "system": ("system_prompt", "instructions"),
    "prompt": ("question", "input", "query", "user_prompt", "prompt_text", "request_text"),
    "messages": ("conversation_messages", "chat", "turns_json"),
    "output": ("completion", "response", "answer", "output_text", "response_text", "completion_text"),
    "reasoning": ("thinking", "reasoning_content", "chain_of_thought"),
    "input_tokens": ("prompt_tokens", "tokens_in", "n_input_tokens"),
    "output_tokens": ("completion_tokens", "tokens_out", "n_output_tokens"),
    "reasoning_tokens": ("thinking_tokens",),
    "cached_tokens": ("cache_read_tokens", "cached_input_tokens"),
    "max_tokens": ("max_output_tokens", "max_completion_tokens"),
    "stream": ("streaming", "is_stream"),
    "stop_reason": ("finish_reason",),
    "conversation": ("conversation_id", "session_id", "thread_id", "session"),
    "request": ("request_id", "id", "uuid", "req_id"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnMap:
    """Our column name to the table's, and constants for what the table does not say."""

    columns: Mapping[str, str]
    constants: Mapping[str, Any] = field(default_factory=dict)


def load(path: Path) -> ColumnMap:
    """Read a mapping file: `[columns]` with `ours = "theirs"`, `[constants]` with `ours = value`.

    Raises:
        SettingsError: with every fault of the file at once.
    """
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except OSError as error:
        raise SettingsError([Fault(path=str(path), message=f"cannot be read: {error.strerror}")]) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Fault(path=str(path), message=f"is no TOML: {error}")]) from error
    faults = [
        Fault(
            path=f"{path}: {key}",
            message=f"unknown table, expected [columns] or [constants]{_nearest(key, ('columns', 'constants'))}",
        )
        for key in given
        if key not in ("columns", "constants")
    ]
    columns: dict[str, str] = {}
    constants: dict[str, Any] = {}
    for table, kept in (("columns", columns), ("constants", constants)):
        entries = given.get(table, {})
        if not isinstance(entries, dict):
            faults.append(Fault(path=f"{path}: {table}", message="expected a table"))
            continue
        for key, value in entries.items():
            if key not in TARGETS:
                faults.append(Fault(path=f"{path}: {table}.{key}", message=f"unknown column{_nearest(key, TARGETS)}"))
            elif table == "columns" and (not isinstance(value, str) or not value):
                faults.append(Fault(path=f"{path}: {table}.{key}", message="expected the name of a column in the log"))
            elif table == "constants" and not isinstance(value, (str, int, float, bool)):
                faults.append(Fault(path=f"{path}: {table}.{key}", message="expected a text, a number, true or false"))
            else:
                kept[key] = value
    if "at" not in columns:
        faults.append(
            Fault(
                path=f"{path}: columns.at", message="missing; expected the name of the column with the request's time"
            )
        )
    if faults:
        raise SettingsError(faults)
    return ColumnMap(columns=columns, constants=constants)


def _nearest(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def automatic(names: Iterable[str]) -> ColumnMap:
    """Map columns whose names are ours or leave no doubt; `at` may be missing from the result, which then is no use."""
    by_lower = {name.lower(): name for name in reversed(list(names))}
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for target in TARGETS:
        if target in by_lower:
            columns[target] = by_lower[target]
            taken.add(target)
    for target, aliases in _ALIASES.items():
        if target not in columns:
            for alias in aliases:
                if alias in by_lower and alias not in taken:
                    columns[target] = by_lower[alias]
                    taken.add(alias)
                    break
    return ColumnMap(columns=columns)


def resolve(names: Iterable[str], path: Path | None) -> ColumnMap:
    """The mapping for a table with these columns: from the file where one is given, else automatic."""
    return automatic(names) if path is None else load(path)
