"""`stillwatch forum serve` and its clients: run a hub, fetch from one, push to one, and hold it to its log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from stillwatch.cli.case import By, desk_in, me
from stillwatch.cli.forum import PolicyFile, forum_app, guard_clear, policy_of, print_refusals
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillwatch.forum.log import Month
    from stillwatch.forum.taxii import Accept, Remote

__all__ = [
    "forum_audit",
    "forum_holders",
    "forum_pull",
    "forum_push",
    "forum_serve",
    "forum_status",
]

Flag = Annotated[bool, Parameter(negative=())]
INBOX = Path("forum-inbox.sqlite")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Reach:
    """How a server is reached, and who we are there."""

    token_file: Annotated[Path | None, Parameter(help="File with our token.")] = None
    user: Annotated[str, Parameter(help="Our name, for servers that speak only Basic.")] = ""
    password_file: Annotated[Path | None, Parameter(help="File with the password.")] = None
    certificate: Annotated[Path | None, Parameter(help="Our client certificate.")] = None
    tls_key: Annotated[Path | None, Parameter(help="The key of our client certificate.")] = None
    authorities: Annotated[
        Path | None,
        Parameter(help="Authorities that the server's certificate must come from, in place of the system's."),
    ] = None
    unsafe_http: Annotated[bool, Parameter(negative=(), help="Allow plain HTTP to other machines.")] = False

    def remote(self, address: str) -> Remote:
        """The collection at an address."""
        from stillwatch.forum.taxii import Credentials, Remote

        token, password = (
            path.read_text("utf-8").strip() if path else "" for path in (self.token_file, self.password_file)
        )
        given = Credentials(
            token=token, user=self.user, password=password, certificate=self.certificate, key=self.tls_key
        )
        return Remote(address, given, authorities=self.authorities, unsafe_http=self.unsafe_http)


_PLAIN = Reach()


@forum_app.command(name="serve")
def forum_serve(
    hub: Path,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8443,
    certificate: Path | None = None,
    tls_key: Path | None = None,
    clients: Path | None = None,
    unsafe_accept_all: Flag = False,
) -> None:
    """Run a hub that speaks TAXII 2.1. Give a certificate and its key, or stand behind something on this machine that has them.

    Args:
        hub: Its settings, as stillwatch forum hub lays them out.
        host: Address to listen on.
        port: Port to listen on.
        certificate: The hub's TLS certificate with its chain.
        tls_key: The key of the certificate.
        clients: Authorities whose client certificates are believed.
        unsafe_accept_all: Take what the sharing rules would refuse.
    """
    from stillwatch.cases import read_signer
    from stillwatch.core import Error
    from stillwatch.forum.taxii import HubApp, read_hub, serve

    guard_clear(host, certificate, tls_key, key_option="--tls-key")
    if clients is not None and certificate is None:
        raise Error("--clients: certificates of clients are seen over TLS alone; give --certificate and --tls-key")
    settings = read_hub(hub)
    codes = {one.name: one.code for one in settings.member}
    accept = _rules(unsafe_accept_all=unsafe_accept_all, codes=codes)
    app = HubApp(settings, accept=accept, signer=read_signer(Path(settings.key)))
    if mute := [name for name, code in codes.items() if not code]:
        print(f"without a code in hub.toml, and so unable to send: {', '.join(mute)}")
    print(f"serving {settings.title} for {settings.url} on {host}:{port}", flush=True)
    try:
        serve(app, host=host, port=port, certificate=certificate, key=tls_key, clients=clients)
    finally:
        app.close()


@forum_app.command(name="pull")
def forum_pull(
    address: str,
    /,
    *,
    inbox: Path = INBOX,
    reach: Reach = _PLAIN,
    unsafe_accept_all: Flag = False,
) -> None:
    """Fetch what is new from a collection; what the sharing rules refuse is kept apart with the reason.

    Args:
        address: Of the collection: https://host/api-root/collections/id/.
        inbox: File in which objects and progress are kept.
        unsafe_accept_all: Take what the sharing rules would refuse.
    """
    from stillwatch.forum.taxii import Inbox, pull

    remote = reach.remote(address)
    box = Inbox(inbox)
    try:
        got = pull(remote, box, accept=_rules(unsafe_accept_all=unsafe_accept_all))
    finally:
        box.close()
        remote.close()
    print(f"{got.pages} pages: {got.new} new, {got.known} known, {got.refused} refused")
    if not got.complete:
        print("there is more; run the same command again")


@forum_app.command(name="push")
def forum_push(
    address: str,
    files: list[Path],
    /,
    *,
    inbox: Path = INBOX,
    reach: Reach = _PLAIN,
    unsafe_send_all: Flag = False,
    policy: PolicyFile = None,
    by: By = None,
    workspace: Path = DEFAULT_WORKSPACE,
) -> None:
    """Send to a collection what left by a decision; what it acknowledged before is not sent again. The journal says so first.

    Nothing is sent while a rule refuses anything, or an object is not exactly what export, withdraw or say recorded.

    Args:
        address: Of the collection: https://host/api-root/collections/id/.
        files: Files as stillwatch forum export, withdraw and say write them.
        inbox: File in which progress is kept.
        unsafe_send_all: Send any bundle or envelope, whatever the rules or the records say; in a workspace the journal says that.
        workspace: Folder of the scan, whose forum.toml is the sharing policy.
    """
    import datetime as dt
    import hashlib

    from stillwatch.core import FormatError
    from stillwatch.engine import Workspace
    from stillwatch.forum import against_pushing, read_objects, record_push
    from stillwatch.forum.taxii import Inbox, push

    contents = [file.read_bytes() for file in files]
    if unsafe_send_all:
        batches = [_objects(file, data) for file, data in zip(files, contents, strict=True)]
    else:
        batches = [read_objects(data) for data in contents]
        own, space = policy_of(policy, workspace), Workspace(workspace, make=False)
        if against := against_pushing(space, batches, own, now=dt.datetime.now(dt.UTC)):
            print_refusals(against)
            raise FormatError(f"{len(against)} refusals: nothing was sent")
    remote = reach.remote(address)
    if not unsafe_send_all or (workspace / "state").is_dir():
        digests = [hashlib.sha256(data).hexdigest() for data in contents]
        record_push(desk_in(workspace), digests, to=address, by=me(by), ruled=not unsafe_send_all)
    box = Inbox(inbox)
    try:
        done = push(remote, box, [one for batch in batches for one in batch])
    finally:
        box.close()
        remote.close()
    print(f"{done.sent} sent, {done.skipped} known to the server, {done.accepted} accepted, {len(done.failed)} refused")
    for name, message in done.failed:
        print(f"  {_plain(name)}: {_plain(message)}")


@forum_app.command(name="status")
def forum_status(*, inbox: Path = INBOX) -> None:
    """Say how far we are with each server.

    Args:
        inbox: File in which objects and progress are kept.
    """
    from stillwatch.core import FormatError
    from stillwatch.forum.taxii import Inbox

    if not inbox.exists():
        raise FormatError(f"{inbox}: nothing was pulled yet")
    box = Inbox(inbox)
    for source, state, held, refused in box.sources():
        where = "in the middle of a walk" if state.next is not None else f"up to {state.after or 'nothing yet'}"
        print(f"{source}: {held} held, {refused} refused, {where}, last asked {state.at[:16]}")
    box.close()


@forum_app.command(name="holders")
def forum_holders(hub: Path, collection: str, name: str, /) -> None:
    """Say which members were given an object, and which of them have fetched its retraction.

    Args:
        hub: Settings of the hub.
        collection: Id of the collection.
        name: Id of the object.
    """
    from stillwatch.forum.taxii import read_hub
    from stillwatch.forum.taxii.database import connector
    from stillwatch.forum.taxii.reads import holders
    from stillwatch.forum.taxii.wire import stamp

    connection = connector(read_hub(hub).database)()
    for one in holders(connection, collection, name):
        told = "not told of a retraction" if one.told is None else f"fetched the retraction {stamp(one.told)}"
        print(f"{one.member}: given {stamp(one.given)}, {told}")
    connection.close()


@forum_app.command(name="audit")
def forum_audit(
    hub: Path, /, *, checkpoint: Annotated[list[Path] | None, Parameter(negative=())] = None, month: str = ""
) -> None:
    """Rebuild the log of a hub from its first event, offline, and hold it against every checkpoint.

    Args:
        hub: Settings of the hub.
        checkpoint: File with a checkpoint that you kept; give it once for each.
        month: Write the counts of a month such as 2026-11, for counsel.
    """
    from stillwatch.cases import read_public
    from stillwatch.core import FormatError
    from stillwatch.forum.log import Ledger, NoteKey, audit, months, read_key, read_note
    from stillwatch.forum.taxii import read_hub
    from stillwatch.forum.taxii.database import connector

    settings = read_hub(hub)
    own = Path(settings.key)
    keys = [NoteKey(name=settings.origin, key=read_public(own.with_name(f"{own.stem}.pub.pem")))]
    keys += [read_key(one.witness_key) for one in settings.member if one.witness_key]
    connection = connector(settings.database)()
    log = Ledger(connection)
    notes = [read_note(text) for _, text in log.checkpoints()]
    for path in checkpoint or ():
        try:
            notes.append(read_note(path.read_text("utf-8")))
        except ValueError as error:
            raise FormatError(f"{path}: no checkpoint: {error}") from error
    done = audit(log.events(), notes, keys, origin=settings.origin)
    print(f"{done.size} events, {done.erased} of them erased; root {done.root.hex()}")
    for size, seen in done.vouched:
        print(f"  size {size}: vouched for by {', '.join(sorted(one.name for one in seen))}")
    for one in months(log.events()) if month else ():
        if one.month == month:
            print(json.dumps(_told(one), indent=1))
    connection.close()


def _objects(file: Path, data: bytes) -> list[Any]:
    """What is between the brackets of a bundle or an envelope, unread."""
    from stillwatch.core import FormatError

    try:
        objects: list[Any] = json.loads(data)["objects"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f'{file}: expected a STIX bundle or an envelope with "objects"') from error
    return objects


def _told(month: Month) -> dict[str, object]:
    by_member: dict[str, dict[str, int]] = {}
    for (member, kind), count in sorted(month.members.items()):
        by_member.setdefault(member, {})[kind] = count
    return {
        "month": month.month,
        "events": dict(sorted(month.kinds.items())),
        "by_member": by_member,
        "refusals_by_rule": dict(sorted(month.refusals.items())),
        "overrides_and_erasures": month.overrides,
    }


def _rules(*, unsafe_accept_all: bool, codes: Mapping[str, str] | None = None) -> Accept:
    from stillwatch.forum import by_the_rules
    from stillwatch.forum.taxii import accept_all

    return accept_all if unsafe_accept_all else by_the_rules(codes=codes)


def _plain(text: str) -> str:
    """A stranger's text without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:300]
