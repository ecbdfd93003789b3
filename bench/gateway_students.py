"""What a student learns within each extraction budget: a harvest against the real gate, and models trained on what got through.

A job is so many requests to a teacher. Its operator sends it over a day from many accounts of one actor, which the machine has proposed to
throttle; the policy gives the actor a share of what the job costs in tokens. What is refused is sent again when the answer says so. Two kinds
of teacher: the count models of the audit's zoo (next words, where a student may also be given the log-probabilities that the policy takes away), and
a classifier of real texts (the subject of an exam question), whose students are tried on other questions than they saw.
"""

from __future__ import annotations

import statistics
import time
import tomllib
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from chart import Line, Panel, chart
from figures import ROOT, Figures, bar

from stillwatch.audit.count_models import CountModel, author
from stillwatch.engine import table
from stillwatch.policy import Asked, Dialect, Gatekeeper, Standing, Used
from stillwatch.policy.policy_file import policy_from

__all__ = ["BUDGETS", "SHOWN", "got_through", "students", "students_drawn", "students_told"]

BUDGETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""What the actor's accounts together may use in a day, as a share of what the job costs."""
SHOWN = (0.01, 0.1, 1.0)
"""Budgets whose figures stand at the head of the page."""
ACCOUNTS, WORDS, VOCABULARY, PROMPT_TOKENS = 100, 20, 1000, 30
ANSWERS = 20_000
"""Requests of a job to the count model; the classifier's job is as large as there are questions for."""
DAY, AT, TAKES = 86_400, 1_790_000_000, 2.0
POLICY = """
name = "budget"
[people]
throttle = [{{ requests = 30, window = "1m" }}]
[[rules]]
name = "extraction-budget"
when = 'proposed == "throttle"'
step = "throttle"
throttle = [{{ per = "actor", tokens = {tokens}, window = "1d", reserve = {reserve} }}]
"""
Floats = npt.NDArray[np.float64]


def _gate(tokens: int, reserve: int) -> Gatekeeper:
    schema = table("standing").schema
    seen = pa.scalar(int(AT * 1e6), pa.timestamp("us", tz="UTC")).as_py()
    told = {"proposed": "throttle", "kinds": 2, "evidence": 60, "actor": 7, "actor_accounts": ACCOUNTS, "reasons": [], "purposes": [], "seen": seen}  # fmt: skip
    rows = [{**dict.fromkeys(schema.names), **told, "account": one, "ticket": one} for one in range(1, ACCOUNTS + 1)]
    made = Standing(rows=pa.Table.from_pylist(rows, schema=schema), serial=1, made=float(AT))
    return Gatekeeper(policy_from(tomllib.loads(POLICY.format(tokens=tokens, reserve=reserve))), made)


def got_through(requests: int, cost: int, budget: float, rng: np.random.Generator) -> list[int]:
    """Numbers of the requests of a job that were answered within a day, in that order; `cost` is what one uses in tokens.

    They are due at random over the day, from one account after another. Where one is refused the queue waits until `Retry-After` is over.
    """
    gate = _gate(max(cost, round(budget * requests * cost)), cost)
    under: deque[tuple[float, Asked, Any]] = deque()
    answered: list[int] = []
    paused = 0.0
    for number, due in enumerate((AT + np.sort(rng.random(requests)) * DAY).tolist()):
        while (at := max(due, paused)) < AT + DAY:
            while under and under[0][0] <= at:
                ended, asked, ruling = under.popleft()
                gate.settle(
                    asked, ruling, Used(at=ended, input_tokens=PROMPT_TOKENS, output_tokens=cost - PROMPT_TOKENS)
                )
            asked = Asked(at=at, account=1 + number % ACCOUNTS, dialect=Dialect.CHAT)
            ruling = gate.decide(asked)
            if not ruling.refused:
                under.append((at + TAKES, asked, ruling))
                answered.append(number)
                break
            paused = at + max(1.0, ruling.retry_after or 1.0)
    return answered


def _words(seed: int) -> tuple[list[dict[str, Any]], int]:
    """Students of a count model: the share of contexts in which they say the teacher's likeliest word, and how far their chances are off."""
    rng = np.random.default_rng([seed, 1])
    chances = author(rng, VOCABULARY)
    teacher = CountModel(chances / chances.sum(axis=1, keepdims=True), name="teacher", words=WORDS)
    truth = chances / chances.sum(axis=1, keepdims=True)
    texts = teacher.sample(rng.integers(VOCABULARY, size=ANSWERS), WORDS, rng)
    held_out = teacher.sample(rng.integers(VOCABULARY, size=2000), WORDS, rng)[:, :-1].ravel()
    weights = np.bincount(held_out, minlength=VOCABULARY) / held_out.size
    rows = []
    for budget in BUDGETS:
        through = got_through(ANSWERS, PROMPT_TOKENS + WORDS, budget, np.random.default_rng([seed, 2]))
        own = texts[through]
        counted = _counted(own)
        shown = counted.copy()
        visited = np.unique(own[:, :-1])
        shown[visited] = truth[visited]  # whoever sees the log-probabilities of a step knows them
        for told, learned in (("text alone", counted), ("text and log-probabilities", shown)):
            rows.append(
                {"job": "next words, count models", "budget": budget, "sees": told, "seed": seed, "answers": len(through),
                 "agreement": _agreement(truth, learned, weights), "kl": _kl(truth, learned, weights)}
            )  # fmt: skip
    return rows, ANSWERS


def _counted(texts: npt.NDArray[np.int64]) -> Floats:
    """The chances that `CountModel.trained` learns from texts."""
    learned = CountModel.trained(texts, vocabulary=VOCABULARY, name="student")
    return np.exp(learned._logs)


def _agreement(truth: Floats, learned: Floats, weights: Floats) -> float:
    return round(float(weights @ (truth.argmax(axis=1) == learned.argmax(axis=1))), 4)


def _kl(truth: Floats, learned: Floats, weights: Floats) -> float:
    return round(float(weights @ (truth * (np.log(truth) - np.log(learned))).sum(axis=1)), 4)


def _subjects(seed: int) -> tuple[list[dict[str, Any]], int]:
    """Students of a classifier of real texts: how often they say what the teacher says, on questions that neither was trained on."""
    rng = np.random.default_rng([seed, 3])
    features, labels = _questions()
    order = rng.permutation(len(labels))
    third = len(order) // 3
    known, asked, tried = order[:third], order[third : len(order) - 2000], order[len(order) - 2000 :]
    kinds = int(labels.max()) + 1
    teacher = _softmax(features[known], labels[known], kinds, rng)
    answers = (features @ teacher).argmax(axis=1)
    rows = []
    for budget in BUDGETS:
        through = got_through(len(asked), PROMPT_TOKENS + 4, budget, np.random.default_rng([seed, 4]))
        some = asked[through]
        student = _softmax(features[some], answers[some], kinds, rng)
        said = (features[tried] @ student).argmax(axis=1)
        rows.append(
            {"job": "subjects of exam questions, classifier", "budget": budget, "sees": "text alone", "seed": seed, "answers": len(through),
             "agreement": round(float((said == answers[tried]).mean()), 4), "kl": None}
        )  # fmt: skip
    return rows, len(asked)


def _questions() -> tuple[Floats, npt.NDArray[np.int64]]:
    """Exam questions as hashed words and pairs of words, and the subject of each."""
    rows = pq.read_table(ROOT / "prompts" / "mmlu.parquet")
    texts = [str(one).lower().split() for one in rows.column("text").to_pylist()]
    subjects = [str(one).split("-")[1] for one in rows.column("id").to_pylist()]
    features = np.zeros((len(texts), 2048))
    for at, words in enumerate(texts):
        for piece in (*words, *map(" ".join, pairwise(words))):
            features[at, crc32(piece.encode()) % 2048] += 1.0
    features /= np.maximum(1e-9, np.linalg.norm(features, axis=1, keepdims=True))
    return features, np.unique(subjects, return_inverse=True)[1].astype(np.int64)


def _softmax(x: Floats, y: npt.NDArray[np.int64], kinds: int, rng: np.random.Generator) -> Floats:
    """Weights of a softmax regression, by steps on small batches."""
    weights, moved = np.zeros((x.shape[1], kinds)), np.zeros((x.shape[1], kinds))
    for _ in range(1500):
        some = rng.integers(len(y), size=min(64, len(y)))
        scores = x[some] @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        chances[np.arange(some.size), y[some]] -= 1.0
        moved = 0.9 * moved + x[some].T @ chances / some.size
        weights -= 2.0 * moved
    return weights


def students(seeds: Sequence[int]) -> Figures:
    """Train the students of every budget; the figures."""
    begun = time.process_time()
    rows: list[dict[str, Any]] = []
    jobs: dict[str, int] = {}
    for seed in seeds:
        for one in (_words, _subjects):
            found, jobs[one.__name__.strip("_")] = one(seed)
            rows += found
    bars = []
    for job, sees in dict.fromkeys((row["job"], row["sees"]) for row in rows):
        for budget in SHOWN:
            some = [row["agreement"] for row in rows if (row["job"], row["sees"], row["budget"]) == (job, sees, budget)]
            name = f"Student fidelity, {job}, {sees}: agreement with the teacher at a budget of {budget:.0%} of the job"
            bars.append(bar(name, round(statistics.median(some), 3), "share", "-", None))
    return bars, {"rows": rows, "seeds": list(seeds), "jobs": jobs, "cpu_s": round(time.process_time() - begun)}


def _medians(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for job, sees, budget in dict.fromkeys((row["job"], row["sees"], row["budget"]) for row in rows):
        some = [row for row in rows if (row["job"], row["sees"], row["budget"]) == (job, sees, budget)]
        held = [row["agreement"] for row in some]
        kls = [row["kl"] for row in some if row["kl"] is not None]
        made.append(
            {"job": job, "sees": sees, "budget": budget, "answers": statistics.median(row["answers"] for row in some),
             "agreement": statistics.median(held), "low": min(held), "high": max(held), "kl": statistics.median(kls) if kls else None}
        )  # fmt: skip
    return made


def students_drawn(told: dict[str, Any], zoo: dict[str, Any] | None = None) -> str:
    """The plot: fidelity by budget."""
    found = [one for one in _medians([*told["rows"], *(zoo["rows"] if zoo else ())]) if one["budget"]]
    ticks = [(one, f"{one:.1%}".replace(".0", "")) for one in BUDGETS if one not in (0.02, 0.2)]
    panels = []
    for job in dict.fromkeys(one["job"] for one in found):
        lines = []
        for sees in dict.fromkeys(one["sees"] for one in found if one["job"] == job):
            own = [one for one in found if (one["job"], one["sees"]) == (job, sees)]
            spans = [(one["low"], one["high"]) for one in own]
            lines.append(
                Line(name=sees, points=[(one["budget"], one["agreement"]) for one in own], spans=spans, dots=True)
            )
        panels.append(
            Panel(
                title=job,
                x="budget, share of the job",
                y="agreement with the teacher",
                lines=lines,
                x_log=True,
                x_ticks=ticks,
                top=1.0,
            )
        )
    return chart(panels, columns=2, width=400)


def students_told(told: dict[str, Any], zoo: dict[str, Any] | None = None) -> list[str]:
    """The section of the page."""
    jobs = told["jobs"]
    lines = [
        "",
        "## What a student still learns",
        "",
        (
            f"A job of {jobs['words']:,} requests to a count model of the audit's zoo ({VOCABULARY:,} words, answers of {WORDS}), and one of {jobs['subjects']:,} exam questions to a classifier of their subject (57 of them). {ACCOUNTS} accounts of one actor "
            f"send it over a day; the gate gives them together a share of what it costs in tokens, and their queue waits as long as it is told to. Within a day a limit lets up to twice its amount through: the burst at its beginning, and what "
            f"comes back. Students are trained on what was answered: counts as in the audit, a softmax regression. Agreement is on held-out contexts, or questions that neither teacher nor student was trained on; medians of {len(told['seeds'])} seeds, "
            "lowest and highest behind. With log-probabilities a student knows every step that it saw: that is what the policy's clamp takes away. These teachers are small and their jobs simple: how fast a curve rises is theirs, not a large model's."
        ),
        "",
        *_zoo_told(zoo),
        "![Fidelity of students by budget](gateway-loop-students.svg)",
        "",
        "| job | the student sees | budget | answers | agreement with the teacher | KL to the teacher, nats |",
        "|---|---|---|---|---|---|",
    ]
    for one in _medians([*told["rows"], *(zoo["rows"] if zoo else ())]):
        kl = "-" if one["kl"] is None else f"{one['kl']:.3f}"
        lines.append(
            f"| {one['job']} | {one['sees']} | {one['budget']:.1%} | {one['answers']:,.0f} | {one['agreement']:.1%} ({one['low']:.1%} to {one['high']:.1%}) | {kl} |"
        )
    return lines


def _zoo_told(zoo: dict[str, Any] | None) -> list[str]:
    if zoo is None:
        return []
    return [
        (
            f"**Transformers.** A third job is {zoo['requests']:,} prompts to a transformer of the audit's zoo ({zoo['weights']:,} weights, answers of 32 tokens). Its students start from a base that read another share of the same texts (budget 0: before any "
            f"answer) and are tuned for five passes over what was answered; agreement is on every token of {zoo['held_out']:,} held-out answers, medians of {len(zoo['seeds'])} seeds. With log-probabilities they learn the whole distribution after every token, "
            "which no API shows: a bound."
        ),
        "",
    ]
