"""Messages captures: one JSON object a line with the request, the response and who asked."""

from __future__ import annotations

from collections.abc import Iterable

from ._anthropic_plain import ANTHROPIC
from ._capture_plain import plain_captures
from .capture import ENVELOPE_LACKS, capture, fit
from .clean import Reading
from .exchange import Exchange
from .log_format import Record, log_format

__all__ = ["read"]


def _sniff(record: Record) -> int:
    return fit(record, "anthropic_messages")


@log_format(
    name="anthropic_messages",
    title="Anthropic Messages, request/response captures",
    sample="anthropic_messages",
    wants="request to .../messages with its body",
    sniff=_sniff,
    lacks=(*ENVELOPE_LACKS, "n", "logprobs", "top_logprobs", "logit_bias"),
    plain=plain_captures("anthropic_messages", ANTHROPIC),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one capture; one in another dialect is read as what it is."""
    return capture(record, reading)
