"""`stillwatch case seal`, `stamp`, `verify`, `redact` and `export`: the file of a case that a stranger can check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from stillwatch.cli.case import By, case_app, desk_in, me
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.cases import AskAuthority, PublicKey

__all__ = [
    "case_checkpoint",
    "case_export",
    "case_key",
    "case_prove",
    "case_redact",
    "case_seal",
    "case_stamp",
    "case_verify",
    "public_keys",
]

_MOST_STAMP = 64 * 1024
Keys = Annotated[list[Path] | None, Parameter(negative=())]


@case_app.command(name="key")
def case_key(path: Path, /) -> None:
    """Make a reviewer's key: the private half at PATH, the public half beside it as NAME.pub.pem.

    Args:
        path: File of the private key; keep it to yourself.
    """
    from stillwatch.cases import make_key

    print(f"key {make_key(path).id}")


@case_app.command(name="seal")
def case_seal(
    case: str, /, *, why: str, key: Path | None = None, by: By = None, workspace: Path = DEFAULT_WORKSPACE
) -> None:
    """Seal a case as it stands into one file, signed by this installation and by you.

    Args:
        case: Id of the case (C-...).
        why: What it is sealed for.
        key: Your private key (see key); without one only the installation signs.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import read_signer, seal

    reviewer = None if key is None else read_signer(key)
    print(seal(desk_in(workspace), case, by=me(by), why=why, reviewer=reviewer))


@case_app.command(name="stamp")
def case_stamp(
    file: Path,
    url: str,
    /,
    *,
    authority: Path,
    why: str,
    public_key: Keys = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Ask a time-stamping authority (RFC 3161) to sign that a sealed file is there now, and make a copy that holds its answer.

    Only a digest leaves the house. What it answers is checked before it is taken.

    Args:
        file: The sealed file.
        url: Where the authority is asked.
        authority: Certificates as PEM that the authority's own is signed by.
        why: What the time is wanted for.
        public_key: Public keys of the reviewers who signed; the installation's own is known.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import read_authority, stamp

    roots = read_authority(authority)
    path, given = stamp(desk_in(workspace), file, _asker(url), roots, by=me(by), why=why, keys=public_keys(public_key))
    print(path)
    print(f"stamped at {given.time:%Y-%m-%d %H:%M:%S} UTC, policy {given.policy}, number {given.serial}")


def _asker(url: str) -> AskAuthority:
    """What asks an authority by HTTP: no redirect is followed, and no answer read beyond what a time stamp can be."""
    from stillwatch.core import CaseError, get_extra

    if not url.startswith(("https://", "http://")):
        raise CaseError(f"{url}: expected an http:// or https:// address")
    try:
        import httpx
    except ImportError as error:
        raise CaseError(f"to ask a time-stamping authority takes more: {get_extra('stamps')}") from error

    def ask(request: bytes) -> bytes:
        headers = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}
        answer = b""
        try:
            with httpx.stream("POST", url, content=request, headers=headers, timeout=30.0) as told:
                if told.status_code != 200:
                    raise CaseError(f"{url}: answered {told.status_code}")
                for piece in told.iter_bytes():
                    answer += piece
                    if len(answer) > _MOST_STAMP:
                        raise CaseError(f"{url}: answered more than a time stamp can be")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CaseError(f"{url}: cannot be asked ({type(error).__name__})") from error
        return answer

    return ask


@case_app.command(name="verify")
def case_verify(
    file: Path, /, *, public_key: Keys = None, authority: Path | None = None, proof: Path | None = None
) -> None:
    """Check every byte of a sealed file, offline, with nothing but the file and the public keys of all who signed it.

    Args:
        file: The sealed file.
        public_key: A public key as PEM; say it once for each key. The installation's is keys/collector.pub.pem in its workspace.
        authority: Certificates as PEM that a time-stamping authority's own is signed by; without, a time stamp is not checked.
        proof: Proof that the file is in the log of sealed files (see prove).
    """
    from stillwatch.cases import read_authority, verified

    data, keys = file.read_bytes(), public_keys(public_key)
    told = verified(data, keys, [] if authority is None else read_authority(authority))
    logged = None
    if proof is not None:
        from stillwatch.pipeline import checked_proof

        logged = checked_proof(data, proof.read_text("utf-8"), keys)
    print(f"{file}: every byte is as it was sealed")
    print(f"case {told.case}, sealed {told.seal['at']} for {told.seal['reviewer']}, {len(told.items)} items")
    for key in told.signed:
        print(f"sealed by key {key}")
    for key in told.redacted_by:
        print(f"redacted by key {key}")
    if told.stamp is not None:
        word = "checked" if told.stamp.checked else "NOT checked: give the authority's certificate with --authority"
        print(f"time stamp: {told.stamp.time:%Y-%m-%d %H:%M:%S} UTC, policy {told.stamp.policy}, {word}")
    elif authority is not None:
        print("time stamp: none")
    if logged is not None:
        print(f"log {logged.origin}: file {logged.index + 1} of {logged.size}")
    for item in told.items:
        if item.kind == "exhibit":
            force = "counts" if item.content["revoked"] is None else f"was revoked: {item.content['revoked']}"
            suspect = item.content["file"]["exhibit"]["suspect"]
            print(f"item {item.number}: audit exhibit about {suspect}, every signature checked; it {force}")
    for number, (kind, why) in told.removed.items():
        print(f"item {number} ({kind}) was taken out: {why}")


@case_app.command(name="prove")
def case_prove(file: Path, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Print the proof that a sealed file is in this installation's log (RFC 6962), to go with the file.

    Args:
        file: The sealed file.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import log_proof

    print(log_proof(desk_in(workspace), file.read_bytes()), end="")


@case_app.command(name="checkpoint")
def case_checkpoint(*, since: Path | None = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Print size and root of the log of sealed files, signed; whoever keeps it can tell later that nothing before it was changed.

    Args:
        since: An earlier checkpoint; that today's log only adds to it is checked first.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import grown, log_checkpoint

    desk = desk_in(workspace)
    if since is not None:
        grown(desk, since.read_text("utf-8"))
    print(log_checkpoint(desk), end="")


@case_app.command(name="redact")
def case_redact(
    file: Path,
    items: list[str],
    /,
    *,
    why: str,
    public_key: Keys = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Make a copy of a sealed file without some items, which still proves all that is left.

    Args:
        file: The sealed file.
        items: Numbers of items (000012), or kinds (member), of which all are taken out.
        why: Why they are taken out; it stands in the copy.
        public_key: Public keys of the reviewers who signed; the installation's own is known.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import redact

    print(redact(desk_in(workspace), file, dict.fromkeys(items, why), by=me(by), why=why, keys=public_keys(public_key)))


@case_app.command(name="export")
def case_export(
    file: Path,
    to: Path,
    /,
    *,
    recipient: str,
    why: str,
    public_key: Keys = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Copy a sealed file out of the house; that it left, for whom and why, is recorded first.

    Args:
        file: The sealed file.
        to: Where to put it.
        recipient: Who gets it.
        why: What for.
        public_key: Public keys of the reviewers who signed; the installation's own is known.
        workspace: Folder of the scan.
    """
    from stillwatch.cases import export

    told = export(desk_in(workspace), file, to, recipient=recipient, by=me(by), why=why, keys=public_keys(public_key))
    print(f"{to}: case {told.case}, {len(told.items)} items, {len(told.removed)} taken out")


def public_keys(paths: Sequence[Path] | None) -> list[PublicKey]:
    """The public keys in some PEM files."""
    from stillwatch.cases import read_public

    return [read_public(path) for path in paths or ()]
