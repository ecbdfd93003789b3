"""One key at work: blinded points in, the same points times the key and one proof for all of them out.

A custodian uses `voprf` (Rust, curve25519-dalek). A member checks with our own code over libsodium, so what makes a proof and what
checks it are never the same program. `SodiumEvaluator` stands in where no wheel of `voprf` is to be had, and cross-checks it in tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from stillwatch.forum.tags import oprf
from stillwatch.forum.tags.group import is_point, scalar, times_base
from stillwatch.forum.tags.refusals import Refusal, RequestRefused

__all__ = ["Evaluator", "SodiumEvaluator", "VoprfEvaluator", "evaluator"]


class Evaluator(Protocol):
    """What answers batches under one key."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        ...

    def answer(self, elements: Sequence[bytes]) -> tuple[bytes, bytes]:
        """The evaluated points, concatenated, and their proof.

        Raises:
            RequestRefused: when one is no point, or the identity.
        """
        ...


class VoprfEvaluator:
    """A key of the package `voprf`, derived from a seed as RFC 9497 says."""

    def __init__(self, seed: bytes, info: bytes) -> None:
        from voprf import ristretto

        self._read = ristretto.BlindedInput.deserialize
        self._key = ristretto.Evaluator.from_seed(seed, info)
        self.public = self._key.public_key.serialize()

    def answer(self, elements: Sequence[bytes]) -> tuple[bytes, bytes]:
        """As `Evaluator.answer`."""
        points = []
        for number, element in enumerate(elements):
            try:
                points.append(self._read(element))
            except ValueError as error:
                raise _no_point(number) from error
        made = self._key.evaluate_batch(points).serialize()
        return made[oprf.PROOF :], made[: oprf.PROOF]


class SodiumEvaluator:
    """The same key and the same answers over libsodium."""

    def __init__(self, seed: bytes, info: bytes) -> None:
        self._key = oprf.derive_key(seed, info)
        self.public = times_base(scalar(self._key))

    def answer(self, elements: Sequence[bytes]) -> tuple[bytes, bytes]:
        """As `Evaluator.answer`."""
        for number, element in enumerate(elements):
            if not is_point(element):
                raise _no_point(number)
        made = oprf.evaluate(self._key, elements)
        return b"".join(made), oprf.prove(self._key, elements, made)


def evaluator(seed: bytes, info: bytes) -> Evaluator:
    """A key at work in `voprf` where it is installed, else over libsodium."""
    try:
        return VoprfEvaluator(seed, info)
    except ImportError:
        return SodiumEvaluator(seed, info)


def _no_point(number: int) -> RequestRefused:
    return RequestRefused(Refusal.NO_POINT, f"elements[{number}]: got no point of ristretto255, or the identity")
