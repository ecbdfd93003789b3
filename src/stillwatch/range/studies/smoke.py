"""The smallest study: one small world, three campaigns one at a time, and nothing. It shows that everything runs, and little more."""

from __future__ import annotations

from stillwatch.range.results import Column, Note, Result, Section, Table, Unit
from stillwatch.range.studies.dials import dialled
from stillwatch.range.studies.figures import GROUPED, false_accusations, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import catch, is_false
from stillwatch.range.studies.work import Task, work_off

__all__ = ["study"]

_CAMPAIGNS = (("scaffold", 120, 15), ("reasoning", 240, 4), ("grading", 60, 15))


def study(order: Order) -> Result:
    """Build the worlds, look at them, and say what came out."""
    campaigns = {
        kind: dialled(kind, accounts=accounts, each=each, fold=order.fold, days=order.size.days)
        for kind, accounts, each in _CAMPAIGNS
    }
    tasks = [
        Task(at=(kind,), seed=seed, campaign=campaigns.get(kind))
        for kind in ("nothing", *campaigns)
        for seed in order.seeds
    ]
    worked = work_off(order, tasks)
    rows = [_row(kind, seen) for kind in campaigns for seen in worked.worlds[(kind,)]]
    found = sum(row[4] is True for row in rows)
    false = sum(is_false(c) for seen in worked.all for c in seen.by(OURS).clusters)
    return recorded(
        order,
        title="Smoke: does everything run?",
        question="Does the range build worlds, splice campaigns into them, and find what stands out?",
        answer=(
            f"{found} of {len(rows)} campaigns were found; {false} innocent groups were put up for review in {len(worked.all)} worlds.",
        ),
        sections=(
            Section(
                title="Campaigns",
                figures=(
                    Table(
                        title="Each campaign alone in the same world",
                        columns=(
                            Column(name="campaign"),
                            Column(name="seed", unit=Unit.COUNT),
                            Column(name="accounts", unit=Unit.COUNT),
                            Column(name="requests", unit=Unit.COUNT),
                            Column(name="found"),
                            Column(name="grouped", unit=Unit.SHARE),
                            Column(name="recall", unit=Unit.SHARE),
                            Column(name="precision", unit=Unit.SHARE),
                            Column(name="e-value", unit=Unit.EVIDENCE),
                        ),
                        rows=tuple(rows),
                        caption=GROUPED,
                    ),
                    Note(
                        title="What this is not",
                        text="One world a campaign has no interval. The presets actors and null measure rates.",
                    ),
                ),
            ),
            Section(title="The innocent", figures=(false_accusations(worked.all),)),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
    )


def _row(kind: str, seen: Seen) -> tuple[str | int | float | bool | None, ...]:
    one = catch(seen, kind)
    return (kind, seen.seed, one.accounts, seen.sent, one.found, one.grouped, one.recall, one.precision, one.score)
