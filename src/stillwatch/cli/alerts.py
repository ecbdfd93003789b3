"""`stillwatch alerts`: findings and decisions to other systems: a log, SIEMs, queues, review consoles, webhooks."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App
from rich.text import Text

from stillwatch.cli.app import app
from stillwatch.cli.listing import listing, show_list
from stillwatch.cli.scan import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from stillwatch.engine import Workspace
    from stillwatch.pipeline import Deliveries
    from stillwatch.report.alerts import Alert

__all__ = ["alerts_app"]

alerts_app = App(
    name="alerts", help="Tell other systems of findings and decisions; no prompt, name or organisation is in an alert."
)
app.command(alerts_app)


@alerts_app.command(name="write")
def alerts_write(*, form: str = "flat", to: Path | None = None, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Write every alert of the last scan and of the cases, a JSON value a line.

    Args:
        form: flat (the alert log), ocsf (Detection Finding), cloudevents, kafka (key, headers and value), coop or osprey.
        to: File to replace; standard output by default.
        workspace: Folder of the scan.
    """
    from stillwatch.core import Error
    from stillwatch.engine import durable_write
    from stillwatch.report.alerts import FORMS, alert_lines

    if form not in FORMS:
        raise Error(f"form: got {form!r}, expected one of {', '.join(FORMS)}")
    space = _space(workspace)
    lines = alert_lines(_alerts(space), form, _source(space))
    if to is None:
        sys.stdout.buffer.writelines(lines)
    else:
        durable_write(to, b"".join(lines), mode=0o600)


@alerts_app.command(name="rules")
def alerts_rules(folder: Path, /) -> None:
    """Write the Sigma rules over the alert log into a folder.

    Args:
        folder: Where to put them; made when absent.
    """
    from stillwatch.report.alerts import sigma_rules

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sigma_rules().items():
        (folder / name).write_text(text, "utf-8")
        print(folder / name)


@alerts_app.command(name="secret")
def alerts_secret(webhook: str, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Make the secret of a webhook and print it once, for its other end. The one before goes on signing beside it.

    Args:
        webhook: Name of the webhook in alerts.toml.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import make_secret

    print(make_secret(_space(workspace), webhook))


@alerts_app.command(name="send")
def alerts_send(*, keep_on: bool = False, every: float = 30.0, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """Queue new alerts for the webhooks in alerts.toml and try what is due. Run it on a schedule, or let it go on.

    Args:
        keep_on: Go on until it is stopped.
        every: Seconds between rounds that go on.
        workspace: Folder of the scan.
    """
    from stillwatch.pipeline import read_webhooks

    space = _space(workspace)
    outbox = _outbox(space)
    while True:
        webhooks = read_webhooks(space)
        if not webhooks:
            print(f"{workspace / 'alerts.toml'}: names no webhook, so nothing was sent")
            return
        print(f"{outbox.queue(_alerts(space), webhooks, _source(space))} new")
        for tried in outbox.send_due(webhooks):
            print(f"{tried.webhook}\t{tried.id}\tattempt {tried.number}\t{tried.outcome}", flush=True)
        if not keep_on:
            return
        time.sleep(max(1.0, every))


@alerts_app.command(name="deliveries")
def alerts_deliveries(*, workspace: Path = DEFAULT_WORKSPACE) -> None:
    """List what was sent, what waits and what was given up.

    Args:
        workspace: Folder of the scan.
    """
    table = listing("webhook", "id", "kind", "state", "attempts", "queued", "next", "last")
    for one in _outbox(_space(workspace)).all():
        due = "" if one.due is None else f"{one.due:%Y-%m-%d %H:%M}"
        table.add_row(
            one.webhook,
            one.id,
            one.kind,
            one.state,
            str(one.attempts),
            f"{one.queued:%Y-%m-%d %H:%M}",
            due,
            Text(one.last),
        )
    show_list(table)


@alerts_app.command(name="again")
def alerts_again(webhook: str, id: str | None = None, /, *, workspace: Path = DEFAULT_WORKSPACE) -> None:  # noqa: A002 - the word on the page
    """Make due again what was not delivered.

    Args:
        webhook: Name of the webhook.
        id: One alert by its id in deliveries; all by default.
        workspace: Folder of the scan.
    """
    print(f"{_outbox(_space(workspace)).again(webhook, id)} due")


def _space(workspace: Path) -> Workspace:
    from stillwatch.engine import Workspace

    return Workspace(workspace, make=False)


def _alerts(space: Workspace) -> tuple[Alert, ...]:
    from stillwatch.cases import Desk
    from stillwatch.pipeline import last_view
    from stillwatch.report.alerts import alerts_from

    cases = Desk(space).cases().values() if (space.root / "desk").exists() else ()
    return alerts_from(last_view(space), cases)


def _outbox(space: Workspace) -> Deliveries:
    from stillwatch.pipeline import Deliveries

    return Deliveries(space.root / "desk" / "deliveries.sqlite")


def _source(space: Workspace) -> str:
    """A URI that names this installation and tells nothing about it."""
    return f"urn:stillwatch:{space.names.salt('alerts'):016x}"
