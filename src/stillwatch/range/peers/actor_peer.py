"""What a detector of accounts or of actors is: it is given a world's traffic, never its truth, and says whom it would accuse.

A new peer is a frozen dataclass with a `name`, an `about`, and `find` (an `ActorPeer`) or `score` (an `AccountPeer`); its line in
`actor_roster` makes the range run it. Peers that cannot do a world refuse it with an `Error` that says why; a refusal is a result.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.core.errors import ContractError
from stillwatch.engine import DuckEngine, Relation, Sql, table

__all__ = [
    "About",
    "AccountPeer",
    "ActorPeer",
    "Cluster",
    "Findings",
    "Scores",
    "Traffic",
    "scores_of_members",
    "traffic",
]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TEXTS = ("exchange_id", "account", "prompt")
"""Columns of a relation of texts, for the peers that read words."""

_COLUMNS = Sql("peer_columns", "select * from {rows} r limit 0")
_EVERYBODY = Sql(
    "peer_everybody",
    """
    select f.account, count(*) as exchanges
    from {features} f
    where f.account is not null
    group by f.account
    order by f.account
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a reader of a table of results must know of a peer: where it comes from, how we read that, and what it cannot do."""

    title: str
    source: str
    reading: str
    limits: str


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """One world as the detectors see it. The truth (role, group and lookalike class of an account) has no place here.

    Attributes:
        engine: where queries run.
        features: rows of the table `features`.
        account_facts: rows of the table `account_facts`.
        releases: rows of the table `releases`.
        account: every account that sent something, ascending.
        exchanges: how many each of them sent.
        texts: `exchange_id`, `account`, `prompt`, where text is at hand.
        cleared: accounts, ascending, that an analyst has cleared: a peer may calibrate on them, and no metric counts them.
        salt: the workspace's salt, for the peers that name what they find.
    """

    engine: DuckEngine
    features: Relation
    account_facts: Relation
    releases: Relation
    account: Ints
    exchanges: Ints
    texts: Relation | None
    cleared: Ints
    salt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """Accounts (ascending) that a peer holds for one operator's, and how strongly: larger is stronger, within one peer only."""

    members: Ints
    score: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The clusters a peer would report, strongest first, and what it left out to be able to answer at all."""

    clusters: tuple[Cluster, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """One score an account (`account` ascending, larger is more suspicious, NaN undecided), and whom the peer itself would accuse."""

    account: Ints
    score: Floats
    accused: Flags
    notes: tuple[str, ...] = ()


class ActorPeer(Protocol):
    """Finds groups of accounts that one operator runs."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def about(self) -> About:
        """Where it comes from and what it cannot do."""

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """The clusters it would report. The same traffic and stream give the same clusters.

        Raises:
            Error: when it cannot do this world (too many pairs, no text), with the reason.
        """


class AccountPeer(Protocol):
    """Scores accounts one by one."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def about(self) -> About:
        """Where it comes from and what it cannot do."""

    def score(self, traffic: Traffic, *, rng: np.random.Generator) -> Scores:
        """A score for every account of `traffic.account`, in that order.

        Raises:
            Error: when it cannot do this world, with the reason.
        """


def traffic(
    engine: DuckEngine,
    features: Relation,
    account_facts: Relation,
    *,
    releases: Relation | None = None,
    texts: Relation | None = None,
    cleared: Iterable[int] = (),
    salt: int = 0,
) -> Traffic:
    """A world as detectors see it.

    Raises:
        ContractError: when a relation has a column that its table does not: truth would come in that way.
    """
    launches = releases if releases is not None else engine.from_arrow(table("releases").schema.empty_table())
    allowed = {name: set(table(name).names()) for name in ("features", "account_facts", "releases")}
    given = {"features": features, "account_facts": account_facts, "releases": launches}
    for name, relation in given.items():
        _only(engine, relation, name, allowed[name])
    if texts is not None:
        _only(engine, texts, "texts", set(TEXTS))
    everybody = engine.to_arrow(engine.sql(_EVERYBODY, features=features))
    return Traffic(
        engine=engine,
        features=features,
        account_facts=account_facts,
        releases=launches,
        account=_sorted_ints(everybody, "account"),
        exchanges=_sorted_ints(everybody, "exchanges"),
        texts=texts,
        cleared=np.unique(np.fromiter(cleared, np.int64)),
        salt=salt,
    )


def scores_of_members(findings: Findings, account: Ints) -> Scores:
    """A cluster finder's answer account by account: the strongest cluster an account is in; accounts in none come last."""
    score = np.full(account.size, -np.inf)
    for cluster in findings.clusters:
        place = np.flatnonzero(np.isin(account, cluster.members))
        score[place] = np.maximum(score[place], cluster.score)
    return Scores(account=account, score=score, accused=np.isfinite(score), notes=findings.notes)


def _only(engine: DuckEngine, relation: Relation, name: str, allowed: set[str]) -> None:
    extra = set(engine.to_arrow(engine.sql(_COLUMNS, rows=relation)).column_names) - allowed
    if extra:
        raise ContractError(f"{name}: got the columns {', '.join(sorted(extra))}, which no detector may see")


def _sorted_ints(rows: pa.Table, column: str) -> Ints:
    return np.asarray(rows.column(column).to_numpy(), np.int64)
