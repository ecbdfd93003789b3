"""All rules, in the order of their codes."""

from __future__ import annotations

from stillwatch.forum.rules import (
    r01_allowlist,
    r02_denied,
    r03_personal,
    r04_coarse,
    r05_suspect,
    r06_markings,
    r07_switches,
    r08_no_joint,
    r09_aggregate,
    r10_expiry,
    r11_recorded,
    r12_quota,
    r13_basis,
    r14_sanitised,
    r15_lane,
)
from stillwatch.forum.rules.rule import Rule

__all__ = ["RULES"]

RULES: dict[str, Rule] = {
    one.RULE.code: one.RULE
    for one in (
        r01_allowlist,
        r02_denied,
        r03_personal,
        r04_coarse,
        r05_suspect,
        r06_markings,
        r07_switches,
        r08_no_joint,
        r09_aggregate,
        r10_expiry,
        r11_recorded,
        r12_quota,
        r13_basis,
        r14_sanitised,
        r15_lane,
    )
}
"""Every rule by its code."""
