"""Responses captures: one JSON object a line with the request, the response and who asked."""

from __future__ import annotations

from collections.abc import Iterable

from ._capture_plain import plain_captures
from ._responses_plain import RESPONSES
from .capture import ENVELOPE_LACKS, capture, fit
from .clean import Reading
from .exchange import Exchange
from .log_format import Record, log_format

__all__ = ["read"]


def _sniff(record: Record) -> int:
    return fit(record, "openai_responses")


@log_format(
    name="openai_responses",
    title="OpenAI Responses, request/response captures",
    sample="openai_responses",
    wants="request to .../responses with its body",
    sniff=_sniff,
    lacks=(*ENVELOPE_LACKS, "top_k", "n", "logit_bias"),
    plain=plain_captures("openai_responses", RESPONSES),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one capture; one in another dialect is read as what it is."""
    return capture(record, reading)
