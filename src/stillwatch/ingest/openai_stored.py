"""OpenAI stored completions: pages of "list chat completions", joined with pages of their messages where these were fetched too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from . import _chat
from .clean import BadField, Reading, asked_number, label, sequence
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .turns import lay_out

__all__ = ["read"]

_LACKS = ("account", "org", "credential", "ip", "subnet", "asn", "user_agent", "tls_fingerprint", "client_claimed", "client_telemetry",
          "max_tokens", "top_k", "n", "logprobs", "top_logprobs", "logit_bias", "stream", "conversation", "http_status")  # fmt: skip


def pieces(record: Record) -> Iterator[tuple[str, Record]]:
    """A completion by its id; a message by the completion's, which is its own without the number at the end."""
    key = label(record.get("id"))
    if key is None:
        raise BadField("id", "got nothing, expected the completion's id")
    yield (key if "choices" in record else key.rpartition("-")[0] or key), record


def assemble(group: Sequence[Piece], reading: Reading) -> Iterable[Exchange]:
    """Join a completion with its messages."""
    messages = [piece.value for piece in group if "choices" not in piece.value]
    for piece in group:
        record = piece.value
        if "choices" not in record:
            continue
        x = Exchange(pathway="api", line=piece.line, source=piece.source)
        x.at = reading.at(record.get("created"), "created")
        x.end_user = (
            label(record.get("safety_identifier")) or label(record.get("input_user")) or label(record.get("user"))
        )
        _chat.response(x, record)
        x.temperature = asked_number(record.get("temperature"))
        x.top_p = asked_number(record.get("top_p"))
        x.tools = _chat.tool_names(record.get("tools"))
        asked = sequence(record.get("messages")) or messages
        if asked:
            artifacts: list[str] = []
            lay_out(x, [_chat.message_turn(message, artifacts) for message in asked])
        yield x


def _has_messages(records: Sequence[Record]) -> bool:
    return any("role" in record and "choices" not in record for record in records)


def _sniff(record: Record) -> int:
    if (
        "choices" in record
        and "created" in record
        and ("input_user" in record or record.get("object") == "chat.completion")
    ):
        return 85 if "request" not in record else 0
    return 40 if "role" in record and isinstance(record.get("id"), str) and record["id"].startswith("chatcmpl-") else 0


@log_format(
    name="openai_stored",
    title="OpenAI stored completions",
    sample="openai_stored",
    wants='"object": "chat.completion" with "choices" and "created"',
    sniff=_sniff,
    lacks=_LACKS,
    joined=Joined(pieces=pieces, assemble=assemble, needed=_has_messages),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one completion."""
    return assemble([Piece(value, 0, 0) for _, value in pieces(record)], reading)
