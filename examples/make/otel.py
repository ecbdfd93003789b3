"""Make the OpenTelemetry samples: `python otel.py NAME FILE`, where NAME says which instrumentation is installed.

    otel_genai/spans.json            openai_v2   requirements-otel.txt             current names, messages as span attributes
    otel_genai/spans_and_events.json openai_v2  requirements-otel.txt          current names, messages as one log event a call
    otel_genai/spans_v1_36.json      openai_v2   requirements-otel-v1-36.txt       names up to v1.36, messages as log events
    otel_genai/spans_indexed.json    traceloop   requirements-otel-traceloop.txt   names up to v1.36 with gen_ai.prompt.N attributes
    openinference/spans.json         openinference  requirements-openinference.txt

Plays `scenes.py` against the mock server and writes one OTLP-JSON export per line, as the collector's file exporter does. Times
are counted, not read from the clock, and ids are numbered.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

CLOCK = [1_791_187_200_000_000_000]
time.time_ns = lambda: CLOCK[0]
os.environ.setdefault("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
os.environ.setdefault("TRACELOOP_TRACE_CONTENT", "true")
os.environ.setdefault("TRACELOOP_METRICS_ENABLED", "false")
os.environ["OTEL_PYTHON_DISTRO"] = ""

import openai  # noqa: E402
import opentelemetry.sdk.trace as sdk_trace  # noqa: E402
from google.protobuf.json_format import MessageToDict  # noqa: E402
from mock_server import serve  # noqa: E402
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: E402
from opentelemetry.sdk.resources import Resource  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402
from opentelemetry.sdk.trace.id_generator import IdGenerator  # noqa: E402
from scenes import CALLERS, SCENES, Scene  # noqa: E402

PORT = 18081
FRAMES = 8


class Counted(IdGenerator):
    """Numbered ids and times, so that two runs write the same file."""

    def __init__(self) -> None:
        self.spans = self.traces = 0

    def generate_span_id(self) -> int:
        self.spans += 1
        return 0x5B8EFFF798038000 + self.spans

    def generate_trace_id(self) -> int:
        self.traces += 1
        return 0x5B8EFFF798038103D269B633813FC000 + self.traces

    def now(self) -> int:
        CLOCK[0] += 610_000_000
        return CLOCK[0]


NOW: dict[str, Scene] = {}


class Callers(sdk_trace.SpanProcessor):
    """Put the caller on every span, as gateways do through baggage."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        scene = NOW["scene"]
        who = CALLERS[scene.caller]
        span.set_attribute("user.id", who.name)
        span.set_attribute("client.address", who.ip)
        span.set_attribute("user_agent.original", who.user_agent or "OpenAI/Python 2.54.0")
        if scene.user:
            span.set_attribute("enduser.id", scene.user)
        if scene.before:
            span.set_attribute("gen_ai.conversation.id", "conv-88")


def hexadecimal(tree: Any) -> Any:
    """Write trace and span ids in hexadecimal: the one place where OTLP-JSON differs from plain protobuf JSON."""
    if isinstance(tree, dict):
        ids = {"traceId", "spanId", "parentSpanId"}
        return {k: base64.b64decode(v).hex() if k in ids else hexadecimal(v) for k, v in tree.items()}
    return [hexadecimal(v) for v in tree] if isinstance(tree, list) else tree


def messages(scene: Scene) -> list[dict[str, Any]]:
    """The scene as chat-completions messages."""
    out: list[dict[str, Any]] = [{"role": "system", "content": scene.system}] if scene.system else []
    out += [{"role": role, "content": text} for role, text in scene.before]
    content: Any = scene.ask
    if scene.image:
        content = [{"type": "text", "text": scene.ask}, {"type": "image_url", "image_url": {"url": scene.image}}]
    return [*out, {"role": "user", "content": content}]


def play_openai(wait: Any) -> None:
    """All scenes as chat completions."""
    for scene in SCENES:
        NOW["scene"] = scene
        who = CALLERS[scene.caller]
        client = openai.OpenAI(api_key=who.key, base_url=f"http://127.0.0.1:{PORT}/v1", max_retries=0)
        call: dict[str, Any] = {
            "model": "o4-mini" if scene.reasoning else "gpt-4.1-mini",
            "messages": messages(scene),
            **scene.settings,
        }
        if scene.reasoning:
            call["max_completion_tokens"] = call.pop("max_tokens")
        if scene.tool:
            call["tools"] = [
                {
                    "type": "function",
                    "function": {"name": scene.tool[0], "parameters": {"type": "object", "properties": {}}},
                }
            ]
        if scene.name == "plain":
            call |= {"n": 2, "seed": 7, "logprobs": True, "top_logprobs": 2}
        if scene.stream:
            call |= {"stream": True, "stream_options": {"include_usage": True}}
        with contextlib.suppress(openai.APIStatusError):
            answer: Any = client.chat.completions.create(**call)
            if scene.stream:
                with contextlib.closing(answer):
                    for i, _ in enumerate(answer, start=1):
                        if scene.cut_after and i >= scene.cut_after:
                            break
            elif scene.tool:
                turn = answer.choices[0].message
                back = {"role": "tool", "tool_call_id": turn.tool_calls[0].id, "content": '{"level": 212}'}
                client.chat.completions.create(
                    **call | {"messages": [*messages(scene), turn.model_dump(exclude_none=True), back]}
                )
        wait()


def play_anthropic(wait: Any) -> None:
    """A few scenes as Anthropic Messages."""
    import anthropic

    for scene in SCENES:
        if scene.name not in {
            "plain",
            "several_turns",
            "reasons",
            "reasons_stream",
            "refusal",
            "tool",
            "arabic",
            "rate_limited",
        }:
            continue
        who = CALLERS[scene.caller]
        client = anthropic.Anthropic(api_key=who.key, base_url=f"http://127.0.0.1:{PORT}", max_retries=0)
        call: dict[str, Any] = {
            "model": "claude-haiku-4-5",
            "max_tokens": 1024,
            "messages": [m for m in messages(scene) if m["role"] != "system"],
        }
        if scene.system:
            call["system"] = scene.system
        if scene.reasoning:
            call |= {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 1500}}
        if scene.tool:
            call["tools"] = [{"name": scene.tool[0], "input_schema": {"type": "object", "properties": {}}}]
        with contextlib.suppress(anthropic.APIStatusError):
            if scene.stream:
                for _ in client.messages.create(**call, stream=True):
                    pass
            else:
                client.messages.create(**call)
        wait()


def main() -> None:
    """Play, collect, encode, write."""
    name, target = sys.argv[1], Path(sys.argv[2])
    counted = Counted()
    sdk_trace.time_ns = counted.now
    sdk_trace.Span.end.__globals__["time_ns"] = counted.now
    spans = InMemorySpanExporter()
    resource = Resource(
        {"service.name": "helpdesk", "telemetry.sdk.name": "opentelemetry", "deployment.environment.name": "sample"}
    )
    provider = sdk_trace.TracerProvider(resource=resource, id_generator=counted)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs import export as log_export

    memory = getattr(log_export, "InMemoryLogRecordExporter", None) or log_export.InMemoryLogExporter
    logs_memory = memory()
    log_provider = LoggerProvider(resource=resource)
    log_provider.add_log_record_processor(log_export.SimpleLogRecordProcessor(logs_memory))
    set_logger_provider(log_provider)
    if name == "traceloop":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument(tracer_provider=provider)
    elif name == "openinference":
        from openinference.instrumentation.anthropic import AnthropicInstrumentor
        from openinference.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument(tracer_provider=provider)
        AnthropicInstrumentor().instrument(tracer_provider=provider)
    else:
        with contextlib.suppress(ImportError):
            from opentelemetry._events import set_event_logger_provider
            from opentelemetry.sdk._events import EventLoggerProvider

            set_event_logger_provider(EventLoggerProvider(log_provider))
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

        OpenAIInstrumentor().instrument(tracer_provider=provider, logger_provider=log_provider)
    server = serve(PORT, None, f"{target.parent.name}/{target.stem}")
    exports: list[dict[str, Any]] = []

    def flush() -> None:
        if finished := spans.get_finished_spans():
            exports.append(hexadecimal(MessageToDict(encode_spans(finished), use_integers_for_enums=True)))
            spans.clear()
        if records := logs_memory.get_finished_logs():
            from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs

            exports.append(hexadecimal(MessageToDict(encode_logs(records), use_integers_for_enums=True)))
            logs_memory.clear()

    waited = 0

    def wait() -> None:
        nonlocal waited
        waited += 1
        CLOCK[0] += 20_000_000_000
        if waited % FRAMES == 0:
            flush()

    if target.parent.name == "otel_genai" and target.name == "spans.json":
        provider.add_span_processor(Callers())
    if name == "openinference":
        from openinference.instrumentation import using_attributes

        for session, user, play in (
            ("session-1", "u-1001", lambda: play_openai(wait)),
            ("session-2", "u-1002", lambda: play_anthropic(wait)),
        ):
            with using_attributes(session_id=session, user_id=user, metadata={"team": "helpdesk"}):
                play()
    else:
        play_openai(wait)
    flush()
    server.shutdown()
    target.parent.mkdir(exist_ok=True)
    text = "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in exports)
    for own, other in ((sys.prefix, "/usr/local"), (str(Path(__file__).resolve().parent), "app")):
        text = text.replace(own, other)
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
