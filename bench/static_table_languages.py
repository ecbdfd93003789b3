"""How much the four topic statistics of accounts say of the language that an account asks in; `static_table.py languages` runs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from figures import Figures, bar

from stillwatch.engine import open_engine
from stillwatch.range.pack import Pack
from stillwatch.range.splits import Fold, every_source
from stillwatch.signals import row, tables, topics
from stillwatch.text import text_features

__all__ = ["NAMES", "languages", "told_of"]

NAMES = ("shift", "spread", "focus", "novelty")
ORDINARY, EACH, PROMPTS = 300, 12, 40
_FIRST = 1000


def languages(pack: Pack, questions: Sequence[dict[str, str]], elsewhere: Sequence[str]) -> Figures:
    """Put accounts that ask one pool of questions, each in one language, among ordinary ones that ask in English; rank them there.

    `elsewhere` are sources that no ordinary account asks from.
    """
    rng = np.random.default_rng(1)
    held = {name: pack.source(name).texts for name in every_source(Fold.DEVELOP) if name in pack.available()}
    held = {name: texts for name, texts in held.items() if name not in elsewhere}
    asked: list[tuple[int, str]] = []
    for account in range(1, ORDINARY + 1):
        mixture = rng.dirichlet(np.full(len(held), 0.7))
        drawn = rng.choice(sorted(held), PROMPTS, p=mixture)
        asked += [(account, held[source][rng.integers(len(held[source]))]) for source in drawn]
    spoken = sorted(questions[0])
    for place in range(len(spoken) * EACH):
        some = rng.choice(len(questions), PROMPTS, replace=False)
        asked += [(_FIRST + place, questions[number][spoken[place // EACH]]) for number in some]
    found = _statistics(asked)
    ordinary = np.array([values for account, values in found.items() if account < _FIRST])
    ranks: dict[str, dict[str, float]] = {}
    for place, lang in enumerate(spoken):
        mine = [found[_FIRST + place * EACH + number] for number in range(EACH)]
        above = (ordinary[None] < np.array(mine)[:, None]).mean(axis=1)
        ranks[lang] = dict(zip(NAMES, above.mean(axis=0).round(3).tolist(), strict=True))
    bars = []
    for name in NAMES:
        worst = max(ranks, key=lambda lang: abs(ranks[lang][name] - ranks["en"][name]))
        bars.append(
            bar(
                f"the same questions in another language: mean rank of {name} among ordinary accounts, farthest language ({worst}) against English",
                round(100 * ranks[worst][name], 1),
                "%",
                f"{100 * ranks['en'][name]:.1f} +- 10",
                abs(ranks[worst][name] - ranks["en"][name]) <= 0.1,
            )
        )
    return bars, ranks


def told_of(ranks: dict[str, dict[str, float]]) -> list[str]:
    """The table for people."""
    return [
        "## What the four topic statistics of accounts say of the language",
        "",
        (
            f"{EACH} accounts of each language ask {PROMPTS} of the same questions among {ORDINARY} accounts that ask English prompts of the developing fold. Mean share of the ordinary accounts "
            "below them. Where a language lies far above English the statistic would score the language: that is why they describe an account and are not weighed."
        ),
        "",
        f"| language | {' | '.join(NAMES)} |",
        "|---|---|---|---|---|",
        *(f"| {lang} | {' | '.join(f'{100 * of[name]:.0f} %' for name in NAMES)} |" for lang, of in ranks.items()),
    ]


def _statistics(asked: Sequence[tuple[int, str]]) -> dict[int, list[float]]:
    texts, nothing = [text for _, text in asked], pa.nulls(len(asked), pa.string())
    made = text_features(texts, nothing, nothing, nothing, salt=1)
    columns = {name: made[name].to_pylist() for name in ("prompt_hash", "topic", "meaning", "topic_far", "topic_rest")}
    listed: list[dict[str, Any]] = [
        {"account": account, **{name: values[place] for name, values in columns.items()}}
        for place, (account, _) in enumerate(asked)
    ]
    features = tables([row(**fields) for fields in listed])["features"]
    with open_engine("duckdb", None, memory_mb=500) as engine:
        rows = topics(engine, engine.from_arrow(features)).to_pylist()
    return {one["account"]: [one[name] for name in NAMES] for one in rows}
