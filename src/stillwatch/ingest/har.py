"""HTTP archives (HAR 1.2, the format browsers' developer tools and proxies save) of traffic with a model's API."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from ._har_plain import PLAIN
from .capture import ENVELOPE_LACKS, headers, wire
from .clean import Reading, billed, mapping, text
from .exchange import Exchange
from .log_format import Record, log_format

__all__ = ["read"]


def _sniff(record: Record) -> int:
    return 95 if "startedDateTime" in record and "request" in record and "response" in record else 0


def _content(content: dict[str, Any]) -> Any:
    value = content.get("text")
    if content.get("encoding") == "base64" and isinstance(value, str):
        try:
            return base64.b64decode(value).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None
    return value


@log_format(
    name="har",
    title="HTTP archive (HAR)",
    sample="har",
    wants='"startedDateTime" in its entries',
    sniff=_sniff,
    lacks=(*ENVELOPE_LACKS, "ip", "subnet"),
    plain=PLAIN,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one entry of an archive. Calls that ask for no model's answer are passed over and counted."""
    request = mapping(record.get("request"))
    response = mapping(record.get("response"))
    x = Exchange(pathway="api")
    x.at = reading.at(record.get("startedDateTime"), "startedDateTime")
    status = billed(response.get("status"), "response.status", limit=999)
    x.http_status = status or None
    spoken = wire(
        x,
        reading,
        path=text(request.get("url")) or "",
        asked=headers(request.get("headers")),
        answered=headers(response.get("headers")),
        request=mapping(request.get("postData")).get("text"),
        response=_content(mapping(response.get("content"))),
    )
    if spoken is None:
        reading.notes["requests that ask for no model's answer, passed over"] += 1
        return []
    x.ip = None
    x.account = x.credential
    return [x]
