"""Who is told of alerts by webhook: endpoints, what became of the last deliveries, and a test. For admins; every change goes on record.

An address is checked before it is kept, and again whenever something is sent: nothing inside the house is reached. What a secret is, a
page shows once, to whoever made it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.responses import Response

from stillwatch.cases import Entry, Private
from stillwatch.console.door import page
from stillwatch.console.visit import NotFound, Visit
from stillwatch.core import SettingsError
from stillwatch.pipeline import Deliveries, Webhook, add_webhook, make_secret, read_webhooks, remove_webhook
from stillwatch.report.alerts import FORMS, KINDS

__all__: list[str] = []

_MOST = 100


@page("webhooks")
def webhooks(visit: Visit) -> Response:
    """Endpoints, where they come from, and the last deliveries with what came of them."""
    return _shown(visit)


@page("add_webhook")
def add(visit: Visit) -> Response:
    """Set an endpoint up, and show its secret once."""
    name, url = visit.needed("name", most=40).lower(), visit.needed("url", most=2000)
    kinds = [one for one in KINDS if one in visit.form.get("kind", [])]
    form, bare = visit.field("form", most=20), visit.field("bare", most=5) == "yes"
    recorded = partial(_record, visit, "webhook.added", name, visit.needed("note", most=500), form=form, kinds=kinds)
    space = visit.house.workspace
    secret = add_webhook(space, name=name, url=url, kinds=kinds, form=form, bare=bare, recorded=recorded)
    return _shown(visit, secret=secret, secret_of=name, done_words=f"{name} is set up.")


@page("test_webhook")
def test(visit: Visit) -> Response:
    """Send one message that is no alert, and say what came back."""
    hook = _hook(visit)
    _record(visit, "webhook.tested", hook.name, "a test delivery")
    tried = _outbox(visit).test(hook)
    return _shown(visit, tried=tried)


@page("again_webhook")
def again(visit: Visit) -> Response:
    """Make due again what was not delivered."""
    hook = _hook(visit)
    _record(visit, "webhook.again", hook.name, visit.needed("note", most=500))
    _outbox(visit).again(hook.name)
    return visit.go("/webhooks", "due")


@page("webhook_secret")
def secret(visit: Visit) -> Response:
    """Another secret; the one before signs beside it until the next."""
    hook = _hook(visit)
    _record(visit, "webhook.secret", hook.name, visit.needed("note", most=500))
    made = make_secret(visit.house.workspace, hook.name)
    return _shown(visit, secret=made, secret_of=hook.name, done_words=f"{hook.name} has a new secret.")


@page("remove_webhook")
def remove(visit: Visit) -> Response:
    """Remove an endpoint that the console keeps."""
    hook = _hook(visit)
    recorded = partial(_record, visit, "webhook.removed", hook.name, visit.needed("note", most=500))
    remove_webhook(visit.house.workspace, hook.name, recorded=recorded)
    return visit.go("/webhooks", "webhook_gone")


def _shown(visit: Visit, **facts: Any) -> Response:
    told: dict[str, Any] = {"secret": "", "secret_of": "", "done_words": "", "tried": None} | facts
    try:
        hooks, faults = read_webhooks(visit.house.workspace), []
    except SettingsError as error:
        hooks, faults = (), [f"{one.path}: {one.message}" for one in error.faults]
    outbox = _outbox(visit)
    return visit.page(
        "webhooks.html",
        title="Webhooks",
        hooks=hooks,
        faults=faults,
        counts=outbox.counts(),
        deliveries=outbox.all(_MOST),
        kinds=KINDS,
        forms=list(FORMS),
        most=_MOST,
        **told,
    )


def _hook(visit: Visit) -> Webhook:
    found = next((one for one in read_webhooks(visit.house.workspace) if one.name == visit.path["name"]), None)
    if found is None:
        raise NotFound("no webhook has this name")
    return found


def _outbox(visit: Visit) -> Deliveries:
    return Deliveries(visit.house.workspace.root / "desk" / "deliveries.sqlite", clock=visit.house.clock)


def _record(visit: Visit, kind: str, name: str, why: str, **facts: object) -> None:
    """Put on record what is about to change; addresses are left out, as some hold a key."""
    note = Private(field="note", subject=f"webhook:{name}", value=why)
    visit.house.desk.journal.begin()
    visit.house.desk.journal.append(
        Entry(kind=kind, by=visit.who.name, body={"webhook": name, **facts}, private=(note,))
    )
