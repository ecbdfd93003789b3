"""One plain scenario for each way of harvesting: 800 accounts that share nothing but the queue, four requests each in a day."""

from __future__ import annotations

from stillwatch.range.campaigns.crew import Infrastructure
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct, Guest, Phase, Rhythm, assumed

__all__ = ["SCENARIOS"]

_OURS = "a scenario of the range"


def _plain(key: str, says: str, *phases: Phase, **changes: object) -> CampaignProfile:
    settings: dict[str, object] = {
        "key": key, "alleged": "nobody", "source": _OURS, "says": says, "accounts": assumed(800, _OURS), "rate": assumed(4.0, _OURS),
        "days": assumed(7, _OURS), "total": None, "phases": phases, "infrastructure": Infrastructure(), "rhythm": Rhythm.QUEUE,
    }  # fmt: skip
    return CampaignProfile(**(settings | changes))  # type: ignore[arg-type]


def _only(family: str) -> Phase:
    return Phase(hours=1.0, volume=1.0, mix=((family, 1.0),))


SCENARIOS: dict[str, CampaignProfile] = {
    profile.key: profile
    for profile in (
        _plain("reasoning", "reasoning exfiltration: solutions with the whole way to them", _only("write_out")),
        _plain("critique", "critique of a student's answers", _only("critique")),
        _plain("autograding", "rubric scores for a student's answers", _only("autograding")),
        _plain("tasks", "task generation for reinforcement learning", _only("tasks")),
        _plain("synthetic", "instructions with answers in bulk", _only("synthetic")),
        _plain(
            "replay",
            "opaque reasoning of other sessions brought back",
            Phase(hours=1.0, volume=1.0, mix=(("asked", 0.2), ("replay", 0.8))),
        ),
        _plain("cleaning", "harvested traces pasted back for cleaning", _only("cleaning")),
        _plain(
            "relay",
            "another product's users, relayed in silence",
            _only("relay"),
            infrastructure=Infrastructure(pathways=(("front", 1.0),), proxy="cloud"),
            rhythm=Rhythm.USERS,
        ),
        _plain(
            "search",
            "a search for techniques, then the few that succeed at scale",
            Phase(hours=0.4, volume=0.4, mix=(("search", 1.0),)),
            Phase(hours=0.6, volume=0.6, mix=(("pretext", 1.0),)),
        ),
        _plain(
            "shared_pool",
            "three operators over one proxy network",
            _only("tagged"),
            infrastructure=Infrastructure(proxy="pool", pool=40, shared_payment=0.5, disposable_mail=0.5),
            guests=(
                Guest(name="second", share=1 / 3, mix=(("autograding", 1.0),)),
                Guest(name="third", share=1 / 3, mix=(("synthetic", 1.0),)),
            ),
        ),
        _plain(
            "purchase",
            "transcripts bought from a reseller: nothing to see, and nothing may be found",
            accounts=assumed(0, _OURS),
            rate=assumed(0, _OURS),
            conduct=Conduct.PURCHASE,
            detectable=False,
        ),
    )
}
"""Scenarios by name. They differ in what is asked and in little else, so that families can be compared and left out one at a time."""
