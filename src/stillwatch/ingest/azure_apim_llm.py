"""Azure API Management's LLM log (ApiManagementGatewayLlmLog): messages in numbered pieces, joined with the gateway log of who called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from . import _chat
from ._azure_plain import plain_rows
from .clean import BadField, Reading, asked_count, asked_flag, billed, label, mapping, text
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .records import parse, stands_alone
from .sse import open_body
from .turns import lay_out, returned, sent, settle

__all__ = ["read"]

_LACKS = ("asn", "client_telemetry", "org", "end_user", "tls_fingerprint", "reasoning_tokens", "cached_tokens", "max_tokens", "temperature",
          "top_p", "top_k", "n", "logprobs", "top_logprobs", "logit_bias", "tools", "conversation")  # fmt: skip
_LLM_KEYS = frozenset(("requestmessages", "responsemessages", "prompttokens", "modelname", "deploymentname"))


def _flat(record: Record) -> Record:
    """Fields by lower-case name, with those of `properties` among them (the shape of diagnostic settings)."""
    found = {key.lower(): value for key, value in record.items()}
    inner = found.get("properties")
    if isinstance(inner, str):
        inner = open_body(inner).whole
    if isinstance(inner, dict):
        found.update({key.lower(): value for key, value in inner.items()})
    return found


def pieces(record: Record) -> Iterator[tuple[str, Record]]:
    """The record by its correlation id."""
    found = _flat(record)
    key = label(found.get("correlationid")) or label(found.get("requestid"))
    if key is None:
        raise BadField("CorrelationId", "got nothing, expected the id that joins the pieces")
    yield key, found


_ID_HOLDERS = frozenset(("correlationid", "requestid", "properties"))
_tops = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@lru_cache(maxsize=4096)
def _id_holders(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a row's names under which its id can stand."""
    return tuple(name for name in names if name.lower() in _ID_HOLDERS)


def glance(line: bytes) -> tuple[str, None] | None:
    """The correlation id, wherever it stands."""
    tops = _tops(line)
    if not stands_alone(tops):
        return None
    ((key, _),) = pieces({name: parse(tops[name])[0] for name in _id_holders(tuple(tops))})
    return key, None


def _joined(given: list[Any]) -> list[Any]:
    """Messages out of pieces: lists are strung together, texts are one JSON text cut in pieces (or plain text)."""
    messages: list[Any] = []
    cut: list[str] = []
    for piece in given:
        if isinstance(piece, list):
            messages += piece
        elif isinstance(piece, dict):
            inner = piece.get("messages")
            messages += inner if isinstance(inner, list) else [piece]
        elif isinstance(piece, str) and piece:
            cut.append(piece)
    if cut:
        whole = "".join(cut)
        opened = open_body(whole) if whole.lstrip()[:1] in ("[", "{") else None
        if opened is not None and opened.events is not None:
            messages += opened.events
        elif opened is not None and opened.whole is not None:
            inner = opened.whole.get("messages")
            messages += inner if isinstance(inner, list) else [opened.whole]
        else:
            messages.append({"content": whole})
    return messages


def assemble(group: Sequence[Piece], reading: Reading) -> Iterable[Exchange]:
    """Join the pieces of one call; a gateway row without LLM rows is some other API and is passed over."""
    llm = [piece for piece in group if piece.value.keys() & _LLM_KEYS]
    gateway: Record = {}
    for piece in group:
        if not piece.value.keys() & _LLM_KEYS:
            gateway.update({key: value for key, value in piece.value.items() if value is not None})
    if not llm:
        reading.notes["gateway rows without an LLM row, passed over"] += len(group)
        return
    ordered = sorted(llm, key=lambda piece: asked_count(piece.value.get("sequencenumber")) or 0)
    merged: Record = {}
    for piece in ordered:
        merged.update({key: value for key, value in piece.value.items() if value is not None and value != ""})
    first = min(llm, key=lambda piece: (piece.source != llm[0].source, piece.line))
    x = Exchange(pathway="azure", line=first.line, source=first.source)
    time = (
        gateway.get("timegenerated")
        or gateway.get("time")
        or ordered[0].value.get("timegenerated")
        or ordered[0].value.get("time")
    )
    x.at = reading.at(time, "TimeGenerated")
    x.model = label(merged.get("modelname")) or label(merged.get("deploymentname"))
    x.account = label(gateway.get("apimsubscriptionid")) or label(gateway.get("userid"))
    x.credential = label(gateway.get("apimsubscriptionid"))
    x.ip = text(gateway.get("calleripaddress"))
    headers = gateway.get("requestheaders") or gateway.get("backendrequestheaders")
    x.user_agent = _agent(headers) if headers else None
    x.http_status = billed(gateway.get("responsecode"), "ResponseCode", limit=999)
    x.request = label(merged.get("requestid")) or label(merged.get("correlationid"))
    x.stream = asked_flag(merged.get("isstreamcompletion"))
    x.input_tokens = billed(merged.get("prompttokens"), "PromptTokens")
    x.output_tokens = billed(merged.get("completiontokens"), "CompletionTokens")
    carried: list[str] = []
    brought: list[str] = []
    asked = _joined([piece.value.get("requestmessages") for piece in ordered])
    if asked:
        lay_out(x, [_chat.message_turn(message, carried) for message in asked])
    refused = _answer(x, _joined([piece.value.get("responsemessages") for piece in ordered]), brought)
    sent(x, carried)
    returned(x, brought)
    settle(x, refused=refused)
    yield x


def _agent(headers: Any) -> str | None:
    """The user agent in logged headers."""
    named = {key.lower(): value for key, value in (open_body(headers).whole or {}).items()}
    return text(named.get("user-agent"))


def _answer(x: Exchange, messages: list[Any], artifacts: list[str]) -> bool:
    texts: list[str] = []
    refused = False
    for message in messages:
        one = mapping(message)
        choices = one.get("choices")
        for part in choices if isinstance(choices, list) else [message]:
            inner = mapping(part)
            said = _chat.message_turn(
                mapping(inner.get("message")) or mapping(inner.get("delta")) or inner or part, artifacts
            )[1]
            texts += [said] if said else []
            x.stop_reason = label(inner.get("finish_reason")) or x.stop_reason
    if x.stop_reason == "content_filter":
        refused = True
        x.refusal_category = "content_filter"
    x.output = "".join(texts) or None
    return refused


def _sniff(record: Record) -> int:
    found = _flat(record)
    if "correlationid" not in found:
        return 0
    if {"requestmessages", "responsemessages"} & found.keys() or str(found.get("category")) == "GatewayLlmLogs":
        return 96
    if "prompttokens" in found and ("deploymentname" in found or "modelname" in found):
        return 90
    return 60 if "apimsubscriptionid" in found or str(found.get("category")) == "GatewayLogs" else 0


@log_format(
    name="azure_apim_llm",
    title="Azure API Management LLM log",
    sample="azure_apim_llm",
    wants='"CorrelationId" with "RequestMessages", "ResponseMessages" or "PromptTokens"',
    sniff=_sniff,
    lacks=_LACKS,
    joined=Joined(pieces=pieces, assemble=assemble, glance=glance, plain=plain_rows(_agent)),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one piece that stands alone."""
    return assemble([Piece(value, 0, 0) for _, value in pieces(record)], reading)
