"""The policy: standing and facts of a request in, an action in proportion out. Pure rules; an empty policy does not load."""

from __future__ import annotations

from stillwatch.policy.gatekeeper import Gatekeeper, Health
from stillwatch.policy.markers import Marker, Place, epoch_of
from stillwatch.policy.parity import Difference, parity, places_of
from stillwatch.policy.policy_file import default_policy, read_policy
from stillwatch.policy.records import Asked, Clamp, Dialect, Gate, Hide, Hold, Ruling, Siblings, Step, Used
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
    "Difference",
    "Gate",
    "Gatekeeper",
    "Health",
    "Hide",
    "Hold",
    "Marker",
    "Outcome",
    "Place",
    "Policy",
    "Ruling",
    "Siblings",
    "Standing",
    "Step",
    "Tally",
    "Used",
    "Watched",
    "connect",
    "default_policy",
    "epoch_of",
    "fetch_standing",
    "open_gate",
    "parity",
    "places_of",
    "push_standing",
    "read_policy",
    "read_standing",
    "replay",
    "run_tests",
    "write_standing",
]
