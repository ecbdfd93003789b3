"""Kong's AI Custom Guardrail: its shape is the operator's own, so it is one that carries no text at all.

    {"source": "INPUT" or "OUTPUT", "account": "...", "org": "...", "model": "..."}
    {"block": true, "block_message": "...", "code": "..."}

Source: Kong's documentation, "AI Custom Guardrail". Its expressions know neither the consumer nor the model, so the plug-in is set up once
for each consumer, with the name among its parameters. Whoever is blocked reads HTTP 400 and the message.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stillwatch.gateway.adapters.carrying import Means
from stillwatch.gateway.adapters.hosts import Named
from stillwatch.gateway.adapters.tongues.speaking import Call, Heard, Reply, Tongue, refused_in_words, replied, whole
from stillwatch.gateway.asking import Body
from stillwatch.gateway.options import Options
from stillwatch.gateway.refusing import Refusal
from stillwatch.policy import Ruling

__all__ = ["KONG"]


class _Asked(msgspec.Struct):
    account: str
    source: str = "INPUT"
    org: str | None = None
    model: str | None = None


class _Kong:
    name = "kong"
    means = Means.NOTHING

    def heard(self, call: Call) -> Heard:
        told: _Asked = whole(call.body, _Asked)
        return Heard(
            named=Named(account=told.account, org=told.org), over=told.source != "INPUT", facts=Body(model=told.model)
        )

    def passed(self, heard: Heard, ruling: Ruling, lacking: Sequence[str], options: Options) -> Reply:
        del heard, lacking, options
        return replied({"block": False, "block_message": "", "code": ruling.code})

    def refused(self, heard: Heard, said: Refusal) -> Reply:
        del heard
        sentence, facts = refused_in_words(said)
        return replied({"block": True, "block_message": sentence, "code": facts["code"]})


KONG: Tongue = _Kong()
