"""Raw names behind pseudonyms, for the owner of the workspace alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.core import Error, handle, unhandle
from stillwatch.engine import Workspace

__all__ = ["raw_names"]


def _by_handle(account: int) -> str:
    return handle("account", account)


def raw_names(workspace: Workspace, handles: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The raw account name behind each handle; an actor stands for its members. Order: as asked, members by handle.

    Raises:
        Error: when a text is no handle of an account or actor, or is not known here.
    """
    members = workspace.store.read("actor_members", ["actor", "account"]).to_pylist()
    wanted: list[int] = []
    for text in handles:
        try:
            kind, pseudonym = unhandle(text)
        except ValueError as error:
            raise Error(str(error)) from error
        if kind == "actor":
            found = sorted((row["account"] for row in members if row["actor"] == pseudonym), key=_by_handle)
            if not found:
                raise Error(f"{text}: no such actor in this workspace")
            wanted.extend(found)
        elif kind == "account":
            wanted.append(pseudonym)
        else:
            raise Error(f"{text}: names a {kind}, expected an account (A-...) or an actor (X-...)")
    known: dict[int, str] = {}
    for path in sorted((workspace.root / "vault").glob("*.parquet")):
        rows = pq.read_table(path, filters=pc.field("kind") == "account")
        known.update(zip(rows.column("pseudonym").to_pylist(), rows.column("raw").to_pylist(), strict=True))
    for pseudonym in wanted:
        shown = handle("account", pseudonym)
        if pseudonym not in known:
            raise Error(f"{shown}: not in the vault of this workspace")
        yield shown, known[pseudonym]
