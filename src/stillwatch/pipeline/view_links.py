"""What ties an actor's accounts together, as the picture that a report draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core import handle
from stillwatch.report import LinkPicture, SharedThing, Tie

__all__ = ["link_picture"]

_THINGS_KEPT = 60


def link_picture(actor: Mapping[str, Any], members: Sequence[Mapping[str, Any]], links: pa.Table) -> LinkPicture:
    """The actor's accounts, in the order of `members`, and the things that most of them share.

    A thing is kept when at least two members share it; hubs, and families that are not the actor's, tie nobody.
    """
    place = {m["account"]: i for i, m in enumerate(members)}
    shared: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for link in _ties(links, place, actor["families"]):
        shared.setdefault((link["kind"], link["object"]), []).append(link)
    widest_first = sorted(shared.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    kept = [(thing, ties) for thing, ties in widest_first if len(ties) >= 2][:_THINGS_KEPT]
    return LinkPicture(
        accounts=tuple(handle("account", m["account"]) for m in members),
        things=tuple(_thing(kind, number, ties) for (kind, number), ties in kept),
        ties=tuple(
            Tie(account=place[link["account"]], thing=t, weight=link["weight"])
            for t, (_, ties) in enumerate(kept)
            for link in ties
        ),
        of_members=len(members),
    )


def _ties(links: pa.Table, accounts: Mapping[int, int], families: Sequence[int]) -> list[dict[str, Any]]:
    """The rows of `links` of these accounts, without hubs and without other families than these."""
    of_them = links.filter(pc.is_in(links.column("account"), pa.array(list(accounts), pa.int64())))
    own = pc.is_in(of_them.column("object"), pa.array(list(families), pa.int64()))
    told = pc.or_(pc.not_equal(of_them.column("kind"), "family"), own)
    rows: list[dict[str, Any]] = of_them.filter(pc.and_(told, pc.invert(of_them.column("hub")))).to_pylist()
    return rows


def _thing(kind: str, number: int, ties: Sequence[Mapping[str, Any]]) -> SharedThing:
    return SharedThing(
        key=f"{kind}:{number}",
        kind=kind,
        label=handle("family", number) if kind == "family" else f"{kind} {handle('exchange', number)[-4:]}",
        members=len(ties),
        population=ties[0]["object_accounts"],
        weight=ties[0]["weight"],
        reason=ties[0]["reason"],
    )
