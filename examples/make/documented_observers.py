"""Samples of what Langfuse and Helicone export."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from documented_bodies import TOOL, at, chat_body, guid, iso, lines, turns
from mock_anthropic import AnthropicMessages
from mock_openai import OpenAIChat
from mock_pieces import made_up
from mock_server import fault
from scenes import CALLERS, SCENES

__all__ = ["helicone", "langfuse"]


def langfuse(folder: Path) -> None:
    """Rows of an `observations_v2` blob-storage export: generations, one span that is no exchange, one failed generation."""
    rows: list[dict[str, Any]] = []
    for number, scene in enumerate(SCENES, start=1):
        if scene.cut_after:
            continue
        body = chat_body(scene)
        failed = scene.status != 200
        reply = OpenAIChat(body, scene, number, int(at(number).timestamp())).whole()
        usage = reply["usage"]
        parameters = {
            k: v for k, v in body.items() if k in {"temperature", "top_p", "max_tokens", "max_completion_tokens"}
        }
        details = {
            "input": usage["prompt_tokens"],
            "output": usage["completion_tokens"],
            "total": usage["total_tokens"],
        }
        if scene.reasoning:
            details["output_reasoning_tokens"] = usage["completion_tokens_details"]["reasoning_tokens"]
        if scene.cached:
            details["input_cached_tokens"] = scene.cached
        message = reply["choices"][0]["message"]
        rows.append(
            {
                "id": made_up("observation", number, 16),
                "trace_id": made_up("trace", number, 32),
                "project_id": "proj-made-up",
                "environment": "production",
                "type": "GENERATION",
                "parent_observation_id": None,
                "start_time": at(number).strftime("%Y-%m-%d %H:%M:%S.%f"),
                "end_time": (at(number) + timedelta(seconds=2)).strftime("%Y-%m-%d %H:%M:%S.%f"),
                "name": "OpenAI-generation",
                "metadata": {"region": "eu"},
                "level": "ERROR" if failed else "DEFAULT",
                "status_message": "Error code: 429 - rate_limit_exceeded"
                if scene.status == 429
                else "Error code: 500"
                if failed
                else None,
                "version": None,
                "input": scene.ask
                if scene.name == "plain"
                else {"messages": body["messages"], "tools": body["tools"]}
                if scene.tool
                else body["messages"],
                "output": None
                if failed
                else message["content"]
                if scene.name == "plain"
                else {k: v for k, v in message.items() if v},
                "provided_model_name": body["model"],
                "internal_model_id": None,
                "model_parameters": json.dumps(parameters),
                "usage_details": {} if failed else details,
                "cost_details": {},
                "completion_start_time": None,
                "prompt_id": None,
                "prompt_name": None,
                "prompt_version": None,
                "user_id": scene.user or CALLERS[scene.caller].name,
                "session_id": "session-88" if scene.before else None,
                "trace_name": "helpdesk",
                "tags": ["helpdesk"],
                "release": None,
                "tool_definitions": {"read_gauge": json.dumps(TOOL)} if scene.tool else {},
                "tool_calls": [json.dumps(c["function"]) for c in message.get("tool_calls", [])],
                "tool_call_names": [c["function"]["name"] for c in message.get("tool_calls", [])],
            }
        )
    span = rows[4] | {
        "id": made_up("observation", 99, 16),
        "type": "SPAN",
        "name": "read_gauge",
        "provided_model_name": None,
        "model_parameters": None,
    }
    rows.insert(5, span | {"usage_details": {}, "input": {"gauge": 14}, "output": {"level": 212}})
    lines(folder / "observations_v2.jsonl", rows)


def helicone(folder: Path) -> None:
    """Rows of the request query API, as its export tool writes them: OpenAI and Anthropic bodies, two errors."""
    rows = []
    for number, scene in enumerate(SCENES, start=1):
        if scene.cut_after:
            continue
        anthropic = scene.name in {"reasons", "several_turns", "rare_script"}
        created = int(at(number).timestamp())
        if anthropic:
            body: dict[str, Any] = {"model": "claude-haiku-4-5", "max_tokens": 2000, "messages": turns(scene)}
            body |= {"thinking": {"type": "enabled", "budget_tokens": 1024}} if scene.reasoning else {}
            body |= {"system": scene.system} if scene.system else {}
            reply = AnthropicMessages(body, scene, number, created).whole()
            used = (reply["usage"]["input_tokens"], reply["usage"]["output_tokens"])
        else:
            body = chat_body(scene)
            reply = OpenAIChat(body, scene, number, created).whole()
            used = (reply["usage"]["prompt_tokens"], reply["usage"]["completion_tokens"])
        failed = scene.status != 200
        if failed:
            reply = fault("openai_chat", scene.status, "")
        rows.append(
            {
                "response_id": guid("heliconeresponse", number),
                "response_created_at": iso(at(number) + timedelta(milliseconds=1800)),
                "response_body": reply,
                "response_status": scene.status,
                "response_model": None if failed else reply["model"],
                "request_id": guid("helicone", number),
                "request_created_at": iso(at(number)),
                "request_body": body,
                "request_path": "https://api.anthropic.com/v1/messages"
                if anthropic
                else "https://api.openai.com/v1/chat/completions",
                "request_user_id": scene.user,
                "request_properties": {
                    "Environment": "production",
                    **({"Helicone-Session-Id": "session-88"} if scene.before else {}),
                },
                "request_model": body["model"],
                "model_override": None,
                "helicone_user": None,
                "provider": "ANTHROPIC" if anthropic else "OPENAI",
                "delay_ms": 1800,
                "time_to_first_token": None,
                "total_tokens": None if failed else sum(used),
                "prompt_tokens": None if failed else used[0],
                "prompt_cache_write_tokens": None if failed else 0,
                "prompt_cache_read_tokens": None if failed else scene.cached,
                "completion_tokens": None if failed else used[1],
                "prompt_id": None,
                "llmSchema": None,
                "country_code": None,
                "asset_ids": None,
                "asset_urls": None,
                "scores": None,
                "cost": 0.0001,
                "properties": {"Environment": "production"},
                "assets": [],
                "target_url": "https://api.anthropic.com" if anthropic else "https://api.openai.com",
                "model": body["model"],
            }
        )
    lines(folder / "requests.jsonl", rows)
