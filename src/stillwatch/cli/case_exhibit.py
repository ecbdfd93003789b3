"""`stillwatch case exhibit`: what an audit of a suspect model found, put into a case, listed, and revoked."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.text import Text

from stillwatch.cli.case import By, case_app, desk_in, me
from stillwatch.cli.case_file import Keys, public_keys
from stillwatch.cli.scan import DEFAULT_WORKSPACE

__all__ = ["exhibit_add", "exhibit_app", "exhibit_list", "exhibit_revoke"]

exhibit_app = App(name="exhibit", help="Put the exhibit of an audit into a case, list exhibits, revoke one.")
case_app.command(exhibit_app)


@exhibit_app.command(name="add")
def exhibit_add(
    case: str,
    file: Path,
    /,
    *,
    why: str,
    public_key: Keys = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Put an exhibit into a case, once every signature and digest in it was checked.

    Args:
        case: Id of the case (C-...).
        file: The exhibit that stillwatch audit report --exhibit wrote.
        why: Why it belongs to the case.
        public_key: Public key of its auditor; those in keys/auditors of the workspace, and the installation's own, are known.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import add_exhibit, exhibit_words

    keys = public_keys(public_key)
    added = add_exhibit(desk_in(workspace), case, _read(file), by=me(by), why=why, keys=keys)
    print(f"{case}: {exhibit_words(added.exhibits[-1])}")
    print(f"{case}: {added.exhibits[-1].factor.why}")


@exhibit_app.command(name="list")
def exhibit_list(case: str, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List the exhibits of a case.

    Args:
        case: Id of the case (C-...).
        workspace: Folder of the scan.
    """
    from stillwatch.cases import exhibit_words

    console = Console(highlight=False)
    for one in desk_in(workspace).case(case).exhibits:
        console.print(Text(exhibit_words(one)))


@exhibit_app.command(name="revoke")
def exhibit_revoke(digest: str, /, *, why: str, by: By = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Revoke an exhibit in every case of this installation, for good: it counts no more and is never taken in again.

    Args:
        digest: SHA-256 of the exhibit or of its outcome, or the id of a key: then everything that it signed.
        why: Why it is revoked.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import revoke_exhibit

    cases = revoke_exhibit(desk_in(workspace), digest, by=me(by), why=why)
    print(f"revoked; cases concerned: {', '.join(cases) or 'none'}")


def _read(path: Path) -> bytes:
    """The file, never more of it than an exhibit can have."""
    from stillwatch.cases import EXHIBIT_BYTES

    with path.open("rb") as file:
        return file.read(EXHIBIT_BYTES + 1)
