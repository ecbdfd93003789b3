"""Columns of raw identities to columns of pseudonyms, each distinct one hashed once, and the pairs that the vault keeps."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from stillwatch.core.pseudonym import Pseudonymiser

__all__ = ["VaultPair", "named", "named_texts", "pseudonyms"]

VaultPair = tuple[str, int, str]
"""(kind, pseudonym, raw name): what only the vault may keep."""


def pseudonyms(names: Pseudonymiser, kind: str, texts: pa.Array) -> pa.Array:
    """`text.naming.pseudonyms`, loaded when a log is read: a gateway, which names one text at a time, has no need of compiled loops."""
    from stillwatch.text.naming import pseudonyms as compiled

    return compiled(names, kind, texts)


def named_texts(names: Pseudonymiser, kind: str, texts: pa.Array, vault: list[VaultPair] | None = None) -> pa.Array:
    """Pseudonyms of a column of texts; unknown stays unknown. The pairs go into `vault`, in the order in which they come first."""
    coded = texts.dictionary_encode()
    hashed = pseudonyms(names, kind, coded.dictionary)
    if vault is not None:
        pairs = zip(hashed.to_pylist(), coded.dictionary.to_pylist(), strict=True)
        vault.extend((kind, value, raw) for value, raw in pairs)
    return hashed.take(coded.indices)


def named(
    names: Pseudonymiser, kind: str, raws: Sequence[str | None], vault: list[VaultPair] | None = None
) -> pa.Array:
    """The same of a list, in which a text may hold half a surrogate pair, as JSON allows: no Arrow column takes that."""
    try:
        return named_texts(names, kind, pa.array(raws, pa.string()), vault)
    except UnicodeEncodeError:
        one_by_one = names.names(kind, raws)
    if vault is not None:
        pairs = dict(zip(raws, one_by_one, strict=True))
        vault.extend((kind, value, raw) for raw, value in pairs.items() if raw is not None and value is not None)
    return pa.array(one_by_one, pa.int64())
