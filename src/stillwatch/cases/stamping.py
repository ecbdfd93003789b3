"""Time stamps of a stranger (RFC 3161): that a sealed file was there at a time, whoever held this installation's key and clock.

A time-stamping authority signs the digest of the file's envelope, and so of everything that is sealed. Its answer goes into the file as
`stamp.dsse.json`, signed by the collector, so that no byte of it can be changed unseen even where nobody has the authority's certificate.
It is believed only with that certificate, given by whoever verifies, offline.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from stillwatch.cases.archive import pack
from stillwatch.cases.dsse import envelope, opened_envelope
from stillwatch.cases.sealing import ENVELOPE, STAMP
from stillwatch.cases.signing import PublicKey, Signer
from stillwatch.core.errors import CaseError
from stillwatch.core.extras import get_extra

__all__ = ["AskAuthority", "Stamp", "read_authority", "stamp_in", "stamped"]

STAMP_FORM = "urn:stillwatch:case-stamp:1"
"""Names the predicate of a time stamp."""

_MOST_BYTES = 64 * 1024
_AHEAD = dt.timedelta(minutes=5)
"""How far an authority's clock may be ahead of ours when it answers."""

AskAuthority = Callable[[bytes], bytes]
"""Sends a request (`application/timestamp-query`) and brings back the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """The time that an authority put under a sealed file (UTC), by which policy, and its number there.

    `checked` says whether its signature was checked, against a certificate that was given; otherwise it is the collector's word.
    """

    time: dt.datetime
    policy: str
    serial: str
    checked: bool


def read_authority(path: Path) -> list[x509.Certificate]:
    """The certificates in a PEM file: those that an authority's own is signed by.

    Raises:
        CaseError: when it holds none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError as error:
        raise CaseError(f"{path}: expected certificates as PEM") from error


def stamped(
    files: Mapping[str, bytes], ask: AskAuthority, roots: Sequence[x509.Certificate], *, at: dt.datetime, signer: Signer
) -> tuple[bytes, Stamp]:
    """The sealed file with a time stamp that an authority gives now, checked before it is taken.

    Raises:
        CaseError: when the file has one already, no certificate is given, or the answer is not to be believed.
    """
    if STAMP in files:
        raise CaseError("the file has a time stamp already")
    if not roots:
        raise CaseError("a time stamp is taken only with the authority's certificate, to check it")
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    builder = TimestampRequestBuilder(data=files[ENVELOPE], hash_algorithm=HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    answer = ask(request.as_bytes())
    try:
        told = _believed(answer, files[ENVELOPE], roots, nonce=request.nonce)
    except ValueError as error:
        raise CaseError(f"the time-stamping authority's answer is not taken: {error}") from error
    if told.time > at + _AHEAD:
        raise CaseError(f"the time-stamping authority's answer is not taken: {told.time:%Y-%m-%d %H:%M} is yet to come")
    predicate = {
        "time": _written(told.time),
        "policy": told.policy,
        "serial": told.serial,
        "answer": base64.b64encode(answer).decode(),
    }
    signed = envelope(STAMP_FORM, _digest(files[ENVELOPE]), ENVELOPE, predicate, [signer])
    return pack({**files, STAMP: signed}), told


def stamp_in(
    files: Mapping[str, bytes], keys: Sequence[PublicKey], signed: Sequence[str], roots: Sequence[x509.Certificate]
) -> Stamp | None:
    """The time stamp of a sealed file, if it has one.

    Raises:
        ValueError: when it is not as the collector put it there, or, with certificates given, not the authority's.
    """
    if STAMP not in files:
        return None
    told, by = opened_envelope(files[STAMP], keys, STAMP_FORM, _digest(files[ENVELOPE]), ENVELOPE)
    if set(by) - set(signed):
        raise ValueError("a time stamp put in by a key that did not sign the seal")
    noted = Stamp(
        time=dt.datetime.fromisoformat(told["time"]), policy=told["policy"], serial=told["serial"], checked=False
    )
    if not roots:
        return noted
    checked = _believed(base64.b64decode(told["answer"], validate=True), files[ENVELOPE], roots)
    if (checked.time, checked.policy, checked.serial) != (noted.time, noted.policy, noted.serial):
        raise ValueError("the time stamp says something else than is noted of it")
    return checked


def _believed(answer: bytes, message: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None = None) -> Stamp:
    """What an answer says, when an authority under one of these certificates gave it for this message.

    Raises:
        ValueError: when not, in words for a person.
    """
    if len(answer) > _MOST_BYTES:
        raise ValueError("it is longer than any time stamp")
    try:
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response
    except ImportError as error:
        raise CaseError(f"to check a time stamp takes more: {get_extra('stamps')}") from error
    try:
        response: Any = decode_timestamp_response(answer)
        verifier = VerifierBuilder(roots=list(roots), nonce=nonce).build()
        verifier.verify_message(response, message)
        told = response.tst_info
        time, policy, serial = told.gen_time, told.policy.dotted_string, str(told.serial_number)
    except (VerificationError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"no time stamp of this file by the authority ({error})") from error
    return Stamp(time=time.astimezone(dt.UTC), policy=policy, serial=serial, checked=True)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _written(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
