"""Samples of clouds' and gateways' logs: Bedrock, Azure API Management, Envoy AI Gateway."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from documented_bodies import TOOL, at, chat_body, guid, iso, lines, turns
from mock_anthropic import AnthropicMessages
from mock_openai import OpenAIChat
from mock_pieces import made_up, text_of
from scenes import CALLERS, SCENES, Scene, count_tokens

__all__ = ["azure_apim_llm", "bedrock_invocation", "envoy_aigw"]


def converse(scene: Scene) -> tuple[dict[str, Any], dict[str, Any] | None, int, int]:
    """Converse request and response bodies with their token counts."""
    said: list[dict[str, Any]] = [
        {"role": t["role"], "content": [{"text": text_of(t["content"])}]} for t in turns(scene)
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
