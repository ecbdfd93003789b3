"""Portkey's webhook guardrail. It shows the whole request and takes an edited one back, so clamps are carried out.

Source: Portkey's documentation, "Bring your own guardrails", and the webhook of @portkey-ai/gateway 1.15.2. Who asks stands in the
metadata (`_user`, `_organisation`), which clients set unless the key or the front does. An error of the webhook lets the request pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stillwatch.gateway.adapters.carrying import Means
from stillwatch.gateway.adapters.hosts import Named
from stillwatch.gateway.adapters.tongues.speaking import (
    BadHook,
    Call,
    Heard,
    Reply,
    Tongue,
    refused_in_words,
    replied,
    whole,
)
from stillwatch.gateway.asking import read_body
from stillwatch.gateway.editing import edited
from stillwatch.gateway.options import Options
from stillwatch.gateway.refusing import Refusal
from stillwatch.policy import Dialect, Ruling

__all__ = ["PORTKEY"]

_DIALECTS = {
    "chatComplete": Dialect.CHAT,
    "complete": Dialect.CHAT,
    "createModelResponse": Dialect.RESPONSES,
    "messages": Dialect.MESSAGES,
}


class _Request(msgspec.Struct):
    json: msgspec.Raw


class _Asked(msgspec.Struct):
    request: _Request
    eventType: str = "beforeRequestHook"  # noqa: N815 - the name on the wire
    requestType: str = "chatComplete"  # noqa: N815
    metadata: dict[str, Any] | None = None


class _Portkey:
    name = "portkey"
    means = Means.CLAMP | Means.DEGRADE

    def heard(self, call: Call) -> Heard:
        told: _Asked = whole(call.body, _Asked)
        if not bytes(told.request.json).startswith(b"{"):
            raise BadHook("request.json: expected an object")
        raw = bytes(told.request.json)
        dialect = _DIALECTS.get(told.requestType, Dialect.OTHER)
        metadata = told.metadata or {}
        named = Named(account=_text(metadata.get("_user")), org=_text(metadata.get("_organisation")))
        heard = Heard(dialect=dialect, named=named, over=told.eventType != "beforeRequestHook", raw=raw, size=len(raw))
        if dialect is Dialect.OTHER or heard.over:
            return heard
        return msgspec.structs.replace(heard, facts=read_body(dialect, raw))

    def passed(self, heard: Heard, ruling: Ruling, lacking: Sequence[str], options: Options) -> Reply:
        answer: dict[str, Any] = {"verdict": True, "data": {"code": ruling.code, "not_carried_out": lacking}}
        strip = heard.facts.engine if options.strip else ()
        if heard.raw is not None and heard.dialect is not Dialect.OTHER and not heard.over:
            clamp = ruling.clamp
            if clamp is not None or strip or ruling.degrade is not None:
                changed = edited(heard.dialect, heard.raw, clamp=clamp, strip=strip, model=ruling.degrade)
                if changed is not heard.raw:
                    answer["transformedData"] = {"request": {"json": msgspec.Raw(changed)}}
        return replied(answer)

    def refused(self, heard: Heard, said: Refusal) -> Reply:
        del heard
        sentence, facts = refused_in_words(said)
        return replied({"verdict": False, "data": {**facts, "explanation": sentence}})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


PORTKEY: Tongue = _Portkey()
