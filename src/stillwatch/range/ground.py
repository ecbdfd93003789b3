"""The ground a lookalike or a campaign is built on: it settles accounts and sends exchanges from them.

Texts are kept once and named by number; an exchange is a row of numbers until a writer renders it. A ground holds its part whole, which
is small beside the ordinary customers of a world; those are made shard by shard (`talks`) and never stand on a ground.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.contexts import NO_CONTEXT
from stillwatch.range.names import Ints, Names
from stillwatch.range.pack import Pack
from stillwatch.range.purpose import Purpose
from stillwatch.range.rhythm import DAY, Clock

__all__ = ["ACCOUNT_FACTS", "LAUNCH", "MODELS", "Ground", "Ints", "Reply", "Traits"]

ACCOUNT_FACTS = (
    "org", "created", "plan", "entitlement", "product_type", "signup_path", "payment", "registration", "device",
    "declared_programme", "contract_region", "verification",
)  # fmt: skip
"""Facts of an account, as the columns of accounts.csv have them; empty text is unknown."""

MODELS = ("atlas-4-mini", "atlas-4", "atlas-5")
LAUNCH = 13 * 3_600_000_000
"""When the newest model is launched in a world of one day, microseconds after midnight UTC."""

ENTITLEMENT = {"free": 50, "plus": 300, "education": 150, "payg": 2000, "team": 5000, "scale": 50_000}
_PLANS = tuple(ENTITLEMENT)


class Reply(IntEnum):
    """What kind of answer an exchange gets."""

    PROSE = 0
    CODE = 1
    LABEL = 2
    GRADE = 3
    TAGGED = 4
    STEPS = 5
    ACTION = 6
    REFUSAL = 7
    NOTHING = 8
    LETTER = 9


@dataclass(frozen=True, kw_only=True)
class Traits:
    """How the accounts of one `settle` call behave; each entry one account unless it is a single value."""

    zone: Ints
    ips: Sequence[str]
    agents: Sequence[str]
    other_ips: Sequence[str] | None = None
    other_agents: Sequence[str] | None = None
    roaming: float = 0.25
    stream: float | NDArray[np.float64] = 0.5
    temperature: NDArray[np.float64] | None = None
    max_tokens: Ints | None = None
    model: Ints | None = None
    adopts: float = 0.05


@dataclass(kw_only=True)
class Ground:
    """What has been built so far. Parts call `settle` and `send`; `parts.py` brings it into the columns of a world.

    A ground is a day long unless it is told otherwise. On a longer one (`days`) a part may send up to `horizon`. A part that knows of one
    day only is set over the days by `calendar`, which gives the day of each row from its account and conversation, or is built once a day,
    with `recalled` holding the accounts of its first day, which `settle` then returns instead of new ones.
    """

    pack: Pack
    clock: Clock
    texts: Names = field(default_factory=Names)
    frames: Names = field(default_factory=Names)
    ips: Names = field(default_factory=Names)
    agents: Names = field(default_factory=Names)
    end_users: Names = field(default_factory=Names)
    tools: Names = field(default_factory=Names)
    accounts: dict[str, list[Any]] = field(default_factory=dict)
    traits: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    rows: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    settled: int = 0
    sent: int = 0
    conversations: int = 0
    days: int = 1
    launch: int = LAUNCH
    calendar: Callable[[Ints, Ints], Ints] | None = None
    settlements: list[Ints] = field(default_factory=list)
    recalled: list[Ints] = field(default_factory=list)

    @property
    def horizon(self) -> int:
        """The end of the last day, in microseconds; nothing is sent at it or later."""
        return self.days * DAY

    def settle(
        self,
        rng: np.random.Generator,
        size: int,
        *,
        role: str,
        group: str,
        traits: Traits,
        facts: Mapping[str, Sequence[str] | str],
    ) -> Ints:
        """Add `size` accounts and return their numbers.

        `role` is benign, lookalike or actor and `group` its class: both belong to the truth. `facts` are columns of `ACCOUNT_FACTS`,
        one text for all or one for each.
        """
        if self.recalled:
            known = self.recalled.pop(0)
            return known[np.arange(size) % len(known)]
        tags = rng.bytes(5 * size).hex()
        for k in range(size):
            self._put("role", role)
            self._put("group", group)
            for fact in ACCOUNT_FACTS:
                value = facts.get(fact, "")
                self._put(fact, value if isinstance(value, str) else value[k])
            if not self.accounts["org"][-1]:
                self.accounts["org"][-1] = f"org_{tags[10 * k : 10 * k + 10]}"
            if not self.accounts["entitlement"][-1]:
                self.accounts["entitlement"][-1] = str(ENTITLEMENT[self.accounts["plan"][-1] or "payg"])
        temperature = (
            traits.temperature
            if traits.temperature is not None
            else rng.choice([np.nan, 0.0, 0.2, 0.7, 1.0], size, p=(0.45, 0.1, 0.1, 0.25, 0.1))
        )
        limits = (
            traits.max_tokens
            if traits.max_tokens is not None
            else rng.choice([-1, 512, 1024, 2048, 4096], size, p=(0.5, 0.1, 0.15, 0.1, 0.15))
        )
        model = traits.model if traits.model is not None else rng.choice(2, size, p=(0.55, 0.45))
        columns: dict[str, NDArray[Any]] = {
            "zone": traits.zone,
            "ip": self.ips.numbers(traits.ips),
            "other_ip": self.ips.numbers(traits.other_ips or traits.ips),
            "agent": self.agents.numbers(traits.agents),
            "other_agent": self.agents.numbers(traits.other_agents or traits.agents),
            "roaming": np.full(size, traits.roaming),
            "stream": np.broadcast_to(np.asarray(traits.stream, float), size).copy(),
            "temperature": np.asarray(temperature, float),
            "max_tokens": np.asarray(limits, np.int64),
            "model": np.asarray(model, np.int64),
            "adopts": np.full(size, traits.adopts),
        }
        for name, values in columns.items():
            if len(values) != size:
                raise ValueError(f"{name}: got {len(values)} values for {size} accounts")
            self.traits.setdefault(name, []).append(values)
        first = self.settled
        self.settled += size
        self.settlements.append(np.arange(first, self.settled))
        return self.settlements[-1]

    def shelf(self, *sources: str, lang: str | None = None, longest: int = 6000, shortest: int = 0) -> Ints:
        """Numbers of the pack's texts of some sources, optionally of one language and within lengths in characters."""
        return self.texts.kept(self.pack.texts(*sources, lang=lang, longest=longest, shortest=shortest))

    def passages(self, part: str, *, longest: int = 2200, lang: str | None = None) -> Ints:
        """Numbers of the pack's passages of one part."""
        return self.texts.kept(self.pack.passages(part, longest=longest, lang=lang))

    def trait(self, name: str) -> NDArray[Any]:
        """One trait of all accounts so far."""
        parts = self.traits[name]
        if len(parts) > 1:
            self.traits[name] = parts = [np.concatenate(parts)]
        return parts[0]

    def _put(self, column: str, value: str) -> None:
        self.accounts.setdefault(column, []).append(value)

    def send(
        self,
        rng: np.random.Generator,
        who: Ints,
        at: Ints,
        *,
        text: Ints,
        tokens_out: Ints,
        reply: Ints | Reply = Reply.PROSE,
        frame: Ints | int = -1,
        extra: Ints | int = -1,
        system: Ints | int = -1,
        before: Ints | None = None,
        conversation: Ints | None = None,
        tools: Ints | int = -1,
        end_user: Ints | int = -1,
        purpose: Ints | Purpose = Purpose.OWN,
        context: Ints | int = NO_CONTEXT,
        sends: Ints | None = None,
        steady: bool = False,
        overrides: dict[str, NDArray[Any]] | None = None,
    ) -> None:
        """Send one exchange a row from the accounts `who` at the times `at`.

        `text` numbers the user's text; `frame` a wrapper in `frames` with the text at `{a}` and `extra` at `{b}`; `before` the row of
        the turn before, counted from the first row of this call, or -1. `purpose` is what a row is for, and belongs to the truth.
        `context` is the trace (`contexts.TRACES`) whose lengths a request has where it brings more along than its text. `sends` is the
        row, counted alike, whose reasoning signature is sent, or -1, and whoever sends any asks for reasoning; without it accounts ask for
        it as customers do and send back what the turn before returned. With `steady` an account keeps to one address and client for each
        conversation at least; errors and refusals are thrown in at the rates of a real service.
        """
        size = len(who)
        talk = np.arange(size) if conversation is None else conversation
        moved = _by_talk(rng, talk) < self.trait("roaming")[who]
        other = moved & (_by_talk(rng, talk) < (0.0 if steady else 0.5))
        status = rng.choice([200, 429, 500, 400], size, p=(0.9925, 0.004, 0.002, 0.0015))
        kind = np.broadcast_to(np.asarray(reply, np.int64), size).copy()
        refused = (rng.random(size) < 0.004) & (kind != Reply.LABEL)
        kind[refused] = Reply.REFUSAL
        kind[status != 200] = Reply.NOTHING
        model = self.trait("model")[who]
        if self.calendar is not None:
            at = np.clip(at, 0, DAY - 1) + DAY * self.calendar(who, talk)
        model = np.where((at >= self.launch) & (rng.random(size) < self.trait("adopts")[who]), 2, model)
        columns: dict[str, NDArray[Any]] = {
            "account": who,
            "at": np.clip(at, 0, self.horizon - 1),
            "ip": np.where(moved, self.trait("other_ip")[who], self.trait("ip")[who]),
            "agent": np.where(other, self.trait("other_agent")[who], self.trait("agent")[who]),
            "model": model,
            "text": text,
            "frame": _column(frame, size),
            "extra": _column(extra, size),
            "system": _column(system, size),
            "before": np.full(size, -1) if before is None else np.where(before >= 0, before + self.sent, -1),
            "conversation": self.conversations + talk,
            "tools": _column(tools, size),
            "end_user": _column(end_user, size),
            "purpose": _column(purpose, size),
            "reply": kind,
            "status": status,
            "tokens_out": np.where(refused, 24, np.where(status == 200, np.maximum(1, tokens_out), 0)),
            "stream": rng.random(size) < self.trait("stream")[who],
            "temperature": self.trait("temperature")[who],
            "max_tokens": self.trait("max_tokens")[who],
            "n": np.ones(size, np.int64),
            "context": _column(context, size),
            "sends": np.full(size, -1) if sends is None else np.where(sends >= 0, sends + self.sent, -1),
            "asks": np.full(size, sends is not None),
        }
        columns.update(overrides or {})
        for name, values in columns.items():
            if len(values) != size:
                raise ValueError(f"{name}: got {len(values)} values for {size} exchanges")
            self.rows.setdefault(name, []).append(values)
        self.sent += size
        self.conversations += int(talk.max()) + 1 if size else 0


def _column(value: Ints | int, size: int) -> Ints:
    return np.broadcast_to(np.asarray(value, np.int64), size)


def _by_talk(rng: np.random.Generator, talk: Ints) -> NDArray[np.float64]:
    """One random number for each conversation, given to each of its rows."""
    draws: NDArray[np.float64] = rng.random(int(talk.max()) + 1 if len(talk) else 0)
    return draws[talk]
