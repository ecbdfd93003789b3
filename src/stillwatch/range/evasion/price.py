"""What a harvest costs its operator, counted from the plan itself, for each useful answer."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.purpose import PAID, Purpose

__all__ = ["Price", "price"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """The price of a harvest.

    A useful answer is a different item on target, asked or bought. `requests` counts all that the operator pays for (harvest, duplicates,
    cover, probes, tries, poison; not what a genuine customer pays for) to one useful answer; `accounts` and `hours` are to a thousand
    useful answers, accounts as many as ever send and hours those of the window; `outside` is what is bought elsewhere (calls of a
    paraphraser or translator, stolen keys, transcripts) to one useful answer; `weaker` is the share of useful answers that came from a
    weaker model than the job asked for. `busiest` (requests of the busiest account) and `peak` (paid requests in the busiest clock hour)
    are no price but what a provider's limits would bite on.
    """

    answers: int
    requests: float
    accounts: float
    hours: float
    outside: float = 0.0
    weaker: float = 0.0
    busiest: int = 0
    peak: int = 0

    def times(self, before: Price) -> dict[str, float]:
        """How many times dearer than another price; what cost nothing before is infinite when it costs something now."""
        out = {}
        for name in ("requests", "accounts", "hours"):
            now, then = getattr(self, name), getattr(before, name)
            out[name] = now / then if then else (1.0 if not now else float("inf"))
        return out

    def spread_over(self, answers: float) -> Price:
        """The same requests, accounts and hours for another number of useful answers."""
        scale = self.answers / answers
        changed = {name: getattr(self, name) * scale for name in ("requests", "accounts", "hours", "outside")}
        rest = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in changed}
        return Price(**{**rest, **changed, "answers": round(answers)})


def price(plan: Plan, *, model: int = 1) -> Price:
    """Count the price of a plan; `model` is the one that the job asks for. A plan without a useful answer costs infinitely much for one."""
    rows = plan.rows
    paid = rows.having(*PAID)
    answers = plan.answers() + plan.bought
    each = 1.0 / answers if answers else float("inf")
    harvest = rows.having(Purpose.HARVEST)
    loads = np.bincount(rows.who, minlength=1)
    hours = np.bincount(rows.at[paid] // HOUR, minlength=1)
    return Price(
        answers=answers,
        requests=float(paid.sum()) * each if paid.any() else 0.0,
        accounts=1000 * len(plan.crew) * each if len(plan.crew) else 0.0,
        hours=1000 * plan.hours * each,
        outside=plan.outside * each if plan.outside else 0.0,
        weaker=float((rows.model[harvest] < model).mean()) if harvest.any() else 0.0,
        busiest=int(loads.max()),
        peak=int(hours.max()),
    )
