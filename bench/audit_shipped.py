"""Tier 2: the sibling tests on a real teacher and real students, few of them; a smoke test, from which no rate follows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from figures import Figures, bar

from stillwatch.audit import accuse, gains, sibling_likelihood, sibling_overlap
from stillwatch.audit.zoo import SUSPECTS, read_shipped
from stillwatch.stats import clopper_pearson


def shipped(folders: Sequence[Path]) -> Figures:
    """S2 and S1 on every account of every suspect made, of each seed, with the student as it ships as the reference."""
    made = [_of_seed(folder) for folder in folders]
    rows = [row for one in made for row in one["rows"]]
    read, clean = [one for one in rows if one["read"]], [one for one in rows if not one["read"]]
    bars = [
        bar(
            f"tier 2, S2: accounts named (Holm at 0.01) of {len(read)} that a real student read",
            sum(one["named"] for one in read),
            "",
            f"{len(read)}",
            all(one["named"] for one in read) if read else None,
        ),
        bar(
            f"tier 2, S2: accounts named of {len(clean)} that it did not read",
            sum(one["named"] for one in clean),
            "",
            "0",
            not any(one["named"] for one in clean),
        ),
    ]
    rate = clopper_pearson(sum(one["named"] for one in clean), len(clean))
    first = clopper_pearson(sum(one["first"] for one in made), sum(one["untouched"] for one in made))
    return bars, {
        "rows": rows,
        "items": made[0]["items"],
        "manifest": made[0]["manifest"],
        "made": {one["manifest"]["seed"]: one["made"] for one in made},
        "false": {"named": rate.value, "low": rate.low, "high": rate.high, "accounts": len(clean)},
        "first": {"rate": first.value, "low": first.low, "high": first.high, "items": first.n},
    }


def _of_seed(folder: Path) -> dict[str, Any]:
    """One serving and the suspects that were made of it; `first`: items whose served answer the untouched student finds likeliest."""
    items, found = read_shipped(folder)
    manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
    accounts = sorted({one.account for one in items})
    base = found["untouched"]
    rows: list[dict[str, Any]] = []
    for suspect in (one for one in SUSPECTS if one.name in found):
        said = found[suspect.name]
        own = {account: [one for one in items if one.account == account] for account in accounts}
        told = {a: sibling_likelihood(mine, said, reference=None if said is base else base) for a, mine in own.items()}
        named = accuse(list(told.values())).named
        rows += [
            {
                "seed": manifest["seed"],
                "suspect": suspect.name,
                "account": account,
                "read": int(account[1:]) in suspect.accounts,
                "likelihood": told[account].evidence.p_value,
                "e": told[account].evidence.e_value,
                "overlap": sibling_overlap(mine, said).evidence.p_value,
                "named": account in named,
            }
            for account, mine in own.items()
        ]
    values = gains(items, base).values
    return {
        "rows": rows,
        "manifest": manifest,
        "items": len(items) // len(accounts),
        "made": [one.name for one in SUSPECTS if one.name in found],
        "untouched": len(values),
        "first": sum(bool(one[0] == one.max()) for one in values),
    }
