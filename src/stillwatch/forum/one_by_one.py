"""The sharing rules as a hub and its clients ask them: one object at a time, each refusal with its code and a sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from stillwatch.forum.lint import lint
from stillwatch.forum.rules.closed import FIXED
from stillwatch.forum.rules.rule import Setting
from stillwatch.forum.words import Way
from stillwatch.forum.writing.objects import member_id

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


def by_the_rules(clock: Callable[[], dt.datetime] = _now, *, codes: Mapping[str, str] | None = None) -> _Asked:
    """Every rule for what comes in, asked of single objects.

    What a rule compares between objects (that nothing is marked more loosely than what it quotes) needs the whole batch: `lint` reads
    that where a batch leaves and where it is taken in.

    Args:
        clock: says the time.
        codes: at a hub, which knows who pushes: the code of each member by its name, and nobody speaks for another. A client that
            pulls knows only the server, and believes it about its members.
    """

    def asked(stix: Mapping[str, Any], /, *, member: str, collection: str) -> list[Against]:
        del collection  # the rules are the same in every one
        found = lint([stix], Setting(way=Way.IN, now=clock()))
        told = [Against(code=one.code, message=f"{one.path}: {one.why}. {one.mend}") for one in found.refusals]
        return told if codes is None else [*told, *_not_its_own(stix, codes.get(member, ""))]

    return asked


def _not_its_own(stix: Mapping[str, Any], code: str) -> Iterator[Against]:
    """An object of another house than the one that pushes; definitions, techniques and observables are nobody's."""
    if FIXED.get(str(stix.get("id"))) == stix:
        return
    path = ".id" if stix.get("type") == "identity" else ".created_by_ref"
    named = stix.get(path[1:])
    if named is None and path != ".id":
        return
    if not code:
        yield Against(code="sender", message=f"{path}: hub.toml gives this member no code. Have its operator add it")
    elif named != member_id(code):
        yield Against(code="sender", message=f"{path}: is another house than the member that pushes it. Send your own")
