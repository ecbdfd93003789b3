"""C6 to C12: seven operators of a provider's report of September 2026."""

from __future__ import annotations

from stillwatch.range.campaigns.crew import Infrastructure
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct, Guest, Phase, Rhythm, assumed, derived, stated

__all__ = ["C6", "C7", "C8", "C9", "C10", "C11", "C12"]

_SOURCE = 'Anthropic, "Detecting and countering misuse of AI: September 2026", pages 143 to 154 (read in notes)'

C6 = CampaignProfile(
    key="C6",
    alleged="Alibaba, by Anthropic",
    source=_SOURCE,
    says="Over 151 million exchanges in 92 days, about 3 million a day at the peak, from pools of accounts behind residential proxies with "
    "disposable mail and virtual cards; one fixed text forces reasoning into tags. Pool one was banned; pool two took over fast and "
    "carried two other labs as well.",
    accounts=stated(3500),
    rate=derived(860.0, "3 million a day over 3,500 accounts at the peak"),
    days=stated(92),
    total=151_000_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("tagged", 0.8), ("agents", 0.12), ("tasks", 0.08))),),
    infrastructure=Infrastructure(
        proxy="residential",
        disposable_mail=0.6,
        shared_payment=0.5,
        to_a_card=8,
        young=25,
        new=0.1,
        product="coding",
        zone=8,
    ),
    ban=0.55,
    lag=1.0,
    keeps=("payment",),
    guests=(
        Guest(name="guest_one", share=0.1, mix=(("asked", 0.2), ("replay", 0.8))),
        Guest(name="guest_two", share=0.1, mix=(("autograding", 0.5), ("cleaning", 0.5))),
    ),
    notes=(
        "The first pool had about 5,000 accounts; the peak's 3,500 are rendered. Guests use the pool from the start here.",
    ),
)

C7 = CampaignProfile(
    key="C7",
    alleged="Moonshot, by Anthropic",
    source=_SOURCE,
    says="5,380 accounts, over 23 million exchanges in 92 days: requests of the operator's own users passed to the top model, about "
    "300,000 "
    "in ten days, and reasoning replayed across sessions.",
    accounts=stated(5380),
    rate=derived(46.5, "23 million over 5,380 accounts and 92 days; the relay alone is 5.6"),
    days=stated(92),
    total=23_000_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("relay", 0.12), ("replay", 0.88))),),
    infrastructure=Infrastructure(pathways=(("front", 1.0),), proxy="cloud", zone=8, program="async", young=90),
    rhythm=Rhythm.USERS,
    notes=(
        "The share of relay is 5.6 of 46.5 requests; the rest is rendered as replay, which the source does not count.",
    ),
)

C8 = CampaignProfile(
    key="C8",
    alleged="DeepSeek, by Anthropic",
    source=_SOURCE,
    says="Over 12.1 million exchanges in 14 days: users of coding harnesses are picked out by a string and passed to the top model; "
    "replay for "
    "traces.",
    accounts=assumed(4000, "the source gives no number of accounts"),
    rate=derived(216.0, "864,000 a day over the assumed accounts"),
    days=stated(14),
    total=12_100_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("relay_code", 0.7), ("replay", 0.3))),),
    infrastructure=Infrastructure(
        pathways=(("front", 1.0),), proxy="cloud", product="coding", program="harness", zone=8
    ),
    rhythm=Rhythm.OFFICE,
    notes=(
        "Requests name a public harness but come without its telemetry; the range's logs have no telemetry column.",
    ),
)

C9 = CampaignProfile(
    key="C9",
    alleged="Zhipu, by Anthropic",
    source=_SOURCE,
    says="273 accounts rotated in ten days, over 3.4 million exchanges in 17 days, 770,609 of them through a cleaner: own traces pasted "
    "back, "
    "judging, filtering, security tasks made from public data.",
    accounts=stated(273),
    rate=derived(730.0, "200,000 a day over 273 accounts"),
    days=stated(17),
    total=3_400_000,
    phases=(
        Phase(hours=1.0, volume=1.0, mix=(("cleaning", 0.4), ("autograding", 0.2), ("tasks", 0.2), ("write_out", 0.2))),
    ),
    infrastructure=Infrastructure(proxy="cloud", program="async", young=6, new=0.5, batch=4, zone=8),
    ban=0.6,
    lag=0.5,
    notes=("Displacement to weaker and to rival models is a move of its own, not part of the profile.",),
)

C10 = CampaignProfile(
    key="C10",
    alleged="Xiaomi, by Anthropic",
    source=_SOURCE,
    says="More than 1,500 accounts, over 400,000 exchanges in 20 days: own users' coding sessions replayed, environments rebuilt, inputs "
    "and "
    "outputs synthesised, judging; through routers and harnesses, from the day on which a free trial ended.",
    accounts=stated(1500),
    rate=derived(13.3, "400,000 over 1,500 accounts and 20 days"),
    days=stated(20),
    total=400_000,
    phases=(
        Phase(
            hours=1.0, volume=1.0, mix=(("relay_code", 0.5), ("tasks", 0.2), ("synthetic", 0.2), ("autograding", 0.1))
        ),
    ),
    infrastructure=Infrastructure(
        pathways=(("aggregator", 0.6), ("api", 0.4)), proxy="cloud", product="coding", program="harness", young=45
    ),
    rhythm=Rhythm.OFFICE,
    spread=0.8,
)

C11 = CampaignProfile(
    key="C11",
    alleged="SenseTime, by Anthropic",
    source=_SOURCE,
    says="Transcripts bought from resellers; no direct harvest was seen. Nothing reaches the provider under the operator's hand, so "
    "traffic "
    "analysis must stay silent: only an audit of the student model can answer it.",
    accounts=stated(0),
    rate=stated(0),
    days=assumed(30, "no window was published"),
    total=None,
    phases=(),
    infrastructure=Infrastructure(),
    conduct=Conduct.PURCHASE,
    detectable=False,
    notes=("Out of band: no account, no request. A detector that reports this campaign reports something else.",),
)

C12 = CampaignProfile(
    key="C12",
    alleged="MiniMax, by Anthropic",
    source=_SOURCE,
    says="A shell company resells two vendors' models and logs its users' own prompts and answers.",
    accounts=assumed(40, "the source gives no number of accounts"),
    rate=assumed(400.0, "no volume was published"),
    days=assumed(30, "no window was published"),
    total=None,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("ordinary", 0.7), ("relay_code", 0.3))),),
    infrastructure=Infrastructure(
        pathways=(("front", 1.0),),
        proxy="pool",
        pool=6,
        shared_payment=1.0,
        to_a_card=40,
        plans=(("scale", 1.0),),
        young=120,
        zone=8,
    ),
    rhythm=Rhythm.USERS,
    spread=0.5,
    notes=(
        "Prompts are real users' own and no wrapper stands around them: only the account network and the contract show anything.",
    ),
)
