"""`stillwatch forum tags gather` and `look`: from the labs' lists to one board, and from a board to own accounts to look at."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stillwatch.cli.case import Flag
from stillwatch.cli.forum_tags import tags_app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.forum.tags import Kind

__all__ = ["tags_gather", "tags_look"]


@tags_app.command(name="gather")
def tags_gather(board: Path, lists: list[Path], /) -> None:
    """Make one board of the lists of several labs, one file of each: a tag says by how many it was put there, and not by whom.

    Args:
        board: Where the board is written.
        lists: Tags as make writes them, of one kind and epoch.
    """
    from stillwatch.forum.tags import TagError, board_of, read_board, write_board

    told = [read_board(path) for path in lists]
    if len({(one.kind, one.epoch, one.rules) for one in told}) > 1:
        raise TagError("the lists are of different kinds or epochs: there is one board for each")
    values = [(row.tobytes(), str(path)) for path, one in zip(lists, told, strict=True) for row in one.rows()]
    made = board_of(told[0].kind, told[0].epoch, [value for value, _ in values], [lab for _, lab in values])
    write_board(made, board)
    print(f"{board}: {len(made):,} tags of {made.kind}, epoch {made.epoch}, from {len(lists)} labs")


@tags_app.command(name="look")
def tags_look(
    candidates: Path,
    boards: list[Path],
    /,
    *,
    custodians: Annotated[Path, Parameter(help="File that says where the custodians are and what is pinned.")],
    allow_dense: Flag = False,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Look which of one's own candidates are on boards, and keep them as accounts to look at (see forum seek). Nothing is told to anybody.

    Args:
        candidates: CSV of new or flagged accounts: account, and a column for each kind of identifier.
        boards: One board for each kind.
        allow_dense: Go on although the values lie as densely as an enumeration does.
        workspace: Folder of the scan.
    """
    from stillwatch.engine import Workspace
    from stillwatch.forum.tags import board_of, read_board, read_reach
    from stillwatch.pipeline import keep_tagged

    reach, now = read_reach(custodians), dt.datetime.now(dt.UTC)
    space = Workspace(workspace, make=False)
    for path in boards:
        board = read_board(path)
        accounts, values = _column(candidates, board.kind)
        held = reach.committee(board.epoch, now.date())
        made = asyncio.run(reach.tag(held, board.kind, values, allow_dense=allow_dense))
        own = board_of(board.kind, board.epoch, [tag.value for tag in made.tags.values()])
        support = {match.tag: match.support for match in board.matches(own)}
        found = {accounts[at]: support[tag].name.lower() for at, tag in made.tags.items() if tag in support}
        kept = keep_tagged(space, board.kind, board.epoch, found, now=now)
        print(
            f"{board.kind}: {kept:,} of {len(set(accounts)):,} candidates are on the board; {len(made.refused):,} have none"
        )


def _column(path: Path, kind: Kind) -> tuple[list[str], list[str]]:
    """Accounts that have an identifier of this kind, and the identifiers."""
    from stillwatch.core import FormatError

    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in ("account", kind.value) if name not in (reader.fieldnames or ())]
        if missing:
            raise FormatError(f"{path}: expected a column {' and a column '.join(missing)}")
        rows = [(row["account"], row[kind.value]) for row in reader if row["account"] and row[kind.value]]
    return [account for account, _ in rows], [value for _, value in rows]
