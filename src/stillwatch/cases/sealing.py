"""A case as one file that a stranger can check: items, a manifest of their hashes, and an envelope that signs the manifest.

    envelope.dsse.json    in-toto statement about manifest.json, by the collector and the reviewers
    manifest.json         the case's id, and of each item its number, kind and SHA-256
    items/NNNNNN.json     one thing said, tested or done, with a random salt
    stamp.dsse.json       a time-stamping authority's answer about the envelope, if one was asked (`stamping`)
    redaction.dsse.json   of a redacted copy: which items were taken out, why, signed

An item's hash covers its salt, so that a short item that was taken out cannot be guessed from its hash. A redacted copy keeps manifest
and envelope as they were: what is left proves itself by its hash, and what is gone is known to have been there.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.cases.archive import pack
from stillwatch.cases.canonical import canonical
from stillwatch.cases.dsse import envelope
from stillwatch.cases.exhibit import ExhibitGiven
from stillwatch.cases.head import Head
from stillwatch.cases.record import Case
from stillwatch.cases.signing import Signer
from stillwatch.cases.statement import Statement
from stillwatch.core.records import Part

__all__ = ["ENVELOPE", "FORM", "MANIFEST", "REDACTION", "STAMP", "STAYS", "Seal", "sealed_case"]

ENVELOPE, MANIFEST, REDACTION = "envelope.dsse.json", "manifest.json", "redaction.dsse.json"
STAMP = "stamp.dsse.json"
FORM = "urn:stillwatch:case-file:1"
"""Names the predicate of the envelope, and the form of the file."""

STAYS = frozenset({"case", "exculpatory"})
"""Kinds that no copy is without: one that names no case proves nothing, and one without what speaks for the accused misleads."""

_Salt = Callable[[], str]


def _random_salt() -> str:
    return secrets.token_hex(32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """What a seal says beside the content: when, by whom, with which version, and how far the journal had come."""

    at: str
    reviewer: str
    version: str
    journal: Head


def sealed_case(case: Case, seal: Seal, signers: Sequence[Signer], salt: _Salt = _random_salt) -> bytes:
    """The sealed file of a case. The same case, seal, keys and salts give the same bytes."""
    items: dict[str, bytes] = {}
    listed: list[dict[str, str]] = []
    for number, (kind, content) in enumerate(_items(case), 1):
        name = f"{number:06d}"
        data = canonical({"kind": kind, "content": content, "salt": salt()})
        items[f"items/{name}.json"] = data
        listed.append({"item": name, "kind": kind, "sha256": hashlib.sha256(data).hexdigest()})
    manifest = canonical({"form": FORM, "case": case.id, "items": listed})
    keys = [one.public.id for one in signers]
    predicate = msgspec.to_builtins(seal) | {"case": case.id, "items": len(listed), "keys": keys}
    digest = hashlib.sha256(manifest).hexdigest()
    signed = envelope(FORM, digest, MANIFEST, predicate, signers)
    return pack({ENVELOPE: signed, MANIFEST: manifest, **items})


def _items(case: Case) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything of a case as items, small enough that one can be taken out alone."""
    yield "case", {"id": case.id, "about": case.handle, "state": case.state.value, "split_from": case.split_from}
    for opening in case.openings:
        told = msgspec.to_builtins(opening)
        apart = ("tests", "statements", "factors", "exculpatory", "members", "families", "links", "hours", "releases")
        parts = {name: told.pop(name) for name in apart}
        yield "finding", told
        yield "exculpatory", parts["exculpatory"]
        yield from map(_statement, opening.statements)
        for name in ("tests", "factors"):
            yield from ((name.removesuffix("s"), one) for one in parts[name])
        yield from (("family", one) for one in parts["families"])
        yield from (("link", one) for one in parts["links"])
        if parts["hours"]:
            yield "timeline", {"hours": parts["hours"], "releases": parts["releases"]}
    yield from map(_statement, case.added)
    for given in case.exhibits:
        yield from _exhibit(given)
    for kind, rows in (
        ("member", case.members),
        ("claim", case.claims),
        ("ruling", case.rulings),
        ("event", case.history),
    ):
        yield from ((kind, msgspec.to_builtins(row)) for row in rows)


def _exhibit(given: ExhibitGiven) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """An exhibit as it was signed; while it counts, its statements and the fourth factor as items that can be taken out alone."""
    apart = {"file": given.file, "sha256": given.sha256, "named": list(given.named), "revoked": given.revoked}
    yield "exhibit", {**apart, "at": given.at, "by": given.by}
    if given.counts:
        yield from map(_statement, given.exhibit.statements)
        yield "factor", msgspec.to_builtins(given.factor)


def _statement(said: Statement) -> tuple[str, Mapping[str, Any]]:
    """A statement as an item; one that speaks for the accused is of the kind that stays in every copy."""
    kind = "exculpatory" if said.part is Part.EXCULPATORY else "statement"
    return kind, msgspec.to_builtins(said)
