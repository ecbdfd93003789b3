"""Two custodians and members made for a test, in one process, with a clock that a test sets."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stillwatch.forum.tags import Committee, Custodian, Kind, Tag, add_member, committee, new_epoch, tag_values
from stillwatch.forum.tags.client import Ask

TODAY = dt.date(2026, 11, 22)
EPOCH = "2026-11-22"


@dataclass
class World:
    """The custodians by name, each member's token at each, and the day."""

    folder: Path
    custodians: dict[str, Custodian]
    tokens: dict[tuple[str, str], str]
    now: list[dt.datetime] = field(default_factory=list)

    @property
    def committee(self) -> Committee:
        statements = tuple(s for custodian in self.custodians.values() for s in custodian.statements())
        return committee(statements, EPOCH, today=TODAY)

    def asks(self, member: str) -> dict[str, Ask]:
        """How a member reaches each custodian."""

        def to(custodian: Custodian) -> Ask:
            async def ask(body: bytes) -> bytes:
                return custodian.answer(member, body)

            return ask

        return {name: to(custodian) for name, custodian in self.custodians.items()}

    def tags(self, kind: Kind, values: Sequence[str], member: str = "lab-one", **more: bool) -> list[Tag]:
        """A member's tags of values, in their order."""
        made = asyncio.run(tag_values(self.committee, self.asks(member), kind, values, pauses=(), **more))
        return [made.tags[place] for place in range(len(values))]


def world(folder: Path, members: Sequence[str] = ("lab-one", "lab-two")) -> World:
    """Custodians north and south with keys for ninety days, and members of both."""
    now = [dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)]
    custodians, tokens = {}, {}
    for name in ("north", "south"):
        new_epoch(folder / name / "keys", name, EPOCH, TODAY, TODAY + dt.timedelta(days=90))
        for member in members:
            tokens[name, member] = add_member(folder / name / "members.json", member)
        custodians[name] = Custodian(folder / name, lambda: now[0])
    return World(folder=folder, custodians=custodians, tokens=tokens, now=now)
