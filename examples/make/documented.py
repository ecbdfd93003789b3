"""Write the samples of services that cannot be run here: `python documented.py EXAMPLES_FOLDER`. Standard library only.

Envelopes follow the documentation named in each folder's README; the bodies inside are those of the mock server.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mock_server
from mock_server import AnthropicMessages, OpenAIChat, OpenAIResponses, made_up
from scenes import CALLERS, SCENES, Scene, count_tokens

START = datetime(2026, 10, 6, 9, 0, 0, tzinfo=UTC)
TOOL = {
    "name": "read_gauge",
    "description": "Read a water gauge.",
    "parameters": {"type": "object", "properties": {"gauge": {"type": "integer"}}},
}


def at(number: int) -> datetime:
    """Time of the exchange `number`."""
    return START + timedelta(seconds=53 * number, milliseconds=(number * 317) % 1000)


def iso(moment: datetime, digits: int = 3) -> str:
    """ISO 8601 in UTC."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return (text[:-6] + text[-6 : -6 + digits] if digits else text[:-7]) + "Z"


def guid(kind: str, number: int) -> str:
    """A numbered UUID."""
    return str(uuid.UUID(made_up(kind, number, 32)))


def lines(path: Path, records: Iterable[Any]) -> None:
    """Write JSON lines."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def turns(scene: Scene) -> list[dict[str, Any]]:
    """The scene without its system text."""
    content: Any = scene.ask
    if scene.image:
        content = [{"type": "text", "text": scene.ask}, {"type": "image_url", "image_url": {"url": scene.image}}]
    return [*({"role": r, "content": t} for r, t in scene.before), {"role": "user", "content": content}]


def chat_body(scene: Scene) -> dict[str, Any]:
    """The scene as a chat-completions request."""
    system = [{"role": "system", "content": scene.system}] if scene.system else []
    body: dict[str, Any] = {
        "model": "o4-mini" if scene.reasoning else "gpt-4.1-mini",
        "messages": [*system, *turns(scene)],
        **scene.settings,
    }
    if scene.reasoning:
        body["max_completion_tokens"] = body.pop("max_tokens")
    if scene.tool:
        body["tools"] = [{"type": "function", "function": TOOL}]
    return body


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
            reply = mock_server.fault("openai_chat", scene.status, "")
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


def converse(scene: Scene) -> tuple[dict[str, Any], dict[str, Any] | None, int, int]:
    """Converse request and response bodies with their token counts."""
    said: list[dict[str, Any]] = [
        {"role": t["role"], "content": [{"text": mock_server.text_of(t["content"])}]} for t in turns(scene)
    ]
    body: dict[str, Any] = {"messages": said}
    if scene.system:
        body["system"] = [{"text": scene.system}]
    names = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP"}
    if given := {names[k]: v for k, v in scene.settings.items()}:
        body["inferenceConfig"] = given
    if scene.tool:
        schema = {"json": TOOL["parameters"]}
        body["toolConfig"] = {
            "tools": [{"toolSpec": {"name": "read_gauge", "description": "Read a water gauge.", "inputSchema": schema}}]
        }
    content: list[dict[str, Any]] = []
    if scene.reasoning:
        content.append(
            {
                "reasoningContent": {
                    "reasoningText": {
                        "text": scene.reasoning,
                        "signature": "EqMBCkYI" + made_up("bedrocksig", len(scene.ask), 64),
                    }
                }
            }
        )
    stop = "end_turn"
    if scene.tool:
        content.append(
            {
                "toolUse": {
                    "toolUseId": "tooluse_" + made_up("tooluse", 1, 22),
                    "name": scene.tool[0],
                    "input": scene.tool[1],
                }
            }
        )
        stop = "tool_use"
    elif scene.refuses:
        content.append({"text": "Sorry, this request is blocked."})
        stop = "guardrail_intervened"
    else:
        content.append({"text": scene.answer})
        stop = "max_tokens" if scene.name == "short_limit" else "end_turn"
    reads = count_tokens(scene.system or "") + sum(count_tokens(m["content"][0]["text"]) + 4 for m in said)
    writes = (
        count_tokens(scene.answer)
        + count_tokens(scene.reasoning or "")
        + 12 * bool(scene.tool)
        + 8 * bool(scene.refuses)
    )
    usage = {"inputTokens": reads, "outputTokens": writes, "totalTokens": reads + writes + scene.cached}
    usage |= {"cacheReadInputTokens": scene.cached, "cacheWriteInputTokens": 0}
    out = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "metrics": {"latencyMs": 1420},
        "usage": usage,
    }
    return body, out, reads, writes


def bedrock_invocation(folder: Path) -> None:
    """Invocation records: Converse, ConverseStream, Claude InvokeModel plain and as stream chunks, two errors, one body elsewhere."""
    rows = []
    for number, scene in enumerate(SCENES, start=1):
        who = CALLERS[scene.caller]
        model = "anthropic.claude-haiku-4-5-20251001-v1:0"
        stream = scene.stream
        native = scene.name in {"code", "reasons_stream", "refusal", "image", "chinese", "extraction"}
        if native:
            body: dict[str, Any] = {
                "anthropic_version": "bedrock-2023-05-31",
                "max_tokens": 800,
                "messages": turns(scene),
            }
            body |= {"system": scene.system} if scene.system else {}
            body |= {"thinking": {"type": "enabled", "budget_tokens": 1024}} if scene.reasoning else {}
            body |= {k: v for k, v in scene.settings.items() if k in {"temperature", "top_p"} and not scene.reasoning}
            if scene.image:
                source = {"type": "url", "url": scene.image}
                body["messages"] = [
                    {
                        "role": "user",
                        "content": [{"type": "image", "source": source}, {"type": "text", "text": scene.ask}],
                    }
                ]
            reply = AnthropicMessages(body | {"model": "claude-haiku-4-5-20251001"}, scene, number, 0)
            out: Any = reply.whole()
            if stream:
                out = [json.loads(p.split("data: ", 1)[1]) for p in reply.pieces()]
                metrics = {
                    "inputTokenCount": reply.usage["input_tokens"],
                    "outputTokenCount": reply.usage["output_tokens"],
                }
                out[-1]["amazon-bedrock-invocationMetrics"] = metrics | {
                    "invocationLatency": 1630,
                    "firstByteLatency": 410,
                }
            reads, writes = reply.usage["input_tokens"], reply.usage["output_tokens"]
            operation = "InvokeModelWithResponseStream" if stream else "InvokeModel"
        else:
            body, out, reads, writes = converse(scene)
            operation = "ConverseStream" if stream else "Converse"
        record: dict[str, Any] = {
            "schemaType": "ModelInvocationLog",
            "schemaVersion": "1.0",
            "timestamp": iso(at(number), 0),
            "accountId": {
                "anchor": "111122223333",
                "birch": "222233334444",
                "cedar": "333344445555",
                "delta": "444455556666",
            }[who.name],
            "identity": {"arn": f"arn:aws:sts::111122223333:assumed-role/app/{who.name}"},
            "region": "eu-west-1",
            "requestId": guid("bedrock", number),
            "operation": operation,
            "modelId": f"arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.{model}"
            if number % 5 == 0
            else model,
        }
        given: dict[str, Any] = {
            "inputContentType": "application/json",
            "inputBodyJson": body,
            "inputTokenCount": reads,
        }
        given |= {"cacheReadInputTokenCount": scene.cached, "cacheWriteInputTokenCount": 0}
        if scene.status != 200:
            record["errorCode"] = "ThrottlingException" if scene.status == 429 else "InternalServerException"
            record["input"] = {"inputContentType": "application/json", "inputBodyJson": body}
            record["output"] = {"outputContentType": "application/json", "outputBodyJson": {}}
        else:
            record["input"] = given
            record["output"] = {
                "outputContentType": "application/json",
                "outputBodyJson": out,
                "outputTokenCount": writes,
            }
        if scene.name == "short_limit":
            record["input"].pop("inputBodyJson")
            record["input"]["inputBodyS3Path"] = f"s3://made-up-bucket/data/{record['requestId']}_input.json.gz"
        if scene.before:
            record["requestMetadata"] = {"session": "session-88", "team": who.name}
        if number % 5 == 0:
            record["inferenceRegion"] = "eu-central-1"
        rows.append(record)
    lines(folder / "invocations.jsonl", rows)


def azure_apim_llm(folder: Path) -> None:
    """Rows of ApiManagementGatewayLlmLog in pieces, and the gateway log to which CorrelationId leads."""
    pieces, gateway = [], []
    for number, scene in enumerate(SCENES, start=1):
        if scene.cut_after:
            continue
        who = CALLERS[scene.caller]
        correlation = guid("apim", number)
        body = chat_body(scene)
        reply = OpenAIChat(body, scene, number, 0)
        resource = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/made-up"
        resource += "/providers/Microsoft.ApiManagement/service/made-up"
        frame: dict[str, Any] = {
            "TenantId": "00000000-0000-0000-0000-000000000000",
            "TimeGenerated": iso(at(number) + timedelta(seconds=2), 6)
            if number % 2
            else iso(at(number) + timedelta(seconds=2)),
            "CorrelationId": correlation,
            "OperationName": "Microsoft.ApiManagement/GatewayLlmLogs",
            "Region": "West Europe",
            "ApiId": "openai",
            "OperationId": "ChatCompletions_Create",
            "IsStreamCompletion": scene.stream,
            "RequestId": None,
            "DeploymentName": "",
            "ModelName": "",
            "PromptTokens": None,
            "CompletionTokens": None,
            "TotalTokens": None,
            "RequestMessages": None,
            "ResponseMessages": None,
            "SourceSystem": "Azure",
            "Type": "ApiManagementGatewayLlmLog",
            "_ResourceId": resource,
        }
        ok = scene.status == 200
        if ok:
            counts = {
                "PromptTokens": reply.usage["prompt_tokens"],
                "CompletionTokens": reply.usage["completion_tokens"],
            }
            head = {
                "SequenceNumber": 0,
                "DeploymentName": body["model"],
                "ModelName": reply.model,
                "RequestId": reply.id,
                **counts,
            }
            group = [frame | head | {"TotalTokens": reply.usage["total_tokens"]}]
            asked = json.dumps(body["messages"], ensure_ascii=False)
            answered = json.dumps([c["message"] for c in reply.whole()["choices"]], ensure_ascii=False)
            if scene.name in {"several_turns", "code"}:
                cut = len(asked) // 3
                parts = [
                    ("RequestMessages", asked[:cut]),
                    ("RequestMessages", asked[cut : 2 * cut]),
                    ("RequestMessages", asked[2 * cut :]),
                ]
                parts += [("ResponseMessages", answered[:50]), ("ResponseMessages", answered[50:])]
            else:
                parts = [("RequestMessages", json.loads(asked)), ("ResponseMessages", json.loads(answered))]
            group += [frame | {"SequenceNumber": i, column: part} for i, (column, part) in enumerate(parts, start=1)]
            pieces += group[::-1] if number % 2 else group
        else:
            pieces.append(frame | {"SequenceNumber": 0, "DeploymentName": body["model"]})
        gateway.append(
            {
                "TimeGenerated": iso(at(number), 6),
                "CorrelationId": correlation,
                "OperationName": "Microsoft.ApiManagement/GatewayLogs",
                "Method": "POST",
                "Url": f"https://made-up.azure-api.example/openai/deployments/{body['model']}/chat/completions?api-version=2024-10-21",
                "ApimSubscriptionId": f"sub-{who.name}",
                "ProductId": "unlimited",
                "ApiId": "openai",
                "OperationId": "ChatCompletions_Create",
                "CallerIpAddress": who.ip,
                "ResponseCode": scene.status,
                "BackendResponseCode": scene.status,
                "IsRequestSuccess": ok,
                "TotalTime": 2000,
                "BackendTime": 1900,
                "RequestHeaders": {"User-Agent": who.user_agent} if who.user_agent else None,
                "LastErrorReason": None if ok else "BackendError",
                "Type": "ApiManagementGatewayLogs",
                "_ResourceId": resource,
            }
        )
    lines(folder / "llm_log.jsonl", pieces)
    lines(folder / "gateway_logs.jsonl", gateway)


def envoy_aigw(folder: Path) -> None:
    """Access-log lines: numbers and times, no text; absent values are null."""
    rows = []
    for number, scene in enumerate(SCENES, start=1):
        who = CALLERS[scene.caller]
        body = chat_body(scene)
        reply = OpenAIChat(body, scene, number, 0)
        ok = scene.status == 200
        rows.append(
            {
                "start_time": iso(at(number)),
                "method": "POST",
                "x-envoy-origin-path": "/v1/chat/completions",
                "response_code": 0 if scene.cut_after else scene.status,
                "response_flags": "DC" if scene.cut_after else "-",
                "duration": 1800 + number,
                "bytes_received": len(json.dumps(body)),
                "bytes_sent": 900 + number,
                "user-agent": who.user_agent or "OpenAI/Python 3.54.0",
                "x-request-id": guid("envoy", number),
                "x-forwarded-for": who.ip + (", 10.0.0.7" if number % 4 == 0 else ""),
                "x-envoy-upstream-service-time": str(1700 + number) if ok else None,
                "upstream_host": "192.0.2.10:443",
                "upstream_cluster": "httproute/default/made-up/rule/0",
                "upstream_local_address": "10.0.0.7:51020",
                "upstream_transport_failure_reason": None,
                "downstream_remote_address": f"[{who.ip}]:51022" if ":" in who.ip else f"{who.ip}:51022",
                "downstream_local_address": "10.0.0.7:8080",
                "connection_termination_details": None,
                "gen_ai.request.model": body["model"],
                "gen_ai.response.model": reply.model if ok else None,
                "gen_ai.provider.name": "default/openai/route/made-up/rule/0/ref/0",
                "gen_ai.usage.input_tokens": reply.usage["prompt_tokens"] if ok and not scene.cut_after else None,
                "gen_ai.usage.output_tokens": reply.usage["completion_tokens"] if ok and not scene.cut_after else None,
                "session.id": "session-88" if scene.before else None,
            }
        )
    lines(folder / "access.log", rows)


def main() -> None:
    """Write every documented format."""
    target = Path(sys.argv[1])
    for make in (openai_batch, openai_stored, langfuse, helicone, bedrock_invocation, azure_apim_llm, envoy_aigw):
        mock_server.SALT[0] = make.__name__
        (target / make.__name__).mkdir(exist_ok=True)
        make(target / make.__name__)


if __name__ == "__main__":
    main()
