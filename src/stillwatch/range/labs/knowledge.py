"""What one lab knows of its customers, raw: the other side of every audit of what left. Nothing that detects may read this."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.core import handle
from stillwatch.engine import Workspace
from stillwatch.forum.tags import Kind, TagError, canonical
from stillwatch.range.labs.identities import IDENTITIES
from stillwatch.range.labs.needles import Needles, forms
from stillwatch.range.labs.write import LabPaths

__all__ = ["Knowledge", "Tagger", "knowledge", "needles_of", "prompts_of", "spellings"]

_FACTS = ("org", "payment", "device")
"""Facts that are one customer's own; plans and sign-up paths are everybody's."""

Tagger = Mapping[tuple[str, str], Sequence[tuple[bytes, str]]]
"""By kind and canonical value: its point, what each custodian makes of it, and its tag, each with what it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """Raw values by account, as (what, value)."""

    lab: str
    values: Mapping[str, frozenset[tuple[str, str]]]

    def of(self, accounts: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Everything known of some accounts."""
        return frozenset().union(*(self.values[account] for account in accounts))


def knowledge(paths: LabPaths) -> Knowledge:
    """All that a lab's own files say of its customers."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in _rows(paths.accounts_file):
        account = row["account"]
        found[account].add(("account", account))
        found[account] |= {(fact, row[fact]) for fact in _FACTS if row[fact]}
    for row in _rows(paths.identities_file):
        found[row["account"]] |= {(kind, row[kind]) for kind in IDENTITIES if row[kind]}
    for row in _rows(paths.truth / "addresses.csv"):
        found[row["account"]].add(("address", row["address"]))
    return Knowledge(lab=paths.lab, values={account: frozenset(own) for account, own in found.items()})


def needles_of(known: Knowledge, accounts: Collection[str], workspace: Workspace, tags: Tagger) -> Needles:
    """All that could be made of what is known of some accounts: values, hashes and codes of them, pseudonyms, handles and tags."""
    out: dict[bytes, str] = {}
    for what, value in sorted(known.of(accounts)):
        out.update(forms(what, value))
        spelled = _canonical(what, value)
        if spelled is not None:
            out.update(forms(f"{what} as it is spelled", spelled))
            out.update(tags.get((what, spelled), ()))
    name = workspace.names.name
    for account in sorted(accounts):
        number = name("account", account)
        out[handle("account", number).encode()] = "handle"
        out[str(number).encode()] = "pseudonym"
        for order in ("little", "big"):
            packed = number.to_bytes(8, order, signed=True)
            out[packed] = "pseudonym in bytes"
            out[packed.hex().encode()] = "pseudonym in hex"
    return Needles(of=out)


def prompts_of(workspace: Workspace, accounts: Collection[str]) -> list[str]:
    """Every text that some accounts sent or were answered."""
    wanted = {workspace.names.name("account", account) for account in accounts}
    texts: dict[str, None] = {}
    for path in workspace.store.files("exchanges"):
        rows = pq.read_table(path, columns=["account", "prompt", "system", "output"]).to_pylist()
        for row in rows:
            if row["account"] in wanted:
                texts.update(dict.fromkeys(row[c] for c in ("prompt", "system", "output") if row[c]))
    return list(texts)


def spellings(known: Knowledge) -> frozenset[tuple[str, str]]:
    """Every identifier that is known, by kind and as it is spelled for a tag."""
    pairs = ((what, _canonical(what, value)) for own in known.values.values() for what, value in own)
    return frozenset((what, spelled) for what, spelled in pairs if spelled is not None)


def _canonical(what: str, value: str) -> str | None:
    if what not in IDENTITIES:
        return None
    try:
        return canonical(Kind(what), value)
    except TagError:
        return None


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
