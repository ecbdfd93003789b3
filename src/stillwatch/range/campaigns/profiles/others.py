# ruff: noqa: E501 - texts stand on one line each
"""C13 to C17: campaigns that other providers and observers described."""

from __future__ import annotations

from stillwatch.range.campaigns.crew import Infrastructure
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct, Phase, Rhythm, assumed, derived, stated

__all__ = ["C13", "C14", "C15", "C16", "C17"]

C13 = CampaignProfile(
    key="C13",
    alleged="partly people associated with Moonshot, by OpenAI; whether one actor is not known",
    source='OpenAI, "Disrupting a coordinated model-distillation campaign", 30 September 2026',
    says="16,000 attempts from over 4,000 users in two days, at most four each, to have encrypted reasoning of one conversation "
    "transcribed in "
    "another; before that three slow weeks. Counts are attempts.",
    accounts=stated(4000),
    rate=derived(2.0, "16,000 attempts over 4,000 users and two days"),
    days=stated(2),
    total=16_000,
    phases=(
        Phase(hours=0.25, volume=0.02, mix=(("asked", 0.5), ("replay", 0.5))),
        Phase(hours=0.75, volume=0.98, mix=(("asked", 0.1), ("replay", 0.9))),
    ),
    infrastructure=Infrastructure(pathways=(("api", 0.7), ("aggregator", 0.3)), proxy="residential", young=40),
    rhythm=Rhythm.USERS,
    notes=(
        "The two days of the spike are rendered, with the slow start before it shrunk to their first quarter.",
        "A tenth of the attempts are rendered as the questions whose reasoning is then replayed; the source counts attempts only.",
    ),
)

C14 = CampaignProfile(
    key="C14",
    alleged="nobody is named",
    source="Google Threat Intelligence Group, AI threat tracker, 12 February 2026",
    says="Over 100,000 prompts that pin the language of thinking to that of the user, over broad tasks in other languages than English.",
    accounts=assumed(400, "the source gives no number of accounts"),
    rate=assumed(25.0, "100,000 prompts over an assumed ten days"),
    days=assumed(10, "no window was published"),
    total=100_000,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("pinned", 1.0),)),),
    infrastructure=Infrastructure(proxy="cloud", program="async", young=90),
)

C15 = CampaignProfile(
    key="C15",
    alleged="one lab of the September report, by Anthropic",
    source='Anthropic, "Detecting and countering misuse of AI: September 2026" (read in notes)',
    says="Over 12,000 requests, each another technique, most of them refused; the few that succeed are then used at scale.",
    accounts=assumed(60, "the source gives no number of accounts"),
    rate=assumed(250.0, "12,000 tries in a day by the assumed accounts, then as much again"),
    days=assumed(2, "no window was published"),
    total=12_000,
    phases=(
        Phase(hours=0.4, volume=0.4, mix=(("search", 1.0),)),
        Phase(hours=0.6, volume=0.6, mix=(("pretext", 1.0),)),
    ),
    infrastructure=Infrastructure(proxy="cloud", program="async", shared_payment=0.3, young=15),
)

C16 = CampaignProfile(
    key="C16",
    alleged="an open-source relay, by Nuclide",
    source="Nuclide, pooled account attribution laundering, May 2026 (read in excerpt)",
    says="Six subscriptions, 53,655 calls, dealt round and round; thousands of users stand behind them. Nothing says that anything is harvested.",
    accounts=stated(6),
    rate=assumed(1277.0, "53,655 calls over six accounts and an assumed seven days"),
    days=assumed(7, "no window was published"),
    total=53_655,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("ordinary", 0.6), ("relay_code", 0.4))),),
    infrastructure=Infrastructure(pathways=(("seats", 1.0),), proxy="pool", pool=2, plans=(("plus", 1.0),), zone=8),
    rhythm=Rhythm.USERS,
    conduct=Conduct.RELAY,
)

C17 = CampaignProfile(
    key="C17",
    alleged="nobody is named",
    source="Factory.ai, on sign-up fraud, 2025 (read in excerpt)",
    says="More than 20,000 organisations signed up in three days; well-formed requests without the client's telemetry.",
    accounts=stated(20_000),
    rate=assumed(2.0, "no volume was published"),
    days=stated(3),
    total=None,
    phases=(Phase(hours=1.0, volume=1.0, mix=(("agents", 1.0),)),),
    infrastructure=Infrastructure(
        proxy="residential",
        disposable_mail=0.8,
        batch=20,
        young=1,
        new=1.0,
        program="harness",
        product="coding",
        plans=(("free", 1.0),),
    ),
    conduct=Conduct.SIGN_UP,
    notes=("The range's logs have no telemetry column: what remains is the batch of sign-ups and the shared client.",),
)
