"""Rule sets as public code has them: hand-set thresholds, added up. What a detector must beat to be worth having.

The thresholds are the published ones (as our notes of that code have them). Weights were not recorded there: every rule that fires adds
one equal share. The third set, a gateway's, is `naive_gateway`. Where logs lack what a rule asks for, the nearest thing stands in,
and `about.reading` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from stillwatch.core.records import Technique, technique_mask
from stillwatch.engine import Sql
from stillwatch.range.peers.account_vectors import cell_counts
from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Scores, Traffic
from stillwatch.range.peers.partition import linked

__all__ = ["AdvisoryHunt", "CapabilityRules"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_REASONING = technique_mask((Technique.COT_WRITEOUT, Technique.REASONING_TAGS, Technique.REASONING_REQUEST))
_TWO_WEEKS = 14 * 86_400 * 1_000_000
_TOPICS = 16

_CAPABILITY = Sql(
    "peer_capability_rules",
    f"""
    with placed as (
        select f.account, f.outcome, f.output_tokens, f.elicitation, coalesce(f.prompt_words, f.input_tokens) as size,
               row_number() over (partition by f.account order by @epoch_us(f.at), f.exchange_id) as place,
               lag(f.outcome) over (partition by f.account order by @epoch_us(f.at), f.exchange_id) as before
        from {{features}} f where f.account is not null
    )
    select p.account, count(*) as exchanges,
           @count_if(p.outcome = 'refused') as refused,
           @count_if(p.outcome is not null) as outcomes,
           @count_if((p.outcome = 'refused') <> (p.before = 'refused')) as switches,
           @count_if((p.elicitation & {_REASONING}) <> 0) as reasoning,
           @count_if(p.elicitation is not null) as known,
           sum(cast(p.output_tokens as bigint)) as answered, count(p.output_tokens) as answers,
           count(p.size) as sized, sum(cast(p.size as bigint)) as size_sum,
           sum(case when p.size is not null then p.place end) as place_sum,
           sum(case when p.size is not null then p.place * p.place end) as place_squares,
           sum(p.place * cast(p.size as bigint)) as products
    from placed p
    group by p.account
    order by p.account
    """,
)

_BY_ADDRESS = Sql(
    "peer_advisory_hunt",
    """
    with begun as (select min(@epoch_us(f.at)) as at_us from {features} f),
    told as (
        select f.ip, @div(@epoch_us(f.at) - b.at_us, {window}) as span, f.account, count(*) as exchanges
        from {features} f join begun b on b.at_us is not null
        where f.ip is not null and f.account is not null
        group by f.ip, @div(@epoch_us(f.at) - b.at_us, {window}), f.account
    ),
    crowd as (select t.ip, t.span, count(*) as accounts, sum(t.exchanges) as exchanges from told t group by t.ip, t.span)
    select t.account, t.ip, t.span, c.accounts, c.exchanges
    from told t join crowd c on c.ip = t.ip and c.span = t.span
    where c.accounts > 1
    order by 2, 3, 1
    """.replace("{window}", str(_TWO_WEEKS)),
)


@dataclass(frozen=True, kw_only=True)
class CapabilityRules:
    """Wide topics, blocks that come and go, reasoning words, long answers, prompts that grow harder."""

    coverage: float = 0.7
    blocked: tuple[float, float] = (0.15, 0.6)
    alternation: float = 0.3
    reasoning: float = 0.25
    longer: float = 2.0
    growth: float = 0.5
    least: int = 20
    accuse: float = 0.4
    name: str = "rules_capability"
    about: ClassVar[About] = About(
        title="Rules of a capability-mapping detector",
        source="public code: topic coverage over 70 %, block rate of 15 to 60 % with alternation, reasoning words over 25 %, answers over "
        "twice the mean length, a rising slope of complexity",
        reading="equal weights, two of five rules accuse; sixteen coarse topics folded from the cells; refusals are the blocks; the share "
        "of prompts that ask for reasoning; prompt length stands for complexity, rising by half over the account's life",
        limits="no calibration; any busy account covers all topics; decides nothing below twenty exchanges",
    )

    def score(self, traffic: Traffic, *, rng: np.random.Generator) -> Scores:
        """Share of the rules that fire."""
        rows = traffic.engine.to_arrow(traffic.engine.sql(_CAPABILITY, features=traffic.features))
        column = {name: rows.column(name).fill_null(0).to_numpy().astype(np.float64) for name in rows.column_names}
        refused = column["refused"] / np.maximum(column["outcomes"], 1)
        switches = column["switches"] / np.maximum(column["outcomes"] - 1, 1)
        length = column["answered"] / np.maximum(column["answers"], 1)
        typical = column["answered"].sum() / max(column["answers"].sum(), 1)
        points = (
            (_coverage(cell_counts(traffic)) > self.coverage).astype(np.float64)
            + ((refused >= self.blocked[0]) & (refused <= self.blocked[1]) & (switches >= self.alternation))
            + (column["reasoning"] > self.reasoning * np.maximum(column["known"], 1))
            + (length > self.longer * typical)
            + (_growth(column) > self.growth)
        )
        enough = column["exchanges"] >= self.least
        score = np.where(enough, points / 5, np.nan)
        return Scores(account=traffic.account, score=score, accused=enough & (points / 5 >= self.accuse))


@dataclass(frozen=True, kw_only=True)
class AdvisoryHunt:
    """Addresses with at least `accounts` accounts and more than `requests` requests in two weeks."""

    accounts: int = 20
    requests: int = 10_000
    name: str = "rules_advisory"
    about: ClassVar[About] = About(
        title="Advisory-derived hunt",
        source="public hunting queries made from an advisory: at least 20 accounts an address and over 10,000 requests in 14 days "
        "(or at least 5 and at least 1,000)",
        reading="two-week windows from the log's first instant; the named laboratories' domains, seeded by one of them, are left out",
        limits="knows addresses only: universities, carriers, offices and clouds fit it, residential proxies do not",
    )

    def score(self, traffic: Traffic, *, rng: np.random.Generator) -> Scores:
        """How nearly the account's fullest address meets both numbers; 1 accuses."""
        score = np.zeros(traffic.account.size)
        rows, strength = self._addresses(traffic)
        np.maximum.at(score, np.searchsorted(traffic.account, rows.column("account").to_numpy()), strength)
        return Scores(account=traffic.account, score=score, accused=score >= 1)

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """One cluster an address; addresses with a common account are one."""
        rows, strength = self._addresses(traffic)
        full = strength >= 1
        account = np.searchsorted(traffic.account, rows.column("account").to_numpy()[full])
        address = np.unique(rows.column("ip").to_numpy()[full], return_inverse=True)[1]
        met = sparse.csr_matrix(
            (np.ones(account.size), (account, address)), shape=(traffic.account.size, address.size + 1)
        )
        best = np.zeros(traffic.account.size)
        np.maximum.at(best, account, strength[full])
        found = [
            Cluster(members=traffic.account[part], score=float(best[part].max()))
            for part in linked(met @ met.T, 2)
            if best[part].max() >= 1
        ]
        found.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(found))

    def _addresses(self, traffic: Traffic) -> tuple[pa.Table, Floats]:
        rows = traffic.engine.to_arrow(traffic.engine.sql(_BY_ADDRESS, features=traffic.features))
        crowd = rows.column("accounts").to_numpy() / self.accounts
        sent = rows.column("exchanges").cast(pa.float64()).to_numpy() / (self.requests + 1)
        return rows, np.minimum(crowd, sent)


def _coverage(counts: sparse.csr_matrix) -> Floats:
    """Share of coarse topics that each account has touched."""
    cells = counts.tocoo()
    topics = np.unique(np.stack([cells.row, cells.col % _TOPICS]), axis=1)
    seen = max(np.unique(topics[1]).size, 1)
    return np.bincount(topics[0], minlength=counts.shape[0]) / seen


def _growth(column: dict[str, Floats]) -> Floats:
    """How much the prompts' length rises over an account's life by least squares, in mean lengths."""
    n = np.maximum(column["sized"], 1)
    mean_place, mean_size = column["place_sum"] / n, column["size_sum"] / n
    spread = column["place_squares"] / n - mean_place**2
    slope = np.divide(column["products"] / n - mean_place * mean_size, spread, out=np.zeros_like(n), where=spread > 0)
    return np.asarray(slope * column["sized"] / np.maximum(mean_size, 1e-9))
