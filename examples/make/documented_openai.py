"""Samples of OpenAI's batch files and stored completions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from documented_bodies import START, at, chat_body, lines
from mock_openai import OpenAIChat, OpenAIResponses
from mock_pieces import made_up
from scenes import CALLERS, SCENES

__all__ = ["openai_batch", "openai_stored"]


def openai_batch(folder: Path) -> None:
    """Input, output and error file of one batch, and the batch object that names them."""
    inputs, outputs, errors = [], [], []
    for number, scene in enumerate(SCENES, start=1):
        custom_id = f"row-{number:03d}"
        body = chat_body(scene)
        inputs.append({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body})
        reply = OpenAIChat(body, scene, number, int(at(number).timestamp())).whole()
        frame = {"id": "batch_req_" + made_up("batchreq", number), "custom_id": custom_id}
        request_id = made_up("batchrequest", number, 32)
        if scene.status == 429:
            late = {
                "code": "batch_expired",
                "message": "This request could not be executed before the completion window expired.",
            }
            errors.append(frame | {"response": None, "error": late})
        elif scene.status == 500:
            fault = {
                "error": {
                    "message": "Invalid value: 'harbour'.",
                    "type": "invalid_request_error",
                    "param": "model",
                    "code": "invalid_value",
                }
            }
            errors.append(
                frame | {"response": {"status_code": 400, "request_id": request_id, "body": fault}, "error": None}
            )
        else:
            outputs.append(
                frame | {"response": {"status_code": 200, "request_id": request_id, "body": reply}, "error": None}
            )
    outputs = outputs[5:] + outputs[:5]
    lines(folder / "input.jsonl", inputs)
    lines(folder / "output.jsonl", outputs)
    lines(folder / "errors.jsonl", errors)
    inputs, outputs = [], []
    for number, scene in enumerate(
        (s for s in SCENES if s.status == 200 and not s.before and not s.image and not s.tool), start=41
    ):
        asked: dict[str, Any] = {"model": "gpt-5", "input": scene.ask, "max_output_tokens": 900}
        asked |= {"instructions": scene.system} if scene.system else {}
        asked |= (
            {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
            if scene.reasoning
            else {}
        )
        answer = OpenAIResponses(asked, scene, number, int(at(number).timestamp())).whole()
        inputs.append({"custom_id": f"resp-{number}", "method": "POST", "url": "/v1/responses", "body": asked})
        response = {"status_code": 200, "request_id": made_up("batchrequest", number, 32), "body": answer}
        outputs.append(
            {
                "id": "batch_req_" + made_up("batchreq", number),
                "custom_id": f"resp-{number}",
                "response": response,
                "error": None,
            }
        )
    lines(folder / "responses-input.jsonl", inputs)
    lines(folder / "responses-output.jsonl", outputs)
    batch = {
        "id": "batch_" + made_up("batch", 1, 32),
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": None,
        "input_file_id": "file-" + made_up("file", 1, 22),
        "completion_window": "24h",
        "status": "completed",
        "output_file_id": "file-" + made_up("file", 2, 22),
        "error_file_id": "file-" + made_up("file", 3, 22),
        "created_at": int(START.timestamp()),
        "in_progress_at": int(START.timestamp()) + 20,
        "expires_at": int(START.timestamp()) + 86400,
        "finalizing_at": int(START.timestamp()) + 3600,
        "completed_at": int(START.timestamp()) + 3660,
        "request_counts": {"total": len(inputs), "completed": len(outputs), "failed": len(errors)},
        "metadata": {"job": "nightly-grading"},
    }
    (folder / "batch.json").write_text(json.dumps(batch, indent=2) + "\n", encoding="utf-8")


def openai_stored(folder: Path) -> None:
    """Two pages of stored chat completions."""
    rows = []
    for number, scene in enumerate((s for s in SCENES if s.status == 200 and not s.cut_after), start=1):
        body = chat_body(scene)
        reply = OpenAIChat(body, scene, number, int(at(number).timestamp())).whole()
        first = {"object": "chat.completion", "id": reply["id"], "model": reply["model"], "created": reply["created"]}
        rows.append(
            first
            | {
                "request_id": "req_" + made_up("stored", number, 32),
                "tool_choice": None,
                "usage": reply["usage"],
                "seed": 4944116822809979520 + number,
                "top_p": body.get("top_p", 1.0),
                "temperature": body.get("temperature", 1.0),
                "presence_penalty": 0.0,
                "frequency_penalty": 0.0,
                "system_fingerprint": reply["system_fingerprint"],
                "input_user": scene.user,
                "service_tier": "default",
                "tools": body.get("tools"),
                "metadata": {"team": CALLERS[scene.caller].name},
                "choices": [
                    {k: v for k, v in c.items() if k != "logprobs"} | {"logprobs": None} for c in reply["choices"]
                ],
                "response_format": None,
            }
        )
    folder.mkdir(exist_ok=True)
    for page, (low, high) in enumerate(((0, 8), (8, len(rows))), start=1):
        part = rows[low:high]
        frame = {
            "object": "list",
            "data": part,
            "first_id": part[0]["id"],
            "last_id": part[-1]["id"],
            "has_more": high < len(rows),
        }
        (folder / f"page-{page}.json").write_text(
            json.dumps(frame, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
