"""R13. A legal basis is on and in force today for this lane; where none is, sharing fails closed."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.words import Way

__all__ = ["RULE"]

_MEND = "Have counsel confirm a basis for this lane and enter it in forum.toml ([bases.KEY]: law, lanes, starts, ends, confirmed_by, on)"
_AGAIN = "Preview the case again: it states the basis that forum.toml names"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Outgoing: the policy's own basis. Incoming: each indicator's basis, as its sender states it, is not over."""
    if setting.way is Way.OUT:
        policy = setting.policy
        basis = None if policy is None else policy.bases.get(policy.basis)
        if basis is None:
            yield refusal("R13", None, "forum.toml: basis", "no legal basis is named", _MEND)
        elif not basis.carries(setting.lane, setting.today):
            why = (
                "is switched off"
                if not basis.on
                else f"does not carry the lane {setting.lane}"
                if setting.lane not in basis.lanes
                else "is not in force today"
            )
            yield refusal("R13", None, f"forum.toml: bases.{policy.basis if policy else ''}", why, _MEND)
    for one in batch:
        if one.get("revoked") is True:
            continue
        extensions = one.get("extensions")
        ours = extensions.get(INDICATOR_EXTENSION) if isinstance(extensions, dict) else None
        stated = ours.get("legal_basis") if isinstance(ours, dict) else None
        if not isinstance(stated, dict):
            continue
        here = f".extensions.{INDICATOR_EXTENSION}.legal_basis"
        if str(stated.get("until")) < setting.today.isoformat():
            yield refusal("R13", one, f"{here}.until", "its legal basis is over", _MEND)
        if setting.way is Way.OUT and setting.policy is not None and stated.get("key") != setting.policy.basis:
            yield refusal("R13", one, f"{here}.key", "names another basis than forum.toml", _AGAIN)


RULE = Rule(code="R13", title="A legal basis in force", check=check)
