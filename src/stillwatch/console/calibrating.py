"""Accounts of random samples that people found to be ordinary customers, kept as what calibrates the next scan.

Only those: accounts that somebody looked at because they were loud are no fair picture of honest ones. The journal says what was found;
the table of labels follows it, at once or, where a scan holds the workspace, on the first visit after that.
"""

from __future__ import annotations

import datetime as dt
import logging

from stillwatch.cases import Verdict
from stillwatch.console.house import House
from stillwatch.core import Error, unhandle
from stillwatch.pipeline import Cleared, clear_accounts

__all__ = ["follow_labels"]

_LOG = logging.getLogger(__name__)


def follow_labels(house: House) -> bool:
    """Bring the table of cleared accounts in step with the samples' labels; whether that could be done now.

    Where it could not, the house remembers, and the next visit tries again: an account that was cleared by mistake must not stay so.
    """

    def cleared() -> list[Cleared]:
        feedback = house.book().feedback
        drawn = {name for sample in feedback.samples for name in sample.handles}
        return [
            Cleared(account=unhandle(name)[1], by=one.by, at=dt.datetime.fromisoformat(one.at))
            for name, one in sorted(feedback.labels.items())
            if name in drawn and one.verdict is Verdict.FALSE
        ]

    with house.labelling:
        try:
            clear_accounts(house.workspace, cleared)
        except (Error, OSError) as error:
            if not house.labels_behind:  # once, not on every visit of a long scan
                _LOG.warning("cleared accounts wait to be written: %s", type(error).__name__)
            house.labels_behind = True
        else:
            house.labels_behind = False
        return not house.labels_behind
