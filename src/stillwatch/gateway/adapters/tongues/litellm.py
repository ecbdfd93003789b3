"""LiteLLM's generic guardrail API, for proxies into which no plug-in is let. It shows texts and who asks, no sampling parameters.

Source: LiteLLM's documentation, "Generic Guardrail API", and the request and response models of 1.106.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from stillwatch.gateway.adapters.carrying import Means
from stillwatch.gateway.adapters.hosts import Named
from stillwatch.gateway.adapters.tongues.speaking import Call, Heard, Reply, Tongue, refused_in_words, replied, whole
from stillwatch.gateway.asking import Body
from stillwatch.gateway.options import Options
from stillwatch.gateway.refusing import Refusal
from stillwatch.ingest.litellm import payer
from stillwatch.policy import Ruling

__all__ = ["LITELLM"]


class _Who(msgspec.Struct):
    user_api_key_hash: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_org_id: str | None = None
    user_api_key_end_user_id: str | None = None


class _Asked(msgspec.Struct):
    input_type: str
    request_data: _Who
    model: str | None = None
    structured_messages: list[msgspec.Raw] | None = None
    tools: list[msgspec.Raw] | None = None


class _Litellm:
    name = "litellm"
    means = Means.NOTHING

    def heard(self, call: Call) -> Heard:
        told: _Asked = whole(call.body, _Asked)
        who = told.request_data
        return Heard(
            named=Named(
                account=payer(who.user_api_key_user_id, None),
                org=who.user_api_key_org_id or who.user_api_key_team_id,
                credential=who.user_api_key_hash,
            ),
            over=told.input_type != "request",
            facts=Body(
                model=told.model,
                tools=bool(told.tools),
                turns=None if told.structured_messages is None else len(told.structured_messages),
                end_user=who.user_api_key_end_user_id,
            ),
        )

    def passed(self, heard: Heard, ruling: Ruling, lacking: Sequence[str], options: Options) -> Reply:
        del heard, ruling, lacking, options
        return replied({"action": "NONE"})

    def refused(self, heard: Heard, said: Refusal) -> Reply:
        del heard
        answer: dict[str, Any] = {"action": "BLOCKED", "blocked_reason": refused_in_words(said)[0]}
        return replied(answer)


LITELLM: Tongue = _Litellm()
