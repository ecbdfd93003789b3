"""`stillwatch forum custodian`: run one of the two that make tags together, and none alone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from stillwatch.cli.forum import forum_app, guard_clear

__all__ = ["custodian_app"]

custodian_app = App(
    name="custodian", help="Keep the keys of one custodian, admit members, answer them, and watch how much they ask."
)
forum_app.command(custodian_app)


@custodian_app.command(name="rotate")
def custodian_rotate(
    folder: Path, name: str, /, *, days: int = 90, overlap: int = 14, opens: dt.date | None = None
) -> None:
    """Make the keys of the next epoch, and destroy those of epochs that are closed. Publish the file that is named.

    Args:
        folder: The custodian's folder.
        name: The custodian's name.
        days: How long the epoch lasts.
        overlap: Days before the last epoch closes on which the next one opens.
        opens: First day, where the custodians agreed on one.
    """
    from stillwatch.forum.tags import destroy_closed, new_epoch, read_epochs

    today = dt.datetime.now(dt.UTC).date()
    for gone in destroy_closed(folder / "keys", today):
        print(f"{gone}: its seed is destroyed; nobody can compute its tags any more")
    kept = [epoch.statement.closes for epoch in read_epochs(folder / "keys").values()]
    begins = opens or (max(kept) - dt.timedelta(days=overlap) if kept else today)
    made = new_epoch(folder / "keys", name, begins.isoformat(), begins, begins + dt.timedelta(days=days)).statement
    print(f"{made.epoch}\t{made.opens} to {made.closes}\t{made.digest}\t{folder / 'keys' / (made.epoch + '.json')}")


@custodian_app.command(name="admit")
def custodian_admit(folder: Path, member: str, /) -> None:
    """Admit a member, or give it a new token: the token is shown once and kept nowhere.

    Args:
        folder: The custodian's folder.
        member: Its name here; a pseudonym will do.
    """
    from stillwatch.forum.tags import add_member

    print(add_member(folder / "members.json", member))


@custodian_app.command(name="dismiss")
def custodian_dismiss(folder: Path, member: str, /) -> None:
    """Let a member go; its token opens nothing from now on.

    Args:
        folder: The custodian's folder.
        member: Its name here.
    """
    from stillwatch.forum.tags import drop_member

    drop_member(folder / "members.json", member)


@custodian_app.command(name="log")
def custodian_log(folder: Path, /) -> None:
    """Print every request: when, by whom, which kind, how many, with what outcome. Then the alarms.

    Args:
        folder: The custodian's folder.
    """
    from stillwatch.forum.tags import Custodian

    ledger = Custodian(folder).ledger
    for line in ledger.lines():
        print("\t".join((line.at, line.member, line.kind or "-", line.epoch or "-", str(line.n), line.outcome)))
    for alarm in ledger.alarms():
        print("\t".join((alarm.at, alarm.member, alarm.kind or "-", "ALARM", alarm.alarm, alarm.words)))


@custodian_app.command(name="tell")
def custodian_tell(
    folder: Path, hub: str, /, *, token_file: Annotated[Path, Parameter(help="File with our token at the hub.")]
) -> None:
    """Tell the forum's log what was evaluated since last time, and which keys were committed to. Run it every hour, say.

    Args:
        folder: The custodian's folder.
        hub: Address of the hub, such as https://hub.example:8443.
    """
    import asyncio
    import sys

    from stillwatch.forum.tags import Custodian
    from stillwatch.forum.tags.remote import tell_log

    told, changed = asyncio.run(tell_log(hub, token_file.read_text("utf-8").strip(), Custodian(folder)))
    print(f"{told} requests are in the log now")
    if changed:
        print(f"the log knows other keys of epoch {', '.join(changed)}, and keeps that others were told now")
        sys.exit(1)


@custodian_app.command(name="serve")
def custodian_serve(
    folder: Path,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8460,
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Answer members over HTTP. Give a certificate and its key, or stand behind something that has them.

    Args:
        folder: The custodian's folder.
        host: Address to listen on.
        port: Port to listen on.
        certificate: TLS certificate chain (PEM).
        key: Its private key (PEM).
    """
    import uvicorn

    from stillwatch.forum.tags import Custodian
    from stillwatch.forum.tags.service import custodian_app as application

    guard_clear(host, certificate, key, key_option="--key")
    uvicorn.run(
        application(Custodian(folder)),
        host=host,
        port=port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        access_log=False,
        server_header=False,
        timeout_keep_alive=10,
        limit_concurrency=256,
    )
