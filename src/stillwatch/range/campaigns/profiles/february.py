"""C1 to C4: three campaigns and a reseller's network, as a provider described them in February 2026."""

from __future__ import annotations

from stillwatch.range.campaigns.crew import Infrastructure
from stillwatch.range.campaigns.profile import CampaignProfile, Phase, assumed, stated

__all__ = ["C1", "C2", "C3", "C4"]

_SOURCE = 'Anthropic, "Detecting and preventing distillation attacks", 23 February 2026'

C1 = CampaignProfile(
    key="C1",
    alleged="DeepSeek, by Anthropic",
    source=_SOURCE,
    says="Over 150,000 exchanges: reasoning imagined behind finished answers, rubric grading, censorship-safe rewrites; synchronised "
    "accounts with shared payment and balanced loads.",
    accounts=assumed(1500, "the source gives 24,000 accounts for three campaigns together"),
    rate=assumed(10.0, "150,000 exchanges over an assumed ten days"),
    days=assumed(10, "no window was published"),
    total=150_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("posthoc", 0.4), ("autograding", 0.4), ("rewrites", 0.2))),),
    infrastructure=Infrastructure(
        shared_payment=0.7, to_a_card=10, batch=5, proxy="cloud", zone=8, program="async", young=30
    ),
)

C2 = CampaignProfile(
    key="C2",
    alleged="Moonshot, by Anthropic",
    source=_SOURCE,
    says="Over 3.4 million exchanges from hundreds of accounts over several ways to the model: agents, tools, coding; later reasoning "
    "traces. "
    "Vision is left out: the range has no images.",
    accounts=assumed(500, "the source says hundreds"),
    rate=assumed(150.0, "thousands of exchanges an account, over an assumed 45 days"),
    days=assumed(45, "no window was published"),
    total=3_400_000,
    phases=(
        Phase(hours=0.7, volume=0.7, mix=(("agents", 0.8), ("tagged", 0.2))),
        Phase(hours=0.3, volume=0.3, mix=(("posthoc", 0.5), ("write_out", 0.5))),
    ),
    infrastructure=Infrastructure(
        pathways=(("api", 0.5), ("cloud", 0.25), ("aggregator", 0.15), ("seats", 0.1)),
        proxy="cloud",
        product="coding",
        young=120,
    ),
)

C3 = CampaignProfile(
    key="C3",
    alleged="MiniMax, by Anthropic",
    source=_SOURCE,
    says="Over 13 million exchanges of agentic coding and orchestration; about half of the traffic moved to a new model within a day of "
    "its "
    "launch.",
    accounts=assumed(2500, "the source gives 24,000 accounts for three campaigns together"),
    rate=assumed(120.0, "13 million exchanges over an assumed 45 days"),
    days=assumed(45, "no window was published"),
    total=13_000_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("agents", 0.85), ("tagged", 0.15))),),
    infrastructure=Infrastructure(proxy="residential", shared_payment=0.3, product="coding", program="async", zone=8),
    pivot=0.5,
)

C4 = CampaignProfile(
    key="C4",
    alleged="a reseller's network of accounts, by Anthropic",
    source=_SOURCE,
    says="More than 20,000 accounts at once over the API and third-party clouds, distillation hidden in unrelated customers' traffic, "
    "banned "
    "accounts replaced at once.",
    accounts=stated(20_000),
    rate=assumed(3.0, "the source says nothing of the rate; low, as it was hidden"),
    days=assumed(30, "no window was published"),
    total=None,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("write_out", 0.4), ("agents", 0.4), ("synthetic", 0.2))),),
    infrastructure=Infrastructure(
        pathways=(("api", 0.6), ("cloud", 0.4)),
        proxy="residential",
        shared_payment=0.2,
        disposable_mail=0.4,
        young=20,
        new=0.2,
    ),
    cover=0.85,
    ban=0.5,
    lag=0.1,
    keeps=("payment",),
    notes=(
        "Half way through all accounts are banned and replaced at once; their cover traffic belongs to real customers.",
    ),
)
