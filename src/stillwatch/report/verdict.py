"""The scan in one sentence and in a handful of numbers."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.report.view import ScanView
from stillwatch.report.wording import amount, count, plural

__all__ = ["KeyNumber", "key_numbers", "verdict"]

_ONE_OF = {"actors": "actor", "accounts": "single account"}


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyNumber:
    """One number of the strip at the top, what it counts, and a remark; `weight` is its colour (plain, harvest, innocent)."""

    value: str
    label: str
    remark: str = ""
    weight: str = "plain"


def verdict(view: ScanView) -> str:
    """What the scan concluded, in one sentence that also says what it could not decide."""
    if not view.run.exchanges:
        return "No exchange could be read, so nothing was decided."
    found = view.for_review
    accounts = sum(actor.accounts for actor in found)
    first = (
        f"{plural(len(found), 'actor')} for review ({plural(accounts, 'account')})" if found else "No actor for review"
    )
    single = (
        plural(len(view.accounts_for_review), "single account") if view.accounts_for_review else "no single account"
    )
    aside = f"{plural(len(view.set_aside), 'candidate')} set aside" if view.set_aside else "no candidate set aside"
    open_ = f"{plural(len(view.undecided_actors), 'candidate')} undecided" if view.undecided_actors else ""
    unable = [_ONE_OF[budget.level] for budget in view.budgets if not budget.can_fire and budget.level in _ONE_OF]
    blind = f" No {' or '.join(unable)} could have been found at this error budget." if unable else ""
    return f"{'; '.join(part for part in (first, single, aside, open_) if part)}.{blind}"


def key_numbers(view: ScanView) -> tuple[KeyNumber, ...]:
    """The numbers of the strip, in reading order."""
    run, found = view.run, view.for_review
    accounts = sum(actor.accounts for actor in found)
    tokens = [actor.yield_tokens for actor in found]
    known = [t for t in tokens if t is not None]
    counted = f"{amount(sum(known))} output tokens" if known else "output tokens unknown"
    if known and len(known) < len(tokens):
        counted = f"at least {counted}"
    undecided = sum(row.count for row in view.undecided if row.what == "accounts")
    singles, aside, open_ = len(view.accounts_for_review), len(view.set_aside), len(view.undecided_actors)
    return (
        KeyNumber(
            value=count(len(found)),
            label=_noun(len(found), "actor for review", "actors for review"),
            remark=f"{plural(accounts, 'account')} in {'it' if len(found) == 1 else 'them'}"
            if found
            else "not a clearance",
            weight="harvest",
        ),
        KeyNumber(
            value=amount(sum(actor.yield_exchanges for actor in found)),
            label="distinct answers obtained",
            remark=counted if found else "by actors for review",
            weight="harvest",
        ),
        KeyNumber(
            value=count(singles),
            label=_noun(singles, "single account for review", "single accounts for review"),
            remark="on their own evidence",
        ),
        KeyNumber(
            value=count(aside),
            label=_noun(aside, "candidate set aside", "candidates set aside"),
            remark="an innocent explanation, or too weak",
            weight="innocent",
        ),
        KeyNumber(
            value=count(open_),
            label=_noun(open_, "candidate undecided", "candidates undecided"),
            remark=f"and {plural(undecided, 'account')}",
        ),
        KeyNumber(
            value=amount(run.exchanges),
            label=_noun(run.exchanges, "exchange read", "exchanges read"),
            remark=f"of {plural(run.accounts, 'account')}; {plural(run.rejects, 'row')} rejected",
        ),
    )


def _noun(n: int, one: str, many: str) -> str:
    return one if n == 1 else many
