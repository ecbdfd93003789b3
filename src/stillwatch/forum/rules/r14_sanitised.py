"""R14. A person has signed what the sanitiser took out, under the profile of a jurisdiction, and the object says which record says so."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.words import Kind, Lane, Way

__all__ = ["RULE"]

_MEND = "Preview the case and sign off what was removed (stillwatch forum export CASE --sign-off)"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Every indicator names a sanitiser record, its signer and a profile that lets its kind leave."""
    profiles = setting.policy.profiles if setting.policy is not None else {}
    for one in batch:
        if one.get("type") != "indicator":
            continue
        extensions = one.get("extensions")
        ours = extensions.get(INDICATOR_EXTENSION) if isinstance(extensions, dict) else None
        stated = ours.get("sanitised") if isinstance(ours, dict) else None
        here = f".extensions.{INDICATOR_EXTENSION}.sanitised"
        if not isinstance(stated, dict) or not all(stated.get(name) for name in ("profile", "record", "by")):
            yield refusal("R14", one, here, "nobody signed what was removed", _MEND)
            continue
        if setting.way is Way.IN or setting.policy is None or one.get("revoked") is True:
            continue
        profile = profiles.get(str(stated["profile"]))
        compared = read_pattern(str(one.get("pattern")), str(one.get("pattern_type")))
        kept = {Kind.SUBNET: profile and profile.subnets, Kind.USER_AGENT: profile and profile.user_agents}
        if profile is None or stated["profile"] != setting.policy.profile:
            yield refusal(
                "R14",
                one,
                f"{here}.profile",
                "names another profile than forum.toml",
                _MEND,
            )
        elif compared is not None and kept.get(compared.kind, True) is False:
            yield refusal(
                "R14",
                one,
                ".pattern",
                f"the profile keeps every {compared.kind} at home",
                "Leave it out, or have counsel change the profile",
            )


RULE = Rule(code="R14", title="A signed record of what was removed", check=check, lanes=frozenset({Lane.PEER}))
