"""A request body with some fields changed and every other byte of every other field as it came.

Values that are not touched are copied as raw bytes, so numbers keep their digits and texts their escapes. A field that stands twice is
written once, as the last one said: nothing can hide behind a second spelling of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from stillwatch.gateway.asking import Unreadable
from stillwatch.policy import Clamp, Dialect

__all__ = ["clamped", "edited"]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_encode = msgspec.json.encode

_LIMITS: dict[Dialect, dict[str, tuple[str, ...]]] = {
    Dialect.CHAT: {"n": ("n", "best_of"), "top_k": ("top_k",), "max_tokens": ("max_completion_tokens", "max_tokens")},
    Dialect.RESPONSES: {"max_tokens": ("max_output_tokens",)},
    Dialect.MESSAGES: {"top_k": ("top_k",), "max_tokens": ("max_tokens",)},
    Dialect.GEMINI: {
        "n": ("candidateCount", "candidate_count"),
        "top_k": ("topK", "top_k"),
        "max_tokens": ("maxOutputTokens", "max_output_tokens"),
    },
}
_LOGPROBS: dict[Dialect, tuple[str, ...]] = {
    Dialect.CHAT: ("logprobs", "top_logprobs", "prompt_logprobs"),
    Dialect.RESPONSES: ("top_logprobs",),
    Dialect.MESSAGES: (),
    Dialect.GEMINI: ("responseLogprobs", "response_logprobs", "logprobs"),
}
_CONFIG = ("generationConfig", "generation_config")


def _object(raw: bytes | msgspec.Raw) -> dict[str, Any]:
    return dict(_fields(raw))


def edited(
    dialect: Dialect, body: bytes, *, clamp: Clamp | None, strip: Iterable[str] = (), model: str | None = None
) -> bytes:
    """The body after a clamp, without the fields of `strip` and for another `model`; the same object where nothing had to change.

    Raises:
        Unreadable: when the body is no JSON object in UTF-8.
    """
    try:
        fields = _object(body)
        changed = [name for name in strip if fields.pop(name, None) is not None]
        if clamp is not None and _clamp(dialect, fields, clamp):
            changed.append("clamp")
        if model is not None and "model" in fields:
            fields["model"] = model
            changed.append("model")
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unreadable from error
    return _encode(fields) if changed else body


def _clamp(dialect: Dialect, fields: dict[str, Any], clamp: Clamp) -> bool:
    if dialect is not Dialect.GEMINI:
        changed = clamped(dialect, fields, clamp)
        if dialect is Dialect.RESPONSES and clamp.drop_logprobs and "include" in fields:
            changed |= _without_included_logprobs(fields)
        return changed
    changed = False
    if clamp.max_tokens is not None and fields.keys().isdisjoint(_CONFIG):
        fields[_CONFIG[0]] = msgspec.Raw(b"{}")
    for name in _CONFIG:
        if name in fields:
            config = _object(fields[name]) if bytes(fields[name]).startswith(b"{") else {}
            if clamped(dialect, config, clamp):
                fields[name] = msgspec.Raw(_encode(config))
                changed = True
    return changed


def clamped(dialect: Dialect, fields: dict[str, Any], clamp: Clamp) -> bool:
    """Bound the fields of one object in place; whether anything changed. A limit on the
    answer's length is written where none was; every other one applies to a field that is there."""
    changed = False
    for bound, names in _LIMITS[dialect].items():
        limit = getattr(clamp, bound)
        if limit is None:
            continue
        if bound == "max_tokens" and fields.keys().isdisjoint(names):
            fields[names[0]] = limit
            changed = True
        for name in names:
            if name in fields and _above(fields[name], limit):
                fields[name] = limit
                changed = True
    if clamp.drop_logprobs:
        changed |= sum(fields.pop(name, None) is not None for name in _LOGPROBS[dialect]) > 0
    if clamp.drop_logit_bias:
        changed |= fields.pop("logit_bias", None) is not None
    return changed


def _above(raw: Any, limit: int) -> bool:
    """Whether a value exceeds the limit; one that is no plain number is above any, for nobody knows what an upstream makes of it."""
    value = _any(raw) if isinstance(raw, msgspec.Raw) else raw
    if value is None:
        return False
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    return value > limit or value < 0


def _without_included_logprobs(fields: dict[str, Any]) -> bool:
    included = _any(fields["include"])
    if not isinstance(included, list):
        return False
    kept = [one for one in included if not (isinstance(one, str) and "logprobs" in one)]
    if len(kept) == len(included):
        return False
    fields["include"] = kept
    return True
