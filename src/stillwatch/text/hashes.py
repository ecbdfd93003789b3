"""One number for a whole text: equal exactly where the word sequences are."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from stillwatch.text._mixing import GOLDEN, Bits, Places, mixed, salted, within
from stillwatch.text.normal import Batch, arrow
from stillwatch.text.words import Words

__all__ = ["exact_hashes", "prompt_hashes", "sequence_hashes"]


def prompt_hashes(words: Words, *, salt: int) -> pa.Array:
    """Keyed hash of each text's word sequence: case, spacing, punctuation and Unicode form make no difference. int64.

    Null for an unknown text and for a text without words. Misleading: texts that differ only in punctuation are one.
    """
    return sequence_hashes(words.hash, words.offset, key=salted(salt, 2))


def sequence_hashes(values: Bits, offset: Places, *, key: np.uint64) -> pa.Array:
    """Hash rows of 64-bit values in their order; rows without values are null."""
    placed = within(offset).astype(np.uint64)
    placed *= GOLDEN
    placed += values ^ key
    sums = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(mixed(placed), out=sums[1:])
    count = np.diff(offset)
    whole = mixed(sums[offset[1:]] - sums[offset[:-1]] + count.astype(np.uint64) * key)
    return pa.array(whole.view(np.int64), mask=count == 0)


def exact_hashes(batch: Batch, *, salt: int) -> pa.Array:
    """Keyed hash (BLAKE2b, RFC 7693) of each distinct string as it stands; for columns of few distinct values. int64, null stays null."""
    coded = arrow(batch).dictionary_encode()
    key = (salt & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")
    digests = [
        int.from_bytes(
            hashlib.blake2b(text.encode(), digest_size=8, key=key, person=b"exact").digest(), "little", signed=True
        )
        for text in coded.dictionary.to_pylist()
    ]
    return pa.array(digests, type=pa.int64()).take(coded.indices)
