"""How an account came to be, before it sent anything."""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import signed_up
from stillwatch.signals.signal import signal

__all__ = ["signup"]


@signal(
    unit="mean of the facets known",
    larger_means="signed up more like accounts that are made in batches",
    needs=3,
    quiet=[signed_up(score=0.05, facts=5)],
    loud=[signed_up(score=0.8, facts=5)],
    misled_by="a company that brings its staff; a class signed up by its teacher; people who pay with prepaid cards for good reasons",
    relational=True,
)
def signup() -> Sql:
    """Score of the sign-up alone: batch registration, disposable mail, prepaid card, no check passed, programme without a check.

    Worked out in `signups` with its limits, for new accounts without traffic, too. It compares an account with those that signed up
    beside it and describes it; it is never evidence against it. n: facets known of five.
    """
    return Sql(
        "signup",
        """
        select s.account, s.score as value, s.facts as n
        from {signups} s
        where s.score is not null
        """,
    )
