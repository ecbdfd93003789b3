"""Play the forum demo on seeded days and say what each lab gained by listening, and whether anything left that may not.

    python bench/forum_demo.py [--seed 7] [--accounts 300] [--exchanges 3600] [--read FOLDER]

Five labs, two custodians and a hub, in processes of their own; five worlds of the range with one operator, truth sealed apart. A seed's
figures take the place of its older ones in docs/benchmarks/forum_demo.json; the page is written from all of them. CPU time is that of all
processes, user and system.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

from bars import bars_of
from figures import ROOT, bar, keep
from rich.console import Console

from stillwatch.cli.forum_demo import played
from stillwatch.range.labs import LABS


def played_now(folder: Path, seed: int, accounts: int, exchanges: int) -> tuple[dict[str, Any], float]:
    """What the demo says, and the CPU seconds that it took."""
    told = played(
        folder, seed=seed, shares=LABS, accounts=accounts, exchanges=exchanges, prompts=None, console=Console()
    )
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return told, sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, who))


def measured(told: dict[str, Any], spent: float | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    labs: Any = told["labs"]
    audits: Any = told["audit"]
    operator = sum(one["operator"] for one in labs)
    gained = sum(one["after"] > one["before"] for one in labs)
    leaked = sum(sum(one["leaked"].values()) + sum(one["learned"].values()) + len(one["texts"]) for one in audits)
    wrong = sum(one["wrong_after"] - one["wrong_before"] for one in labs)
    named = sum(one["pointed_honest_shown"] for one in labs)
    looked, control = (sum(one["looked_for"] for one in audits), sum(sum(one["control"].values()) for one in audits))
    before, after = (round(sum(one[key] for one in labs) / operator, 3) for key in ("before", "after"))
    head = f"seed {told['seed']}: "
    bars = [
        bar(f"{head}labs that found members which they could not see alone", gained, f"of {len(labs)}", "all", gained == len(labs)),
        bar(f"{head}recall over all labs, each alone", before, "", "-", None),
        bar(f"{head}recall over all labs, after listening", after, "", "higher than alone", after > before),
        bar(f"{head}honest customers shown by looking again", wrong, "", "at most 5 % of those shown", wrong <= 0.05 * max(1, after * operator)),
        bar(f"{head}honest customers whom tags named and who were shown", named, "", "0", named == 0),
        bar(f"{head}values of customers who are no suspects that left or were told", leaked, f"of {looked:,} looked for", "0", leaked == 0),
        bar(f"{head}values of suspects that the same search finds", control, "", "at least 1", control > 0),
        bar(f"{head}CPU, all processes", spent and round(spent), "s", "under 180", None if spent is None else spent < 180),
    ]  # fmt: skip
    return bars, told


def page(found: dict[str, Any]) -> dict[str, str]:
    lines = ["# The forum demo: what each lab gained", "", *bars_of(found, "bench/forum_demo.py")]
    for told in found["raw"].values():
        lines += ["", f"## Seed {told['seed']}", "", f"The first lab asked who else has seen its actor. It was told: {told.get('asked', 'nothing, as nobody asked')}.", "", "| lab | operator's accounts | found alone | after listening | recall alone | recall after | honest, alone | honest, after | named by tags | of these honest | honest and shown |"]  # fmt: skip
        lines.append("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
        for one in told["labs"]:
            shares = (f"{one[key] / one['operator']:.0%}" for key in ("before", "after"))
            cells = [one["lab"], one["operator"], one["before"], one["after"], *shares]
            cells += [
                one[k] for k in ("wrong_before", "wrong_after", "pointed", "pointed_honest", "pointed_honest_shown")
            ]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        lines += ["", "| lab | customers | suspects | values looked for | bytes that left | of no suspect | told of others' | stretches of text | of suspects (control) |"]  # fmt: skip
        lines.append("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
        for one in told["audit"]:
            sums = [sum(one[key].values()) for key in ("leaked", "learned")]
            cells = [
                one["lab"],
                one["customers"],
                one["suspects"],
                one["looked_for"],
                one["left"],
                *sums,
                len(one["texts"]),
            ]
            lines.append(f"| {' | '.join(map(str, [*cells, sum(one['control'].values())]))} |")
    lines += ["", *_SAYS]
    return {"forum_demo.md": "\n".join(lines) + "\n"}


_SAYS = (
    (
        "The operator has two templates, hired its accounts at once and dealt them to the labs, so that cards, devices, telephones, addresses "
        "and proxies come back. Some accounts at each lab sleep: registered like the others, they send what anybody sends. Tags name them, and "
        "they are not shown: that is why recall stays under 100 %. Some honest customers have a telephone number that was the operator's. "
        "Where a lab has too few honest customers as busy as some of the accounts that it looks at, these stay undecided, as the labs have 350 "
        "to 400 customers each; which they are depends on the workspace's key, which is drawn anew in every play and deals each account's hours."
    ),
    "",
    (
        "What is looked for in what left: every account name, organisation, mail address, telephone, card, device, payment and address of each "
        "customer who is in no decided case; as it stands, folded, in hex and base64, by SHA-256, SHA-1 and MD5; its pseudonyms and handles; "
        "the subnet of its addresses; its tags, its unblinded points and each custodian's answer to them (with both custodians' keys, which "
        "nobody in a forum has). And stretches of 23 bytes of anybody's text. What a suspect has as well is the suspect's. Values that are "
        "blinded by the protocol cannot be looked for: that they say nothing rests on RFC 9497."
    ),
)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--accounts", type=int, default=300)
    asked.add_argument("--exchanges", type=int, default=3600)
    asked.add_argument("--read", type=Path, help="folder of a demo that was played: its figures, without CPU")
    wanted = asked.parse_args()
    if wanted.read is not None:
        told, spent = json.loads((wanted.read / "report.json").read_text("utf-8")), None
    else:
        with tempfile.TemporaryDirectory() as folder:
            told, spent = played_now(Path(folder) / "demo", wanted.seed, wanted.accounts, wanted.exchanges)
    keep(ROOT / "docs" / "benchmarks", "forum_demo", f"seed {told['seed']}", measured(told, spent), page)


if __name__ == "__main__":
    main()
