"""Run every signal over a log."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pyarrow as pa

from stillwatch.engine import Engine, Relation
from stillwatch.signals.registry import register
from stillwatch.signals.signal import MEASURED, SIGNALS, Signal
from stillwatch.signals.signups import signups as scored
from stillwatch.signals.topics import topics as compared

__all__ = ["measure"]

_LOG = logging.getLogger(__name__)


def measure(
    engine: Engine,
    features: Relation,
    account_facts: Relation,
    releases: Relation,
    artifacts: Relation | None = None,
    signups: Relation | None = None,
    topics: Relation | None = None,
    *,
    signals: Iterable[Signal] | None = None,
) -> dict[str, pa.Table]:
    """Measure every account by every signal: for each signal a table (account, value, n), ordered by account.

    Args:
        engine: where the queries run.
        features: exchanges as numbers.
        account_facts: what the provider's records say; an empty relation when there are none.
        releases: model launches; an empty relation when there are none.
        artifacts: the registry of reasoning signatures; made from the features by default.
        signups: sign-ups scored by the account facts alone; made from these by default.
        topics: what each account asks about beside the others; made from the features by default.
        signals: which signals; every declared one by default.
    """
    if artifacts is None:
        artifacts = register(engine, features)
    if signups is None:
        signups = engine.from_arrow(scored(engine.to_arrow(account_facts)))
    chosen = list(SIGNALS.values() if signals is None else signals)
    if topics is None and any("topics" in one.query.inputs for one in chosen):
        topics = engine.from_arrow(compared(engine, features))
    given = {
        "features": features,
        "account_facts": account_facts,
        "releases": releases,
        "artifacts": artifacts,
        "signups": signups,
    }
    if topics is not None:
        given["topics"] = topics
    out: dict[str, pa.Table] = {}
    for one in chosen:
        relation = engine.sql(one.query, **{name: given[name] for name in one.query.inputs})
        rows = engine.to_arrow(relation).select(MEASURED.names).cast(MEASURED)
        out[one.name] = rows.sort_by("account").combine_chunks()
        _LOG.debug("measured %s: %d accounts", one.name, rows.num_rows)
    return out
