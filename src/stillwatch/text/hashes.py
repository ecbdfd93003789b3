"""One number for a whole text: equal exactly where the word sequences are."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from stillwatch.text._loops import loop, u64
from stillwatch.text._mixing import GOLDEN, Bits, Places, mix, salted
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
    return pa.array(_sequences(values, offset, key).view(np.int64), mask=np.diff(offset) == 0)


@loop
def _sequences(values: Bits, offset: Places, key: np.uint64) -> Bits:
    whole = np.empty(len(offset) - 1, dtype=np.uint64)
    for row in range(len(whole)):
        low, high = offset[row], offset[row + 1]
        total = u64(high - low) * key
        for at in range(low, high):
            total += mix(u64(at - low) * GOLDEN + (values[at] ^ key))
        whole[row] = mix(total)
    return whole


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
