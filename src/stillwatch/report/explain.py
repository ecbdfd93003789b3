"""What a scan knows of one handle, as lines for a terminal: no colours and no printing here, only words with their
roles.
"""

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
    lookalikes_table,
    members_table,
    tests_table,
)
from stillwatch.report.view import ScanView
from stillwatch.report.view_account import AccountView
from stillwatch.report.view_actor import ActorView, FamilyView, MemberView
from stillwatch.report.wording import count, day, e_words, listing, p_words, plural, quantity, share, span, spell

__all__ = ["Line", "Role", "explain_lines"]


class Role(StrEnum):
    """What a line is, so that the terminal can set it."""

    TITLE = "title"
    HEAD = "head"
    TEXT = "text"
    ITEM = "item"
    QUOTE = "quote"
    TABLE = "table"
    BLANK = "blank"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line, or one table. `tone` is plain, harvest, innocent or soft."""

    role: Role
    text: str = ""
    tone: str = "plain"
    table: Table | None = None


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
    yield _line(Role.TITLE, f"{actor.handle}  {spell(actor.decision)}: {actor.capability}")
    yield _line(Role.TEXT, actor.reason)
    needed = "" if actor.threshold is None else f", needed {e_words(actor.threshold)}"
    yield _line(
        Role.TEXT,
        f"Evidence e = {e_words(actor.e_value)}{needed}; active {span(actor.first_seen, actor.last_seen)} UTC.",
        "soft",
    )
    for title, tone, rows in (
        ("Observed", "plain", parts.observed),
        ("Inferred", "harvest", parts.inferred),
        ("Exculpatory", "innocent", parts.exculpatory),
    ):
        yield Line(role=Role.BLANK)
        yield _line(Role.HEAD, title, tone)
        for row in rows:
            yield _line(Role.ITEM, row.sentence, tone)
    for table in (tests_table(actor), lookalikes_table(actor), families_table(actor)):
        yield from _tabled(table)
    for family in actor.families[:2]:
        yield from _examples(family)
    yield from _tabled(members_table(actor, most=10))


def _account(
    handle: str, account: AccountView | None, memberships: list[tuple[ActorView, MemberView]]
) -> Iterator[Line]:
    decision = "member" if account is None else spell(account.decision)
    yield _line(Role.TITLE, f"{handle}  {decision}")
    for actor, member in memberships:
        yield _line(Role.HEAD, f"Member of {actor.handle} ({spell(actor.decision)}: {actor.capability})", "harvest")
        harvest = share(member.harvest_exchanges / member.exchanges if member.exchanges else None)
        yield _line(Role.ITEM, f"{plural(member.exchanges, 'exchange')}, {harvest} of them harvest.")
        yield _line(Role.ITEM, f"{plural(member.links, 'link')} of weight {quantity(member.weight)}: {member.reason}")
        facts = [
            f"opened {day(member.created)}",
            f"plan {member.plan or 'unknown'}",
            f"product type {member.product_type or 'unknown'}",
        ]
        yield _line(Role.ITEM, f"Account {listing(facts)}.", "soft")
    if account is None:
        yield _line(Role.TEXT, "Its own signals do not stand out; it is here for what it shares.", "soft")
        return
    yield _line(Role.HEAD, "On its own evidence")
    if account.reason:
        yield _line(Role.TEXT, account.reason)
    combined = (
        f"Combined p = {p_words(account.p_value)}, e = {e_words(account.e_value)}, against {account.stratum} accounts"
    )
    asked = "" if account.threshold_p is None else f"; p needed {p_words(account.threshold_p)}"
    yield _line(Role.TEXT, f"{combined}{asked}; {plural(account.exchanges, 'exchange')}.")
    for signal in account.signals:
        if not signal.decided:
            lack = "" if signal.needed is None else f", needs {count(signal.needed)}"
            yield _line(
                Role.ITEM, f"{signal.title or spell(signal.signal)}: undecided, n = {count(signal.n)}{lack}", "soft"
            )
            continue
        usual = ""
        if len(signal.quantiles) == 7:
            usual = f" (median {quantity(signal.quantiles[3], signal.unit)}, 99 % {quantity(signal.quantiles[6], signal.unit)})"
        yield _line(
            Role.ITEM,
            f"{signal.title or spell(signal.signal)}: {quantity(signal.value, signal.unit)}{usual}, "
            f"p = {p_words(signal.p_value)}, n = {count(signal.n)}. {signal.sentence}".strip(),
        )


def _family(found: list[tuple[ActorView, FamilyView]]) -> Iterator[Line]:
    actor, family = found[0]
    yield _line(Role.TITLE, f"{family.handle}  {family.scope} template")
    owners = listing([owner.handle for owner, _ in found])
    yield _line(
        Role.TEXT, f"{plural(family.exchanges, 'exchange')} of {plural(family.accounts, 'account')}; of {owners}."
    )
    yield from _tabled(families_table(actor))
    yield from _examples(family)


def _examples(family: FamilyView) -> Iterator[Line]:
    for text in example_text(family):
        yield Line(role=Role.BLANK)
        for row in text.splitlines():
            yield _line(Role.QUOTE, row)


def _tabled(table: Table) -> Iterator[Line]:
    if table.rows:
        yield Line(role=Role.BLANK)
        yield Line(role=Role.TABLE, text=table.title, table=table)


def _line(role: Role, text: str, tone: str = "plain") -> Line:
    return Line(role=role, text=inert(text), tone=tone)
