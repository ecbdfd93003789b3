"""The figures behind docs/benchmarks/decoder.md: marks made in `transformers` on torch, found by the audit, and what they cost a token.

    python bench/decoder.py --python PYTHON [--rows N] [--tokens N]

PYTHON is that of an environment with torch (CPU) and transformers; the model is a tiny GPT-2 with random weights, so the text means
nothing and only the mathematics is shown. About two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from bars import bars_of
from decoder_generate import ACCOUNT, EPOCH, MASTER, METHODS
from figures import ROOT, Figures, bar, keep


def main() -> None:
    """Generate in the other environment, test here, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="Python with torch and transformers")
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    given = [str(chosen.python), "bench/decoder_generate.py", str(chosen.rows), str(chosen.tokens)]
    said = subprocess.run(
        given,
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        timeout=900,
    )
    keep(chosen.out, "decoder", "transformers", tested(json.loads(said.stdout)), files)


def tested(given: dict[str, Any]) -> Figures:
    """The audit's tests of keys on each, under the account's key and under keys of others."""
    from stillwatch.audit import account_key, betting, decoy_keys, draw_keys, pairs

    key, rng = account_key(MASTER, ACCOUNT, EPOCH), np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    plain = given["unmarked"]["seconds"]
    for method in METHODS:
        replies = pairs([np.array(one) for one in given[method]["replies"]], width=2)
        found = decoy_keys(replies, key, draw_keys(rng, 9_999), suspect=method, account=ACCOUNT).evidence
        bets = betting(replies, key, suspect=method, account=ACCOUNT).evidence
        others = [
            decoy_keys(replies, one, draw_keys(rng, 199), suspect=method, account="other").evidence.p_value or 1.0
            for one in draw_keys(rng, 200)
        ]
        spent = given[method]["seconds"] / (given["rows"] * given["tokens"])
        rows.append(
            {
                "method": method,
                "pairs": int(replies.token.size),
                "p_decoys": found.p_value,
                "deviations": round(found.value, 2),
                "bets_e": bets.e_value,
                "bets_pairs": bets.n,
                "others_below_0.05": round(float(np.mean(np.array(others) <= 0.05)), 3),
                "cpu_us_a_token": round(spent * 1e6, 1),
                "cpu_us_added": round((given[method]["seconds"] - plain) / (given["rows"] * given["tokens"]) * 1e6, 1),
            }
        )
    by = {row["method"]: row for row in rows}

    def held(name: str, value: float | None, unit: str, limit: str, *, holds: bool) -> dict[str, Any]:
        return bar(name, value, unit, limit, holds)

    bars = [held("torch draws what the audit counts", int(given["same"]), "", "1", holds=given["same"])]
    for method in METHODS[1:]:
        p = by[method]["p_decoys"]
        bars.append(held(f"{method}: p under its key, 9,999 decoys", p, "", "<= 0.0001", holds=p <= 1e-4))
    for method in METHODS:
        share = by[method]["others_below_0.05"]
        bars.append(held(f"{method}: other keys with p <= 0.05", share, "share of 200", "<= 0.09", holds=share <= 0.09))
    p = by["unmarked"]["p_decoys"]
    bars.append(held("unmarked: p under the key", p, "", "> 0.001", holds=p > 0.001))
    return bars, {"rows": rows, "versions": given["versions"], "answers": given["rows"], "tokens": given["tokens"]}


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    told = found["raw"]["transformers"]
    lines = [
        "# Decoder pack: what was measured",
        "",
        *bars_of(found, "bench/decoder.py"),
        "",
        "## Marks in transformers",
        "",
    ]
    lines.append(
        f"A GPT-2 of two layers with random weights and 2,000 tokens wrote {told['answers']} answers of {told['tokens']} tokens "
        f"(torch {told['versions']['torch']}, transformers {told['versions']['transformers']}, one thread). Its text means nothing: this shows that "
        "the marks are put in as the audit counts them, and what they cost, not how a student inherits them. CPU is that of the whole "
        "generation; what is added is the difference to the unmarked one in the same run."
    )
    lines += [
        "",
        "| method | pairs | p, decoys | deviations | e, bets | pairs used | other keys <= 0.05 | CPU us a token | added |",
    ]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for row in told["rows"]:
        e = "-" if row["bets_e"] is None else f"{row['bets_e']:.3g}"
        lines.append(
            f"| {row['method']} | {row['pairs']:,} | {row['p_decoys']:.4g} | {row['deviations']} | {e} | {row['bets_pairs']:,} | "
            f"{row['others_below_0.05']} | {row['cpu_us_a_token']} | {row['cpu_us_added']} |"
        )
    return {"decoder.md": "\n".join(lines) + "\n"}


if __name__ == "__main__":
    main()
