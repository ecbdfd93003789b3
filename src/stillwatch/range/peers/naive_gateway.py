"""The rules of an open gateway, as public code has them: hand-set thresholds, added up, and all pairs compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from stillwatch.core.errors import Error
from stillwatch.core.records import Technique, technique_mask
from stillwatch.engine import Sql
from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Scores, Traffic
from stillwatch.range.peers.partition import linked

__all__ = ["CLOUDS", "GatewayRules"]

Floats = npt.NDArray[np.float64]

CLOUDS = (16509, 14618, 8075, 15169, 396982, 31898, 14061, 45102, 132203)
"""Autonomous systems of large public clouds (AWS, Azure, Google, Oracle, DigitalOcean, Alibaba, Tencent)."""

_REASONING = technique_mask((Technique.COT_WRITEOUT, Technique.REASONING_TAGS, Technique.REASONING_REQUEST))

_GATEWAY = Sql(
    "peer_gateway_rules",
    f"""
    with hourly as (
        select f.account, @hours(f.at) as hour, count(*) as exchanges
        from {{features}} f where f.account is not null group by f.account, @hours(f.at)
    ),
    busiest as (select h.account, max(h.exchanges) as busiest from hourly h group by h.account),
    plain as (
        select f.account, count(*) as exchanges, count(distinct f.ip) as ips, @count_if(f.elicitation is not null) as known,
               @count_if((f.elicitation & {_REASONING}) <> 0) as reasoning,
               @count_if(c.asn is not null) as from_cloud
        from {{features}} f left join {{clouds}} c on c.asn = f.asn
        where f.account is not null
        group by f.account
    )
    select p.account, b.busiest, p.ips, p.exchanges, p.known, p.reasoning, p.from_cloud
    from plain p join busiest b on b.account = p.account
    order by p.account
    """,
)

_PREFIXES = Sql(
    "peer_gateway_prefixes",
    """
    with told as (
        select t.account, substr(t.prompt, 1, 50) as prefix, count(*) as exchanges
        from {texts} t where t.account is not null and t.prompt is not null
        group by t.account, substr(t.prompt, 1, 50)
    ),
    numbered as (select p.prefix, row_number() over (order by p.prefix) as thing from (select distinct t.prefix from told t) p)
    select t.account, n.thing, t.exchanges from told t join numbered n on n.prefix = t.prefix order by 1, 2
    """,
)

_SKELETONS = Sql(
    "peer_gateway_skeletons",
    """
    select f.account, f.prompt_skeleton as thing, count(*) as exchanges
    from {features} f
    where f.account is not null and f.prompt_skeleton is not null
    group by f.account, f.prompt_skeleton
    order by 1, 2
    """,
)

_STEPWISE = Sql(
    "peer_gateway_stepwise",
    """
    select t.account, count(*) as known, @count_if(lower(t.prompt) like '%step by step%') as stepwise
    from {texts} t where t.account is not null and t.prompt is not null
    group by t.account order by t.account
    """,
)


@dataclass(frozen=True, kw_only=True)
class GatewayRules:
    """More than 100 prompts in an hour, one prefix again and again, "step by step" in most prompts, many addresses, a cloud address."""

    most_an_hour: int = 100
    prefix_repeats: int = 10
    stepwise_share: float = 0.6
    most_addresses: int = 5
    cloud_points: float = 0.85
    accuse: float = 0.5
    overlap: float = 0.5
    most_accounts: int = 20_000
    clouds: tuple[int, ...] = CLOUDS
    name: str = "rules_gateway"
    about: ClassVar[About] = About(
        title="Rules of an open gateway",
        source="public gateway code: over 100 prompts an hour, a hash of the first 50 characters, step-by-step wording in over 60 %, over "
        "5 addresses, public cloud ranges as proxies with 0.85; clusters by comparing all pairs",
        reading="equal weights; a prefix counts from ten repeats on; autonomous systems instead of address ranges; without text, "
        "skeletons stand for prefixes and the wording is the lexicon's bit; pairs of accused accounts with half of "
        "their prefixes in common",
        limits="no calibration; refuses to compare more than 20,000 accused accounts in pairs",
    )

    def score(self, traffic: Traffic, *, rng: np.random.Generator) -> Scores:
        """Share of the rules that fire."""
        clouds = traffic.engine.from_arrow(pa.table({"asn": pa.array(self.clouds, pa.int32())}))
        rows = traffic.engine.to_arrow(traffic.engine.sql(_GATEWAY, features=traffic.features, clouds=clouds))
        known, stepwise = rows.column("known").to_numpy(), rows.column("reasoning").to_numpy()
        if traffic.texts is not None:
            told = traffic.engine.to_arrow(traffic.engine.sql(_STEPWISE, texts=traffic.texts))
            known, stepwise = _spread(traffic, told, "known"), _spread(traffic, told, "stepwise")
        repeated = np.asarray(self._prefixes(traffic).max(axis=1).todense()).ravel()
        points = (
            (rows.column("busiest").to_numpy() > self.most_an_hour).astype(np.float64)
            + (repeated >= self.prefix_repeats)
            + (stepwise > self.stepwise_share * np.maximum(known, 1))
            + (rows.column("ips").to_numpy() > self.most_addresses)
            + self.cloud_points * (rows.column("from_cloud").to_numpy() > 0)
        )
        score = points / 5
        return Scores(account=traffic.account, score=score, accused=score >= self.accuse)

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """Accused accounts that share prefixes, all compared with all."""
        scores = self.score(traffic, rng=rng)
        who = np.flatnonzero(scores.accused)
        if who.size > self.most_accounts:
            raise Error(
                f"{self.name}: got {who.size:,} accounts to compare in pairs, expected at most {self.most_accounts:,}"
            )
        sent = self._prefixes(traffic)[who]
        sent.data = np.ones_like(sent.data)
        shared = sparse.csr_matrix(sent @ sent.T).tocoo()
        size = np.asarray(sent.sum(axis=1)).ravel()
        union = size[shared.row] + size[shared.col] - shared.data
        near = (shared.data >= self.overlap * union) & (shared.row != shared.col)
        ties = sparse.csr_matrix(
            (np.ones(int(near.sum())), (shared.row[near], shared.col[near])), shape=(who.size, who.size)
        )
        found = [
            Cluster(members=traffic.account[who[part]], score=float(scores.score[who[part]].sum()))
            for part in linked(ties, 2)
        ]
        found.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(found))

    def _prefixes(self, traffic: Traffic) -> sparse.csr_matrix:
        """How often each account sent each prefix."""
        query, given = (_SKELETONS, {"features": traffic.features})
        if traffic.texts is not None:
            query, given = (_PREFIXES, {"texts": traffic.texts})
        rows = traffic.engine.to_arrow(traffic.engine.sql(query, **given))
        place = np.searchsorted(traffic.account, rows.column("account").to_numpy())
        things, column = np.unique(rows.column("thing").to_numpy(), return_inverse=True)
        counts = rows.column("exchanges").to_numpy().astype(np.float64)
        return sparse.csr_matrix((counts, (place, column)), shape=(traffic.account.size, max(things.size, 1)))


def _spread(traffic: Traffic, rows: pa.Table, column: str) -> Floats:
    """A column an account that has a row, 0 for the others."""
    out = np.zeros(traffic.account.size)
    out[np.searchsorted(traffic.account, rows.column("account").to_numpy())] = rows.column(column).to_numpy()
    return out
