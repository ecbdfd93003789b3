"""How fast logs are read: rows per CPU second and per second with two processes, for every format, on made-up traffic of 1 KB prompts.

    python bench/ingest.py [--rows N] [--format NAME ...] [--processes N] [--json FILE] [--profile]

Inputs are generated in a temporary folder with a fixed seed. Times on a shared machine are noisy: CPU seconds are the figure to trust.
"""

from __future__ import annotations

import argparse
import base64
import cProfile
import json
import multiprocessing
import pstats
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.ingest import Chunk, ReadOptions, plan, read_chunk

KEY = b"benchmark key, not a secret one!"
START = 1_760_000_000
WORDS = """
the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she
there would their we him been has when who will no more if out so up said what its about than into them can only other time new
""".split()  # noqa: SIM905 - a list of sixty words would be a page


class World:
    """Prompts of about 1 KB, answers of about 1 KB, accounts of unequal activity."""

    def __init__(self, rows: int) -> None:
        self.rng = np.random.default_rng(7)
        self.rows = rows
        self.accounts = max(2, rows // 50)
        self.texts = [" ".join(self.rng.choice(WORDS, 205)) for _ in range(2000)]

    def prompt(self, i: int) -> str:
        """Prompt of row `i`: 1 KB, unique."""
        return f"{i} {self.texts[i * 7 % 2000]}"

    def answer(self, i: int) -> str:
        """Answer of row `i`."""
        return self.texts[(i * 13 + 5) % 2000]

    def account(self, i: int) -> str:
        """Account of row `i`."""
        return f"acct-{(i * i) % self.accounts:06d}"

    def ip(self, i: int) -> str:
        """Address of row `i`."""
        a = (i * i) % self.accounts
        return f"203.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}"

    def agent(self, i: int) -> str:
        """User agent of row `i`."""
        return f"OpenAI/Python 1.{(i * i) % 40}.0"


def iso(i: int) -> str:
    """Time of row `i` as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + i // 4)) + f".{i % 1000:03d}Z"


def chat_request(w: World, i: int) -> dict[str, Any]:
    """A chat-completions request."""
    messages = [{"role": "system", "content": "You are helpful."}, {"role": "user", "content": w.prompt(i)}]
    return {"model": "gpt-4.1-mini", "messages": messages, "temperature": 0.7, "max_tokens": 500, "user": f"u-{i % 97}"}


def chat_response(w: World, i: int) -> dict[str, Any]:
    """A chat-completions response."""
    message = {"role": "assistant", "content": w.answer(i), "refusal": None}
    usage = {
        "prompt_tokens": 250,
        "completion_tokens": 230,
        "total_tokens": 480,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": f"chatcmpl-{i:020d}",
        "object": "chat.completion",
        "created": START + i // 4,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": usage,
    }


def envelope(w: World, i: int, path: str, request: Any, response: Any) -> dict[str, Any]:
    """A capture."""
    headers = {
        "authorization": f"Bearer sk-...{w.account(i)[-6:]}",
        "content-type": "application/json",
        "user-agent": w.agent(i),
    }
    return {
        "started_at": iso(i),
        "ended_at": iso(i + 4),
        "client": {"ip": w.ip(i), "user_agent": w.agent(i)},
        "request": {"method": "POST", "path": path, "headers": headers, "body": request},
        "response": {"status": 200, "headers": {"x-request-id": f"req_{i}"}, "body": response},
    }


def openai_chat(w: World, i: int) -> dict[str, Any]:
    """Capture, plain."""
    return envelope(w, i, "/v1/chat/completions", chat_request(w, i), chat_response(w, i))


def openai_chat_stream(w: World, i: int) -> dict[str, Any]:
    """Capture of a stream of 40 events."""
    text = w.answer(i)
    step = len(text) // 40 + 1
    events = [
        {
            "id": f"chatcmpl-{i:020d}",
            "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "delta": {"content": text[k : k + step]}}],
        }
        for k in range(0, len(text), step)
    ]
    events.append({"id": f"chatcmpl-{i:020d}", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    sse = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    return envelope(w, i, "/v1/chat/completions", {**chat_request(w, i), "stream": True}, sse)


def openai_responses(w: World, i: int) -> dict[str, Any]:
    """Responses capture."""
    request = {
        "model": "o4-mini",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": w.prompt(i)}],
        "max_output_tokens": 900,
    }
    output = [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Thought."}],
            "encrypted_content": f"gAAAA{i}" * 9,
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": w.answer(i)}]},
    ]
    usage = {"input_tokens": 250, "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 64}}
    return envelope(
        w,
        i,
        "/v1/responses",
        request,
        {"id": f"resp_{i:020d}", "object": "response", "status": "completed", "output": output, "usage": usage},
    )


def anthropic_messages(w: World, i: int) -> dict[str, Any]:
    """Messages capture."""
    request = {
        "model": "claude-sonnet-4",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": w.prompt(i)}],
        "max_tokens": 900,
    }
    content = [
        {"type": "thinking", "thinking": "Thought.", "signature": f"EqQB{i}" * 9},
        {"type": "text", "text": w.answer(i)},
    ]
    usage = {"input_tokens": 250, "output_tokens": 300, "cache_read_input_tokens": 0}
    return envelope(
        w,
        i,
        "/v1/messages",
        request,
        {"id": f"msg_{i:020d}", "type": "message", "content": content, "stop_reason": "end_turn", "usage": usage},
    )


def gemini_generate(w: World, i: int) -> dict[str, Any]:
    """generateContent capture."""
    request = {
        "contents": [{"role": "user", "parts": [{"text": w.prompt(i)}]}],
        "generationConfig": {"temperature": 0.3},
    }
    candidate = {
        "content": {"role": "model", "parts": [{"text": w.answer(i), "thoughtSignature": f"CiQB{i}" * 9}]},
        "finishReason": "STOP",
    }
    response = {
        "responseId": f"r{i:020d}",
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 250, "candidatesTokenCount": 230},
    }
    return envelope(w, i, "/v1beta/models/gemini-2.5-pro:generateContent", request, response)


def har(w: World, i: int) -> dict[str, Any]:
    """HAR entry, one a line."""
    body = base64.b64encode(json.dumps(chat_response(w, i)).encode()).decode()
    return {
        "startedDateTime": iso(i),
        "time": 900,
        "request": {
            "method": "POST",
            "url": "https://api.example/v1/chat/completions",
            "headers": [{"name": "Authorization", "value": f"Bearer sk-...{w.account(i)[-6:]}"}],
            "postData": {"text": json.dumps(chat_request(w, i))},
        },
        "response": {"status": 200, "headers": [], "content": {"text": body, "encoding": "base64"}},
    }


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


def yardstick() -> float:
    """Microseconds of CPU that decoding one fixed JSON line of 2.8 KB takes here and now: how fast this machine is at this moment."""
    import msgspec

    line = json.dumps(openai_chat(World(100), 1)).encode()
    decode = msgspec.json.Decoder().decode
    best = 1.0
    for _ in range(5):
        began = time.process_time()
        for _ in range(1000):
            decode(line)
        best = min(best, (time.process_time() - began) / 1000)
    return best * 1e6


def _job(chunk: Chunk) -> int:
    return int(read_chunk(chunk, Pseudonymiser(KEY), ReadOptions()).batch.num_rows)


def _warm(_: int) -> None:
    time.sleep(0.2)


def measure(name: str, rows: int, processes: int, profile: bool) -> dict[str, Any]:
    """Read one format's input alone and with several processes."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write(name, folder, World(rows))
        size = sum(path.stat().st_size for path in folder.iterdir())
        # Chunks small enough that every process gets several: what is measured is the rate, not the tail.
        # Files whose records are joined are cut into parts of four chunks.
        share = 32 if name in ("openai_batch", "azure_apim_llm") else 12
        options = ReadOptions(chunk_bytes=max(1 << 20, size // share), chunk_rows=max(1000, rows // 12))
        began = time.process_time()
        chunks = plan([folder], options).chunks
        planned = time.process_time() - began
        names = Pseudonymiser(KEY)
        read_chunk(chunks[0], names, options)
        before = yardstick()
        profiler = cProfile.Profile()
        if profile:
            profiler.enable()
        began = time.process_time()
        read = rejected = 0
        for chunk in chunks:
            result = read_chunk(chunk, names, options)
            read += result.batch.num_rows
            rejected += result.rejects.num_rows
        spent = time.process_time() - began
        if profile:
            profiler.disable()
            pstats.Stats(profiler).sort_stats("tottime").print_stats(22)
        wall = 0.0
        if processes:
            with multiprocessing.get_context("spawn").Pool(processes) as pool:
                pool.map(_warm, range(processes * 2), chunksize=1)
                pool.map(_job, chunks[:1])
                started = time.perf_counter()
                for _ in pool.imap_unordered(_job, chunks):
                    pass
                wall = time.perf_counter() - started
    after = yardstick()
    assert read == rows, (name, read, rows)
    assert rejected == 0, (name, rejected)
    return {
        "format": name,
        "rows": rows,
        "bytes_per_row": size // rows,
        "microseconds_of_cpu_per_row": round(spent / rows * 1e6, 1),
        "rows_per_cpu_second": round(rows / spent),
        "times_one_json_decode": round(spent / rows * 2e6 / (before + after), 1),
        "plan_microseconds_per_row": round(planned / rows * 1e6, 2),
        f"rows_per_second_{processes}_processes": round(rows / wall) if wall else None,
    }


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=24_000)
    parser.add_argument("--format", nargs="*", default=["parquet", "csv", "openai_batch", *JSON_FORMATS])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    results = []
    for name in chosen.format:
        rows = chosen.rows * 8 if name in ("parquet", "csv") else chosen.rows
        result = measure(name, rows, chosen.processes, chosen.profile)
        results.append(result)
        print("  ".join(f"{key} {value}" for key, value in result.items()), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MiB")
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
