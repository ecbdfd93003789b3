"""A request body with some fields changed and every other byte of every other field as it came.

Values that are not touched are copied as raw bytes, so numbers keep their digits and texts their escapes. A field that stands twice is
written once, as the last one said, even where nothing else is changed: some servers read the first, and nothing can hide behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from stillwatch.gateway.asking import Unreadable
from stillwatch.policy import Clamp, Dialect

__all__ = ["clamped", "edited", "repeats"]

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
_NAME = re.compile(rb'[\s{,]*("(?:[^"\\]|\\.)*")\s*:\s*', re.DOTALL)
_NEXT = re.compile(rb"\s*[,}]")


def repeats(body: bytes, fields: dict[str, Any]) -> bool:
    """Whether a field of an object stands twice, given the object as JSON and as it was read, where the last one counts.

    >>> body = b'{"n": 99, "a": {"n": 1}, "n": 1}'
    >>> repeats(body, _object(body)), repeats(b'{"n": 1, "a": {"n": 1}}', _object(b'{"n": 1, "a": {"n": 1}}'))
    (True, False)
    """
    place = 0
    for _ in fields:
        found = _NAME.match(body, place)
        value = None if found is None else fields.get(_any(found[1]))
        if found is None or value is None or not body.startswith(bytes(value), found.end()):
            return True
        place = found.end() + len(value)
        if _NEXT.match(body, place) is None:
            return True
    return bool(fields) and not body[place:].lstrip().startswith(b"}")


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
        changed = ["twice"] if repeats(body, fields) else []
        changed += [name for name in strip if fields.pop(name, None) is not None]
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
            raw = bytes(fields[name])
            config = _object(raw) if raw.startswith(b"{") else {}
            twice = bool(config) and repeats(raw, config)
            if clamped(dialect, config, clamp) or twice:
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
