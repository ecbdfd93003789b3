"""What TAXII 2.1 says on the wire: media types, timestamps, and errors that a client can act on."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from typing import Any

import msgspec

from stillwatch.core.errors import Error

__all__ = [
    "ANY_MEDIA",
    "MEDIA",
    "STIX",
    "Refusal",
    "accepts",
    "is_taxii",
    "micros",
    "stamp",
    "version_key",
    "version_text",
]

MEDIA = "application/taxii+json;version=2.1"
ANY_MEDIA = "application/taxii+json"
STIX = "application/stix+json;version="

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-]\d\d:\d\d))", re.ASCII)
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Request too slow",
    413: "Too large",
    414: "Address too long",
    415: "Unsupported media type",
    422: "Unprocessable",
    429: "Too many requests",
    500: "Internal error",
    503: "Too busy",
}


class Refusal(Error):
    """A request that is answered with an error: its HTTP status, what is wrong in words, and a code that programs can read."""

    def __init__(
        self, status: int, description: str, *, code: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.status = status
        self.code = code or _TITLES[status].lower().replace(" ", "_")
        self.headers = headers
        super().__init__(description)

    def body(self) -> bytes:
        """The TAXII error resource; its id lets an operator find the line in the log."""
        told: dict[str, Any] = {
            "title": _TITLES[self.status],
            "description": str(self),
            "error_id": secrets.token_hex(8),
            "error_code": self.code,
            "http_status": str(self.status),
        }
        return msgspec.json.encode(told)


def accepts(header: str | None) -> bool:
    """Whether a client takes what we send.

    Without a header, and with `*/*` or `application/*`, it does (RFC 9110): some clients send only that, and what they get says what it is.

    >>> [accepts(one) for one in ("application/taxii+json; version=2.1", "application/json, */*;q=0.1", "application/json")]
    [True, True, False]
    """
    if header is None or not header.strip():
        return True
    return any(_takes(one) for one in header.split(","))


def is_taxii(header: str | None) -> bool:
    """Whether a body claims to be TAXII 2.1; no version means the newest."""
    kind, asked = _media(header or "")
    return kind == ANY_MEDIA and asked.get("version", "2.1") == "2.1"


def micros(moment: str) -> int:
    """A timestamp of RFC 3339 in microseconds since 1970; finer digits are cut off.

    >>> micros("1970-01-01T00:00:01.5Z")
    1500000

    Raises:
        ValueError: when it is none.
    """
    found = _MOMENT.fullmatch(moment)
    if found is None:
        raise ValueError(f"got {moment[:40]!r}, expected a timestamp such as 2026-11-22T09:00:00.000000Z")
    day, clock, fraction, zone = found.groups()
    try:
        whole = dt.datetime.fromisoformat(f"{day}T{clock}{zone or '+00:00'}")
        return (whole - _EPOCH) // dt.timedelta(microseconds=1) + int((fraction or "0").ljust(6, "0")[:6])
    except (ValueError, OverflowError) as error:
        raise ValueError(f"got {moment[:40]!r}, which is no moment of the calendar") from error


def stamp(moment: int) -> str:
    """Microseconds since 1970 as TAXII writes them, with six digits.

    >>> stamp(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    whole = _EPOCH + dt.timedelta(microseconds=moment)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{whole.microsecond:06}Z".rjust(27, "0")


def version_key(moment: str) -> str:
    """A version such that equal moments are equal texts and later ones sort behind.

    >>> version_key("2026-11-22T09:00:00.120Z") < version_key("2026-11-22T09:00:00.1201Z")
    True

    Raises:
        ValueError: when it is no timestamp in UTC.
    """
    found = _MOMENT.fullmatch(moment)
    micros(moment)
    if found is None or found[4]:
        raise ValueError(f"got {moment[:40]!r}, expected a timestamp in UTC, with Z")
    return f"{found[1]}T{found[2]}.{found[3] or ''}".rstrip("0").rstrip(".") if found[3] else f"{found[1]}T{found[2]}"


def version_text(key: str) -> str:
    """A version as STIX writes it, with at least three digits.

    >>> version_text(version_key("2026-11-22T09:00:00Z"))
    '2026-11-22T09:00:00.000Z'
    """
    whole, _, fraction = key.partition(".")
    return f"{whole}.{fraction.ljust(3, '0')}Z"


def _takes(one: str) -> bool:
    kind, asked = _media(one)
    try:
        wanted = float(asked.get("q", "1")) > 0
    except ValueError:
        return False
    return wanted and (kind in ("*/*", "application/*") or (kind == ANY_MEDIA and asked.get("version", "2.1") == "2.1"))


def _media(text: str) -> tuple[str, dict[str, str]]:
    kind, *rest = text.split(";")
    pairs = (one.partition("=") for one in rest)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
