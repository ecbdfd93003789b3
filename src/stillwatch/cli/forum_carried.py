"""`stillwatch forum tags wrap` and `unwrap`: lists of tags and boards as objects that travel over a hub, signed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stillwatch.cli._forum_said import pulled_objects, write_said
from stillwatch.cli.case import By, Flag, desk_in, word
from stillwatch.cli.forum import PolicyFile, new_file, policy_of
from stillwatch.cli.forum_tags import tags_app
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stillwatch.cases import PublicKey
    from stillwatch.forum.tags import Committee

__all__ = ["keys_in", "tags_unwrap", "tags_wrap"]

_Pins = Annotated[Path, Parameter(help="Pinned keys of the custodians, as stillwatch forum tags pin keeps them.")]


@tags_app.command(name="wrap")
def tags_wrap(
    out: Path,
    files: list[Path],
    /,
    *,
    pins: _Pins,
    board: Flag = False,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Sign a list of tags and write it as objects to push: this house's suspects, or with --board the board that was made of all lists.

    A house's list is filled up to a power of two, so that nobody learns its size, and holds nothing but tags of approved cases. It replaces
    the list of its kind and epoch that was sent before; whoever was cleared is left out by leaving the file out.

    Args:
        out: Where to write; nothing there is written over.
        files: Tags as stillwatch forum tags make wrote them, of one kind; or the board.
        board: What is signed is a board.
        workspace: Folder of the scan; its keys/collector.pem signs, and others pin keys/collector.pub.pem.
    """
    from stillwatch.cases import collector
    from stillwatch.engine import Workspace
    from stillwatch.forum import left_before, sender_of
    from stillwatch.forum.stix.extension import tags_extension
    from stillwatch.forum.tags import Role, TagError, list_objects, merged, of_cases, read_board

    new_file(out)
    told = [read_board(file) for file in files] if board else of_cases(desk_in(workspace), files)
    if len({(one.kind, one.epoch, one.rules) for one in told}) > 1 or (board and len(told) > 1):
        raise TagError("one list is of one kind and epoch, and a board is one file")
    role, now, space = Role.BOARD if board else Role.LIST, dt.datetime.now(dt.UTC), Workspace(workspace, make=False)
    (held,) = (one for one in _committees(pins, now.date(), told[0].epoch))
    made = list_objects(
        merged(told[0], told[1:]),
        role,
        held,
        sender_of(policy_of(policy, workspace)),
        collector(space),
        left_before(space),
        today=now.date(),
    )
    write_said([tags_extension(), *made], out, about=made[-1]["id"], policy=policy, by=by, workspace=workspace, now=now)
    print(f"{out}: edition {made[-1]['edition']} of {told[0].kind}, epoch {told[0].epoch}, in {len(made) - 1} parts")


@tags_app.command(name="unwrap")
def tags_unwrap(
    folder: Path,
    /,
    *,
    inbox: Annotated[Path, Parameter(help="File that stillwatch forum pull fills.")],
    pins: _Pins,
    signers: Annotated[Path, Parameter(help="Folder of the houses' public keys, each as CODE.pub.pem.")],
    role: str = "board",
) -> None:
    """Write the lists or boards that were pulled as files, each whole and signed by a house whose key is pinned.

    Exit status 1 when one cannot be used.

    Compare the digests with other members: a hub that shows two of them two boards is found out by that alone.

    Args:
        folder: Where KIND-EPOCH-CODE.tags or .board are written; what is there is replaced.
        role: board, or list for whoever makes the board.
    """
    import sys

    from stillwatch.forum.tags import Role, lists_in, write_board

    chosen, today = word(Role, role, "role"), dt.datetime.now(dt.UTC).date()
    folder.mkdir(parents=True, exist_ok=True)
    keys = keys_in(signers)
    faulty = 0
    for one in lists_in(pulled_objects(inbox), chosen, _committees(pins, today), keys):
        if one.board is None:
            faulty += 1
            print(f"{one.code}: {one.kind}, epoch {one.epoch}, edition {one.edition}: not used: {one.fault}")
            continue
        path = folder / f"{one.kind}-{one.epoch}-{one.code}.{'tags' if chosen is Role.LIST else 'board'}"
        write_board(one.board, path, mode=0o600)
        print(f"{path}: {len(one.board):,} tags, edition {one.edition}, {one.digest}")
    if faulty:
        sys.exit(1)


def _committees(pins: Path, today: dt.date, epoch: str | None = None) -> Sequence[Committee]:
    """The pinned custodians of an epoch, or of every epoch that is open."""
    from stillwatch.forum.tags import committee, read_statements

    statements = read_statements(pins.read_bytes())
    epochs = [epoch] if epoch else sorted({one.epoch for one in statements})
    found = [committee(statements, one, today=today) for one in epochs]
    return found if epoch else [one for one in found if one.is_open(today)]


def keys_in(folder: Path) -> dict[str, PublicKey]:
    """The pinned keys of houses by their codes."""
    from stillwatch.cases import read_public

    return {path.name.removesuffix(".pub.pem"): read_public(path) for path in sorted(folder.glob("*.pub.pem"))}
