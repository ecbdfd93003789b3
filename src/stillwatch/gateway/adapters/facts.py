"""The facts of a request that a host hands over already taken apart: the same reader as for bytes, fed without what people wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stillwatch.gateway.asking import ENGINE_FIELDS, Body, Unreadable, read_body
from stillwatch.policy import Dialect

__all__ = ["body_of"]

_PLAIN = (
    "model", "stream", "n", "logprobs", "top_logprobs", "logit_bias", "top_k", "max_tokens", "max_completion_tokens",
    "max_output_tokens", "reasoning_effort", "reasoning", "include", "thinking", "user", "safety_identifier", "generationConfig",
    "generation_config",
)  # fmt: skip
_COUNTED = ("messages", "input", "contents", "tools")
_encode = msgspec.json.Encoder(enc_hook=lambda _: None).encode


def body_of(dialect: Dialect, fields: Mapping[str, Any], *, streams: bool = False) -> Body:
    """Read the facts of a request from its fields. Texts are counted, never copied.

    Raises:
        Unreadable: when a fact is no JSON.
    """
    lean = {name: fields[name] for name in _PLAIN if name in fields}
    for name in _COUNTED:
        if (given := fields.get(name)) is not None:
            lean[name] = [0] * len(given) if isinstance(given, (list, tuple)) else bool(given)
    if dialect is Dialect.MESSAGES and isinstance(given := fields.get("metadata"), Mapping):
        lean["metadata"] = {"user_id": given.get("user_id")}
    if not ENGINE_FIELDS.isdisjoint(fields):
        lean.update((name, True) for name in ENGINE_FIELDS if name in fields)
    try:
        return read_body(dialect, _encode(lean), streams=streams)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Unreadable from error
