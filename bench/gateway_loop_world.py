"""Days of the range as requests that come one after another, and the operator of a campaign, who may read what we answer and react."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
from gateway_loop_door import Call, Met

from stillwatch.range.campaigns import PROFILES, SCENARIOS
from stillwatch.range.demo import demo_parts
from stillwatch.range.facts import DAY_OF_WORLD
from stillwatch.range.logs.openai import completion, message, messages, options
from stillwatch.range.logs.render import Exchange, Renderer
from stillwatch.range.purpose import HARVESTED
from stillwatch.range.recipe import Part, Recipe
from stillwatch.range.world import World, build_world

__all__ = ["ADAPTS", "EPOCH", "Campaign", "Operator", "Traffic", "campaign_parts"]

EPOCH = DAY_OF_WORLD.timestamp()
DEMO = ("scaffold", "harvest", "grading")
ADAPTS = (("free_rewording", 0.6),)
"""The move that an operator who reacts makes with the wording: another wrapper for every request."""
_LAG = 600.0
"""Seconds until a new account is at hand."""
_SLOWER = 2.0
"""How many times as long a moved queue takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """One campaign of the range, and whether its operator reacts to our answers."""

    name: str
    adaptive: bool = False

    @property
    def label(self) -> str:
        """What the page calls it."""
        return f"{self.name}, adaptive" if self.adaptive else self.name


def campaign_parts(name: str, accounts: int, most: int, moves: tuple[tuple[str, float], ...] = ()) -> Part:
    """A campaign shrunk to at most so many accounts and requests."""
    profile = {**PROFILES, **SCENARIOS}.get(name)
    full = {"scaffold": 300, "harvest": 800, "grading": 150}[name] if profile is None else round(profile.accounts.value)
    return Part(role="actor", name=name, scale=min(1.0, accounts / max(full, 1)), most=most, moves=moves)


@dataclass
class Operator:
    """Whoever sends a campaign. One who reacts reads statuses and headers, as any caller can; nothing else reaches them.

    After the first answer that says anything was done, an account is left: what it still had to ask goes to a new account (new card, device,
    mail and address) ten minutes later, at half the rate, in a wrapper of its own for every request. `most` bounds what is bought.
    """

    adaptive: bool
    most: int
    rng: np.random.Generator
    left: dict[str, tuple[float, str]] = field(default_factory=dict)
    bought: dict[str, tuple[str, str, float]] = field(default_factory=dict)

    def reads(self, call: Call, met: Met) -> None:
        """Take note of one answer."""
        noticed = met.status == 403 or "x-stillwatch-step" in met.said
        if self.adaptive and noticed and call.account not in self.left and len(self.bought) < self.most:
            new = f"acct_{self.rng.integers(0, 2**63):016x}"
            octets = self.rng.integers(1, 255, 4)
            self.bought[new] = (call.account, ".".join(map(str, (24 + octets[0] % 150, *octets[1:]))), call.at)
            self.left[call.account] = (call.at, new)

    def later(self, account: str, at: float) -> tuple[float, str] | None:
        """When and from where a request goes out that an account has left behind; `None` where it goes as planned."""
        gone = self.left.get(account)
        return None if gone is None else (at + _LAG + (_SLOWER - 1) * max(0.0, at - gone[0]), gone[1])

    def wants_again(self, call: Call, met: Met) -> bool:
        """Whether a request that was not answered goes to the new account."""
        return self.adaptive and not met.answered and met.status in (403, 429) and call.account in self.left


class Traffic:
    """The requests of one world in the order of time. `truth` says who is who, by raw account."""

    def __init__(
        self,
        seed: int,
        campaign: Campaign | None,
        *,
        accounts: int,
        exchanges: int,
        crew: int,
        most: int,
        days: int = 1,
    ) -> None:
        def world(moves: tuple[tuple[str, float], ...] = ()) -> World:
            parts = demo_parts(accounts / 8000, campaigns=False)
            sent = () if campaign is None else (campaign_parts(campaign.name, crew, most, moves),)
            return build_world(
                Recipe(
                    seed=seed,
                    accounts=accounts,
                    exchanges=exchanges,
                    days=days,
                    parts=(*sent, *parts),
                    block=accounts,
                )
            )

        self.world = world()
        self._renderer = Renderer(self.world, message)
        self._orgs = self.world.facts["org"].to_pylist()
        self.names: list[str] = self.world.facts["account"].to_pylist()
        roles, groups = (self.world.truth[name].to_pylist() for name in ("role", "group"))
        self.truth = {a: (r, g) for a, r, g in zip(self.world.truth["account"].to_pylist(), roles, groups, strict=True)}
        columns = self.world.sheet.columns
        guilty = np.array([self.truth[name][0] == "actor" for name in self.names])
        self._mine = guilty[columns["account"]]
        self._wanted = self._mine & np.isin(columns["purpose"], [int(p) for p in HARVESTED])
        self._item = [*zip(columns["text"].tolist(), columns["extra"].tolist(), strict=True)]
        self.crew = int(guilty.sum())
        self.operator = Operator(
            adaptive=campaign is not None and campaign.adaptive,
            most=2 * self.crew,
            rng=np.random.default_rng([seed, 7]),
        )
        self._reworded = self._renderer
        if self.operator.adaptive and campaign is not None and campaign.name not in DEMO:
            other = world(ADAPTS)
            assert all(np.array_equal(columns[name], other.sheet.columns[name]) for name in ("at", "account", "text"))
            self._reworded = Renderer(other, message)
        order = self.world.order
        self._others = order[~self._mine[order]]
        self._queue = [
            (EPOCH + columns["at"][row] / 1e6, number, int(row), self.names[columns["account"][row]])
            for number, row in enumerate(order[self._mine[order]])
        ]
        heapq.heapify(self._queue)
        self._next = 0

    def item(self, row: int) -> tuple[int, int] | None:
        """What a request harvests, if it does."""
        return self._item[row] if self._wanted[row] else None

    def items(self) -> set[tuple[int, int]]:
        """Everything that the campaign wants and the model would answer."""
        answered = self._wanted & (self.world.sheet.columns["status"] == 200)
        return {self._item[row] for row in np.flatnonzero(answered).tolist()}

    def until(self, end: float) -> Iterator[tuple[int, Call]]:
        """(row, request) up to a moment; tell `back` what came of the campaign's own."""
        times = self.world.sheet.columns["at"][self._others]
        stop = int(np.searchsorted(times, (end - EPOCH) * 1e6))
        rows, self._next = self._others[self._next : stop], stop
        others = self._calls(rows)
        waiting = next(others, None)
        while waiting is not None or (self._queue and self._queue[0][0] < end):
            if self._queue and self._queue[0][0] < end and (waiting is None or self._queue[0][0] <= waiting[1].at):
                at, number, row, account = heapq.heappop(self._queue)
                moved = self.operator.later(account, at)
                if moved is not None:
                    heapq.heappush(self._queue, (moved[0], number, row, moved[1]))
                    continue
                yield row, self._own(row, at, account)
            elif waiting is not None:
                yield waiting
                waiting = next(others, None)

    def back(self, row: int, call: Call, met: Met) -> None:
        """What the campaign's operator reads."""
        self.operator.reads(call, met)
        if self.operator.wants_again(call, met):
            heapq.heappush(self._queue, (call.at, len(self._mine) + row, row, call.account))

    def _own(self, row: int, at: float, account: str) -> Call:
        bought = self.operator.bought.get(account)
        renderer = self._renderer if bought is None else self._reworded
        call = self._call(next(renderer.render(np.array([row]))))
        call = replace(call, at=at, ended=call.ended - call.at + at)
        return call if bought is None else replace(call, account=account, org=f"org_{account[5:15]}", ip=bought[1])

    def _calls(self, rows: Any) -> Iterator[tuple[int, Call]]:
        for first in range(0, len(rows), 4096):
            for exchange in self._renderer.render(rows[first : first + 4096]):
                yield exchange.row, self._call(exchange)

    def _call(self, exchange: Exchange) -> Call:
        body = f'{{"model":"{exchange.model}","messages":[{messages(exchange)}]{options(exchange)}}}'
        return Call(
            at=EPOCH + exchange.at / 1e6,
            account=self.names[exchange.account],
            org=self._orgs[exchange.account],
            ip=exchange.ip,
            agent=exchange.agent,
            body=body.encode(),
            request_id=f"req_{exchange.request_id:016x}",
            status=exchange.status,
            answer=completion(exchange).encode(),
            ended=EPOCH + exchange.ended / 1e6,
        )

    def facts(self) -> pa.Table:
        """What the provider knows of accounts, those among them that were bought since."""
        rows = self.world.facts.to_pylist()
        known = {row["account"]: row for row in rows}
        private = [row for row in rows if self.truth[row["account"]] == ("benign", "chat")]
        for new, (_, _, at) in self.operator.bought.items():
            like = private[int(new[5:], 16) % len(private)]
            stamp = pa.scalar(int(at - 300), pa.timestamp("s")).as_py().isoformat() + "+00:00"
            known[new] = {
                **like, "account": new, "org": f"org_{new[5:15]}", "created": stamp, "plan": "payg", "entitlement": None, "signup_path": "web",
                "payment": f"card_{new[5:13]}", "device": f"dev_{new[9:]}", "declared_programme": None, "verification": "email",
            }  # fmt: skip
        return pa.Table.from_pylist([known[name] for name in sorted(known)], schema=self.world.facts.schema)
