"""The policy: standing and facts of a request in, an action in proportion out. Pure rules; an empty policy does not load."""

from __future__ import annotations

from stillwatch.policy.gatekeeper import Gatekeeper, Health
from stillwatch.policy.policy_file import read_policy
from stillwatch.policy.records import Asked, Clamp, Dialect, Gate, Hide, Ruling, Step, Used
from stillwatch.policy.replay import NEEDS, NOT_REPLAYED, Tally, replay
from stillwatch.policy.rule import Policy
from stillwatch.policy.selftest import Outcome, run_tests
from stillwatch.policy.standing import Standing, read_standing, write_standing
from stillwatch.policy.valkey import connect, fetch_standing, push_standing
from stillwatch.policy.watching import Watched, open_gate

__all__ = [
    "NEEDS",
    "NOT_REPLAYED",
    "Asked",
    "Clamp",
    "Dialect",
    "Gate",
    "Gatekeeper",
    "Health",
    "Hide",
    "Outcome",
    "Policy",
    "Ruling",
    "Standing",
    "Step",
    "Tally",
    "Used",
    "Watched",
    "connect",
    "fetch_standing",
    "open_gate",
    "push_standing",
    "read_policy",
    "read_standing",
    "replay",
    "run_tests",
    "write_standing",
]
