"""Refusals in the shape that a dialect's own SDK understands: a machine code, a reason, when to come back, and how to object."""

from __future__ import annotations

import math
import time
from functools import lru_cache
from typing import Any

import msgspec

from stillwatch.gateway.wire import Headers
from stillwatch.policy import Dialect, Ruling, Step

__all__ = ["Refusal", "Unacceptable", "leak_refusal", "refusal", "ruling_headers", "ruling_refusal", "unacceptable"]

_encode = msgspec.json.encode

_OPENAI = {400: "invalid_request_error", 403: "permission_error", 413: "invalid_request_error", 429: "rate_limit_error"}
_ANTHROPIC = {
    400: "invalid_request_error",
    403: "permission_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
_GOOGLE = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 413: "INVALID_ARGUMENT", 415: "INVALID_ARGUMENT",
           429: "RESOURCE_EXHAUSTED", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip


class Unacceptable(Exception):
    """A request that goes no further whatever the policy says, and how its caller is told."""

    status = 400
    code = "bad_request"
    message = "This request cannot be served."
    closes = False
    """Whether the connection ends with it, because more of the request may be under way."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that the gateway gives itself."""

    status: int
    headers: Headers
    body: bytes


def refusal(
    dialect: Dialect,
    status: int,
    code: str,
    message: str,
    *,
    retry_after: float | None = None,
    told: dict[str, Any] | None = None,
    headers: Headers | None = None,
) -> Refusal:
    """Say no in a dialect. `told` are further machine-readable facts, such as the appeal handle."""
    facts = {"code": code, **(told or {})}
    if dialect is Dialect.MESSAGES:
        kind = _ANTHROPIC.get(status, "api_error")
        shape: dict[str, Any] = {"type": "error", "error": {"type": kind, "message": message, "details": facts}}
    elif dialect is Dialect.GEMINI:
        details: list[dict[str, Any]] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": code.upper(),
                "domain": "stillwatch",
                "metadata": {name: str(value) for name, value in facts.items()},
            }
        ]
        if retry_after is not None:
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after:.3f}s"})
        error = {"code": status, "message": message, "status": _GOOGLE.get(status, "INTERNAL"), "details": details}
        shape = {"error": error}
    else:
        kind = _OPENAI.get(status, "api_error")
        shape = {"error": {"message": message, "type": kind, "param": None, "code": code, "details": facts}}
    body = _encode(shape)
    made: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after is not None:
        made.append((b"retry-after", str(max(1, math.ceil(retry_after))).encode()))
    return Refusal(status=status, headers=[*made, *(headers or ())], body=body)


def unacceptable(dialect: Dialect, fault: Unacceptable) -> Refusal:
    """The answer to a request that cannot be served."""
    said = refusal(dialect, fault.status, fault.code, fault.message, retry_after=1.0 if fault.status == 503 else None)
    if fault.closes:
        said.headers.append((b"connection", b"close"))
    return said


def ruling_refusal(dialect: Dialect, ruling: Ruling, *, visible: bool = True) -> Refusal:
    """The answer to a request that a ruling does not let through: 429 for a throttle, 403 for verification and block."""
    throttled = ruling.retry_after is not None and ruling.step not in (Step.VERIFY, Step.BLOCK)
    visible = visible and ruling.told
    told: dict[str, Any] = {}
    if visible:
        told = {
            name: value
            for name, value in (
                ("step", ruling.step.name.lower()),
                ("rule", ruling.rule),
                ("policy", ruling.policy),
                ("appeal", ruling.appeal),
                ("link", ruling.link),
                ("until", None if ruling.until is None else _iso(ruling.until)),
            )
            if value
        }
    return refusal(
        dialect,
        429 if throttled else 403,
        ruling.code,
        ruling.message or (_TOO_MUCH if throttled else _MESSAGES.get(ruling.step, "This request is not allowed.")),
        retry_after=ruling.retry_after,
        told=told,
        headers=ruling_headers(ruling, visible=visible),
    )


def leak_refusal(dialect: Dialect, ruling: Ruling, *, visible: bool = True) -> Refusal:
    """The answer in the place of one that said what it must not. It is no fault of the network, so nothing is gained by asking again."""
    message = "The answer held text that the provider does not give out, and is withheld."
    headers = ruling_headers(ruling, visible=visible)
    return refusal(dialect, 403, "answer_withheld", message, headers=headers)


_TOO_MUCH = "This account has used what it may use for now. Wait and try again."
_MESSAGES = {
    Step.VERIFY: "This account must be verified before it can go on.",
    Step.BLOCK: "This account is blocked.",
}


def ruling_headers(ruling: Ruling, *, visible: bool = True) -> Headers:
    """Headers that say which policy applied and what it did. Watching alone is not told, nor is what a dry run would have done."""
    if not visible or not ruling.told:
        return []
    return list(_told(ruling.policy, ruling.step, ruling.code, ruling.rule, ruling.appeal, ruling.link))


@lru_cache(maxsize=4096)
def _told(policy: str, step: Step, code: str, rule: str, appeal: str | None, link: str) -> Headers:
    made: Headers = []
    if policy:
        made.append((b"x-stillwatch-policy", _safe(policy)))
    if step >= Step.CLAMP:
        made.append((b"x-stillwatch-step", step.name.lower().encode()))
        made.append((b"x-stillwatch-code", _safe(code)))
        if rule:
            made.append((b"x-stillwatch-rule", _safe(rule)))
        if appeal:
            made.append((b"x-stillwatch-appeal", _safe(appeal)))
        if link:
            made.append((b"x-stillwatch-link", _safe(link)))
    return made


def _safe(text: str) -> bytes:
    """A text as a header can carry it: no line ends, no control characters, Latin-1."""
    return "".join(c if c.isprintable() else "?" for c in text).encode("latin-1", "replace")


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
