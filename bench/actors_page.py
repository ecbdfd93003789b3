"""The page docs/benchmarks/actors.md from its figures."""

from __future__ import annotations

from typing import Any

from bars import bars_of
from range_studies import commit_of, told_of

_LEAD = (
    "Bars speak of a million customers; the population that a figure was measured among stands in its name. The range says how worlds are made "
    "([the range](../range.md)); campaigns ask from sources of prompts that nothing was developed on."
)

_INVISIBLE = (
    "- **Accounts that share nothing and ask what customers ask, as they ask it.** No template, card, device, address, reply or set in common: there is nothing to tie them by, for any method.",
    "- **Each request worded afresh**, with no six words in common with the others: families need shared phrases. Only what is shared beside the text can tie such accounts.",
    (
        "- **A template whose wording says nothing of what is sought, asking items of no known set, on accounts with cards and addresses of their own.** It is grouped whole and stays *not shown*: it is "
        "seen that the accounts act together, not what they take. Equal loads, flat hours, new accounts and single turns describe such a group and count for nothing alone, because "
        "whoever knows the rule forges them, and because a newly launched tool shows them, too."
    ),
    "- **Fewer than 10 accounts**, or a template of fewer than 20: below the least group and the least support.",
    "- **Old accounts, bought, each kept to one subject**: they look like the users of a published tool, and are set aside as such.",
    "- **A campaign shorter than the time between two looks**: it is found when it is over.",
    "- **Cover**: the more of an account's traffic is somebody else's, the less its templates stand out; the price is that many times as many requests.",
    "- **What is bought elsewhere**: transcripts of a reseller never pass these logs.",
)
"""Cases that stay unseen, in plain words."""


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page by its name."""
    return {"actors.md": "\n".join(_lines(found)) + "\n"}


def _lines(found: dict[str, Any]) -> list[str]:
    lines = ["# Actors", ""]
    lines += bars_of(found, "bench/actors.py", before=("", _LEAD))
    if "graph" in found["raw"]:
        lines += ["", "## The graph pass", "", _graph(found["raw"]["graph"])]
    if "day" in found["raw"]:
        lines += ["", "## One more day", "", _day(found["raw"]["day"])]
    for part in ("heads", "campaigns", "surface", "ablation"):
        if part in found["raw"]:
            lines += told_of(found["raw"][part], commit=commit_of(found, part))
    return [*lines, "", "## What remains invisible", "", *_INVISIBLE]


def _graph(told: dict[str, Any]) -> str:
    return (
        f"Links of {told['accounts']:,} accounts to popular and rare things, passed through once: pairs of things whose accounts overlap above chance, "
        f"components, the dense part of each. {told['links']:,} links in {told['seconds']:.0f} s; the process held {told['before_mib']:,.0f} MiB before "
        f"and {told['peak_mib']:,.0f} MiB at most; {told['candidates']} candidates came out."
    )


def _day(told: dict[str, Any]) -> str:
    passes = ", ".join(f"{one['seconds']:.0f} s" for one in told["days"])
    return (
        f"With `actors.window_days = 1` a pass reads one day: families, links, groups and tests of {told['exchanges']:,} exchanges of {told['accounts']:,} accounts, {told['links']:,} links at most. "
        f"Of earlier days it reads `actor_looks` alone: names, remembered accounts, marks and evidence. Days one after another took {passes}; all {len(told['days'])} days at once took "
        f"{told['whole_seconds']:.0f} s. Reading and featurising the day's logs, signals and single accounts are not in it."
    )
