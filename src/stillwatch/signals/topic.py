"""What an account asks about beside other accounts: broadly, between, narrowly, and in its tail. None of the four sees all.

They describe an account and do not count towards its verdict: accounts that ask the same questions in some other languages than most do
rank above nearly everybody (`docs/benchmarks/static-table.md`), and a language is never scored.
"""

from __future__ import annotations

from stillwatch.engine import Sql
from stillwatch.signals.examples import about
from stillwatch.signals.signal import signal
from stillwatch.signals.topics import LEAST_PROMPTS

__all__ = ["topic_focus", "topic_novelty", "topic_shift", "topic_spread"]

_UNWEIGHED = "also tells the language that an account asks in; described, no evidence against it"
_MISLED = "honest customers with a subject of their own; languages that the table of meanings knows less well"


def _column(name: str, column: str) -> Sql:
    return Sql(
        name,
        f"""
        select t.account, t.{column} as value, t.prompts as n
        from {{topics}} t
        """,
    )


@signal(
    unit="squared distance",
    larger_means="what it asks means something else on the whole than what others ask",
    needs=LEAST_PROMPTS,
    quiet=[about(shift=0.01)],
    loud=[about(shift=0.2)],
    misled_by=_MISLED,
    unweighed=_UNWEIGHED,
)
def topic_shift() -> Sql:
    """How far the mean meaning of its prompts lies from that of other accounts.

    Maximum mean discrepancy by random features (64 signs of a vector of the prompt), without bias, shrunk where there are few prompts. Each
    distinct prompt counts once. Sees a broad harvest; a thin mixture hides in the mean. n: distinct prompts.
    """
    return _column("topic_shift", "shift")


@signal(
    unit="squared distance over share",
    larger_means="its shares of topics differ more from those of others",
    needs=LEAST_PROMPTS,
    quiet=[about(spread=0.1)],
    loud=[about(spread=3.0)],
    misled_by=_MISLED,
    unweighed=_UNWEIGHED,
)
def topic_spread() -> Sql:
    """How far its shares of 256 topics lie from those of other accounts, rare topics counting more.

    Chi-square without its bias (second moment), shrunk where there are few prompts: between the broad and the narrow. n: distinct
    prompts.
    """
    return _column("topic_spread", "spread")


@signal(
    unit="logarithm of evidence",
    larger_means="a few topics are asked about far more than by others",
    needs=LEAST_PROMPTS,
    quiet=[about(focus=-0.5)],
    loud=[about(focus=60.0)],
    misled_by=_MISLED,
    unweighed=_UNWEIGHED,
)
def topic_focus() -> Sql:
    """Evidence that some topics are asked about more than other accounts do; a finding names them.

    Scan of cells: the mean of one Poisson bet a topic, on the account's counts scaled down to 64 prompts. It is evidence against
    "asks as everybody does", which no honest customer with a subject does, either: what counts is how other accounts fare. n: distinct
    prompts.
    """
    return _column("topic_focus", "focus")


@signal(
    unit="share",
    larger_means="more prompts that are unlike what anybody asks",
    needs=LEAST_PROMPTS,
    quiet=[about(novelty=0.01)],
    loud=[about(novelty=0.3)],
    misled_by=_MISLED,
    unweighed=_UNWEIGHED,
)
def topic_novelty() -> Sql:
    """Share of its prompts farther out than 99 % of all prompts, each account counting alike.

    By the distance from the nearest topic and by what lies outside the main directions of ordinary prompts; the mean of both shares,
    shrunk where there are few prompts. Sees thin mixtures that the means do not. n: distinct prompts.
    """
    return _column("topic_novelty", "novelty")
