"""The sharing rules as a hub and its clients ask them: one object at a time, each refusal with its code and a sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from stillwatch.forum.lint import lint
from stillwatch.forum.rules.rule import Setting
from stillwatch.forum.words import Way

__all__ = ["Against", "by_the_rules"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Against:
    """One reason why an object may not pass, without the object's words."""

    code: str
    message: str


class _Asked(Protocol):
    def __call__(self, stix: Mapping[str, Any], /, *, member: str, collection: str) -> list[Against]: ...


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def by_the_rules(clock: Callable[[], dt.datetime] = _now) -> _Asked:
    """Every rule for what comes in, asked of single objects.

    What a rule compares between objects (that nothing is marked more loosely than what it quotes) needs the whole batch: `lint` reads
    that where a batch leaves and where it is taken in.
    """

    def asked(stix: Mapping[str, Any], /, *, member: str, collection: str) -> list[Against]:
        del member, collection  # the rules are the same for everybody
        found = lint([stix], Setting(way=Way.IN, now=clock()))
        return [Against(code=one.code, message=f"{one.path}: {one.why}. {one.mend}") for one in found.refusals]

    return asked
