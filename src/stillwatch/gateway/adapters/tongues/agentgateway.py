"""The webhook of agentgateway's prompt guards (kgateway's and Gloo's too). It shows messages; who asks stands in forwarded headers.

Source: agentgateway, crates/agentgateway/src/llm/policy/webhook.rs; the OpenAPI document of Gloo's guardrail webhook. The model is known
where a header expression of the webhook sets `x-stillwatch-model`. Its `raw` message format has no way to refuse and is not spoken.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stillwatch.gateway.adapters.carrying import Means
from stillwatch.gateway.adapters.tongues.speaking import Call, Heard, Reply, Tongue, refused_in_words, replied, whole
from stillwatch.gateway.asking import Body
from stillwatch.gateway.options import Options
from stillwatch.gateway.refusing import Refusal
from stillwatch.gateway.wire import first
from stillwatch.policy import Ruling

__all__ = ["REQUEST", "RESPONSE"]

MODEL = b"x-stillwatch-model"


class _Messages(msgspec.Struct):
    messages: list[msgspec.Raw]


class _Asked(msgspec.Struct):
    body: _Messages


class _Request:
    name = "agentgateway"
    means = Means.NOTHING

    def heard(self, call: Call) -> Heard:
        told: _Asked = whole(call.body, _Asked)
        model = first(call.headers, MODEL)
        return Heard(
            headers=call.headers,
            facts=Body(model=None if model is None else model.decode("latin-1")[:512], turns=len(told.body.messages)),
        )

    def passed(self, heard: Heard, ruling: Ruling, lacking: Sequence[str], options: Options) -> Reply:
        del heard, lacking, options
        return replied({"action": {"reason": ruling.code}})

    def refused(self, heard: Heard, said: Refusal) -> Reply:
        del heard
        action = {"body": said.body.decode(), "status_code": said.status, "reason": refused_in_words(said)[1]["code"]}
        return replied({"action": action})


class _Response(_Request):
    """Answers are not judged: they pass, a window of a stream as well as a whole one."""

    def heard(self, call: Call) -> Heard:
        del call
        return Heard(over=True)


REQUEST: Tongue = _Request()
RESPONSE: Tongue = _Response()
