"""Whether a group asks about other things than the rest, and whether an account keeps to its own subjects.

Cells are any partition of the subject matter: embedding cells, families, languages of code. All tests here know only counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from stillwatch.core.records import Estimate, Evidence
from stillwatch.stats._arguments import FloatArray, IntArray, flags, labels, share, whole, wholes
from stillwatch.stats.evalues import p_to_e_mixture
from stillwatch.stats.permutation import permutation_p

__all__ = ["CellDifference", "Lift", "cell_difference", "group_cell_difference", "within_account_lift"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CellDifference:
    """How differently two sets of counts spread over cells. `pull`: per cell, the signed root of its part of the statistic.

    A large positive pull names a cell that the group asks about more than the rest.
    """

    evidence: Evidence
    pull: FloatArray


def cell_difference(
    group: npt.ArrayLike,
    rest: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    statistic: str = "g",
    draws: int = 1_999,
    least: int = 20,
) -> CellDifference:
    """Whether a group's counts over cells differ from the rest's; `statistic` is `"g"` (likelihood ratio) or `"chi_square"` (Pearson).

    `group`, `rest`: counts per cell, of the same length, with no event in both. Null: every event falls in the group
    at random (independent events, one distribution). Where every expected count is at least 5 the chi-square law
    gives p; else `draws` random tables with the same margins do. `value` is the statistic over its degrees of
    freedom. Undecided below `least` events in either set.

    Source: Wilks (1938), Pearson (1900), Cochran (1954) for the 5. Misled, badly, by events that hang together: each
    account has subjects of its own, so any group of few accounts differs. For groups of accounts use
    `group_cell_difference`.

    >>> import numpy as np
    >>> found = cell_difference([30, 10, 10], [100, 100, 100], rng=np.random.default_rng(1))
    >>> round(found.evidence.p_value, 4), int(found.pull.argmax())
    (0.0018, 0)
    """
    ours, theirs = wholes(group, "group"), wholes(rest, "rest")
    if ours.ndim != 1 or ours.shape != theirs.shape:
        raise ValueError(f"rest: got shape {theirs.shape}, expected that of group, {ours.shape}")
    if statistic not in ("g", "chi_square"):
        raise ValueError(f'statistic: got {statistic!r}, expected "g" or "chi_square"')
    times, enough = whole(draws, "draws", least=1), whole(least, "least", least=1)
    both = ours + theirs
    used = both > 0
    mine, other = int(ours.sum()), int(theirs.sum())
    freedom = int(used.sum()) - 1
    null = "group and rest draw independent events from one distribution over cells"
    pull = np.zeros(ours.size, dtype=np.float64)
    if min(mine, other) < enough or freedom < 1:
        nothing = Evidence(
            value=math.nan,
            n=mine,
            p_value=None if min(mine, other) < enough else 1.0,
            e_value=None if min(mine, other) < enough else 1.0,
            null=null,
            method=statistic,
            needed=enough if min(mine, other) < enough else None,
        )
        return CellDifference(evidence=nothing, pull=pull)
    margins = both[used].astype(np.float64)
    parts = _parts(ours[used].astype(np.float64)[None, :], margins, mine, other, statistic)
    observed = float(parts.sum())
    expected = margins * (min(mine, other) / (mine + other))
    if float(expected.min()) >= 5.0:
        p_value = float(scipy.stats.chi2.sf(observed, freedom))
        method = f"{statistic}, chi-square with {freedom} degrees"
    else:
        tables = rng.multivariate_hypergeometric(both[used], mine, size=times, method="marginals").astype(np.float64)
        p_value = permutation_p(observed, _parts(tables, margins, mine, other, statistic).sum(axis=1))
        method = f"{statistic}, {times} random tables"
    over = np.sign(ours[used] - margins * (mine / (mine + other)))
    pull[used] = over * np.sqrt(np.maximum(0.0, parts[0]))
    evidence = Evidence(
        value=observed / freedom,
        n=mine,
        p_value=p_value,
        e_value=float(p_to_e_mixture(max(p_value, 1e-290))),
        null=null,
        method=method,
    )
    return CellDifference(evidence=evidence, pull=pull)


def group_cell_difference(
    counts: npt.ArrayLike,
    members: npt.ArrayLike,
    *,
    bins: npt.ArrayLike | None = None,
    rng: np.random.Generator,
    draws: int = 999,
    least: int = 5,
) -> CellDifference:
    """Whether a group of accounts, each with one voice, spreads over cells otherwise than a random group of the same activity.

    `counts`: accounts by cells. Each account counts by its shares, so a busy one does not speak for all; accounts
    without events are left out. Null: the members are a random choice, within each activity bin, of the accounts
    there. The statistic is the squared distance of the members' mean shares from the mean expected under the null,
    each cell over its mean share; its reference is `draws` random groups. `value` is the statistic over its mean
    under random choice: 1 is a random group.

    Misled by a group found by these subjects: then any group differs. Test on held-out time.

    >>> import numpy as np
    >>> rng = np.random.default_rng(2)
    >>> counts = rng.multinomial(10, [0.25] * 4, size=200)
    >>> counts[:20] = rng.multinomial(10, [0.7, 0.1, 0.1, 0.1], size=20)
    >>> found = group_cell_difference(counts, np.arange(200) < 20, rng=rng)
    >>> found.evidence.p_value, int(found.pull.argmax())
    (0.001, 0)
    """
    table = wholes(counts, "counts")
    if table.ndim != 2:
        raise ValueError(f"counts: got shape {table.shape}, expected accounts by cells")
    inside = flags(members, "members", n=table.shape[0])
    codes = np.zeros(inside.size, dtype=np.int64) if bins is None else labels(bins, "bins", n=inside.size)[0]
    times, enough = whole(draws, "draws", least=1), whole(least, "least", least=1)
    events = table.sum(axis=1)
    active = events > 0
    shares = table[active].astype(np.float64) / events[active][:, None]
    inside, codes = inside[active], codes[active]
    size = int(inside.sum())
    null = "the members are a random choice of accounts with the same activity profile"
    pull = np.zeros(table.shape[1], dtype=np.float64)
    if size < enough or size == inside.size:
        lacking = Evidence(
            value=math.nan,
            n=size,
            p_value=None,
            e_value=None,
            null=null,
            method="permutation of accounts",
            needed=enough,
        )
        return CellDifference(evidence=lacking, pull=pull)
    pools = [(np.flatnonzero(codes == code), int(inside[codes == code].sum())) for code in np.unique(codes[inside])]
    expected = np.zeros(table.shape[1], dtype=np.float64)
    for pool, k in pools:
        expected += k * shares[pool].mean(axis=0)
    scale = np.where(expected > 0.0, expected, 1.0)

    def distance(total: FloatArray) -> FloatArray:
        return np.square(total - expected) / scale

    parts = distance(shares[inside].sum(axis=0))
    dealt = np.empty(times, dtype=np.float64)
    for row in range(times):
        chosen = np.concatenate([rng.choice(pool, size=k, replace=False, shuffle=False) for pool, k in pools])
        dealt[row] = distance(shares[chosen].sum(axis=0)).sum()
    observed = float(parts.sum())
    p_value = permutation_p(observed, dealt)
    pull[:] = np.sign(shares[inside].sum(axis=0) - expected) * np.sqrt(parts)
    usual = float(dealt.mean())
    evidence = Evidence(
        value=observed / usual if usual > 0.0 else 1.0,
        n=size,
        p_value=p_value,
        e_value=float(p_to_e_mixture(p_value)),
        null=null,
        method=f"permutation of accounts, {times} groups",
    )
    return CellDifference(evidence=evidence, pull=pull)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lift:
    """How much more alike an account's own exchanges are than those of two random accounts: 0 not at all, 1 always the same cell.

    `alike` is evidence that accounts keep to subjects (null: lift 0). `scattered` is evidence that they do not (null: lift at
    least the bound). Both may stay quiet: a low lift is by itself absence of evidence.
    """

    lift: Estimate
    alike: Evidence
    scattered: Evidence


def within_account_lift(
    accounts: npt.ArrayLike,
    cells: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    bound: float = 0.05,
    draws: int = 199,
    least: int = 20,
) -> Lift:
    """Whether accounts keep to subjects of their own, as customers do, or draw from all subjects alike, as the hands of a queue do.

    One row an exchange: whose, and which cell. With W the chance that two exchanges of one account share a cell, each
    account weighted by its pairs, and B the chance for two random exchanges of different accounts, lift is `(W - B) /
    (1 - B)`. `alike`: exchanges dealt to accounts again `draws` times. `scattered` and the interval: jackknife over
    accounts with Student's t (approximate).
    Undecided with fewer than `least` accounts of two exchanges or more.

    Misled by: duplicates and retries, which raise lift (drop them first); a queue sorted by subject, which raises it
    too; cells too coarse (B near 1) or so fine that nothing is shared, where lift is 0 for everyone; one account with
    most of the pairs.

    >>> import numpy as np
    >>> accounts = np.repeat(np.arange(100), 4)
    >>> own = within_account_lift(accounts, accounts % 10, rng=np.random.default_rng(1))
    >>> own.lift.value, own.alike.p_value
    (1.0, 0.005)
    """
    n = int(np.asarray(accounts).size)
    who, names = labels(accounts, "accounts", n=n)
    what, kinds = labels(cells, "cells", n=n)
    edge = share(bound, "bound", open_low=True, open_high=True)
    times, enough = whole(draws, "draws", least=1), whole(least, "least", least=3)
    loads = np.bincount(who, minlength=len(names)).astype(np.float64)
    pairs = loads * (loads - 1.0)
    paired = int((pairs > 0).sum())
    alike_null = "an account's exchanges are no more alike than those of different accounts"
    spread_null = f"an account's exchanges are alike with a lift of at least {edge:g}"
    within = _same_cell(who, what, len(names), len(kinds)) if n else loads
    sizes = np.bincount(what, minlength=len(kinds)).astype(np.float64)
    all_same = float((sizes * (sizes - 1.0)).sum())
    across = n * (n - 1.0) - float(pairs.sum())
    between = (all_same - float(within.sum())) / across if across > 0.0 else 1.0
    if paired < enough or between >= 1.0:
        nothing = Estimate(value=math.nan, low=-math.inf, high=1.0, n=paired, method="jackknife over accounts")
        missing = max(enough, paired + 1)
        return Lift(
            lift=nothing,
            alike=_lift_evidence(math.nan, paired, None, alike_null, "permutation of exchanges", missing),
            scattered=_lift_evidence(math.nan, paired, None, spread_null, "jackknife over accounts", missing),
        )
    value = (float(within.sum()) / float(pairs.sum()) - between) / (1.0 - between)
    dealt = np.array([_same_cell(who, rng.permutation(what), len(names), len(kinds)).sum() for _ in range(times)])
    alike_p = permutation_p(float(within.sum()), dealt)
    used = pairs > 0
    rest_pairs = float(pairs.sum()) - pairs[used]
    rest_within = float(within.sum()) - within[used]
    error = math.inf
    if bool((rest_pairs > 0).all()):
        leave_out = (rest_within / rest_pairs - between) / (1.0 - between)
        error = math.sqrt((paired - 1.0) / paired * float(np.square(leave_out - leave_out.mean()).sum()))
    half = float(scipy.stats.t.ppf(0.975, paired - 1)) * error
    estimate = Estimate(
        value=value, low=value - half, high=min(1.0, value + half), n=paired, method="jackknife over accounts"
    )
    scattered_p = float(scipy.stats.t.sf((edge - value) / error, paired - 1)) if error > 0.0 else float(value >= edge)
    return Lift(
        lift=estimate,
        alike=_lift_evidence(value, paired, alike_p, alike_null, f"permutation of exchanges, {times} deals", None),
        scattered=_lift_evidence(value, paired, scattered_p, spread_null, "jackknife over accounts, Student's t", None),
    )


def _lift_evidence(value: float, n: int, p_value: float | None, null: str, method: str, needed: int | None) -> Evidence:
    e_value = None if p_value is None else float(p_to_e_mixture(max(p_value, 1e-290)))
    return Evidence(value=value, n=n, p_value=p_value, e_value=e_value, null=null, method=method, needed=needed)


def _same_cell(who: IntArray, what: IntArray, accounts: int, cells: int) -> FloatArray:
    """Per account, ordered pairs of its exchanges that share a cell."""
    keys = who * cells + what
    if accounts * cells <= 4 * keys.size + 1_000_000:
        tally = np.bincount(keys, minlength=accounts * cells).astype(np.float64).reshape(accounts, cells)
        return np.asarray((tally * (tally - 1.0)).sum(axis=1), dtype=np.float64)
    found, times = np.unique(keys, return_counts=True)
    same = times.astype(np.float64) * (times - 1.0)
    return np.asarray(np.bincount(found // cells, weights=same, minlength=accounts), dtype=np.float64)


def _parts(tables: FloatArray, margins: FloatArray, mine: int, other: int, statistic: str) -> FloatArray:
    """Per table and cell, its part of the statistic, group and rest together."""
    total = float(mine + other)
    up, down = margins * (mine / total), margins * (other / total)
    rest = margins - tables
    if statistic == "chi_square":
        return np.square(tables - up) / up + np.square(rest - down) / down
    with np.errstate(divide="ignore", invalid="ignore"):
        ours = np.where(tables > 0.0, tables * np.log(tables / up), 0.0)
        theirs = np.where(rest > 0.0, rest * np.log(rest / down), 0.0)
    return np.asarray(2.0 * (ours + theirs), dtype=np.float64)
