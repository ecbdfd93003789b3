"""What an audit of a model found, as a file that is signed once and can then be put into any case.

    {"envelope": {...}, "exhibit": {...}}      canonical JSON (RFC 8785), one line

The envelope is an in-toto statement in DSSE about the SHA-256 of the canonical bytes of `exhibit`. The exhibit holds sentences, dates and
digests, and no account's name: of the accounts that may be named it holds a salted hash each, which tells whoever knows a handle whether it
is one of them. A handle is sixty bits, so that nobody finds one by trying; whoever was forgotten here may still be told by somebody who
kept the handle.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.cases.canonical import canonical, read_canonical
from stillwatch.cases.dsse import envelope, opened_envelope
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.cases.statement import Factor, FactorShown, Statement
from stillwatch.core.errors import CaseError, TamperingFound
from stillwatch.core.records import Part

__all__ = ["EXHIBIT_BYTES", "Exhibit", "ExhibitGiven", "name_mark", "opened_exhibit", "read_exhibit", "sealed_exhibit"]

EXHIBIT_FORM = "urn:stillwatch:audit-exhibit:1"
"""Names the predicate of an exhibit's envelope."""
EXHIBIT_BYTES = 192 * 1024
"""An exhibit is sentences; whatever is larger is something else."""
_SUBJECT = "exhibit"
_MOST_STATEMENTS, _LONGEST = 200, 8000


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhibit:
    """What an audit found of one suspect model.

    `outcome` and `plan` are their SHA-256. `marks` are of the accounts that may be named, of `accounts` that were tested, at a chance of
    `alpha` that any of them is named falsely. `dates_allow` says whether what was harvested can have fed the suspect by the dates that are
    known (`dates` in words); unknown where they are.
    """

    suspect: str
    outcome: str
    plan: str
    version: str
    alpha: float
    accounts: int
    salt: str
    marks: tuple[str, ...]
    statements: tuple[Statement, ...]
    dates: tuple[str, ...]
    dates_allow: bool | None
    harvest_begun: dt.date | None = None
    harvest_ended: dt.date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ExhibitGiven:
    """An exhibit in a case: its file and digest, whose keys signed it, who put it in, and which members it names.

    `revoked` says why it counts no more. `ever_named` holds everybody whom it named when it was put in, also in the place of those who were
    forgotten; `named` those of them who are members today.
    """

    exhibit: Exhibit
    file: Mapping[str, Any]
    sha256: str
    keys: tuple[str, ...]
    signed_at: str
    at: str
    by: str
    ever_named: tuple[str, ...]
    named: tuple[str, ...]
    days_meet: bool | None
    revoked: str | None = None

    @property
    def counts(self) -> bool:
        """Whether the case rests on it: nobody revoked it."""
        return self.revoked is None

    @property
    def factor(self) -> FactorShown:
        """What it says of the fourth factor: shown only where the dates allow it and the audit names a member of the case."""
        told, name = self.exhibit, self.exhibit.suspect
        ground = f"audit exhibit {self.sha256[:16]} about {name}"
        dates = " ".join(told.dates)
        if told.dates_allow is None:
            return _fourth(None, f"{ground}: {dates}")
        if not told.dates_allow:
            return _fourth(False, f"{ground}: {dates}")
        if self.days_meet is False:
            return _fourth(None, f"{ground}: its harvest lies outside the days of this case. {dates}")
        if not self.named:
            return _fourth(None, f"{ground}: it names no member of this case. {dates}")
        return _fourth(
            True,
            f"{ground}: it names {len(self.named)} of the members (chance of naming any account falsely: at most {told.alpha:g}). {dates}",
        )


def _fourth(shown: bool | None, why: str) -> FactorShown:
    return FactorShown(factor=Factor.MODEL_TIMELINE, shown=shown, why=why)


def name_mark(salt: str, name: str) -> str:
    """What stands for an account's name in an exhibit."""
    return hashlib.sha256(f"{salt}\n{name}".encode()).hexdigest()


def sealed_exhibit(exhibit: Exhibit, signers: Sequence[Signer], *, at: str) -> bytes:
    """The file of an exhibit. The same exhibit, keys and time give the same bytes.

    Raises:
        CaseError: when it says nothing for the accused, or more than an exhibit does.
    """
    told = msgspec.to_builtins(_whole(exhibit))
    body = canonical(told)
    predicate = {"at": at, "keys": [one.public.id for one in signers]}
    signed = envelope(EXHIBIT_FORM, hashlib.sha256(body).hexdigest(), _SUBJECT, predicate, signers)
    data = canonical({"envelope": read_canonical(signed), "exhibit": told}) + b"\n"
    if len(data) > EXHIBIT_BYTES:
        raise CaseError(f"an exhibit has at most {EXHIBIT_BYTES:,} bytes, this one has {len(data):,}")
    return data


def read_exhibit(data: bytes) -> Mapping[str, Any]:
    """The document in an exhibit's file; nothing of it is believed yet.

    Raises:
        TamperingFound: when it is none, or not in the one form that such a file has.
    """
    try:
        if len(data) > EXHIBIT_BYTES:
            raise ValueError(f"larger than {EXHIBIT_BYTES:,} bytes")
        told = read_canonical(data.removesuffix(b"\n"))
        if not isinstance(told, dict) or set(told) != {"envelope", "exhibit"}:
            raise ValueError("no audit exhibit")
    except ValueError as error:
        raise TamperingFound([f"exhibit: {error}"]) from error
    return told


def opened_exhibit(
    file: Mapping[str, Any], keys: Sequence[PublicKey]
) -> tuple[Exhibit, Mapping[str, Any], tuple[str, ...]]:
    """The exhibit, what was said when it was signed, and the ids of the keys that signed it, all of them among those given.

    Raises:
        TamperingFound: when anything in it is not as it was signed, or a key was not given.
        CaseError: when it was signed so, but is not what a case takes in.
    """
    try:
        digest = hashlib.sha256(canonical(file["exhibit"])).hexdigest()
        told, signed = opened_envelope(canonical(file["envelope"]), keys, EXHIBIT_FORM, digest, _SUBJECT)
        if told["keys"] != list(signed) or not isinstance(told["at"], str):
            raise ValueError("names other keys than those that signed it")
    except (ValueError, KeyError, TypeError) as error:
        raise TamperingFound([f"exhibit: {error}"]) from error
    try:
        return _whole(msgspec.convert(file["exhibit"], Exhibit)), told, signed
    except msgspec.ValidationError as error:
        raise CaseError(f"exhibit: {error}") from error


def _whole(exhibit: Exhibit) -> Exhibit:
    """The exhibit, if it says what an exhibit must say, at a length that a person reads.

    Raises:
        CaseError: with what is wrong.
    """
    if not exhibit.suspect.strip():
        raise CaseError("exhibit: names no suspect")
    if not any(one.part is Part.EXCULPATORY for one in exhibit.statements):
        raise CaseError("exhibit: no case takes one in that says nothing for the accused")
    texts = [exhibit.suspect, *exhibit.dates, *(one.sentence + one.ground for one in exhibit.statements)]
    if len(exhibit.statements) > _MOST_STATEMENTS or max(map(len, texts)) > _LONGEST:
        raise CaseError("exhibit: says more than an exhibit does")
    return exhibit
