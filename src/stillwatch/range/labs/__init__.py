"""Five labs with traffic of their own, and one operator whose accounts are spread over all of them; the truth is sealed apart.

`write_labs` writes them; `relay` keeps what leaves a lab, `audit` holds that against all that the labs know of their customers, and
`outcome` what each lab found against the truth.
"""

from __future__ import annotations

from stillwatch.range.labs.audit import Audited, Side, audit
from stillwatch.range.labs.identities import IDENTITIES
from stillwatch.range.labs.outcome import Outcome, as_html, as_markdown, as_text, outcome
from stillwatch.range.labs.relay import relay
from stillwatch.range.labs.shares import LABS, SMALL, Share
from stillwatch.range.labs.write import LabPaths, write_labs

__all__ = [
    "IDENTITIES",
    "LABS",
    "SMALL",
    "Audited",
    "LabPaths",
    "Outcome",
    "Share",
    "Side",
    "as_html",
    "as_markdown",
    "as_text",
    "audit",
    "outcome",
    "relay",
    "write_labs",
]
