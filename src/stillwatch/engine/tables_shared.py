"""What was told to other houses, and what they told: objects that left, and indicators that came in. Neither decides anything."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.engine.contract import TEXT, TIME, Table, column

__all__ = ["INDICATORS_IN", "INDICATORS_OUT", "OPINIONS_IN", "TAGGED_IN"]

# One column a line reads as the table that it is.

INDICATORS_OUT = Table(
    name="indicators_out",
    row="One object that left this house, in the version that left last. A case finds all that it gave rise to here, whoever its members are by now.",
    key=("id",),
    columns=(
        column("id", TEXT, "STIX id: follows from case, kind and value, never from members", required=True, leaves="free"),
        column("case", TEXT, "case that it was made from", required=True),
        column("type", TEXT, "STIX type", required=True, leaves="free"),
        column("kind", TEXT, "kind of indicator: subnet, asn, tls, user_agent, template, technique, model or rhythm; unknown for other objects", leaves="free"),
        column("value_digest", TEXT, "SHA-256 of kind and value; unknown for other objects"),
        column("lane", TEXT, "lane by which it left", required=True),
        column("tlp", TEXT, "TLP 2.0 marking; unknown for definitions and observables", leaves="free"),
        column("first_left", TIME, "first day on which it left", required=True),
        column("last_left", TIME, "day on which this version left", required=True),
        column("valid_until", TIME, "end of its validity; unknown where it has none", leaves="free"),
        column("revoked", pa.bool_(), "withdrawn for good", required=True, leaves="free"),
        column("object", TEXT, "the object in canonical JSON, as it left", required=True, leaves="free"),
        column("record", TEXT, "SHA-256 of the record of what was removed before it left", required=True, leaves="free"),
    ),
)

INDICATORS_IN = Table(
    name="indicators_in",
    row="One indicator that another house told. An input to look with, never a verdict.",
    key=("id",),
    columns=(
        column("id", TEXT, "STIX id", required=True),
        column("sender", TEXT, "identity of the house that told it: a code, no name"),
        column("source", TEXT, "where it came from: a file's name or a collection", required=True),
        column("kind", TEXT, "kind of indicator", required=True),
        column("value", TEXT, "what to compare with: subnet, number, fingerprint or word", required=True),
        column("stands_alone", pa.bool_(), "whether a match is worth a look by itself", required=True),
        column("confidence", pa.int32(), "how sure the sender is, 0 to 100"),
        column("tlp", TEXT, "TLP 2.0 marking", required=True),
        column("pap", TEXT, "PAP marking", required=True),
        column("permitted_actions", TEXT, "widest action that its exchange policy permits", required=True),
        column("corroboration", TEXT, "seed, corroborated, established or disputed", required=True),
        column("valid_from", TIME, "start of its validity", required=True),
        column("valid_until", TIME, "end of its validity", required=True),
        column("modified", TIME, "version", required=True),
        column("revoked", pa.bool_(), "withdrawn by its sender: never matched again", required=True),
        column("received", TIME, "when this version came in", required=True),
        column("object", TEXT, "the object in canonical JSON, as it came", required=True),
    ),
)

OPINIONS_IN = Table(
    name="opinions_in",
    row="One sighting or opinion of another house, or one contest by somebody outside: what bears an indicator out or speaks against it.",
    key=("id",),
    columns=(
        column("id", TEXT, "STIX id; of a contest the digest of what was said", required=True),
        column("about", TEXT, "the indicator that it speaks of", required=True),
        column("type", TEXT, "sighting, opinion or contest", required=True),
        column("sender", TEXT, "identity of the house: a code, no name; unknown for a contest"),
        column("modified", TIME, "version", required=True),
        column("received", TIME, "when it came in", required=True),
        column("answered", pa.bool_(), "of a contest: whether the originator has looked at it again"),
        column("object", TEXT, "the object in canonical JSON; of a contest its reason from a list", required=True),
    ),
)

TAGGED_IN = Table(
    name="tagged_in",
    row="One account with an identifier that others put on a tag board. A reason to look, never a verdict; it never leaves.",
    key=("account", "kind", "epoch"),
    columns=(
        column("account", pa.int64(), "keyed pseudonym of the account", required=True),
        column("kind", TEXT, "email, phone, card, device or registration", required=True),
        column("epoch", TEXT, "epoch of the tags", required=True),
        column("support", TEXT, "by how many labs: seed, corroborated or established", required=True),
        column("matched", TIME, "when the board was looked at", required=True),
    ),
)
