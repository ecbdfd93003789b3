"""AWS Bedrock model invocation logs (schemaType ModelInvocationLog), as they lie in S3 or come out of CloudWatch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._bedrock_plain import PLAIN
from .clean import Reading, asked_count, asked_number, billed, label, mapping, sequence, text
from .dialect import DIALECTS, dialect_of_bodies, fill
from .exchange import Exchange
from .log_format import Record, log_format
from .sse import open_body
from .turns import lay_out, parts_text, settle

__all__ = ["read"]

_LACKS = ("asn", "client_telemetry", "org", "ip", "subnet", "user_agent", "client_claimed", "tls_fingerprint", "logit_bias",
          "http_status")  # fmt: skip


def _opened(record: Record) -> Record:
    for key in ("@message", "message"):
        inner = record.get(key)
        if isinstance(inner, (str, dict)) and "schemaType" not in record:
            return open_body(inner).whole or record
    return record


def _sniff(record: Record) -> int:
    inner = _opened(record)
    bare = "modelId" in inner and "operation" in inner and "input" in inner
    return 98 if bare or inner.get("schemaType") == "ModelInvocationLog" else 0


def _plain_request(x: Exchange, body: dict[str, Any]) -> None:
    """Bodies of models with a prompt instead of messages (Llama, Titan, Mistral, Cohere)."""
    config = mapping(body.get("textGenerationConfig")) or body
    prompt = parts_text(body.get("prompt")) or parts_text(body.get("inputText"))
    lay_out(x, [("user", prompt)] if prompt else [])
    limit = next(
        (
            config[key]
            for key in ("max_gen_len", "max_tokens", "maxTokenCount", "max_tokens_to_sample")
            if key in config
        ),
        None,
    )
    x.max_tokens = asked_count(limit)
    x.temperature = asked_number(config.get("temperature"))
    x.top_p = asked_number(config.get("top_p", config.get("topP")))
    x.top_k = asked_count(config.get("top_k"))


def _plain_response(x: Exchange, answers: list[dict[str, Any]]) -> None:
    found: list[str] = []
    for body in answers:
        holders = [
            body,
            *sequence(body.get("results")),
            *sequence(body.get("outputs")),
            *sequence(body.get("generations")),
        ]
        for holder in holders:
            one = mapping(holder)
            said = next(
                (
                    one[key]
                    for key in ("generation", "outputText", "completion", "text")
                    if isinstance(one.get(key), str)
                ),
                None,
            )
            found += [said] if said else []
            x.stop_reason = label(one.get("stop_reason")) or label(one.get("completionReason")) or x.stop_reason
    x.output = "".join(found) or None
    refused = x.stop_reason in ("CONTENT_FILTERED", "content_filtered", "guardrail_intervened")
    if refused:
        x.refusal_category = x.stop_reason
    settle(x, refused=refused)


@log_format(
    name="bedrock_invocation",
    title="AWS Bedrock model invocation log",
    sample="bedrock_invocation",
    wants='"schemaType": "ModelInvocationLog"',
    sniff=_sniff,
    lacks=_LACKS,
    plain=PLAIN,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one invocation. Bodies kept apart in S3 are unknown here."""
    record = _opened(record)
    operation = text(record.get("operation")) or ""
    x = Exchange(pathway="bedrock")
    x.at = reading.at(record.get("timestamp"), "timestamp")
    x.account = label(record.get("accountId"))
    x.credential = label(mapping(record.get("identity")).get("arn"))
    metadata = mapping(record.get("requestMetadata"))
    x.end_user = label(metadata.get("end_user")) or label(metadata.get("user_id")) or label(metadata.get("user"))
    x.model = label(record.get("modelId"))
    x.conversation = label(metadata.get("session_id")) or label(metadata.get("conversation_id"))
    model = x.model
    asked = mapping(record.get("input"))
    answered = mapping(record.get("output"))
    request = open_body(asked.get("inputBodyJson")).whole
    answer = open_body(answered.get("outputBodyJson"))
    answer_first = answer.whole if answer.whole is not None else (answer.events or [{}])[0]
    failure = label(record.get("errorCode"))
    name = "bedrock_converse" if operation.startswith("Converse") else dialect_of_bodies(request or {}, answer_first)
    if name == "openai_chat" and not ({"choices"} & answer_first.keys() or {"messages"} & (request or {}).keys()):
        name = None
    if name is None:
        _plain_request(x, request or {})
        _plain_response(x, [answer.whole] if answer.whole is not None else answer.events or [])
    elif answer.whole is None and answer.events is None:
        DIALECTS[name].request(x, request or {})
        settle(x)
    else:
        fill(x, request or {}, answer.whole if answer.whole is not None else answer.events, name=name)
    x.model = model or x.model
    if request is None:
        x.turns = x.logprobs = None
    x.logit_bias = None
    x.stream = ("Stream" in operation) if operation else None
    x.request = label(record.get("requestId")) or x.request
    for column, holder, key in (
        ("input_tokens", asked, "inputTokenCount"),
        ("output_tokens", answered, "outputTokenCount"),
        ("cached_tokens", asked, "cacheReadInputTokenCount"),
    ):
        given = billed(holder.get(key), key)
        if given is not None:
            setattr(x, column, given)
    if failure:
        settle(x, error=True)
    return [x]
