"""Answers of a tiny GPT-2 with random weights, unmarked and marked, for bench/decoder.py; runs where torch and transformers are."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

ACCOUNT, EPOCH, MASTER = "A-0000000000001", "2026-11", b"m" * 32
METHODS = ("unmarked", "green", "gumbel")


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
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=2000,
            n_embd=64,
            n_layer=2,
            n_head=2,
            n_positions=512,
            initializer_range=0.6,
            bos_token_id=None,
            eos_token_id=None,
        )
    ).eval()
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
        (
            ours[at].numpy()
            == green(np.array([account_key(MASTER, ACCOUNT, EPOCH)]), np.full(2000, int(context)), np.arange(2000))[0]
        ).all()
        for at, context in enumerate(contexts(windows))
    )
    return {**found, "same": bool(same), "rows": rows, "tokens": tokens}


if __name__ == "__main__":
    json.dump(generated(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
