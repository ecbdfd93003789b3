"""R8. Nobody tells others what to do about an account, nor asks, nor votes: each house decides alone, on its own evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from stillwatch.forum.rules.closed import FIXED, is_closed
from stillwatch.forum.rules.readings import one_spelling, readings
from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.rules.walk import leaves

__all__ = ["RULE"]

_TYPES = frozenset({"course-of-action", "playbook", "incident"})
_TIES = frozenset({"mitigates", "remediates", "investigates"})
_KEYS = frozenset({
    "action", "actions", "block", "blocked", "blocklist", "denylist", "ban", "banned", "suspend", "suspended", "throttle", "throttled",
    "recommend", "recommended", "recommendation", "decision", "ruling", "verdict", "should", "vote", "votes", "agreed", "joint",
    "sanction", "terminate", "terminated",
})  # fmt: skip
_WHO = (
    r"(?:please|kindly|should|must|shall|let us|let's|lets|we(?: all)?(?: will| should| must| agree| agreed)?|all (?:labs|members)"
    r"|everybody|everyone|you|to be|together)"
)
_WHAT = (
    r"(?:block|ban|suspend|throttle|terminate|cut (?:them |it |him )?off|refuse service|deny access|blacklist|boycott|delist"
    r"|close the accounts?|raise (?:the )?(?:limits?|rates?)|slow (?:them|it) down)"
)
_URGES = re.compile(
    rf"{_WHO}\b.{{0,60}}\b{_WHAT}|(?:^|[.!:;]\s*){_WHAT}\b"
    r"|\b(?:bitte|wir sollten|alle sollten)\b.{0,60}\b(?:sperren|kundigen)"
    r"|\b(?:bloquez|suspendez|nous devons bloquer)\b|\b(?:bloqueen|debemos bloquear|suspendan)\b"
    r"|(?:请|應|应该|一起|共同)?(?:封禁|封锁|屏蔽|停用)|(?:一緒に|皆で)?(?:ブロックして|停止して)|(?:함께 )?차단(?:하자|해 주세요|합시다)"
)
_CYRILLIC = re.compile(r"блокир|заблок|отключите")
_MEND = "Say what was seen, not what others are to do; each house decides alone"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """No type, no tie, no field and no sentence recommends, asks for or reports a joint step."""
    for one in batch:
        if FIXED.get(str(one.get("id"))) == one:
            continue
        if str(one.get("type")) in _TYPES or str(one.get("relationship_type")) in _TIES:
            yield refusal("R8", one, ".type", "tells others what to do", _MEND)
        for path, name, value in leaves(one):
            if not isinstance(value, str):
                continue
            if name == "(key)":
                if _names_a_step(value):
                    yield refusal("R8", one, path, "the field's name speaks of a step to be taken", _MEND)
            elif not is_closed(one, path, value) and _urges(value):
                yield refusal("R8", one, path, "the text asks others for a step", _MEND)


@lru_cache(maxsize=2048)
def _names_a_step(name: str) -> bool:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return not _KEYS.isdisjoint(re.findall(r"[a-z]+", one_spelling(apart)))


@lru_cache(maxsize=2048)
def _urges(text: str) -> bool:
    return _CYRILLIC.search(text.casefold()) is not None or any(_URGES.search(reading) for reading in readings(text))


RULE = Rule(code="R8", title="No joint decisions", check=check, may_be_overridden=True)
