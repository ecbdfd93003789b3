"""RFC 9497 in its verifiable mode over ristretto255 and SHA-512, written over libsodium: the second of two implementations.

The first is the package `voprf`. Both are held to the RFC's vectors and to one another (tests/forum/tags). Names are the RFC's:
Blind, BlindEvaluate with a proof for a whole batch, VerifyProof, Finalize. Inputs are bytes, elements and proofs are concatenated bytes.

Blinds and keys pass only through multiplications of libsodium that take the same time for every scalar; inverses of blinds are
computed on whole numbers, whose time may vary with the blind, within the member's own machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.forum.tags.group import (
    ORDER,
    POINT,
    is_point,
    plus,
    point_from,
    random_scalar,
    scalar,
    times,
    times_base,
)
from stillwatch.forum.tags.refusals import NotProven, TagError
from stillwatch.forum.tags.sums import sum_of_multiples

__all__ = [
    "BATCH",
    "PROOF",
    "Blinded",
    "blind",
    "check_proof",
    "derive_key",
    "evaluate",
    "finalise",
    "hash_to_group",
    "inverses",
    "points_of",
    "prove",
]

BATCH = 4096
"""Most elements under one proof."""

PROOF = 64
"""Bytes of a proof: challenge and response."""

_CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
_PAD = hashlib.sha512(bytes(128))


@dataclass(frozen=True, kw_only=True, slots=True)
class Blinded:
    """What a member keeps of a batch (inputs and blinds, in order), and what it sends (`elements`)."""

    inputs: tuple[bytes, ...]
    blinds: tuple[int, ...]
    elements: tuple[bytes, ...]


def points_of(data: bytes) -> tuple[bytes, ...]:
    """Concatenated points, apart; they are not checked.

    Raises:
        TagError: when the length is no multiple of a point's.
    """
    if len(data) % POINT:
        raise TagError(f"got {len(data)} bytes, expected a multiple of {POINT}")
    return tuple(data[at : at + POINT] for at in range(0, len(data), POINT))


def derive_key(seed: bytes, info: bytes) -> int:
    """The private key of a seed of 32 bytes (DeriveKeyPair, 3.2.1)."""
    if len(seed) != 32:
        raise ValueError(f"seed: got {len(seed)} bytes, expected 32")
    for counter in range(256):
        key = _scalar_of(seed + _sized(info) + bytes([counter]), b"DeriveKeyPair" + _CONTEXT)
        if key:
            return key
    raise TagError("no key can be derived from this seed")


def hash_to_group(data: bytes) -> bytes:
    """The point of an input: nobody knows its logarithm."""
    return point_from(_expanded(data, b"HashToGroup-" + _CONTEXT))


def blind(inputs: Sequence[bytes], blinds: Sequence[int] | None = None) -> Blinded:
    """Blind inputs, each with a secret of its own; what is sent says nothing about them (Blind, 3.3.2)."""
    secret = tuple(random_scalar() for _ in inputs) if blinds is None else tuple(blinds)
    made = tuple(times(scalar(one), hash_to_group(data)) for one, data in zip(secret, inputs, strict=True))
    return Blinded(inputs=tuple(inputs), blinds=secret, elements=made)


def evaluate(key: int, elements: Sequence[bytes]) -> list[bytes]:
    """Each element times the key (BlindEvaluate without its proof).

    Raises:
        TagError: when one is no point.
    """
    secret = scalar(key)
    return [times(secret, element) for element in elements]


def prove(key: int, elements: Sequence[bytes], evaluated: Sequence[bytes], nonce: int | None = None) -> bytes:
    """One proof that every element was multiplied by the key whose public half is known (GenerateProof, 2.2.1)."""
    public = times_base(scalar(key))
    weights = _weights(public, elements, evaluated)
    mixed = sum_of_multiples(elements, weights)
    secret = random_scalar() if nonce is None else nonce
    parts = (mixed, times(scalar(key), mixed), times_base(scalar(secret)), times(scalar(secret), mixed))
    challenge = _challenge(public, *parts)
    return scalar(challenge) + scalar(secret - challenge * key)


def check_proof(public: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> None:
    """Hold a batch to its proof under a public key (VerifyProof, 2.2.2).

    Raises:
        NotProven: when it does not hold, or something is no point.
    """
    challenge, response = (int.from_bytes(half, "little") for half in (proof[:32], proof[32:]))
    if len(proof) != PROOF or len(elements) != len(evaluated) or not elements or max(challenge, response) >= ORDER:
        raise NotProven("the answer does not have the form of a proven batch")
    if not is_point(public):
        raise NotProven("the public key is no point of the group")
    try:
        weights = _weights(public, elements, evaluated)
        mixed, product = sum_of_multiples(elements, weights), sum_of_multiples(evaluated, weights)
        parts = (
            mixed,
            product,
            plus(times_base(scalar(response)), times(scalar(challenge), public)),
            plus(times(scalar(response), mixed), times(scalar(challenge), product)),
        )
    except TagError as error:
        raise NotProven(f"the answer cannot be checked: {error}") from error
    if _challenge(public, *parts) != challenge:
        raise NotProven("the proof does not hold under the committed public key")


def inverses(numbers: Sequence[int]) -> list[int]:
    """The inverses of numbers modulo the order, for the price of one and three products each (Montgomery's way)."""
    running, before = 1, []
    for number in numbers:
        before.append(running)
        running = running * number % ORDER
    left = pow(running, -1, ORDER)
    found: list[int] = []
    for number, product in zip(reversed(numbers), reversed(before), strict=True):
        found.append(left * product % ORDER)
        left = left * number % ORDER
    return found[::-1]


def finalise(blinded: Blinded, evaluated: Sequence[bytes]) -> list[bytes]:
    """Take the blinds off and hash: 64 bytes for each input (Finalize, 3.3.2). Check the proof first."""
    outputs = []
    for data, inverse, element in zip(blinded.inputs, inverses(blinded.blinds), evaluated, strict=True):
        bare = times(scalar(inverse), element)
        outputs.append(hashlib.sha512(_sized(data) + _sized(bare) + b"Finalize").digest())
    return outputs


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _expanded(message: bytes, tag: bytes) -> bytes:
    """64 uniform bytes of a message (expand_message_xmd of RFC 9380 with SHA-512, one block)."""
    ending = tag + bytes([len(tag)])
    first = _PAD.copy()
    first.update(message + b"\x00\x40\x00" + ending)
    return hashlib.sha512(first.digest() + b"\x01" + ending).digest()


def _scalar_of(message: bytes, tag: bytes = b"HashToScalar-" + _CONTEXT) -> int:
    return int.from_bytes(_expanded(message, tag), "little") % ORDER


def _weights(public: bytes, elements: Sequence[bytes], evaluated: Sequence[bytes]) -> list[int]:
    """The weight of each pair in the one equation that a batch is proven by: hashes of all that both sides see."""
    seed = hashlib.sha512(_sized(public) + _sized(b"Seed-" + _CONTEXT)).digest()
    begun = _sized(seed)
    return [
        _scalar_of(begun + number.to_bytes(2, "big") + _sized(element) + _sized(product) + b"Composite")
        for number, (element, product) in enumerate(zip(elements, evaluated, strict=True))
    ]


def _challenge(*parts: bytes) -> int:
    return _scalar_of(b"".join(map(_sized, parts)) + b"Challenge")
