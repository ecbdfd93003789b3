"""Students that are small transformers of the audit's zoo: what they learn of a teacher within each extraction budget.

The teacher continues prompts of human text; its operator sends so many prompts over a day, the gate lets a budget's worth through, and a
student that starts from another base is tuned on what was answered, for five passes over it, as the zoo's students are. With the
log-probabilities it learns the teacher's whole distribution after every token: more than any API shows, so a bound. Needs torch (the extra `zoo`).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from figures import ROOT, Figures, bar
from gateway_students import BUDGETS, SHOWN, got_through

from stillwatch.audit.zoo.ground import PROMPT, ROW, Ground, lay, learn_tokens, texts_of, tokens_of
from stillwatch.audit.zoo.harvest import answers_of
from stillwatch.audit.zoo.model import Params, Shape, fresh, logits_of, train
from stillwatch.audit.zoo.recipes import Scale

__all__ = ["JOB", "zoo"]

JOB = "next tokens, transformers"
REQUESTS, HELD_OUT, PASSES, BATCH = 4_000, 600, 5, 64
"""Prompts of a job, prompts on which students are tried, passes of tuning, rows of a step of `train`."""
SEES = {"text alone": False, "text and log-probabilities": True}


def zoo(seeds: Sequence[int]) -> Figures:
    """Teach and try the students of every budget; the figures."""
    begun = time.process_time()
    scale = Scale()
    texts = texts_of(ROOT / "prompts")
    tokens = tokens_of(learn_tokens(texts, scale.vocabulary))
    rows = [row for seed in seeds for row in _students(lay(texts, tokens, seed), scale, seed)]
    bars = []
    for sees in SEES:
        for budget in (0.0, *SHOWN):
            some = [row["agreement"] for row in rows if (row["sees"], row["budget"]) == (sees, budget)]
            told = "before any answer" if budget == 0.0 else f"at a budget of {budget:.0%} of the job"
            name = f"Student fidelity, {JOB}, {sees}: agreement with the teacher {told}"
            bars.append(bar(name, round(statistics.median(some), 3), "share", "-", None))
    import torch

    return bars, {"rows": rows, "seeds": list(seeds), "requests": REQUESTS, "held_out": HELD_OUT, "weights": _weights(scale),
                  "torch": torch.__version__, "cpu_s": round(time.process_time() - begun)}  # fmt: skip


def _students(ground: Ground, scale: Scale, seed: int) -> list[dict[str, Any]]:
    """The rows of one seed: a teacher, a base that read another share of the texts, and a student for each budget and view."""
    shape = Shape(width=scale.width, vocabulary=scale.vocabulary)
    rng = np.random.default_rng([seed, 21])
    teacher, _ = train(fresh(shape, seed), ground.rows[ground.share(2 * seed)], steps=scale.teacher, seed=seed)
    base, _ = train(
        fresh(shape, seed + 500), ground.rows[ground.share(2 * seed + 1)], steps=scale.base, seed=seed + 500
    )
    prompts = ground.prompts[:, :PROMPT]
    answers = answers_of(teacher, prompts[:REQUESTS], rng)
    tried = answers_of(teacher, prompts[REQUESTS : REQUESTS + HELD_OUT], rng)
    known = _distributions(teacher, tried)
    made = []
    for sees, logits in SEES.items():
        made.append(_row(seed, 0.0, sees, 0, base, tried, known))
        for budget in BUDGETS:
            through = got_through(REQUESTS, ROW, budget, np.random.default_rng([seed, 22]))
            steps = max(12, round(PASSES * len(through) / BATCH))
            student, _ = train(
                base, answers[through], steps=steps, seed=seed, rate=1.5e-3, teacher=teacher if logits else None
            )
            made.append(_row(seed, budget, sees, len(through), student, tried, known))
            print(made[-1], flush=True)
    return made


def _row(
    seed: int, budget: float, sees: str, answers: int, student: Params, tried: Any, known: npt.NDArray[np.float32]
) -> dict[str, Any]:
    """How often a student's likeliest token is the teacher's, and how far its chances are off, after every token of held-out answers."""
    learned = _distributions(student, tried)
    agreement = float((known.argmax(-1) == learned.argmax(-1)).mean())
    divergence = float((np.exp(known) * (known - learned)).sum(-1).mean())
    return {"job": JOB, "budget": budget, "sees": sees, "seed": seed, "answers": answers, "agreement": round(agreement, 4), "kl": round(divergence, 4)}  # fmt: skip


def _distributions(model: Params, rows: Any) -> npt.NDArray[np.float32]:
    """Log-chances of the next token after each token from the prompt's last on: (rows, tokens, vocabulary)."""
    found = [logits[:, PROMPT - 1 : -1].log_softmax(-1).numpy() for logits, _ in logits_of(model, rows, 4, None)]
    return np.concatenate(found)


def _weights(scale: Scale) -> int:
    shape = Shape(width=scale.width, vocabulary=scale.vocabulary)
    return sum(value.size for value in fresh(shape, 1).values())
