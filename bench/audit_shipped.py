"""Tier 2: the sibling tests on a real teacher and real students, few of them; a smoke test, from which no rate follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from figures import Figures, bar

from stillwatch.audit import accuse, sibling_likelihood, sibling_overlap
from stillwatch.audit.zoo import SUSPECTS, read_shipped


def shipped(folder: Path) -> Figures:
    """S2 and S1 on every account of every suspect made, with the student as it ships as the reference."""
    items, found = read_shipped(folder)
    accounts = sorted({one.account for one in items})
    base = found["untouched"]
    rows: list[dict[str, Any]] = []
    named: dict[str, list[str]] = {}
    for suspect in (one for one in SUSPECTS if one.name in found):
        said = found[suspect.name]
        told = []
        for account in accounts:
            mine = [one for one in items if one.account == account]
            likelihood = sibling_likelihood(mine, said, reference=None if said is base else base)
            told.append(likelihood)
            rows.append(
                {
                    "suspect": suspect.name,
                    "account": account,
                    "read": int(account[1:]) in suspect.accounts,
                    "likelihood": likelihood.evidence.p_value,
                    "e": likelihood.evidence.e_value,
                    "overlap": sibling_overlap(mine, said).evidence.p_value,
                }
            )
        named[suspect.name] = list(accuse(told).named)
    read = [one for one in rows if one["read"]]
    clean = [one for one in rows if not one["read"]]
    bars = [
        bar(
            f"tier 2, S2: accounts named (Holm at 0.01) of {len(read)} that a real student read",
            sum(one["account"] in named[one["suspect"]] for one in read),
            "",
            f"{len(read)}",
            all(one["account"] in named[one["suspect"]] for one in read) if read else None,
        ),
        bar(
            f"tier 2, S2: accounts named of {len(clean)} that it did not read",
            sum(one["account"] in named[one["suspect"]] for one in clean),
            "",
            "0",
            not any(one["account"] in named[one["suspect"]] for one in clean),
        ),
    ]
    manifest = msgspec.json.decode((folder / "manifest.json").read_bytes())
    return bars, {"rows": rows, "named": named, "items": len(items) // len(accounts), "manifest": manifest}
