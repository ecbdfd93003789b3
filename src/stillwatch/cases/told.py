"""A case as lines for a person: observed, inferred and exculpatory apart, and the exculpatory part never left out."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.cases.exhibit import ExhibitGiven
from stillwatch.cases.impact import impact_lines
from stillwatch.cases.opening import Opening
from stillwatch.cases.record import Case, RulingGiven
from stillwatch.cases.ruling import NEEDS_TWO
from stillwatch.cases.statement import Statement
from stillwatch.core.records import Part

__all__ = ["case_lines", "exhibit_words", "standing_words"]

_FITS = {True: "fits", False: "does not fit", None: "could not be told"}
_SHOWN = {True: "shown", False: "not shown", None: "not known"}


def case_lines(case: Case) -> Iterator[tuple[bool, str]]:
    """The case line by line; true stands before a heading."""
    yield True, f"Case {case.id}, about {case.handle}: {case.state.replace('_', ' ')}"
    if case.merged_into or case.split_from:
        yield False, f"  merged into {case.merged_into}" if case.merged_into else f"  split from {case.split_from}"
    for part in Part:
        yield True, part.capitalize()
        yield from ((False, f"  {_said(one)}") for one in case.statements if one.part is part)
        if part is Part.EXCULPATORY:
            for opening in case.openings:
                yield from _against(opening)
    for opening in case.openings:
        yield from _finding(case, opening)
    yield True, "Audit exhibits"
    yield from ((False, f"  {exhibit_words(one)}") for one in case.exhibits)
    if not case.exhibits:
        yield False, "  none"
    yield True, "Claims raised by people"
    yield from ((False, f"  {one.claim}: {one.why} ({one.by})") for one in case.claims)
    if not case.claims:
        yield False, "  none"
    yield True, "Decisions"
    yield from ((False, f"  {_decision(case, one)}") for one in case.rulings)
    if not case.rulings:
        yield False, "  none"
    yield True, "History"
    for event in case.history:
        note = f": {event.note}" if event.note else ""
        yield False, f"  {event.seq}  {event.at[:19]}  {event.what.replace('_', ' ')} by {event.by}{note}"


def _said(one: Statement) -> str:
    flags = [f"confidence {one.confidence}"]
    flags += ["single source"] if one.single_source else []
    flags += ["from an interested party"] if one.interested_party else []
    return f"{one.sentence} [{one.ground}; {'; '.join(flags)}]"


def _against(opening: Opening) -> Iterator[tuple[bool, str]]:
    for look in opening.exculpatory.lookalikes:
        yield False, f"  Innocent explanation, {look.name}: {_FITS[look.fits]}. {look.why}"
    yield from ((False, f"  Base rate: {rate}.") for rate in opening.exculpatory.base_rates)
    yield from ((False, f"  Not tested: {one}") for one in opening.exculpatory.not_tested)


def _finding(case: Case, opening: Opening) -> Iterator[tuple[bool, str]]:
    yield True, f"Finding {opening.handle} of scan {opening.run} ({opening.reason})"
    for one in case.factors(opening):
        yield False, f"  Factor, {one.factor}: {_SHOWN[one.shown]}. {one.why}"
    yield from ((False, f"  {line}") for line in impact_lines(opening.impact))
    yield from ((False, f"  Guarantee: {one}") for one in opening.guarantees)


def exhibit_words(given: ExhibitGiven) -> str:
    """An exhibit in a line: about which model, when it was signed, which members it names, and whether it counts."""
    named = f"{len(given.named)} of its members" if given.named else "no member of this case"
    force = "counts" if given.counts else f"revoked, counts no more: {given.revoked}"
    return (
        f"Audit of {given.exhibit.suspect}, signed {given.signed_at[:16].replace('T', ' ')} UTC, SHA-256 {given.sha256}; "
        f"names {named}, of {given.exhibit.accounts} accounts that were tested; {force}"
    )


def standing_words(one: RulingGiven) -> str:
    """Where a decision stands."""
    if one.counts:
        return "in force" if one.until is None else f"in force until {one.until[:10]}"
    return "withdrawn" if one.withdrawn else "ended, its time is over" if one.lapsed else "awaits a second person"


def _decision(case: Case, one: RulingGiven) -> str:
    force = standing_words(one)
    second = f", approved by {one.approved_by}" if one.ruling in NEEDS_TWO and one.approved_by else ""
    named = f", alleging {one.organisation} (confidence {one.confidence})" if one.organisation else ""
    return f"{case.appeal(one.number)}  {one.ruling} for {one.reason}{named}, by {one.by}{second}; {force}. {one.note}"
