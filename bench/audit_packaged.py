"""Resemblance (Q2) by peers that ship as packages, each run in an environment of its own on the zoo's recorded answers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from audit_peers import judged
from figures import Figures

from stillwatch.audit import equality
from stillwatch.audit.zoo import MARKED, Seen, Zoo

HERE = Path(__file__).parent / "audit_packages"
ANSWERS, PERMUTATIONS, SAME = 200, 100, 20
PROBES = (20, 400)


def packaged(zoo: Zoo, pythons: dict[str, Path], *, seed: int = 1) -> Figures:
    """What each package says of each model, judged as ours are; no bar, for nobody promised one."""
    raw: dict[str, Any] = {}
    if "knowlyr" in pythons:
        for many in PROBES:
            told = run(pythons["knowlyr"], "knowlyr", texts(zoo, many))
            for words, verdicts in (
                ("likely derived", {"likely_derived"}),
                ("not called independent", {"likely_derived", "inconclusive"}),
            ):
                accused = {name: one["verdict"] in verdicts for name, one in told["found"].items()}
                rule = judged(zoo, lambda _, model, accused=accused: accused[model.name])  # type: ignore[misc]
                raw[f"knowlyr-modelaudit {told['version']}, {many} answers, {words}"] = rule | {
                    "similarities": {name: one["similarities"] for name, one in told["found"].items()}
                }
    if "equality" in pythons:
        told = run(pythons["equality"], "equality", rows(zoo, seed))
        same = {name: p > 0.05 for name, p in told["found"].items()}
        raw[f"model-equality-testing {told['version']}, {ANSWERS} answers, not told apart at 0.05"] = judged(
            zoo, lambda _, model: same[model.name]
        ) | {
            "p": told["found"],
            "halves": len(told["same"]),
            "halves_told_apart": float(np.mean([p <= 0.05 for p in told["same"]])),
            "ours_told_apart": sum(by_equality(zoo, one) for one in zoo.suspects),
            "theirs_told_apart": sum(p <= 0.05 for p in told["found"].values()),
        }
    return [], raw


def texts(zoo: Zoo, many: int) -> dict[str, Any]:
    """Drawn answers to the first prompts that no account sent, as text."""
    models = [zoo.ours, *zoo.suspects]
    return {
        "teacher": zoo.ours.name,
        "answers": {one.name: zoo.tokens.decode_batch(one.heard["said"][:many].tolist()) for one in models},
    }


def rows(zoo: Zoo, seed: int) -> dict[str, Any]:
    """The same as tokens, and pairs of halves of what ours answered, each told by lot."""
    rng = np.random.default_rng(seed)
    said = zoo.ours.heard["said"]
    halves = [rng.permutation(len(said))[: 2 * ANSWERS] for _ in range(SAME)]
    return {
        "teacher": zoo.ours.name,
        "seed": seed,
        "permutations": PERMUTATIONS,
        "answers": {one.name: one.heard["said"][:ANSWERS].tolist() for one in (zoo.ours, *zoo.suspects)},
        "same": [[said[one[:ANSWERS]].tolist(), said[one[ANSWERS:]].tolist()] for one in halves],
    }


def by_equality(zoo: Zoo, model: Seen) -> bool:
    """Whether S5 tells a model from ours by its likeliest answers to what unmarked accounts were asked."""
    items = [one for at, account in enumerate(zoo.items) if at not in MARKED for one in account]
    p = equality(items, zoo.answering(model)).evidence.p_value
    return p is not None and p <= 0.05


def run(python: Path, script: str, told: dict[str, Any]) -> dict[str, Any]:
    """A script in another environment."""
    done = subprocess.run(
        [str(python), str(HERE / f"{script}.py")], input=json.dumps(told), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{script}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
