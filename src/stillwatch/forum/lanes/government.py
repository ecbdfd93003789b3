"""A package for a government: to a recipient that the policy names, with the process that asks for it, and with the owner's marks.

Voluntary and one way: a request for more is a legal process of its own and is written down as such. A named organisation may stand here
as an allegation, after legal sign-off, and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from stillwatch.cases.canonical import canonical
from stillwatch.forum.lint import lint
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.rules.rule import Setting
from stillwatch.forum.stix.bundles import bundle
from stillwatch.forum.words import Carrier, ForumError, Lane, Way

__all__ = ["FORM", "Asked", "Process", "government_package"]

FORM = "urn:stillwatch:government-package:1"


class Asked(StrEnum):
    """What makes the house hand something over."""

    VOLUNTARY = "voluntary"
    SUBPOENA = "subpoena"
    COURT_ORDER = "court_order"
    WARRANT = "warrant"
    REGULATION = "regulation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """The process behind a package: what asks, its reference, and who signed it off. All but what is voluntary needs a reference."""

    asked: Asked
    reference: str
    signed_off_by: str


def government_package(
    objects: list[dict[str, Any]], policy: Policy, *, recipient: str, process: Process, now: dt.datetime
) -> tuple[bytes, str]:
    """The package in canonical bytes, and its SHA-256 for the log of legal process.

    Raises:
        ForumError: when the policy does not name the recipient, the process says too little, or a rule refuses.
    """
    if recipient not in policy.recipients:
        raise ForumError(f"{recipient}: not among the recipients that forum.toml names")
    if not process.signed_off_by.strip() or (process.asked is not Asked.VOLUNTARY and not process.reference.strip()):
        raise ForumError("a package needs a sign-off, and the reference of the process that asks for it")
    found = lint(objects, Setting(way=Way.OUT, now=now, policy=policy, lane=Lane.GOVERNMENT, carrier=Carrier.FILE))
    if not found.passes:
        raise ForumError("\n".join(map(str, found.refusals)))
    data = canonical(
        {
            "form": FORM,
            "recipient": recipient,
            "process": asdict(process),
            "made": now.date().isoformat(),
            "marks": [
                "Confidential and proprietary to its owner; not to be published without express permission.",
                "Statements about conduct; a named organisation is an allegation with a confidence.",
                "Voluntarily given information waives no privilege and no protection of trade secrets.",
            ],
            "bundle": bundle(objects),
        }
    )
    return data, hashlib.sha256(data).hexdigest()
