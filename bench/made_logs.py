"""The made-up traffic as gateways, tracers and tables log it, and the writing of a log in any format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from made_captures import (
    START,
    World,
    anthropic_messages,
    chat_request,
    chat_response,
    gemini_generate,
    har,
    iso,
    openai_chat,
    openai_chat_stream,
    openai_responses,
)


def litellm_spendlogs(w: World, i: int) -> dict[str, Any]:
    """SpendLogs row."""
    return {
        "request_id": f"chatcmpl-{i:020d}",
        "call_type": "acompletion",
        "api_key": "ab" * 32,
        "spend": 0.001,
        "total_tokens": 480,
        "prompt_tokens": 250,
        "completion_tokens": 230,
        "startTime": iso(i),
        "endTime": iso(i + 4),
        "model": "openai/gpt-4.1-mini",
        "user": w.account(i),
        "team_id": "team-1",
        "organization_id": f"org-{i % 40}",
        "end_user": "",
        "requester_ip_address": w.ip(i),
        "metadata": {"user_api_key_alias": "x", "usage_object": {"prompt_tokens": 250}},
        "messages": {},
        "response": chat_response(w, i),
        "proxy_server_request": chat_request(w, i),
        "request_tags": ["User-Agent: OpenAI", f"User-Agent: {w.agent(i)}"],
        "session_id": f"s-{i // 3}",
        "status": "success",
    }


def litellm_standard(w: World, i: int) -> dict[str, Any]:
    """StandardLoggingPayload."""
    request = chat_request(w, i)
    return {
        "id": f"chatcmpl-{i:020d}",
        "trace_id": f"s-{i // 3}",
        "call_type": "acompletion",
        "stream": False,
        "status": "success",
        "startTime": START + i / 4,
        "endTime": START + i / 4 + 1,
        "model": "gpt-4.1-mini",
        "response_cost": 0.001,
        "hidden_params": {},
        "metadata": {
            "user_api_key_hash": "ab" * 32,
            "user_api_key_user_id": w.account(i),
            "user_api_key_org_id": f"org-{i % 40}",
        },
        "prompt_tokens": 250,
        "completion_tokens": 230,
        "requester_ip_address": w.ip(i),
        "messages": request.pop("messages"),
        "response": chat_response(w, i),
        "model_parameters": request,
    }


def _attributes(found: dict[str, Any]) -> list[dict[str, Any]]:
    def typed(value: Any) -> dict[str, Any]:
        if isinstance(value, list):
            return {"arrayValue": {"values": [typed(element) for element in value]}}
        if isinstance(value, str):
            return {"stringValue": value}
        return {"intValue": str(value)} if isinstance(value, int) else {"doubleValue": value}

    return [{"key": key, "value": typed(value)} for key, value in found.items()]


def _span(i: int, found: dict[str, Any]) -> dict[str, Any]:
    start = (START * 4 + i) * 250_000_000
    return {
        "traceId": f"{i:032x}",
        "spanId": f"{i:016x}",
        "name": "chat",
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 10**9),
        "attributes": _attributes(found),
        "status": {},
    }


def _export(spans: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": "x"})},
                "scopeSpans": [{"scope": {}, "spans": spans}],
            }
        ]
    }


def otel_genai(w: World, i: int) -> dict[str, Any]:
    """OTLP export of one span."""
    asked = json.dumps([{"role": "user", "parts": [{"type": "text", "content": w.prompt(i)}]}])
    answered = json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": w.answer(i)}], "finish_reason": "stop"}]
    )
    return _export(
        [
            _span(
                i,
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4.1-mini",
                    "user.id": w.account(i),
                    "client.address": w.ip(i),
                    "user_agent.original": w.agent(i),
                    "gen_ai.request.temperature": 0.7,
                    "gen_ai.request.max_tokens": 500,
                    "gen_ai.response.id": f"chatcmpl-{i:020d}",
                    "gen_ai.response.finish_reasons": ["stop"],
                    "gen_ai.usage.input_tokens": 250,
                    "gen_ai.usage.output_tokens": 230,
                    "gen_ai.input.messages": asked,
                    "gen_ai.output.messages": answered,
                },
            )
        ]
    )


def openinference(w: World, i: int) -> dict[str, Any]:
    """OTLP export of one span in OpenInference's attributes."""
    return _export(
        [
            _span(
                i,
                {
                    "openinference.span.kind": "LLM",
                    "user.id": w.account(i),
                    "session.id": f"s-{i // 3}",
                    "llm.model_name": "gpt-4.1-mini",
                    "input.value": json.dumps(chat_request(w, i)),
                    "input.mime_type": "application/json",
                    "output.value": json.dumps(chat_response(w, i)),
                    "output.mime_type": "application/json",
                    "llm.invocation_parameters": json.dumps({"model": "gpt-4.1-mini", "temperature": 0.7}),
                    "llm.input_messages.0.message.role": "user",
                    "llm.input_messages.0.message.content": w.prompt(i),
                    "llm.output_messages.0.message.role": "assistant",
                    "llm.output_messages.0.message.content": w.answer(i),
                    "llm.token_count.prompt": 250,
                    "llm.token_count.completion": 230,
                },
            )
        ]
    )


def openai_stored(w: World, i: int) -> dict[str, Any]:
    """Stored completion with its messages."""
    return {
        **chat_response(w, i),
        "input_user": w.account(i),
        "temperature": 0.7,
        "messages": chat_request(w, i)["messages"],
    }


def langfuse(w: World, i: int) -> dict[str, Any]:
    """Exported observation."""
    request = chat_request(w, i)
    return {
        "id": f"obs-{i:020d}",
        "trace_id": f"t-{i}",
        "type": "GENERATION",
        "start_time": iso(i),
        "end_time": iso(i + 4),
        "provided_model_name": "gpt-4.1-mini",
        "model_parameters": json.dumps({"temperature": 0.7}),
        "input": json.dumps(request["messages"]),
        "output": json.dumps({"role": "assistant", "content": w.answer(i)}),
        "usage_details": {"input": 250, "output": 230},
        "user_id": w.account(i),
        "session_id": f"s-{i // 3}",
        "metadata": {},
        "level": "DEFAULT",
    }


def helicone(w: World, i: int) -> dict[str, Any]:
    """Helicone request."""
    return {
        "request_id": f"h-{i:020d}",
        "request_created_at": iso(i),
        "response_created_at": iso(i + 4),
        "response_status": 200,
        "request_user_id": w.account(i),
        "request_properties": {"Helicone-Session-Id": f"s-{i // 3}"},
        "request_body": chat_request(w, i),
        "response_body": chat_response(w, i),
        "request_model": "gpt-4.1-mini",
        "prompt_tokens": 250,
        "completion_tokens": 230,
    }


def bedrock_invocation(w: World, i: int) -> dict[str, Any]:
    """Converse record."""
    request = {
        "messages": [{"role": "user", "content": [{"text": w.prompt(i)}]}],
        "inferenceConfig": {"temperature": 0.5},
    }
    response = {
        "output": {"message": {"role": "assistant", "content": [{"text": w.answer(i)}]}},
        "stopReason": "end_turn",
    }
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": iso(i),
        "accountId": w.account(i),
        "requestId": f"b-{i:020d}",
        "operation": "Converse",
        "modelId": "anthropic.claude-3",
        "identity": {"arn": f"arn:aws:iam::{w.account(i)}:user/x"},
        "input": {"inputBodyJson": request, "inputTokenCount": 250},
        "output": {"outputBodyJson": response, "outputTokenCount": 230},
    }


def azure_apim_llm(w: World, i: int) -> dict[str, Any]:
    """One LLM row (the gateway rows lie in a second file)."""
    return {
        "TimeGenerated": iso(i),
        "CorrelationId": f"c-{i:020d}",
        "RequestId": f"c-{i:020d}",
        "SequenceNumber": 0,
        "ModelName": "gpt-4.1",
        "DeploymentName": "d",
        "PromptTokens": 250,
        "CompletionTokens": 230,
        "RequestMessages": chat_request(w, i)["messages"],
        "ResponseMessages": [{"role": "assistant", "content": w.answer(i)}],
    }


def envoy_aigw(w: World, i: int) -> dict[str, Any]:
    """Access log line."""
    return {
        "start_time": iso(i),
        "method": "POST",
        "x-envoy-origin-path": "/v1/chat/completions",
        "response_code": 200,
        "duration": 900,
        "x-forwarded-for": w.ip(i),
        "user-agent": w.agent(i),
        "x-request-id": f"e-{i:020d}",
        "x-account-id": w.account(i),
        "gen_ai.request.model": "gpt-4.1-mini",
        "gen_ai.usage.input_tokens": 250,
        "gen_ai.usage.output_tokens": 230,
    }


def columns(w: World, i: int) -> dict[str, Any]:
    """Plain JSON line in our own names."""
    return {
        "at": iso(i),
        "account": w.account(i),
        "ip": w.ip(i),
        "user_agent": w.agent(i),
        "model": "gpt-4.1-mini",
        "prompt": w.prompt(i),
        "output": w.answer(i),
        "input_tokens": 250,
        "output_tokens": 230,
        "http_status": 200,
        "temperature": 0.7,
        "request": f"r-{i:020d}",
        "conversation": f"s-{i // 3}",
    }


JSON_FORMATS: dict[str, Callable[[World, int], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        openai_chat,
        openai_chat_stream,
        openai_responses,
        anthropic_messages,
        gemini_generate,
        har,
        litellm_spendlogs,
        litellm_standard,
        otel_genai,
        openinference,
        openai_stored,
        langfuse,
        helicone,
        bedrock_invocation,
        azure_apim_llm,
        envoy_aigw,
        columns,
    )
}


def write(name: str, folder: Path, w: World) -> None:
    """Write the input of one format."""
    if name in ("parquet", "csv"):
        rows = [columns(w, i) for i in range(w.rows)]
        data = pa.Table.from_pylist(rows)
        if name == "csv":
            import pyarrow.csv

            pyarrow.csv.write_csv(data, folder / "log.csv")
        else:
            at = pa.array([(START * 4 + i) * 250_000 for i in range(w.rows)], pa.timestamp("us", tz="UTC"))
            data = data.set_column(0, "at", at)
            pq.write_table(data, folder / "log.parquet", row_group_size=50_000, compression="zstd")
        return
    if name == "openai_batch":
        with (folder / "day_input.jsonl").open("w") as asked, (folder / "day_output.jsonl").open("w") as answered:
            for i in range(w.rows):
                asked.write(
                    json.dumps(
                        {
                            "custom_id": f"r-{i}",
                            "method": "POST",
                            "url": "/v1/chat/completions",
                            "body": chat_request(w, i),
                        }
                    )
                    + "\n"
                )
                response = {"status_code": 200, "request_id": f"req-{i}", "body": chat_response(w, i)}
                answered.write(
                    json.dumps({"id": f"batch_req_{i}", "custom_id": f"r-{i}", "response": response, "error": None})
                    + "\n"
                )
        return
    make = JSON_FORMATS[name]
    with (folder / "log.jsonl").open("w") as file:
        for i in range(w.rows):
            file.write(json.dumps(make(w, i)) + "\n")
