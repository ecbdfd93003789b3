"""How real the benign world is: its lengths and arrivals beside traces, its repeated prompts beside corpora, its addresses beside reports."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from figures import Figures, bar
from scipy import sparse

from stillwatch.range.generate import WorldPaths, write_world
from stillwatch.range.products import PRODUCTS
from stillwatch.range.recipe import Recipe
from stillwatch.range.splits import Fold
from stillwatch.text import anchors, prompt_hashes, words

Numbers = npt.NDArray[np.float64]

RECIPE = Recipe(seed=1, accounts=10_000, exchanges=300_000, days=2)
"""A world of which some customers alone send hundreds of requests an hour."""

STRETCH = 100
"""Requests of a stretch whose gaps are held beside one another."""

MATCH = 0.1
"""Distance of two distributions below which we call them alike; ours, no source sets one."""

QUANTILES = np.concatenate([np.linspace(0.01, 0.99, 50), [0.995, 0.999]])
HOUR = 3_600_000_000
WORLD, FIRST = "chat customers of the world", "their first turns"
CORPORA = {"OASST1 (English)": ("oasst1_en_train", "oasst1_en_validation"), "WildChat": ("wildchat_structural",)}
SALT = 20_260_606


@dataclass(frozen=True, kw_only=True)
class Service:
    """A traced service: tokens in and out of each request, and when it came (seconds), where the trace tells that finely enough."""

    name: str
    tokens_in: Numbers
    tokens_out: Numbers
    at: Numbers | None


BESIDE = (("chat", "conv"), ("coding", "code"), ("agents", "code"), ("rag", "mooncake"))
"""Which customers are held beside which service."""

BURSTY = frozenset(product.name for product in PRODUCTS if product.bursts)
"""Customers each of whom has the bursts of a trace by itself."""

FOLDED = Recipe(seed=1, accounts=10_000, exchanges=250_000, days=2, fold=Fold.TEST)
"""A world of the fold that studies judge by, which has fewer sources to ask from."""


def services(data: Path) -> dict[str, Service]:
    """The services whose traces lie in `data/traces`."""
    folder, found = data / "traces", {}
    for kind in ("conv", "code"):
        with gzip.open(folder / f"azure_llm_2023_{kind}.csv.gz", "rt", encoding="utf-8") as lines:
            rows = [
                (row["TIMESTAMP"][:26], row["ContextTokens"], row["GeneratedTokens"]) for row in csv.DictReader(lines)
            ]
        at = np.array([dt.datetime.fromisoformat(when).timestamp() for when, _, _ in rows])
        lengths = np.array([(int(a), int(b)) for _, a, b in rows], np.float64)
        found[kind] = Service(name=f"Azure 2023, {kind}", tokens_in=lengths[:, 0], tokens_out=lengths[:, 1], at=at)
    with gzip.open(folder / "mooncake_conversation.jsonl.gz", "rt", encoding="utf-8") as lines:
        pairs = [(one["input_length"], one["output_length"]) for one in map(json.loads, lines)]
    lengths = np.array(pairs, np.float64)
    found["mooncake"] = Service(
        name="Mooncake, conversation", tokens_in=lengths[:, 0], tokens_out=lengths[:, 1], at=None
    )
    return found


def realism(data: Path, keep: Path) -> Figures:
    """Write a world (or take the one that is there) and hold it beside what was measured elsewhere."""
    world = write_world(keep / f"realism-{RECIPE.fingerprint()[:8]}", RECIPE)
    logs, product = _logs(world)
    folded, of_fold = _logs(write_world(keep / f"realism-{FOLDED.fingerprint()[:8]}", FOLDED))
    raw = {
        "world": {"accounts": world.accounts, "exchanges": world.exchanges, "days": RECIPE.days, "hash": world.hash},
        "match": MATCH,
        "traces": _beside_traces(logs, product, services(data)),
        "repeats": _repeats(logs, product, data),
        "by_product": _by_product(folded, of_fold),
        "addresses": _addresses(logs),
    }
    bars = []
    for one in raw["traces"]:
        for what, ks in one["measures"].items():
            fair = not (what == "gaps" and one["customers"] in BURSTY)
            limit, holds = (
                (f"<= {MATCH} (ours)", ks["distance"] <= MATCH) if fair else ("not comparable, see below", None)
            )
            name = f"{one['customers']} beside {one['service']}: {what}, KS distance"
            bars.append(bar(name, ks["distance"], "", limit, holds))
    like = raw["repeats"]["at_like_size"]
    least, most = min(like["corpora"].values()), max(like["corpora"].values())
    for turns in ("all turns", "first turns"):
        name = f"chat prompts with a near-duplicate among {like['n']:,}, {turns}"
        limit = f"within the corpora's, {least} to {most} %"
        bars.append(bar(name, like[turns], "%", limit, least <= like[turns] <= most))
    return bars, raw


def _logs(world: WorldPaths) -> tuple[pa.Table, npt.NDArray[np.str_]]:
    """Rows of the log, and the product of each row's customer; lookalikes and campaigns are not in this world."""
    files = sorted(world.logs.glob("*.parquet"))
    columns = ["at", "account", "ip", "prompt", "input_tokens", "output_tokens", "status", "turns"]
    logs = pa.concat_tables([pq.read_table(path, columns=columns) for path in files])
    for name in ("account", "ip"):
        place = logs.column_names.index(name)
        logs = logs.set_column(place, name, logs[name].cast(pa.string()))
    truth = pq.read_table(world.truth / "accounts.parquet")
    at = logs["account"].combine_chunks().dictionary_encode()
    group = dict(zip(truth["account"].to_pylist(), truth["group"].to_pylist(), strict=True))
    return logs, np.array([group[name] for name in at.dictionary.to_pylist()])[at.indices.to_numpy()]


def ks(some: Numbers, other: Numbers) -> dict[str, Any]:
    """The largest difference of two distribution functions (Kolmogorov and Smirnov), with both sizes.

    No p-value: requests of one service are not independent, and at these sizes any difference would be significant.
    """
    some, other = np.sort(some), np.sort(other)
    both = np.concatenate([some, other])
    apart = (
        np.searchsorted(some, both, side="right") / some.size - np.searchsorted(other, both, side="right") / other.size
    )
    return {"distance": round(float(np.abs(apart).max()), 3), "n_world": int(some.size), "n_trace": int(other.size)}


def _beside_traces(logs: pa.Table, product: npt.NDArray[np.str_], traced: dict[str, Service]) -> list[dict[str, Any]]:
    answered = logs["status"].to_numpy() == 200
    at = logs["at"].cast(pa.int64()).to_numpy()
    who = logs["account"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    out = []
    for customers, name in BESIDE:
        service, mine = traced[name], product == customers
        told = {"tokens in": (logs["input_tokens"].to_numpy()[mine & answered], service.tokens_in)}
        told["tokens out"] = (logs["output_tokens"].to_numpy()[mine & answered], service.tokens_out)
        if service.at is not None:
            traced_gaps = np.diff(np.sort(service.at))
            told["gaps"] = (_gaps(at[mine]), _relative(traced_gaps))
            if customers in BURSTY:
                told["gaps of one customer"] = (_gaps_of_customers(who[mine], at[mine]), _by_stretch(traced_gaps))
        measures = {
            what: {
                **ks(ours.astype(np.float64), theirs),
                "world": _rounded(np.quantile(ours, QUANTILES)),
                "trace": _rounded(np.quantile(theirs, QUANTILES)),
            }
            for what, (ours, theirs) in told.items()
        }
        out.append({"customers": customers, "service": service.name, "measures": measures})
    return out


def _gaps(at: npt.NDArray[np.int64], *, hours: int = 3) -> Numbers:
    """Gaps between requests in each of the busiest hours, in means of that hour."""
    hour = at // HOUR
    names, counts = np.unique(hour, return_counts=True)
    busiest = names[np.argsort(-counts, kind="stable")[:hours]]
    return np.concatenate([_relative(np.diff(np.sort(at[hour == one])).astype(np.float64)) for one in busiest])


def _gaps_of_customers(who: npt.NDArray[np.int64], at: npt.NDArray[np.int64]) -> Numbers:
    """Gaps between requests of one account within an hour, a stretch of `STRETCH` after another, in means of the stretch."""
    order = np.lexsort((at, who))
    at = at[order]
    _, starts, counts = np.unique(who[order] * (1 << 24) + at // HOUR, return_index=True, return_counts=True)
    busy = np.flatnonzero(counts > STRETCH)
    within = [np.diff(at[starts[k] : starts[k] + counts[k]]).astype(np.float64) for k in busy]
    return np.concatenate([np.zeros(0), *map(_by_stretch, within)])


def _by_stretch(gaps: Numbers) -> Numbers:
    """Gaps in means of their stretch of `STRETCH`; what is left over is dropped. A long pause then weighs alike in both."""
    whole = gaps[: gaps.size // STRETCH * STRETCH].reshape(-1, STRETCH)
    return (whole / whole.mean(axis=1, keepdims=True)).ravel()


def _relative(gaps: Numbers) -> Numbers:
    return gaps / gaps.mean()


def near_duplicates(texts: Sequence[str]) -> tuple[float, float]:
    """The share of texts (of three words or more) that another one repeats, and the share with a near-duplicate among the others.

    Repeats: the same words in the same order. Near-duplicates: the sampled six-word shingles of two texts (24 at most, `anchors`) have a
    Jaccard similarity of at least 0.5, which repeats have too.
    """
    read = words(list(texts))
    sampled = anchors(read, salt=SALT)
    lists = [np.array(one, np.int64) for one in sampled.to_pylist()]
    long = np.array([one.size > 0 for one in lists])
    hashes = np.array(prompt_hashes(read, salt=SALT).to_pylist(), dtype=object)[long].astype(np.int64)
    _, place, times = np.unique(hashes, return_inverse=True, return_counts=True)
    same = times[place] > 1
    lists = [one for one in lists if one.size]
    size = np.array([one.size for one in lists])
    shared = np.concatenate(lists)
    known, column = np.unique(shared, return_inverse=True)
    row = np.repeat(np.arange(len(lists)), size)
    table = sparse.csr_array((np.ones(shared.size, np.int32), (row, column)), shape=(len(lists), known.size))
    common = (table @ table.T).tocoo()
    apart = common.row != common.col
    first, second, both = common.row[apart], common.col[apart], common.data[apart]
    alike = both / (size[first] + size[second] - both) >= 0.5
    near = np.zeros(len(lists), bool)
    near[first[alike]] = True
    return float(same.mean()), float((near | same).mean())


def _repeats(logs: pa.Table, product: npt.NDArray[np.str_], data: Path) -> dict[str, Any]:
    """Near-duplicates among as many prompts, drawn at random, of the world's chat accounts and of each corpus of chats."""
    rng = np.random.default_rng(1)
    chat = logs["prompt"].to_numpy()[product == "chat"]
    opens = logs["turns"].to_numpy()[product == "chat"] == 1
    pools: dict[str, list[str]] = {
        WORLD: [one for one in chat if one],
        FIRST: [one for one in chat[opens] if one],
    }
    for name, files in CORPORA.items():
        tables = [pq.read_table(data / "prompts" / f"{file}.parquet", columns=["text"]) for file in files]
        pools[name] = [one for table in tables for one in table["text"].to_pylist() if one]
    curves: dict[str, Any] = {}
    for name, pool in pools.items():
        curves[name] = {"prompts": len(pool), "at": {}}
        for n in (250, 500, 1000, 2000, 4000, 8000):
            if n <= len(pool):
                drawn = [near_duplicates([pool[k] for k in rng.choice(len(pool), n, replace=False)]) for _ in range(3)]
                same, near = (float(rate) for rate in np.mean(drawn, axis=0))
                curves[name]["at"][n] = {"same": round(100 * same, 2), "near": round(100 * near, 2)}
    like = max(n for n in curves[WORLD]["at"] if all(n in one["at"] for one in curves.values()))
    near_at = {name: one["at"][like]["near"] for name, one in curves.items()}
    return {
        "curves": curves,
        "at_like_size": {
            "n": like,
            "all turns": near_at[WORLD],
            "first turns": near_at[FIRST],
            "corpora": {name: near_at[name] for name in CORPORA},
        },
    }


def _by_product(logs: pa.Table, product: npt.NDArray[np.str_]) -> dict[str, Any]:
    """Near-duplicates among up to 4,000 prompts of each product's customers, drawn at random."""
    rng, prompts = np.random.default_rng(1), logs["prompt"].to_numpy()
    out = {}
    for name in sorted(set(product.tolist())):
        mine = [one for one in prompts[product == name] if one]
        n = min(4000, len(mine))
        same, near = near_duplicates([mine[k] for k in rng.choice(len(mine), n, replace=False)])
        out[name] = {"n": n, "same": round(100 * same, 2), "near": round(100 * near, 2)}
    return out


def _addresses(logs: pa.Table) -> dict[str, Any]:
    """Accounts behind an address within a day, by kind of place; an account at several addresses counts at each."""
    day = logs["at"].cast(pa.int64()).to_numpy() // (24 * HOUR)
    ip, account = (logs[name].combine_chunks().dictionary_encode() for name in ("ip", "account"))
    kinds = np.array([_place(text) for text in ip.dictionary.to_pylist()])
    place, who = (coded.indices.to_numpy().astype(np.int64) for coded in (ip, account))
    seen = np.unique((day * len(kinds) + place) * len(account.dictionary) + who) // len(account.dictionary)
    spot, accounts = np.unique(seen, return_counts=True)
    kind = kinds[spot % len(kinds)]
    out: dict[str, Any] = {}
    for name in ("home", "office", "campus", "carrier", "cloud", "vpn"):
        mine = accounts[kind == name]
        out[name] = {
            "addresses": int(mine.size),
            "alone": round(float((mine == 1).mean()), 4),
            "median": float(np.median(mine)),
            "p99": float(np.quantile(mine, 0.99)),
            "most": int(mine.max()),
            "at_least": {
                str(k): round(float((mine >= k).mean()), 5)
                for k in (1, 2, 3, 5, 10, 20, 50, 100, 200)
                if (mine >= k).any()
            },
        }
    alone = accounts == 1
    out["all"] = {
        "addresses": int(accounts.size),
        "alone": round(float(alone.mean()), 4),
        "accounts_alone": round(float(accounts[alone].sum() / accounts.sum()), 4),
    }
    return out


def _place(ip: str) -> str:
    """The kind of place of an address, by the first number of the blocks that the range keeps for each."""
    return (
        "home"
        if ":" in ip
        else {"244": "office", "245": "campus", "246": "carrier", "247": "cloud", "248": "vpn"}.get(ip[:3], "home")
    )


def _rounded(values: Numbers) -> list[float]:
    return [round(float(value), 4) for value in values]
