"""C5: the campaign of April to June 2026, as a provider's letter described it."""

from __future__ import annotations

from stillwatch.range.campaigns.crew import Infrastructure
from stillwatch.range.campaigns.profile import CampaignProfile, Phase, derived, stated

__all__ = ["C5"]

C5 = CampaignProfile(
    key="C5",
    alleged="operators tied to Alibaba, by Anthropic",
    source="Anthropic's letter to the Senate Banking Committee, 10 June 2026 (read in excerpts)",
    says="28.8 million exchanges over about 25,000 accounts in 45 days: agents, software engineering, long tasks, through proxy services.",
    accounts=stated(25_000),
    rate=derived(25.6, "28.8 million over 25,000 accounts and 45 days"),
    days=stated(45),
    total=28_800_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("agents", 0.8), ("tagged", 0.2))),),
    infrastructure=Infrastructure(proxy="residential", shared_payment=0.1, product="coding", zone=8),
    spread=0.4,
)
