"""`stillwatch forum tags`: identifiers of suspects as tags, and which of one's own are on a board."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from stillwatch.cli.case import By, Flag, desk_in, me, word
from stillwatch.cli.forum import forum_app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stillwatch.engine import Workspace
    from stillwatch.forum.tags import Kind, Tag

__all__ = ["tags_app"]

tags_app = App(
    name="tags", help="Identifiers of suspects as tags that mean nothing outside the forum, and local matching."
)
forum_app.command(tags_app)

_Custodians = Annotated[Path, Parameter(help="File that says where the custodians are and what is pinned.")]


class _WorkspaceVault:
    """The workspace's vault as the forum is handed it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def identifiers(self, handles: Sequence[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], Sequence[str]]:
        """As `stillwatch.forum.tags.Vault`."""
        from stillwatch.forum.tags import Kind
        from stillwatch.pipeline import identifiers

        found = identifiers(self._workspace, handles, kinds)
        return {(handle, Kind(kind)): raws for (handle, kind), raws in found.items()}


@tags_app.command(name="keep")
def tags_keep(file: Path, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Keep identifiers of accounts in the vault: a CSV with a column account and columns email, phone, card, device, registration.

    Args:
        file: The CSV file; delete it afterwards.
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.forum.tags import Kind
    from stillwatch.pipeline import keep_identities

    print(f"{keep_identities(Workspace(workspace, make=False), file, Kind):,} identifiers are in the vault")


@tags_app.command(name="pin")
def tags_pin(pins: Path, published: list[Path], /) -> None:
    """Pin the public keys that the custodians published, after checking that they hold them. Compare the digests with other members.

    Args:
        pins: File of pinned keys; made, or added to.
        published: Files that the custodians published.
    """
    from stillwatch.forum.tags import pin

    for statement in pin(pins, published, _today()):
        print(f"{statement.epoch}\t{statement.custodian}\t{statement.opens} to {statement.closes}\t{statement.digest}")


@tags_app.command(name="make")
def tags_make(
    case: str,
    kind: str,
    out: Path,
    /,
    *,
    custodians: _Custodians,
    why: str,
    epoch: str | None = None,
    allow_dense: Flag = False,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Make tags of the identifiers of a case's members. The vault opens for an approved case; the journal says who opened it and why.

    Args:
        case: Id of the case (C-...).
        kind: email, phone, card, device or registration.
        out: Where the tags are written, as a board of their own.
        why: Why the vault is opened.
        epoch: Epoch of the tags; the newest that is open by default.
        allow_dense: Go on although the values lie as densely as an enumeration does.
        workspace: Folder of the scan.
    """
    from stillwatch.forum.tags import Kind, open_for_tagging, read_reach, record_tags

    chosen = word(Kind, kind, "kind")
    reach = read_reach(custodians)
    held = reach.committee(epoch, _today())
    desk = desk_in(workspace)
    opened = open_for_tagging(desk, _WorkspaceVault(desk.workspace), case, [chosen], by=me(by), why=why)
    made = asyncio.run(reach.tag(held, chosen, [raw for _, raw in opened.values[chosen]], allow_dense=allow_dense))
    for place, rule in sorted(made.refused.items()):
        print(f"{opened.values[chosen][place][0]}: {chosen}: {rule}")
    _write(chosen, held.epoch, made.distinct(), out)
    record_tags(desk, out, case=case, by=me(by))
    if opened.without[chosen]:
        print(f"{opened.without[chosen]} members have no {chosen} in the vault")


@tags_app.command(name="candidates")
def tags_candidates(
    values: Path,
    kind: str,
    out: Path,
    /,
    *,
    custodians: _Custodians,
    epoch: str | None = None,
    allow_dense: Flag = False,
) -> None:
    """Make tags of one's own candidates (new sign-ups, flagged accounts) to look for on a board. They are for this house alone.

    Args:
        values: File with one value a line.
        kind: email, phone, card, device or registration.
        out: Where the tags are written.
        epoch: Epoch of the tags; the newest that is open by default.
        allow_dense: Go on although the values lie as densely as an enumeration does.
    """
    from stillwatch.forum.tags import Kind, read_reach

    chosen = word(Kind, kind, "kind")
    reach = read_reach(custodians)
    held = reach.committee(epoch, _today())
    lines = values.read_text("utf-8").splitlines()
    made = asyncio.run(reach.tag(held, chosen, lines, allow_dense=allow_dense))
    for place, rule in sorted(made.refused.items()):
        print(f"{values}:{place + 1}: {rule}")
    _write(chosen, held.epoch, made.distinct(), out)


@tags_app.command(name="match")
def tags_match(own: Path, board: Path, /) -> None:
    """Say which of one's own tags are on a board, and how many labs support each. Everything happens on this machine.

    Args:
        own: Own tags, as make and candidates write them.
        board: The board.
    """
    from stillwatch.forum.tags import read_board

    for match in read_board(board).matches(read_board(own)):
        print(f"{match.tag}\t{match.support.name.lower()}")


def _write(kind: Kind, epoch: str, tags: list[Tag], out: Path) -> None:
    from stillwatch.forum.tags import board_of, write_board

    write_board(board_of(kind, epoch, [tag.value for tag in tags]), out, mode=0o600)
    print(f"{out}: {len(tags):,} tags of {kind}, epoch {epoch}")


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
