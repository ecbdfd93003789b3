"""The shape of a text: what is left when numbers, ids, addresses and quotations are masked."""

from __future__ import annotations

import pyarrow as pa

from stillwatch.text._masking import masked
from stillwatch.text._mixing import salted
from stillwatch.text.hashes import sequence_hashes
from stillwatch.text.words import Words

__all__ = ["skeletons"]


def skeletons(words: Words, *, salt: int) -> pa.Array:
    """Keyed hash of each text with numbers, ids (letters with digits), URLs, e-mails and quoted strings masked. int64.

    Runs of one mask count once, so 3.50 and 17 are alike. Null where there is no word. Quotation marks pair in order within a
    text; an odd last one is ignored. Misleading: an inch mark before a quotation pairs with its opening mark; names without digits
    or quotation marks are not masked, for no language-neutral rule tells a name.
    """
    return sequence_hashes(*masked(words, quotes=True), key=salted(salt, 3))
