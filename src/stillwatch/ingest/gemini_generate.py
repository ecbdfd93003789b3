"""generateContent captures: one JSON object a line with the request, the response and who asked."""

from __future__ import annotations

from collections.abc import Iterable

from ._capture_plain import plain_captures
from ._gemini_plain import GEMINI
from .capture import ENVELOPE_LACKS, capture, fit
from .clean import Reading
from .exchange import Exchange
from .log_format import Record, log_format

__all__ = ["read"]


def _sniff(record: Record) -> int:
    return fit(record, "gemini_generate")


@log_format(
    name="gemini_generate",
    title="Gemini generateContent, request/response captures",
    sample="gemini_generate",
    wants="request to ...:generateContent with its body",
    sniff=_sniff,
    lacks=(*ENVELOPE_LACKS, "end_user", "logit_bias"),
    plain=plain_captures("gemini_generate", GEMINI),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one capture; one in another dialect is read as what it is."""
    return capture(record, reading)
