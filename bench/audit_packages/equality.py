"""model-equality-testing on recorded answers, in its own environment: JSON in on standard input, p-values out on standard output.

Its two-sample test with the Hamming kernel and permutations, as its page shows. Answers of one model are one draw a prompt, with which its kernel
by prompt has nothing to compare inside a sample, so all prompts count as one.
"""

from __future__ import annotations

import contextlib
import json
import sys
from importlib.metadata import version
from typing import Any


def main() -> None:
    """Test every model's answers against the teacher's, and halves of the teacher's against one another."""
    import numpy as np
    import torch
    from model_equality_testing.algorithm import run_two_sample_test
    from model_equality_testing.distribution import CompletionSample

    told: dict[str, Any] = json.load(sys.stdin)
    torch.manual_seed(told["seed"])

    def p_of(one: list[list[int]], other: list[list[int]]) -> float:
        samples = [
            CompletionSample(
                prompts=np.zeros(len(rows), dtype=np.int64), completions=np.array(rows, dtype=np.int64), m=1
            )
            for rows in (one, other)
        ]
        with contextlib.redirect_stdout(sys.stderr):
            p, _ = run_two_sample_test(*samples, stat_type="mmd_hamming", b=told["permutations"])
        return float(p)

    ours = told["answers"].pop(told["teacher"])
    found = {name: p_of(ours, rows) for name, rows in told["answers"].items()}
    same = [p_of(*pair) for pair in told["same"]]
    json.dump({"version": version("model-equality-testing"), "found": found, "same": same}, sys.stdout)


if __name__ == "__main__":
    main()
