"""Runs inside the LiteLLM proxy: authenticates the made-up callers and writes down what LiteLLM logs.

`recorder` is a custom logger: it writes the StandardLoggingPayload that LiteLLM hands to every logger. `tracker` is LiteLLM's own spend
tracker; only the last step, the insert into the table LiteLLM_SpendLogs, is replaced by a line in a file, as there is no database.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from fastapi import HTTPException, Request
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import UserAPIKeyAuth, hash_token
from litellm.proxy.db.db_spend_update_writer import DBSpendUpdateWriter
from litellm.proxy.hooks.proxy_track_cost_callback import _ProxyDBLogger
from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload

FOLDER = Path(os.environ["SAMPLE_FOLDER"])
CALLERS = json.loads(os.environ["SAMPLE_CALLERS"])
JSON_COLUMNS = ("metadata", "messages", "response", "proxy_server_request", "request_tags")


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Know the callers by their key, as a virtual key in the database would."""
    if api_key not in CALLERS:
        raise HTTPException(401, "no such key")
    who = CALLERS[api_key]
    return UserAPIKeyAuth(
        api_key=hash_token(api_key),
        key_alias=who["name"],
        user_id=f"user-{who['name']}",
        team_id=f"team-{who['name']}",
        org_id=who["org"],
    )


def append(name: str, record: dict[str, Any]) -> None:
    """Add one line to a sample."""
    with (FOLDER / name).open("a", encoding="utf-8") as out:
        out.write(json.dumps(record, ensure_ascii=False, default=str) + "\n")


class Recorder(CustomLogger):
    """Writes the payload of each call."""

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        append("litellm_standard.jsonl", dict(kwargs["standard_logging_object"]))

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        append("litellm_standard.jsonl", dict(kwargs["standard_logging_object"]))


async def update_database(self: Any, **given: Any) -> None:
    """Compute the row as `DBSpendUpdateWriter.update_database` does, and write it down instead of inserting it."""
    payload = get_logging_payload(
        kwargs=given["kwargs"],
        response_obj=given["completion_response"],
        start_time=given["start_time"],
        end_time=given["end_time"],
    )
    row: dict[str, Any] = dict(payload) | {"spend": given.get("response_cost") or 0.0}
    row |= {
        column: value
        for column, value in (("organization_id", given.get("org_id")), ("team_id", given.get("team_id")))
        if value
    }
    for column in JSON_COLUMNS:
        if isinstance(row.get(column), str):
            row[column] = json.loads(row[column])
    for column in ("startTime", "endTime", "completionStartTime"):
        if hasattr(row.get(column), "isoformat"):
            row[column] = row[column].isoformat()
    append("litellm_spendlogs.jsonl", row)


DBSpendUpdateWriter.update_database = update_database
recorder = Recorder()
tracker = _ProxyDBLogger()
