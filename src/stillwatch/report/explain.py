"""What a scan knows of one handle, as lines for a terminal: words with their kinds, no colours and no printing here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.core.errors import Error
from stillwatch.report.inert import inert
from stillwatch.report.parts import three_parts
from stillwatch.report.tables import (
    Table,
    example_text,
    families_table,
    history_table,
    lookalikes_table,
    looks_table,
    members_table,
    tests_table,
)
from stillwatch.report.view import ScanView
from stillwatch.report.view_account import AccountView, SignalReading
from stillwatch.report.view_actor import ActorView, FamilyView, MemberView
from stillwatch.report.wording import (
    count,
    day,
    evidence_words,
    listing,
    opening,
    p_words,
    plural,
    quantity,
    sentence,
    share,
    span,
    spell,
)

__all__ = ["Kind", "Line", "explain_lines"]


class Kind(StrEnum):
    """What a line is, so that the terminal can set it."""

    TITLE = "title"
    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    QUIET = "quiet"
    QUOTE = "quote"
    BLANK = "blank"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of words, indented as it should stand; `tone` is plain, harvest or innocent."""

    kind: Kind
    text: str = ""
    tone: str = "plain"


def explain_lines(view: ScanView, handle: str) -> list[Line]:
    """Everything that the view knows of an actor, an account or a family, by its handle.

    Raises:
        Error: when nothing in the view has the handle.
    """
    wanted = handle.strip().upper()
    for actor in view.actors:
        if actor.handle == wanted:
            return list(_actor(actor))
    account = next((account for account in view.accounts if account.handle == wanted), None)
    memberships = [(a, m) for a in view.actors for m in a.members if m.handle == wanted]
    if account is not None or memberships:
        return list(_account(wanted, account, memberships))
    families = [(actor, family) for actor in view.actors for family in actor.families if family.handle == wanted]
    if families:
        return list(_family(families))
    raise Error(
        f"handle: got {inert(handle)[:40]!r}, expected an actor, an account or a family of this scan's report; "
        "an account that is quiet and in no actor is not in it"
    )


def _actor(actor: ActorView) -> Iterator[Line]:
    parts = three_parts(actor)
    yield _line(Kind.TITLE, f"{actor.handle}  {spell(actor.decision)}: {actor.capability}")
    yield _line(Kind.TEXT, sentence(actor.reason))
    evidence = f"Evidence on held-out data: {evidence_words(actor.e_value, actor.threshold)}"
    yield _line(Kind.QUIET, f"{evidence}. Active {span(actor.first_seen, actor.last_seen)} UTC.")
    for title, tone, rows in (
        ("Observed", "plain", parts.observed),
        ("Inferred", "harvest", parts.inferred),
        ("Exculpatory", "innocent", parts.exculpatory),
    ):
        yield Line(kind=Kind.BLANK)
        yield _line(Kind.HEADING, title, tone)
        for row in rows:
            yield _line(Kind.ITEM, row.sentence)
    yield from _rows(tests_table(actor))
    for table in (lookalikes_table(actor.lookalikes), looks_table(actor), history_table(actor)):
        yield from _rows(table)
    yield from _rows(families_table(actor))
    for family in actor.families[:2]:
        yield from _examples(family)
    yield from _rows(members_table(actor, most=10))


def _account(
    handle: str, account: AccountView | None, memberships: list[tuple[ActorView, MemberView]]
) -> Iterator[Line]:
    yield _line(Kind.TITLE, f"{handle}  {'member' if account is None else spell(account.decision)}")
    for actor, member in memberships:
        yield from _membership(actor, member)
    if account is None:
        yield _line(Kind.QUIET, "Its own signals do not stand out; it is here for what it shares.")
        return
    yield _line(Kind.HEADING, "On its own evidence")
    if account.reason:
        yield _line(Kind.TEXT, sentence(account.reason))
    asked = "" if account.threshold_p is None else f"; p needed {p_words(account.threshold_p)}"
    combined = f"p = {p_words(account.p_value)}, {evidence_words(account.e_value, account.threshold_e)}{asked}"
    crowd = f"{count(account.calibration_n)} " if account.calibration_n else ""
    compared = f"compared with {crowd}{account.stratum} accounts; {plural(account.exchanges, 'exchange')}"
    yield _line(Kind.TEXT, f"Combined {combined}; {compared}.")
    if account.null:
        yield _line(Kind.QUIET, f"Null: {sentence(account.null)}")
    if account.history is not None and account.history.reached is None:
        yield _line(Kind.TEXT, sentence(account.history.sentence))
    if account.resembles:
        yield _line(Kind.TEXT, sentence(account.resembles))
    if account.proposal:
        yield _line(Kind.TEXT, f"The evidence would carry: {account.proposal}. A person decides.")
    for signal in account.signals:
        yield from _signal(signal)
    yield from _rows(lookalikes_table(account.lookalikes))


def _membership(actor: ActorView, member: MemberView) -> Iterator[Line]:
    yield _line(Kind.HEADING, f"Member of {actor.handle} ({spell(actor.decision)}: {actor.capability})")
    harvest = share(member.harvest_exchanges / member.exchanges if member.exchanges else None)
    yield _line(Kind.ITEM, f"{plural(member.exchanges, 'exchange')}, {harvest} of them harvest.")
    links = f"{plural(member.links, 'link')} of weight {quantity(member.weight)}"
    yield _line(Kind.ITEM, f"{links}: {sentence(member.reason)}")
    facts = [
        f"opened {day(member.created)}",
        f"plan {member.plan or 'unknown'}",
        f"product type {member.product_type or 'unknown'}",
    ]
    yield _line(Kind.ITEM, f"Account {listing(facts)}.")
    if member.replaces is not None:
        yield _line(Kind.ITEM, f"It began within a day after {member.replaces} had stopped.")
    if member.stopped is not None:
        yield _line(Kind.ITEM, f"Silent since {day(member.stopped)}: it seems to have stopped.")


def _signal(signal: SignalReading) -> Iterator[Line]:
    title = opening(signal.title or spell(signal.signal))
    if not signal.decided:
        lack = "" if signal.needed is None else f", needs {count(signal.needed)}"
        yield _line(Kind.ITEM, f"{title}: undecided, n = {count(signal.n)}{lack}")
        return
    usual = ""
    if len(signal.quantiles) == 7:
        unit = "share" if signal.unit == "share" else ""
        median, top = (quantity(signal.quantiles[i], unit) for i in (3, 6))
        usual = f" (median {median}, 99 % {top})"
    weight = f"p = {p_words(signal.p_value)}, n = {count(signal.n)}"
    yield _line(Kind.ITEM, f"{title}: {quantity(signal.value, signal.unit)}{usual}, {weight}.")
    if signal.sentence:
        yield _line(Kind.QUIET, f"    {sentence(signal.sentence)}")


def _family(found: list[tuple[ActorView, FamilyView]]) -> Iterator[Line]:
    actor, family = found[0]
    yield _line(Kind.TITLE, f"{family.handle}  {family.scope} template")
    owners = listing([owner.handle for owner, _ in found])
    yield _line(
        Kind.TEXT, f"{plural(family.exchanges, 'exchange')} of {plural(family.accounts, 'account')}; of {owners}."
    )
    yield from _rows(families_table(actor))
    yield from _examples(family)


def _examples(family: FamilyView) -> Iterator[Line]:
    for text in example_text(family):
        yield Line(kind=Kind.BLANK)
        for row in text.splitlines():
            yield _line(Kind.QUOTE, f"    | {row}")


def _rows(table: Table) -> Iterator[Line]:
    if not table.rows:
        return
    yield Line(kind=Kind.BLANK)
    yield _line(Kind.HEADING, table.title)
    for row in table.rows:
        cells = [
            f"{name} {cell}" for name, cell in zip(table.header[1:], row[1:], strict=True) if cell not in {"–", ""}
        ]
        yield _line(Kind.ITEM, f"{row[0]}: {'; '.join(cells)}")


def _line(kind: Kind, text: str, tone: str = "plain") -> Line:
    mark = "  - " if kind is Kind.ITEM else ""
    return Line(kind=kind, text=mark + inert(text), tone=tone)
