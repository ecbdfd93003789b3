"""One account: its verdict and signals, what it shares, what the records say; its exchanges, and their texts for those with a reason."""

from __future__ import annotations

from starlette.responses import Response

from stillwatch.cases import Declared, Entry, Private, subject_of
from stillwatch.console.door import page
from stillwatch.console.grants import MOST
from stillwatch.console.visit import NotFound, Visit
from stillwatch.core import Error, Technique, handle, unhandle
from stillwatch.pipeline import exchanges_of, open_texts

__all__: list[str] = []

_FACTS = (
    "plan",
    "product_type",
    "signup_path",
    "created",
    "entitlement",
    "declared_programme",
    "verification",
    "mail_kind",
    "card_kind",
)
"""Of the provider's records; the region of the contract is left out, as no page needs it."""

_LEAST_REASON = 8


@page("account")
def account(visit: Visit) -> Response:
    """The page of one account."""
    name, number = visit.handle("account")
    scan, book = visit.scan, visit.book
    marks = visit.marks
    found = scan.drawers.account(number, threshold_p=scan.threshold_p)
    facts = scan.drawers.known(number)
    ties = scan.drawers.ties(number)
    if found is None and not facts and not ties:
        raise NotFound("no account of this workspace has this handle")
    orgs = [handle("org", facts["org"])] if facts.get("org") is not None else []
    signups = scan.drawers.signups.rows(number).to_pylist()
    return visit.page(
        "account.html",
        title=f"Account {name}",
        name=name,
        account=found,
        facts=[(field, facts[field]) for field in _FACTS if facts.get(field) is not None],
        ties=[{**tie, "shown": _shown(tie)} for tie in ties],
        signup=signups[0] if signups else None,
        memberships=[(handle("actor", m["actor"]), m) for m in scan.drawers.memberships(number)],
        case=marks.in_case.get(name),
        cases=[one for one in book.cases.values() if any(m.handle == name for m in one.members)],
        marks=marks,
        label=book.feedback.labels.get(name),
        pause=book.feedback.paused(visit.now).get(name),
        purposes=_purposes(visit, {name, *orgs}),
        organisations=orgs,
        now=visit.now,
        can_open=found is not None,
    )


def _purposes(visit: Visit, about: set[str]) -> list[Declared]:
    """Declarations that cover an account, by its own handle or its organisation's, the latest first; those that are over last."""
    found = [one for one in visit.book.feedback.purposes.values() if about.intersection(one.handles)]
    return sorted(found, key=lambda one: (one.ended_by is not None or one.until <= visit.now, -one.number))


@page("exchanges")
def exchanges(visit: Visit) -> Response:
    """The account's latest exchanges without a word of text, and the form that asks to open some."""
    name, number = visit.handle("account")
    lines = exchanges_of(visit.house.workspace, number)
    if not lines:
        raise NotFound("no exchange of this account is in this workspace")
    shown = [(handle("exchange", one.exchange), one, _techniques(one.elicitation)) for one in lines]
    return visit.page("exchanges.html", title=f"Exchanges of {name}", name=name, lines=shown, most=MOST)


@page("open_prompts")
def open_prompts(visit: Visit) -> Response:
    """Record who opens which texts and why; only then let this session read them for a while.

    Raises:
        Error: when none or too many are named, or the reason says nothing.
    """
    name, _ = visit.handle("account")
    why = visit.needed("why", most=500)
    if len(why) < _LEAST_REASON:
        raise Error("why: say it so that somebody else understands it in a year")
    asked = visit.form.get("exchange", [])
    if not 1 <= len(asked) <= MOST:
        raise Error(f"exchange: got {len(asked)}, expected 1 to {MOST} at a time")
    numbers = tuple(sorted({_exchange(text) for text in asked}))
    _record(visit, name, numbers, why)
    return visit.go(f"/opened/{visit.house.grants.give(_session(visit), name, numbers, why)}")


@page("opened")
def opened(visit: Visit) -> Response:
    """The texts that this session opened, while it may read them."""
    grant = visit.house.grants.find(visit.path["grant"], _session(visit))
    if grant is None:
        raise NotFound("nothing is open here: a text is open for a quarter of an hour, to whoever opened it")
    texts = open_texts(visit.house.workspace, unhandle(grant.account)[1], grant.exchanges)
    shown = [(handle("exchange", one.exchange), one) for one in texts]
    return visit.page("opened.html", title=f"Texts of {grant.account}", grant=grant, texts=shown)


def _record(visit: Visit, name: str, numbers: tuple[int, ...], why: str) -> None:
    """Note it, sealed as about the account; it is on the disk when this returns."""
    visit.house.desk.journal.begin()
    subject = subject_of(name)
    private = (Private(field="handle", subject=subject, value=name), Private(field="note", subject=subject, value=why))
    body = {"exchanges": [handle("exchange", one) for one in numbers]}
    visit.house.desk.journal.append(Entry(kind="prompt.opened", by=visit.who.name, body=body, private=private))


def _session(visit: Visit) -> bytes:
    if visit.session is None:
        raise NotFound("nothing is open here")
    return visit.session.id


def _exchange(text: str) -> int:
    try:
        kind, number = unhandle(text)
    except ValueError:
        kind, number = "", 0
    if kind != "exchange":
        raise Error("exchange: expected a handle such as E-0QZ4N8W2K7HXA")
    return number


def _techniques(bits: int | None) -> list[str]:
    return [one.value for place, one in enumerate(Technique) if (bits or 0) >> place & 1]


def _shown(tie: dict[str, object]) -> str:
    """A shared thing by the handle that other pages give it: a family by its own, the rest by a short mark."""
    number = int(str(tie["object"]))
    if tie["kind"] == "family":
        return handle("family", number)
    return handle("exchange", number)[-4:]
