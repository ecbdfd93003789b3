"""R13. A legal basis is on and in force today for this lane; where none is, sharing fails closed."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.words import Way

__all__ = ["RULE"]

_MEND = "Have counsel confirm a basis for this lane and enter it in forum.toml ([bases.KEY]: law, lanes, starts, ends, confirmed_by, on)"


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
        extensions = one.get("extensions")
        ours = extensions.get(INDICATOR_EXTENSION) if isinstance(extensions, dict) else None
        stated = ours.get("legal_basis") if isinstance(ours, dict) else None
        if (
            one.get("revoked") is not True
            and isinstance(stated, dict)
            and str(stated.get("until")) < setting.today.isoformat()
        ):
            yield refusal(
                "R13",
                one,
                f".extensions.{INDICATOR_EXTENSION}.legal_basis.until",
                "its legal basis is over",
                _MEND,
            )


RULE = Rule(code="R13", title="A legal basis in force", check=check)
