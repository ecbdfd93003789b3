"""OpenAI Batch: the input file, the output file and the error file of a batch, joined by `custom_id`.

A batch's files do not say when a request was run unless it was answered; a request that failed is placed at the batch's start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ._batch_plain import PLAIN, told
from .clean import BadField, Reading, billed, label, mapping, text
from .dialect import dialect_of_path, fill
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .records import AloneOnItsLine
from .turns import settle

__all__ = ["read"]

_ROLE_WORDS = re.compile(r"(?:^|[-_. ])(?:in|out|(?:input|output|error|result|request)s?)(?=$|[-_. ])")
_LACKS = (
    "account",
    "org",
    "credential",
    "ip",
    "subnet",
    "asn",
    "user_agent",
    "tls_fingerprint",
    "client_claimed",
    "client_telemetry",
)


def group(stem: str) -> str:
    """What the names of a batch's files share: `day1_input` and `day1_output` are of one batch."""
    return _ROLE_WORDS.sub("", stem.lower())


def pieces(record: Record) -> Iterator[tuple[str, Record]]:
    """The record by its `custom_id`; a batch object, which has none, only tells the time."""
    key = label(record.get("custom_id"))
    if key is not None:
        yield key, record
    elif record.get("object") != "batch":
        raise BadField("custom_id", "got nothing, expected the request's id in the batch")


def moment(record: Record) -> int | None:
    """A time that a record gives: a batch's start, an answer's creation."""
    given = record.get("in_progress_at") or record.get("created_at") if record.get("object") == "batch" else None
    if not given and "response" in record:
        body = mapping(mapping(record["response"]).get("body"))
        given = body.get("created") or body.get("created_at")
    return told(given)


_When = int | float | str | None


class _Body(msgspec.Struct):
    created: _When = None
    created_at: _When = None


class _Response(msgspec.Struct):
    body: _Body | None = None


class _Glance(AloneOnItsLine, kw_only=True):
    custom_id: str
    response: _Response | None = None
    object: str | None = None


_glanced = msgspec.json.Decoder(_Glance).decode


def glance(line: bytes) -> tuple[str, int | None] | None:
    """The id and the time of an answer, without its texts: a fifth of the work of reading all."""
    found = _glanced(line)
    key = label(found.custom_id)
    if key is None or found.object == "batch":
        return None
    body = found.response.body if found.response is not None else None
    return key, told(body.created or body.created_at) if body is not None else None


def assemble(found: Sequence[Piece], reading: Reading) -> Iterable[Exchange]:
    """Join requests and answers of one `custom_id`, first with first."""
    asked = [piece for piece in found if "body" in piece.value]
    answered = [piece for piece in found if "body" not in piece.value]
    if not answered:
        reading.notes["batch requests without an answer, passed over"] += len(asked)
    for index, piece in enumerate(answered):
        request = asked[index].value if index < len(asked) else {}
        yield _exchange(request, piece, reading)


def _exchange(request: Record, piece: Piece, reading: Reading) -> Exchange:
    record = piece.value
    response = mapping(record.get("response"))
    body = mapping(response.get("body"))
    x = Exchange(line=piece.line, source=piece.source, pathway="batch")
    created = body.get("created") or body.get("created_at")
    if created is None and reading.earliest is None:
        raise BadField("response.body.created", "got nothing, expected the time of the answer")
    x.at = reading.at(created if created is not None else reading.earliest, "response.body.created")
    x.http_status = billed(response.get("status_code"), "response.status_code", limit=999)
    name = dialect_of_path(text(request.get("url")) or "")
    x.request = label(response.get("request_id")) or label(record.get("id"))
    fill(x, request.get("body"), body, name=name)
    if not request:
        x.logprobs = x.logit_bias = x.stream = x.turns = None
    if record.get("error"):
        settle(x, error=True)
    return x


def _sniff(record: Record) -> int:
    if "custom_id" in record:
        return 92 if "response" in record or ("body" in record and "url" in record) else 0
    return 80 if record.get("object") == "batch" and "input_file_id" in record else 0


@log_format(
    name="openai_batch",
    title="OpenAI Batch input and output files",
    sample="openai_batch",
    wants='"custom_id"',
    sniff=_sniff,
    lacks=_LACKS,
    joined=Joined(pieces=pieces, assemble=assemble, moment=moment, group=group, glance=glance, plain=PLAIN),
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one record that stands alone."""
    return [x for key, value in pieces(record) for x in assemble([Piece(value, 0, 0)], reading) if key]
