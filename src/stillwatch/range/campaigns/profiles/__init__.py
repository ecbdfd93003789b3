"""Campaigns C1 to C17 as their discoverers described them, and one plain scenario for each way of harvesting.

Every attribution is an allegation of an interested party; no raw telemetry was published. The profiles say "alleged" for that reason.
"""

from __future__ import annotations

from stillwatch.range.campaigns.profile import CampaignProfile
from stillwatch.range.campaigns.profiles.february import C1, C2, C3, C4
from stillwatch.range.campaigns.profiles.others import C13, C14, C15, C16, C17
from stillwatch.range.campaigns.profiles.scenarios import SCENARIOS
from stillwatch.range.campaigns.profiles.september import C6, C7, C8, C9, C10, C11, C12
from stillwatch.range.campaigns.profiles.summer import C5

__all__ = ["PROFILES", "SCENARIOS"]

PROFILES: dict[str, CampaignProfile] = {
    profile.key: profile for profile in (C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17)
}
"""The campaigns of the public record, by their number in it."""
