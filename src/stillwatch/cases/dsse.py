"""An in-toto statement in a DSSE envelope: what was sealed, by which keys, in the form that other tools verify too.

DSSE signs the bytes of the payload with its type (`PAE`), so that nothing has to be canonicalised to check a signature. Ours are canonical
all the same: a second form of one envelope would be a change that nobody sees.
Sources: in-toto Attestation Framework, Statement v1; DSSE protocol v1.0.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from stillwatch.cases.canonical import canonical, read_canonical
from stillwatch.cases.signing import PublicKey, Signer

__all__ = ["envelope", "opened_envelope", "payload_of"]

_TYPE = "application/vnd.in-toto+json"
_STATEMENT = "https://in-toto.io/Statement/v1"


def envelope(predicate_type: str, digest: str, name: str, predicate: Mapping[str, Any], by: Sequence[Signer]) -> bytes:
    """A statement about the thing of this SHA-256, signed by each key, as canonical JSON."""
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }
    payload = canonical(statement)
    return canonical(
        {
            "payloadType": _TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {"keyid": key.public.id, "sig": base64.b64encode(key.sign(_pae(payload))).decode()} for key in by
            ],
        }
    )


def opened_envelope(
    data: bytes, keys: Sequence[PublicKey], predicate_type: str, digest: str, name: str
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The predicate of an envelope about the thing of this SHA-256, and the ids of the keys that signed it, all of them checked.

    Raises:
        ValueError: when a byte is not as `envelope` wrote it, a signature fails, or one is by a key that was not given.
    """
    told = read_canonical(data)
    try:
        if set(told) != {"payload", "payloadType", "signatures"} or told["payloadType"] != _TYPE:
            raise ValueError("no envelope of an in-toto statement")
        payload = _bytes(told["payload"])
        signatures = [(one["keyid"], _bytes(one["sig"])) for one in told["signatures"]]
        if not signatures or any(set(one) != {"keyid", "sig"} for one in told["signatures"]):
            raise ValueError("an envelope without signatures, or with more in them than key and signature")
        _check(payload, signatures, {key.id: key for key in keys})
        statement = read_canonical(payload)
        expected = {"_type": _STATEMENT, "subject": [{"name": name, "digest": {"sha256": digest}}]}
        expected |= {"predicateType": predicate_type, "predicate": statement["predicate"]}
    except (KeyError, TypeError) as error:
        raise ValueError("no envelope of an in-toto statement") from error
    if statement != expected:
        raise ValueError(f"vouches for something else than this {name}")
    return statement["predicate"], tuple(key for key, _ in signatures)


def payload_of(data: bytes) -> bytes:
    """What an envelope says, without a look at its signatures: enough to search it, never to believe it.

    Raises:
        ValueError, KeyError, TypeError: when it is no envelope.
    """
    return _bytes(read_canonical(data)["payload"])


def _check(payload: bytes, signatures: Sequence[tuple[str, bytes]], keys: Mapping[str, PublicKey]) -> None:
    for key, signature in signatures:
        if key not in keys:
            raise ValueError(f"a signature by key {key[:16]}, whose public key was not given")
        if not keys[key].signed(_pae(payload), signature):
            raise ValueError(f"the signature by key {key[:16]} is not that key's")
    if len({key for key, _ in signatures}) < len(signatures):
        raise ValueError("signed twice by one key")


def _pae(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(_TYPE), _TYPE.encode(), len(payload), payload)


def _bytes(text: str) -> bytes:
    """Base64 in its only canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("not base64 in its canonical form")
    return data
