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
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from figures import ROOT, Figures, bar, keep

ACCOUNT, EPOCH, MASTER = "A-0000000000001", "2026-11", b"m" * 32
METHODS = ("unmarked", "green", "gumbel")


def main() -> None:
    """Generate in the other environment, test here, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="Python with torch and transformers")
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.generate:
        json.dump(generated(chosen.rows, chosen.tokens), sys.stdout)
        return
    where = os.pathsep.join(str(path) for path in (ROOT / "src", ROOT / "bench"))
    given = [str(chosen.python), __file__, "--generate", "--rows", str(chosen.rows), "--tokens", str(chosen.tokens)]
    said = subprocess.run(given, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": where}, timeout=900)
    keep(chosen.out, "decoder", "transformers", tested(json.loads(said.stdout)), files)


def generated(rows: int, tokens: int) -> dict[str, Any]:
    """Answers of the tiny model without a mark and with each, and the CPU time of a token; also whether torch agrees with the audit."""
    import torch
    import transformers
    from transformers import GPT2Config, GPT2LMHeadModel, LogitsProcessorList

    from stillwatch.audit import account_key, green
    from stillwatch.gateway.decoder import Mark, MarkingProcessor, key_named, marked_scores
    from stillwatch.gateway.decoder.drawing import contexts

    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=2000, n_embd=64, n_layer=2, n_head=2, n_positions=512, initializer_range=0.6)).eval()
    key = key_named(MASTER, f"{EPOCH}/{ACCOUNT}")
    prompts = torch.randint(0, 2000, (rows, 4))
    found: dict[str, Any] = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}}
    for method in METHODS:
        processors = LogitsProcessorList()
        if method != "unmarked":
            processors.append(MarkingProcessor([key], Mark(method=method)))
        torch.manual_seed(2)
        begun = time.process_time()
        with torch.no_grad():
            said = model.generate(
                prompts, attention_mask=torch.ones_like(prompts), do_sample=True, top_k=0, max_new_tokens=tokens, min_new_tokens=tokens,
                logits_processor=processors, pad_token_id=0,
            )  # fmt: skip
        found[method] = {"replies": said[:, 4:].tolist(), "seconds": time.process_time() - begun}
    windows = torch.randint(0, 2000, (50, 2))
    ours = marked_scores(torch.zeros(50, 2000), windows, torch.full((50,), key), Mark()) > 0
    same = all(
        (ours[at].numpy() == green(np.array([account_key(MASTER, ACCOUNT, EPOCH)]), np.full(2000, int(context)), np.arange(2000))[0]).all()
        for at, context in enumerate(contexts(windows))
    )
    return {**found, "same": bool(same), "rows": rows, "tokens": tokens}


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
    return Figures(
        bars=[
            bar("torch draws what the audit counts", int(given["same"]), "", lambda v: v == 1, "1"),
            *[bar(f"{name}: W2 p, 9,999 decoys", by[name]["p_decoys"], "", lambda v: v <= 1e-4, "<= 0.0001") for name in METHODS[1:]],
            *[bar(f"{name}: other keys with p <= 0.05", by[name]["others_below_0.05"], "share", lambda v: v <= 0.09, "<= 0.09") for name in METHODS],
            bar("unmarked: W2 p under the account's key", by["unmarked"]["p_decoys"], "", lambda v: v > 0.001, "> 0.001"),
        ],
        data={"rows": rows, "versions": given["versions"], "answers": given["rows"], "tokens": given["tokens"]},
    )


def files(data: dict[str, Any]) -> dict[str, str]:
    raise NotImplementedError(data)


if __name__ == "__main__":
    main()
