"""`stillwatch keys`: the installation's own key, replaced so that whoever knew the old one can follow."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from stillwatch.cli.app import app
from stillwatch.cli.case import By, desk_in, me
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["keys_app"]

keys_app = App(name="keys", help="Show, replace and follow the key by which this installation signs.")
app.command(keys_app)


@keys_app.command(name="list")
def keys_list(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Print the ids of the keys that this installation signed with, the first one first, and when each was replaced.

    Args:
        workspace: Folder of the workspace.
    """
    from stillwatch.cases import rotations

    desk = desk_in(workspace)
    for one in rotations(workspace / "keys"):
        print(f"{one.old}\tuntil {one.at}")
    print(f"{desk.signer.public.id}\tin use")


@keys_app.command(name="rotate")
def keys_rotate(*, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Replace this installation's key (keys/collector.pem), and record it in the journal. A replacement that was cut off is finished.

    The old private key is gone; what it signed stays valid with its public half in keys/retired. Send the statement that is printed to
    whoever pinned the old key, back up the keys anew, and destroy older copies of them.

    Args:
        why: Why the key is replaced, for the journal.
        workspace: Folder of the workspace.
    """
    from stillwatch.cases import rotate

    made = rotate(desk_in(workspace), by=me(by), why=why)
    print(f"key {made.new.id} in place of {made.old}")
    print(workspace / "keys" / "retired" / f"{made.old[:16]}.dsse.json")


@keys_app.command(name="follow")
def keys_follow(statements: list[Path], /, *, public_key: Path, out: Path) -> None:
    """Check, offline, that a key you know named its successor, and write the successor's public key. Needs no workspace.

    A key that was stolen before it was replaced can name a successor too: compare the new id with what its house says elsewhere.

    Args:
        statements: Statements of replacement, the first one first (see rotate).
        public_key: The public key that you know, as PEM.
        out: File for the public key in use after them.
    """
    from stillwatch.cases import followed, read_public
    from stillwatch.core import CaseError
    from stillwatch.engine import durable_create

    new = followed([path.read_bytes() for path in statements], read_public(public_key))
    try:
        durable_create(out, new.pem())
    except FileExistsError as error:
        raise CaseError(f"{out}: is there already; name another file") from error
    print(f"key {new.id}")
