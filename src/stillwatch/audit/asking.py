"""A plan put to a live suspect: everything it needs is asked, in its order, and no more than its stopping rule takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stillwatch.audit.exposure import account_items
from stillwatch.audit.keyed import KEYED_TESTS
from stillwatch.audit.live import Live, OutOfBudget, recorded_of
from stillwatch.audit.next_words import NEXT_WORDS
from stillwatch.audit.plan import Plan, Stop
from stillwatch.audit.records import Served
from stillwatch.audit.run import exposure_of
from stillwatch.audit.suspect import Scoring
from stillwatch.audit.wanted import Kind, Wanted, of_items, of_prompts, wanted

__all__ = ["AskedOf", "ask_plan"]

_BLOCK = 8
"""Items that are asked between two looks at the evidence; the e-process allows any."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class AskedOf:
    """What came of the asking: things known of all, refused ones, accounts whose evidence sufficed, and whether the budget is spent."""

    known: int
    all: int
    refused: int
    sufficed: tuple[str, ...]
    spent: bool


def ask_plan(
    plan: Plan,
    served: Sequence[Served],
    live: Live,
    *,
    prompts: Sequence[str] = (),
    order: Sequence[str] = (),
    reference: Scoring | None = None,
    workers: int = 4,
    heard: Progress = lambda done, all_: None,
) -> AskedOf:
    """Ask a suspect what the plan needs and is not known yet. Where it stops at sufficient evidence, the rest of that account is not asked.

    `reference` is the model whose likelihoods sibling_likelihood takes away: without it, who stops early would look at another statistic
    than the plan's.

    Raises:
        Error: items or prompts that are not the plan's, a key that is refused, or a suspect without what the test needs.
    """
    things = wanted(plan, served, prompts=prompts, order=order)
    items_now, things_now = served, things
    if plan.exposure == NEXT_WORDS.name:
        workers = 1  # a place must be answered before a later one, which holds its word, is asked
        items_now = _unspoilt(served, live)
        spoilt = {one.prompt for one in served} - {one.prompt for one in items_now}
        things_now = [one for one in things if one.prompt not in spoilt]
    sufficed: list[str] = []
    spent = False
    try:
        early = plan.stop is Stop.EVIDENCE and plan.exposure not in KEYED_TESTS
        if early and not plan.equality:
            for account, items in account_items(items_now).items():
                if _until_it_suffices(plan, items, live, reference, workers, heard):
                    sufficed.append(account)
            live.ask_all(list(of_prompts(plan, prompts, order)), workers=workers, heard=heard)
        else:
            live.ask_all(things_now, workers=workers, heard=heard)
    except OutOfBudget:
        spent = True
    return AskedOf(
        known=sum(map(live.knows, things)),
        all=len(things),
        refused=len(live.refused),
        sufficed=tuple(sufficed),
        spent=spent,
    )


def _unspoilt(served: Sequence[Served], live: Live) -> list[Served]:
    """Places without those that a host was silent at before it was asked a later one of the same conversation, which holds their word."""
    later: set[tuple[str, str | None]] = set()
    kept = []
    for one in reversed(served):
        known = live.knows(Wanted(kind=Kind.ANSWER, prompt=one.prompt))
        if known or (one.account, one.conversation) not in later:
            kept.append(one)
        if known:
            later.add((one.account, one.conversation))
    return kept[::-1]


def _until_it_suffices(
    plan: Plan, items: Sequence[Served], live: Live, reference: Scoring | None, workers: int, heard: Progress
) -> bool:
    """Ask one account's items, a block at a time, until e suffices for the plan; whether it does."""
    for end in range(_BLOCK, len(items) + _BLOCK, _BLOCK):
        live.ask_all(list(dict.fromkeys(of_items(plan, items[end - _BLOCK : end]))), workers=workers, heard=heard)
        said = recorded_of(live, of_items(plan, items[:end]))
        if not said.capabilities:
            continue
        found, _ = exposure_of(plan, items[:end], said, reference)
        if found.running and max(found.running) >= plan.enough:
            return True
    return False
