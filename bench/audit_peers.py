"""Resemblance (Q2) on the zoo, by our tests and by others' methods as published, on the same models and the same answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from audit_cells import is_independent, is_student, rounded
from audit_parts import learned_parts
from figures import Figures, bar
from scipy.stats import norm

from stillwatch.audit import contrast_finding, text_source
from stillwatch.audit.deals import deal_tail, steps
from stillwatch.audit.radioactivity import radioactivity
from stillwatch.audit.records import Condition, State
from stillwatch.audit.zoo import MARKED, OURS, Change, Role, Seen, Zoo
from stillwatch.stats import clopper_pearson

HOLDS = Condition(words="every model answered each prompt", state=State.HOLDS)
PLACES = 1 << 16
Rule = Callable[[Zoo, Seen], bool | None]


def teachers_of(zoo: Zoo) -> list[Seen]:
    """Ours first, then the other teachers."""
    return [zoo.ours, *(one for one in zoo.suspects if one.recipe.role is Role.TEACHER)]


def independents_of(zoo: Zoo, suspect: Seen) -> list[Seen]:
    """All nulls of Q2 but the suspect itself."""
    return [one for one in zoo.suspects if is_independent(one) and one.name != suspect.name]


def sides(model: Seen, zoo: Zoo, first: int | None = None) -> np.ndarray:
    """By unsent prompt, whether a model's next token is each teacher's: (prompts, teachers)."""
    return np.stack(
        [model.heard["next"][:first] == one.heard["next"][:first] for one in teachers_of(zoo)], axis=1
    ).astype(float)


def leads(model: Seen, zoo: Zoo, first: int | None = None) -> float:
    """The statistic of S3b: agreement with ours less that with the twins."""
    found = sides(model, zoo, first)
    return float((found[:, 0] - found[:, 1:].mean(axis=1)).mean())


def by_contrast(zoo: Zoo, model: Seen, *, first: int | None = None) -> bool | None:
    """S3b with the paired test: it leads every independent, and goes our way against each twin at p <= 0.01."""
    if "next" not in model.heard:
        return None
    independents = [one for one in independents_of(zoo, model) if "next" in one.heard]
    scores = np.array([leads(model, zoo, first), *(leads(one, zoo, first) for one in independents)])
    alpha = 1.0 / (len(independents) + 1)
    p = contrast_finding(model.name, scores, HOLDS, alpha=alpha).evidence.p_value
    found = sides(model, zoo, first)
    paired = [deal_tail(steps(list(found[:, [0, at]]))) for at in range(1, found.shape[1])]
    return p is not None and p <= alpha + 1e-12 and max(paired) <= 0.01


def by_likelihood(zoo: Zoo, model: Seen) -> bool | None:
    """S3b from logprobs: how much likelier it finds our answers than the twins', above every independent."""

    def lead(one: Seen) -> float:
        found = one.heard["twins"]
        return float((found[0] - found[1:].mean(axis=0)).mean())

    independents = independents_of(zoo, model)
    scores = np.array([lead(model), *map(lead, independents)])
    alpha = 1.0 / (len(independents) + 1)
    p = contrast_finding(model.name, scores, HOLDS, alpha=alpha).evidence.p_value
    found = model.heard["twins"].astype(float)
    paired = [deal_tail(steps(list(found[[0, at]].T))) for at in range(1, len(found))]
    return p is not None and p <= alpha + 1e-12 and max(paired) <= 0.01


def by_teachers(zoo: Zoo, model: Seen) -> bool | None:
    """S3b from text, scored by ours and the twins: its answers favour ours above every independent, and over each twin at p <= 0.01."""
    if "told" not in model.heard:
        return None

    def lead(one: Seen) -> float:
        found = one.heard["told"]
        return float((found[0] - found[1:].mean(axis=0)).mean())

    independents = independents_of(zoo, model)
    scores = np.array([lead(model), *map(lead, independents)])
    alpha = 1.0 / (len(independents) + 1)
    p = contrast_finding(model.name, scores, HOLDS, alpha=alpha).evidence.p_value
    found = model.heard["told"].astype(float)
    paired = [deal_tail(steps(list(found[[0, at]].T))) for at in range(1, len(found))]
    return p is not None and p <= alpha + 1e-12 and max(paired) <= 0.01


def by_parting(zoo: Zoo, model: Seen) -> bool | None:
    """S3b at places where the teachers part: its next words are likelier by ours, above every independent, and over each twin at p <= 0.01."""
    if "parted" not in zoo.ours.heard or "words" not in model.heard:
        return None
    independents = [one for one in independents_of(zoo, model) if "words" in one.heard]
    scores = np.array([_lead(one, zoo) for one in (model, *independents)])
    alpha = 1.0 / (len(independents) + 1)
    p = contrast_finding(model.name, scores, HOLDS, alpha=alpha).evidence.p_value
    if p is None or p > alpha + 1e-12:
        return False
    found = liked(model, zoo)
    return max(deal_tail(steps(list(found[[0, at]].T))) for at in range(1, len(found))) <= 0.01


def liked(model: Seen, zoo: Zoo) -> np.ndarray:
    """How likely each teacher finds a model's next words where the teachers part, in nats beside their mean, cut at 2: (teachers, places)."""
    at = zoo.ours.heard["parted"]
    words = model.heard["words"].reshape(-1)[at].astype(np.int64)
    logs = zoo.ours.heard["thought"].astype(float)[:, np.arange(at.size), words]
    return np.clip(logs - logs.mean(axis=0), -2.0, 2.0)


def _lead(model: Seen, zoo: Zoo) -> float:
    """The statistic of S3b on these."""
    found = liked(model, zoo)
    return float((found[0] - found[1:].mean(axis=0)).mean())


def by_source(zoo: Zoo, model: Seen) -> bool | None:
    """S4 on drawn answers: it writes like ours more than every independent."""
    prompts = [str(at) for at in range(400)]
    independents = [zoo.talking(one) for one in independents_of(zoo, model)]
    alpha = 1.0 / (len(independents) + 1)
    found = text_source(prompts, zoo.talking(model), [zoo.talking(zoo.ours)], independents, alpha=alpha)[0]
    return found.evidence.p_value is not None and found.evidence.p_value <= alpha + 1e-12


def by_provenance(zoo: Zoo, model: Seen) -> bool | None:
    """Nikolic and others (2025): next-token agreement with ours against every control, two-proportion z, Holm at 0.05."""
    if "next" not in model.heard:
        return None
    controls = [one for one in zoo.suspects if one.recipe.role in (Role.TEACHER, Role.BASE) and one.name != model.name]
    n = model.heard["next"].size
    rates = [float((model.heard["next"] == one.heard["next"]).mean()) for one in (zoo.ours, *controls)]
    ps = sorted(
        1.0
        - norm.cdf((rates[0] - other) / math.sqrt(max(1e-12, (rates[0] + other) / n * (1.0 - (rates[0] + other) / 2))))
        for other in rates[1:]
    )
    return all(p <= 0.05 / (len(ps) - at) for at, p in enumerate(ps))


def grams(rows: np.ndarray, most: int = 3) -> np.ndarray:
    """Hashed counts of runs of one to `most` tokens."""
    counts = np.zeros(PLACES)
    for size in range(1, most + 1):
        mixed = np.zeros((rows.shape[0], rows.shape[1] - size + 1), dtype=np.int64)
        for back in range(size):
            mixed = (
                mixed * 1_000_003 + rows[:, back : back + mixed.shape[1]].astype(np.int64) + 7 * size
            ) % 2_147_483_629
        counts += np.bincount((mixed % PLACES).ravel(), minlength=PLACES)
    return counts


def by_idiosyncrasies(zoo: Zoo, model: Seen) -> bool | None:
    """Sun and others (2025): a classifier of texts among the teachers (naive Bayes on runs of tokens); most answers decide, closed set."""
    logs = [
        np.log((grams(one.heard["said"]) + 0.5) / (grams(one.heard["said"]).sum() + 0.5 * PLACES))
        for one in teachers_of(zoo)
    ]
    votes = np.zeros(len(logs), dtype=int)
    for row in model.heard["said"][:400]:
        found = grams(row[None])
        votes[int(np.argmax([float((found * one).sum()) for one in logs]))] += 1
    return bool(votes.argmax() == 0)


def by_tracing(zoo: Zoo, model: Seen) -> bool | None:
    """Wadhwa and others (2025), by n-grams: the teacher with the nearest profile of runs of tokens (cosine), closed set."""
    mine = grams(model.heard["said"], 4)
    found = [grams(one.heard["said"], 4) for one in teachers_of(zoo)]
    return bool(np.argmax([float(mine @ one / np.linalg.norm(one)) for one in found]) == 0)


def by_parts(zoo: Zoo, model: Seen) -> bool | None:
    """Wadhwa and others (2025), by runs of parts of speech: the teacher with the nearest profile (cosine), closed set."""
    said = np.concatenate([one.heard["said"] for one in teachers_of(zoo)]).astype(np.int64)
    parts = learned_parts(said, zoo.tokens.get_vocab_size(), seed=zoo.seed)
    mine = grams(parts[model.heard["said"]], 4)
    found = [grams(parts[one.heard["said"]], 4) for one in teachers_of(zoo)]
    return bool(np.argmax([float(mine @ one / np.linalg.norm(one)) for one in found]) == 0)


def by_shadows(zoo: Zoo, model: Seen) -> bool | None:
    """As DLI: what tells a shadow student of ours from a shadow that is none, learned from both and asked of the suspect, without a null."""
    students = [one for one in zoo.suspects if one.name.startswith("unserved") and one.name != model.name]
    others = [
        one
        for one in zoo.suspects
        if one.recipe.teacher is None and one.recipe.role is Role.NULL and one.name != model.name
    ]
    if not students or not others:
        return None
    yes, no = (sum(grams(one.heard["said"], 2) for one in shadows) for shadows in (students, others))
    worth = np.log((yes + 0.5) / (yes.sum() + 0.5 * PLACES)) - np.log((no + 0.5) / (no.sum() + 0.5 * PLACES))

    def score(one: Seen) -> float:
        found = grams(one.heard["said"], 2)
        return float(found @ worth / found.sum())

    return score(model) > (np.mean([score(one) for one in students]) + np.mean([score(one) for one in others])) / 2.0


OURS_RULES: dict[str, Rule] = {
    "S3b, 2,000 next tokens": by_contrast,
    "S3b, 500 next tokens": lambda zoo, model: by_contrast(zoo, model, first=500),
    "S3b from logprobs": by_likelihood,
    "S3b, 600 answers scored by ours and the twins": by_teachers,
    "S3b, next words at 2,000 places where the teachers part": by_parting,
    "S4 text source": by_source,
}
PEERS: dict[str, Rule] = {
    "model provenance testing": by_provenance,
    "idiosyncrasy classifier": by_idiosyncrasies,
    "n-gram teacher tracing": by_tracing,
    "teacher tracing by learned parts of speech": by_parts,
    "shadow classifier as DLI": by_shadows,
}


def judged(zoo: Zoo, rule: Rule) -> dict[str, Any]:
    """A rule on every suspect of Q2: precision and recall over models, and whom it accuses falsely."""
    hits, false, missed = [], [], []
    for model in zoo.suspects:
        if not (is_student(model) or is_independent(model)):
            continue
        said = rule(zoo, model)
        if said is None:
            continue
        if is_student(model):
            (hits if said else missed).append(model.name)
        elif said:
            false.append(model.name)
    nulls = sum(is_independent(one) for one in zoo.suspects)
    recall = clopper_pearson(len(hits), len(hits) + len(missed))
    alarms = clopper_pearson(len(false), nulls)
    precision = len(hits) / (len(hits) + len(false)) if hits or false else None
    return {
        "students": len(hits) + len(missed),
        "nulls": nulls,
        "precision": precision,
        "recall": recall.value,
        "recall_interval": [recall.low, recall.high],
        "fpr": alarms.value,
        "fpr_interval": [alarms.low, alarms.high],
        "false": false,
        "missed": missed,
    }


def resemblance(zoo: Zoo) -> Figures:
    """Q2 by our tests."""
    raw = {name: judged(zoo, rule) for name, rule in OURS_RULES.items()}
    bars = []
    for name, found in raw.items():
        told = f"{found['students']} students, {found['nulls']} nulls"
        precision, recall = found["precision"], found["recall"]
        bars.append(
            bar(
                f"zoo, Q2 {name}: precision, {told}",
                rounded(precision),
                "",
                ">= 0.97",
                precision is not None and precision >= 0.97,
            )
        )
        bars.append(bar(f"zoo, Q2 {name}: recall, {told}", rounded(recall), "", ">= 0.9", recall >= 0.9))
    return bars, raw


def peers(zoo: Zoo) -> Figures:
    """The same question by others' methods, and radioactivity with repeated pairs counted as often as they occur."""
    raw: dict[str, Any] = {name: judged(zoo, rule) for name, rule in PEERS.items()}
    bars = []
    ours = judged(zoo, by_parting)
    raw["ours"] = ours
    best = max((found["precision"] or 0.0) + found["recall"] for name, found in raw.items() if name != "ours")
    mine = (ours["precision"] or 0.0) + ours["recall"]
    bars.append(
        bar(
            "zoo, Q2: precision + recall of S3b, next words where the teachers part, less that of the best peer on the same models",
            rounded(mine - best),
            "",
            "> 0",
            mine > best,
        )
    )
    raw["repeated"] = _repeated(zoo)
    return bars, raw


def _repeated(zoo: Zoo) -> dict[str, Any]:
    """How often radioactivity errs at 0.01 where no mark was learned, with each pair counted once, and as often as it occurs."""
    clean = [one for one in zoo.suspects if not (one.recipe.exposed and MARKED & set(one.recipe.accounts))]
    from stillwatch.audit.marks import green

    keys = zoo.decoys(200)
    once, often = [], []
    for model in clean:
        bits = green(keys, model.replies.context, model.replies.token)
        counts = model.replies.count
        once.append(
            float(
                np.mean(
                    [
                        radioactivity(model.replies, key, suspect="s", account="a").evidence.p_value <= 0.01
                        for key in keys
                    ]
                )
            )
        )
        z = (bits @ counts - 0.25 * counts.sum()) / math.sqrt(0.1875 * counts.sum())
        often.append(float((norm.sf(z) <= 0.01).mean()))
    return {
        "models": len(clean),
        "keys": int(keys.size),
        "each_pair_once": float(np.mean(once)),
        "as_often_as_it_occurs": float(np.mean(often)),
    }


def by_share(zoo: Zoo) -> list[dict[str, Any]]:
    """The lead of S3b by the share of our responses that a model read."""
    return [
        {
            "model": one.name,
            "share": one.recipe.share if one.recipe.teacher == OURS else 0.0,
            "lead": leads(one, zoo),
            "change": one.recipe.change.value,
        }
        for one in zoo.suspects
        if "next" in one.heard and one.recipe.change is not Change.TOKENS
    ]
