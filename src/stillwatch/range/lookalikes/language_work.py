# ruff: noqa: E501 - texts stand on one line each
"""Work in other languages: translators, subtitlers, and people who ask that answer and thinking stay in their language."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed, talk

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts, median requests a day, and the work: one_language (a preference that many set), agency (firms), subtitles (batch)."""

    group: str = "language/one_language"
    accounts: int = 100
    median: float = 8.0
    kind: str = "one_language"


_PREFERENCE = {
    "de": "Denke und antworte nur auf Deutsch, auch in den Zwischenschritten.\n\n{a}",
    "es": "Piensa y responde siempre en español, también en los pasos intermedios.\n\n{a}",
    "ru": "Думай и отвечай только по-русски, в том числе в промежуточных шагах.\n\n{a}",
    "zh": "请始终用中文思考和回答，包括中间步骤。\n\n{a}",
    "tr": "Ara adımlar dahil hep Türkçe düşün ve yanıtla.\n\n{a}",
}
_AGENCY = "Translate into English. Keep names and numbers. If a phrase is ambiguous, explain your reasoning for the choice in a note below.\n\n{a}"
_SUBTITLES = (
    "Subtitle, at most 42 characters a line, two lines. Return only the subtitle in the target language.\n\n{a}"
)


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the customers and send their work."""
    size = scaled(knobs.accounts, scale, least=5)
    if knobs.kind == "one_language":
        who = accounts.people(
            ground, rng, size, product="chat", group=knobs.group, role="lookalike", program="browser", stream=0.9
        )
    else:
        who = accounts.companies(
            ground, rng, np.ones(size, np.int64), product="translation", group=knobs.group, role="lookalike",
            names=words.company_names(rng, size),
        ).accounts  # fmt: skip
    counts = heavy_tailed(rng, size, median=knobs.median, spread=0.8, most=400)
    tongue = rng.integers(0, len(_PREFERENCE), size)
    for k, (lang, frame) in enumerate(_PREFERENCE.items()):
        mine = np.flatnonzero(tongue == k)
        if not len(mine):
            continue
        wrapper = {"one_language": frame, "agency": _AGENCY, "subtitles": _SUBTITLES}[knobs.kind]
        talk(
            ground, rng, who[mine], counts[mine], texts=ground.shelf("xquad_questions", "chatterbot_corpus", lang=lang),
            profile="evening" if knobs.kind == "one_language" else "office", frame=ground.frames.number(wrapper),
            mean_turns=2.0 if knobs.kind == "one_language" else 1.0, follow_ups=False,
        )  # fmt: skip
