"""The policy: standing and facts of a request in, an action in proportion out. Pure rules; an empty policy does not load."""

from __future__ import annotations

from stillwatch.policy.gatekeeper import Gatekeeper, Health
from stillwatch.policy.policy_file import read_policy
from stillwatch.policy.records import Asked, Clamp, Dialect, Gate, Hide, Ruling, Step, Used
from stillwatch.policy.rule import Policy
from stillwatch.policy.standing import Standing, read_standing, write_standing
from stillwatch.policy.watching import Watched, open_gate

__all__ = [
    "Asked",
    "Clamp",
    "Dialect",
    "Gate",
    "Gatekeeper",
    "Health",
    "Hide",
    "Policy",
    "Ruling",
    "Standing",
    "Step",
    "Used",
    "Watched",
    "open_gate",
    "read_policy",
    "read_standing",
    "write_standing",
]
