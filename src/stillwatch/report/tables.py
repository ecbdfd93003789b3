"""The report's tables as plain words, for Markdown and the terminal: the same cells in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.core.records import Support
from stillwatch.report.inert import inert
from stillwatch.report.view import ScanView
from stillwatch.report.view_account import AccountView, CalibrationView
from stillwatch.report.view_actor import ActorView, FamilyView, HeldOutTest, LookalikeCheck
from stillwatch.report.wording import (
    amount,
    count,
    day,
    e_words,
    interval,
    listing,
    opening,
    p_words,
    quantity,
    sentence,
    share,
    spell,
    technique_words,
)

__all__ = [
    "Table",
    "accounts_table",
    "calibration_table",
    "candidates_table",
    "example_text",
    "families_table",
    "findings_table",
    "history_table",
    "lookalikes_table",
    "looks_table",
    "members_table",
    "nearest_explanation",
    "tests_table",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A small table of words: `header` and each row are equally long; `right` names the columns that hold numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], right: tuple[int, ...] = ()) -> Table:
    """A table whose cells are each one line of inert text."""
    clean = tuple(tuple(inert(cell).replace("\n", " ") for cell in row) for row in rows)
    return Table(title=title, header=header, rows=clean, right=frozenset(right))


def nearest_explanation(actor: ActorView) -> str:
    """The innocent explanation that comes nearest, with how it fared."""
    for check in actor.lookalikes:
        if check.fits:
            return f"{check.name}: fits"
    for check in actor.lookalikes:
        if check.fits is None:
            return f"{check.name}: unknown"
    return f"none of {len(actor.lookalikes)} fits" if actor.lookalikes else "none tried"


def _evidence(actor: ActorView) -> str:
    needed = "" if actor.threshold is None else f" (needed {e_words(actor.threshold)})"
    return f"{e_words(actor.e_value)}{needed}"


def findings_table(view: ScanView) -> Table:
    """The actors for review, strongest first."""
    header = (
        "actor",
        "capability sought",
        "accounts",
        "harvest",
        "yield",
        "evidence e",
        "nearest innocent explanation",
    )
    rows = [
        (
            actor.handle,
            actor.capability,
            count(actor.accounts),
            f"{count(actor.harvest_exchanges)} of {count(actor.exchanges)}",
            count(actor.yield_exchanges),
            _evidence(actor),
            nearest_explanation(actor),
        )
        for actor in view.for_review
    ]
    return _table("Findings", header, rows, (2, 3, 4, 5))


def candidates_table(view: ScanView) -> Table:
    """The candidates that were set aside or left undecided, with the reason."""
    header = ("candidate", "decision", "accounts", "evidence e", "nearest innocent explanation", "reason")
    rows = [
        (a.handle, spell(a.decision), count(a.accounts), _evidence(a), nearest_explanation(a), sentence(a.reason))
        for a in view.set_aside + view.undecided_actors
    ]
    return _table("Candidates not for review", header, rows, (2, 3))


def tests_table(actor: ActorView) -> Table:
    """An actor's tests on held-out data."""
    header = ("test", "kind", "points to", "observed", "expected", "n", "p", "e", "null")
    rows = [
        (
            opening(test.title or spell(test.test)),
            test.vote.value,
            _direction(test),
            _observed(test),
            quantity(test.expected, test.unit),
            count(test.n) if test.decided or test.needed is None else f"{count(test.n)}, needs {count(test.needed)}",
            "–" if test.p_value is None else p_words(test.p_value),
            "–" if test.e_value is None else e_words(test.e_value),
            test.null,
        )
        for test in actor.tests
    ]
    return _table("Tests on held-out data", header, rows, (3, 4, 5, 6, 7))


_DIRECTION = {Support.HARVEST: "a harvest", Support.INNOCENT: "innocence", Support.NEITHER: "neither"}


def _direction(test: HeldOutTest) -> str:
    if test.describes:
        return "describes only"
    return _DIRECTION[test.supports] if test.decided else "undecided"


def _observed(test: HeldOutTest) -> str:
    if test.value is None or test.low is None or test.high is None:
        return quantity(test.value, test.unit)
    return f"{quantity(test.value, test.unit)} ({interval(test.low, test.high, test.unit)})"


def lookalikes_table(lookalikes: tuple[LookalikeCheck, ...]) -> Table:
    """The innocent explanations that were tried."""
    fits = {True: "fits", False: "does not fit", None: "unknown"}
    rows = [(check.name, fits[check.fits], sentence(check.why)) for check in lookalikes]
    return _table("Innocent explanations considered", ("explanation", "fits?", "why"), rows)


def looks_table(actor: ActorView) -> Table:
    """The actor's evidence day by day; empty while there was one look alone."""
    header = ("day", "accounts", "evidence of its logs", "evidence so far", "decision")
    rows = [
        (
            day(one.day),
            count(one.accounts),
            "undecided" if one.e_value is None else e_words(one.e_value),
            "undecided" if one.evidence is None else e_words(one.evidence),
            spell(one.decision),
        )
        for one in actor.looks
    ]
    return _table("Evidence over time", header, rows if len(rows) > 1 else [], (1, 2, 3))


def history_table(actor: ActorView) -> Table:
    """What happened to the actor, oldest first."""
    return _table("History", ("day", "what happened"), [(day(one.at), sentence(one.what)) for one in actor.events])


def families_table(actor: ActorView) -> Table:
    """The actor's prompt families."""
    header = ("family", "where", "exchanges", "accounts", "of them members", "distinct", "single turn", "techniques")
    rows = [
        (
            family.handle,
            family.scope,
            count(family.exchanges),
            count(family.accounts),
            share(family.inside),
            quantity(family.distinct),
            share(family.single_turn),
            listing([technique_words(name) for name in family.techniques]),
        )
        for family in actor.families
    ]
    return _table("Families", header, rows, (2, 3, 4, 5, 6))


def example_text(family: FamilyView) -> tuple[str, ...]:
    """The family's redacted examples as text; what varies stands as its length."""
    texts = []
    for example in family.examples:
        pieces = [
            inert(piece.text) if piece.text is not None else f"⟦{count(piece.length)} characters⟧"
            for piece in example.pieces
        ]
        texts.append("".join(pieces) + (f" … {count(example.cut)} more" if example.cut else ""))
    return tuple(texts)


def members_table(actor: ActorView, *, most: int) -> Table:
    """The actor's first `most` members."""
    header = ("account", "exchanges", "harvest", "links", "weight", "why")
    rows = [
        (
            m.handle,
            count(m.exchanges),
            share(m.harvest_exchanges / m.exchanges if m.exchanges else None),
            count(m.links),
            quantity(m.weight),
            m.reason,
        )
        for m in actor.members[:most]
    ]
    return _table(f"Members ({len(rows)} of {count(actor.accounts)})", header, rows, (1, 2, 3, 4))


def accounts_table(accounts: tuple[AccountView, ...]) -> Table:
    """Single accounts with their combined evidence and loudest signals; with their evidence over days, where days were looked at."""
    followed = any(account.history is not None for account in accounts)
    header = ("account", "decision", "exchanges", "compared with", "p", "e", "loudest signals")
    rows = [
        (
            account.handle,
            spell(account.decision),
            count(account.exchanges),
            account.stratum,
            p_words(account.p_value),
            e_words(account.e_value),
            ", ".join(_loud(account)),
            *((_over_days(account),) if followed else ()),
        )
        for account in accounts
    ]
    return _table("Single accounts", (*header, "over days") if followed else header, rows, (2, 4, 5))


def _over_days(account: AccountView) -> str:
    history = account.history
    if history is None:
        return ""
    if history.reached is not None:
        return f"for review since {day(history.reached)}, look {history.reached_look}"
    return f"e = {e_words(history.e)}, needed {e_words(history.needed)}"


def _loud(account: AccountView) -> list[str]:
    return [
        f"{signal.title or spell(signal.signal)} {quantity(signal.value, signal.unit)}"
        for signal in account.signals[:3]
        if signal.decided
    ]


def calibration_table(calibrations: tuple[CalibrationView, ...]) -> Table:
    """How each signal was calibrated."""
    header = (
        "signal",
        "stratum",
        "median",
        "99 %",
        "accounts",
        "undecided",
        "compared with",
        "smallest p",
        "harvesting share allowed",
    )
    rows = [
        (
            spell(row.signal),
            row.stratum,
            quantity(row.quantiles[3] if len(row.quantiles) == 7 else None, row.unit),
            quantity(row.quantiles[6] if len(row.quantiles) == 7 else None, row.unit),
            amount(row.accounts),
            amount(row.undecided),
            amount(row.calibration_n),
            p_words(row.smallest_p),
            share(row.contamination_bound),
        )
        for row in calibrations
    ]
    return _table("Calibration", header, rows, (2, 3, 4, 5, 6, 7, 8))
