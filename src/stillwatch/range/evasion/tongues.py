# ruff: noqa: E501 - texts stand on one line each
"""Other languages and encodings, so that filters for English wording see nothing."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.families import FAMILIES
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.evasion.move import ITEMS, TRAFFIC, refuse, share
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.purpose import PAID, Purpose

__all__ = ["ENCODINGS", "Encode", "Multilingual"]

_ASKS = {
    "de": "Antworte auf Deutsch.", "fr": "Réponds en français.", "es": "Responde en español.", "pt": "Responde em português.",
    "it": "Rispondi in italiano.", "nl": "Antwoord in het Nederlands.", "ru": "Отвечай по-русски.", "uk": "Відповідай українською.",
    "zh": "请用中文回答。", "ja": "日本語で答えてください。", "ko": "한국어로 답해 주세요.", "ar": "أجب بالعربية.", "tr": "Türkçe yanıtla.",
    "hi": "हिंदी में उत्तर दें।", "fi": "Vastaa suomeksi.", "vi": "Hãy trả lời bằng tiếng Việt.", "th": "ตอบเป็นภาษาไทย", "fa": "به فارسی پاسخ بده.",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Multilingual:
    """A share of the wrapped requests is asked in other languages, evenly over `langs`: the family's own frames where it has some, else
    its frame with a line in that language that asks for the answer in it.

    Items stay as they are. Cost: outside calls only, one translation of a wrapper for each language.
    """

    share: float
    langs: tuple[str, ...] = ("de", "es", "fr", "zh", "ru", "ja", "ko", "tr")
    stage: ClassVar[int] = TRAFFIC

    def __post_init__(self) -> None:
        share("Multilingual.share", self.share)
        for lang in self.langs or ("",):
            if lang not in _ASKS:
                raise refuse("Multilingual.langs", repr(lang), f"some of {', '.join(_ASKS)}")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        framed = np.flatnonzero(rows.having(*PAID) & (rows.frame >= 0) & (rows.family >= 0))
        chosen = rng.permutation(framed)[: round(self.share * len(framed))]
        frame, frames = rows.frame.copy(), ground.frames.all
        for k, lang in enumerate(self.langs):
            mine = chosen[k :: len(self.langs)]
            for number in np.unique(rows.family[mine]).tolist():
                part = mine[rows.family[mine] == number]
                own = FAMILIES[number].wordings[plan.fold].in_tongue(lang)
                if own:
                    frame[part] = ground.frames.numbers(own)[rng.integers(0, len(own), len(part))]
                else:
                    frame[part] = ground.frames.numbers([f"{_ASKS[lang]}\n{frames[f]}" for f in frame[part].tolist()])
        return plan.but(frame=frame, outside=plan.outside + len(self.langs) * (len(chosen) > 0))

    def cost(self, before: Price) -> Price:
        return replace(before, outside=before.outside + len(self.langs) * (self.share > 0) / before.answers)


_LEET = str.maketrans("aeiostAEIOST", "431057431057")

ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode("utf-8")).decode("ascii"),
    "hex": lambda text: text.encode("utf-8").hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "leet": lambda text: text.translate(_LEET),
    "spaced": lambda text: " ".join(text),
}
"""Encodings of an item by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Encode:
    """A share of the items is encoded; the model reads a share `success` of these at the first try, and the others are tried again.

    A failed try is sent and refused. Cost: requests, share x (1 / success - 1) more for each of the harvest; the default success is an
    assumption.
    """

    encoding: str
    share: float = 1.0
    success: float = 0.8
    stage: ClassVar[int] = ITEMS

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            raise refuse("Encode.encoding", repr(self.encoding), f"one of {', '.join(ENCODINGS)}")
        share("Encode.share", self.share)
        if not 0.01 <= self.success <= 1.0:
            raise refuse("Encode.success", self.success, "a share from 0.01 to 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        harvest = np.flatnonzero(rows.having(Purpose.HARVEST))
        chosen = rng.permutation(harvest)[: round(self.share * len(harvest))]
        texts, encode = ground.texts.all, ENCODINGS[self.encoding]
        text = rows.text.copy()
        text[chosen] = ground.texts.numbers([encode(texts[k]) for k in text[chosen].tolist()])
        rows = replace(rows, text=text)
        tries = round(len(chosen) * (1.0 / self.success - 1.0))
        failed = rows.take(rng.choice(chosen, tries) if tries else chosen[:0])
        failed = replace(
            failed,
            at=np.maximum(failed.at - rng.integers(1, 60_000_000, tries), plan.start),
            purpose=np.full(tries, int(Purpose.SEARCH)),
            reply=np.full(tries, int(Reply.REFUSAL)),
            tokens_out=np.full(tries, 24),
            talk=np.arange(tries),
            before=np.full(tries, -1),
        )
        return plan.but(rows=rows.join(failed))

    def cost(self, before: Price) -> Price:
        return replace(before, requests=before.requests + self.share * (1.0 / self.success - 1.0))
