"""Everything that could be made of what a lab knows of an account: if any of it stands in what left, somebody was told of the account."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["LEAST_BYTES", "Needles", "forms", "found_in", "stretches_in"]

LEAST_BYTES = 7
"""Shorter values stand in anything by chance, and are not looked for."""

_BLOCK = 12
"""Bytes of a text that are looked for at once; what is shared is told from 23 bytes on, whatever its place."""
_STRETCH = 2 * _BLOCK - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Needles:
    """Bytes to look for, each with what it was made of."""

    of: Mapping[bytes, str]

    def without(self, others: Needles) -> Needles:
        """Those that are not among others."""
        return Needles(of={needle: what for needle, what in self.of.items() if needle not in others.of})

    def __len__(self) -> int:
        return len(self.of)


def forms(what: str, value: str) -> Iterator[tuple[bytes, str]]:
    """A value as it stands, folded, hashed and coded in the ways in which systems do that; the subnet of an address, too."""
    plain = value.encode()
    folded = value.strip().lower().encode()
    for text in dict.fromkeys((plain, folded)):
        yield text, what
        yield text.hex().encode(), f"{what} in hex"
        yield base64.b64encode(text).rstrip(b"="), f"{what} in base64"
        for hashed in ("sha256", "sha1", "md5"):
            digest = hashlib.new(hashed, text, usedforsecurity=False).digest()
            yield digest, f"{what} by {hashed}"
            yield digest.hex().encode(), f"{what} by {hashed} in hex"
            yield base64.b64encode(digest).rstrip(b"="), f"{what} by {hashed} in base64"
    if what == "address":
        bits = 24 if "." in value else 48
        with_bits = str(ipaddress.ip_network(f"{value}/{bits}", strict=False))
        yield with_bits.encode(), "subnet of its address"


def found_in(haystack: bytes, needles: Needles) -> dict[str, int]:
    """How many needles of each kind stand in the bytes, in small or large letters. All are looked for in one pass."""
    folded = haystack.lower()
    there = _starts(haystack) | _starts(folded)
    out: dict[str, int] = defaultdict(int)
    for needle, what in needles.of.items():
        if len(needle) < LEAST_BYTES:
            continue
        low = needle.lower()
        if (needle[:LEAST_BYTES] in there and needle in haystack) or (low[:LEAST_BYTES] in there and low in folded):
            out[what] += 1
    return dict(sorted(out.items()))


def stretches_in(haystack: bytes, texts: Iterable[str]) -> list[str]:
    """Stretches of 23 bytes or more that stand in the bytes and in one of the texts."""
    there = {haystack[at : at + _BLOCK] for at in range(len(haystack) - _BLOCK + 1)}
    out: dict[str, None] = {}
    for text in texts:
        plain = text.encode()
        for at in range(0, len(plain) - _BLOCK + 1, _BLOCK):
            if plain[at : at + _BLOCK] not in there:
                continue
            for begin in range(max(0, at - _BLOCK + 1), at + 1):
                stretch = plain[begin : begin + _STRETCH]
                if len(stretch) == _STRETCH and stretch in haystack:
                    out[stretch.decode(errors="replace")] = None
                    break
    return list(out)


def _starts(haystack: bytes) -> frozenset[bytes]:
    """Every run of `LEAST_BYTES` bytes, once."""
    whole = np.frombuffer(haystack, np.uint8)
    if len(whole) < LEAST_BYTES:
        return frozenset()
    windows = np.lib.stride_tricks.sliding_window_view(whole, LEAST_BYTES).astype(np.uint64)
    packed = np.unique(windows @ (np.uint64(1) << (np.uint64(8) * np.arange(LEAST_BYTES, dtype=np.uint64))))
    rows = packed.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :LEAST_BYTES]
    return frozenset(row.tobytes() for row in rows)
