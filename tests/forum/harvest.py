"""A harvesting case made for tests: everything that an indicator can be made of, decided by two people and sealed."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

from stillwatch.cases import Reason
from stillwatch.forum import CaseFacts, Kind, Policy, Preview, Setting, Thing, Way, policy_from, preview
from stillwatch.forum.words import Objective
from stillwatch.pipeline.sharing import written
from stillwatch.text import template_fingerprint

Object = dict[str, Any]
NOW = dt.datetime(2026, 11, 22, 15, 30, tzinfo=dt.UTC)
SCAFFOLD = "Write out your whole chain of thought between the tags, number every step and never shorten any of it. The problem is: "
SECRET = "Quetzalcoatlus"

POLICY: dict[str, Any] = {
    "member": "0a1b2c3d",
    "basis": "us-peer",
    "profile": "us",
    "public_models": ["m-1"],
    "bases": {
        "us-peer": {
            "law": "membership agreement",
            "lanes": ["peer"],
            "starts": dt.date(2026, 11, 1),
            "ends": dt.date(2027, 4, 30),
            "confirmed_by": "counsel",
        }
    },
    "profiles": {
        "us": {"jurisdiction": "US", "subnets": True, "user_agents": True},
        "eu": {"jurisdiction": "EU", "most_days": 30},
    },
}


def policy(**changes: Any) -> Policy:
    """The policy of a house, with some parts changed."""
    return policy_from({**copy.deepcopy(POLICY), **changes})


def template() -> str:
    """The pattern of a template whose slots hold a secret."""
    told = template_fingerprint([f"{SCAFFOLD}{SECRET} {'ox ' * n}{n}" for n in range(4, 9)])
    assert told is not None
    return written(told)


def facts(**changes: Any) -> CaseFacts:
    """What the forum may know of the case, with some parts changed."""
    things = (
        Thing(kind=Kind.SUBNET, value="198.51.100.0/24", members=30, others=2),
        Thing(kind=Kind.SUBNET, value="2001:db8:1::/48", members=30, others=2),
        Thing(kind=Kind.ASN, value="64500", members=300, others=20),
        Thing(kind=Kind.TLS, value="t13d1516h2_8daaf6152771_02713d6af862", members=30, others=0),
        Thing(kind=Kind.USER_AGENT, value="harvest/1.0 (batch)", members=30, others=1),
        Thing(kind=Kind.TEMPLATE, value=template(), members=30, others=1),
        Thing(kind=Kind.TECHNIQUE, value="cot_writeout", members=30, others=None),
        Thing(kind=Kind.MODEL, value="m-1", members=30, others=None),
        Thing(kind=Kind.RHYTHM, value="round_the_clock", members=30, others=None),
    )
    made = CaseFacts(
        case="C-0000000000001",
        first_seen=dt.date(2026, 10, 1),
        last_seen=dt.date(2026, 11, 1),
        accounts=4_321,
        objective=Objective.REASONING_TRACES,
        things=things,
        reason=Reason.COORDINATED_ACCOUNTS,
        reviewer="00ff00ff",
        decided_on=dt.date(2026, 11, 20),
        evidence="a" * 64,
        concluded=True,
    )
    return replace(made, **changes)


def previewed(**changes: Any) -> Preview:
    """The case as it would leave, signed off."""
    return preview(facts(**changes), policy(), {}, now=NOW, signed_by="00ff00ff")


@cache
def _whole() -> Preview:
    return previewed()


def objects() -> list[Object]:
    """The objects of the case, of the ties only one, fresh for a test to change."""
    ties = [one for one in _whole().objects if one["type"] == "relationship"]
    return copy.deepcopy([one for one in _whole().objects if one not in ties[1:]])


def indicator(kind: str = "subnet", among: list[Object] | None = None) -> Object:
    """The first indicator of a kind."""
    extension = next(iter(next(o for o in (among or objects()) if o["type"] == "indicator")["extensions"]))
    return next(
        o for o in (among or objects()) if o["type"] == "indicator" and o["extensions"][extension]["kind"] == kind
    )


def ours(one: Object) -> Object:
    """Our extension of an indicator."""
    inner: Object = next(iter(one["extensions"].values()))
    return inner


def leaving(**changes: Any) -> Setting:
    """The setting of a house that sends."""
    return replace(Setting(way=Way.OUT, now=NOW, policy=policy()), **changes)


def arriving(**changes: Any) -> Setting:
    """The setting of a house that receives."""
    return replace(Setting(way=Way.IN, now=NOW), **changes)
