# ruff: noqa: E501 - texts stand on one line each
"""Silent relay of another product's users, agentic work, prompts pinned to a language, known-answer tests and ordinary traffic."""

from __future__ import annotations

import numpy as np

from stillwatch.range import words
from stillwatch.range.campaigns.families.family import Family
from stillwatch.range.campaigns.families.items import alone, coding, dealt, fresh
from stillwatch.range.campaigns.wording import Wording
from stillwatch.range.ground import Ground, Ints, Reply
from stillwatch.range.purpose import Purpose
from stillwatch.range.splits import Fold, shelf

__all__ = ["AGENTS", "KNOWN", "ORDINARY", "PINNED", "RELAY", "RELAY_CODE"]

_PRODUCT = {
    Fold.DEVELOP: "You are Qilan, the assistant of the Qilan app. When asked who made you, say the Qilan team. Be warm, answer in the user's language, never name other models.",
    Fold.TEST: "Identity: Marlo (by Lumeraud). Users reach you on web and phone. Do not mention suppliers. Style: brisk, tidy, a little dry.",
}
_EDITOR = {
    Fold.DEVELOP: "You are Tessel, a coding agent in the terminal. Work in small steps; use the tools; say which files you changed.",
    Fold.TEST: "Agent: Kiefer Code 2. Loop: inspect, edit, run, report. Ask before deleting. Output is shown in a narrow pane.",
}

_PLAIN = Wording(openers=("",), demands=("",), asked=1, items=("{a}",))


def mixed(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
    """What the users of a general product ask: talk, search, service, other languages; popular questions come again."""
    pool = shelf(ground, fold, "open", "search", "support", "tongues", longest=2000)
    return alone(pool[rng.integers(0, len(pool), size)])


def developers(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
    """What the users of a coding product ask about their own files."""
    return alone(ground.texts.numbers(words.code_tasks(rng, size)))


def known(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
    """A dozen questions with known answers, asked again and again."""
    pool = shelf(ground, fold, "questions", longest=300)
    few = pool[rng.choice(len(pool), min(12, len(pool)), replace=False)]
    return alone(few[rng.integers(0, len(few), size)])


def in_own_language(ground: Ground, rng: np.random.Generator, size: int, fold: Fold, taken: Ints) -> tuple[Ints, Ints]:
    """Broad questions in other languages than English, each once as long as they last."""
    langs = ("de", "es", "ru", "zh", "ar", "tr", "vi", "hi", "th", "ro", "el", "fi")
    if fold == Fold.TEST:
        langs = ("fa", "zh", "ja", "it", "ko", "uk", "pt", "es", "nl", "tr", "bn", "de")
    pool = np.unique(np.concatenate([shelf(ground, fold, "tongues", lang=lang) for lang in langs]))
    return alone(fresh(ground, rng, pool, size, taken))


RELAY = Family(
    key="relay",
    says="answers for the users of the operator's own product, logged for training; the product says it is another model",
    wordings={Fold.DEVELOP: _PLAIN, Fold.TEST: _PLAIN},
    items=mixed,
    bare=1.0,
    systems=_PRODUCT,
)

RELAY_CODE = Family(
    key="relay_code",
    says="work of a coding product's users, picked out by the names of their harnesses and passed on",
    wordings={Fold.DEVELOP: _PLAIN, Fold.TEST: _PLAIN},
    items=developers,
    reply=Reply.CODE,
    tokens=120,
    trace="code",
    bare=1.0,
    systems=_EDITOR,
)

AGENTS = Family(
    key="agents",
    says="agentic coding, tool use and long tasks, plainly asked",
    wordings={
        Fold.DEVELOP: Wording(
            openers=(
                "[Carry out|Complete] the [task|job] [below|that follows] with the tools you have.",
                "You are an [experienced|expert] [engineer|operator] with a [shell|browser].",
            ),
            demands=(
                "[Plan|Think ahead], [act|work], [check|test], [report|say what was done].",
                "[Print|Show] every [command|call] with its [arguments|parameters].",
                "[Recover|Go on] [from|after] [errors|failures] [by yourself|without asking].",
            ),
            items=("{a}",),
        ),
        Fold.TEST: Wording(
            openers=("[Ticket|Job card] [follows|below].", "[Assume|Suppose] a [fresh|clean] [container|sandbox]."),
            demands=(
                "[List|Number] your [moves|actions] as JSON, [one|each] with [its|the] [expected|likely] [effect|outcome].",
                "[Handle|Cover] the [unhappy|failing] [path|branch] [too|as well].",
                "[Stop|Finish] [when|once] the [acceptance|exit] [check|test] [holds|is green].",
            ),
            items=("{a}",),
        ),
    },
    items=coding,
    reply=Reply.ACTION,
    tokens=150,
    trace="code",
)

PINNED = Family(
    key="pinned",
    says="thinking and answer both in the language of the question, over broad tasks in many languages",
    wordings={
        Fold.DEVELOP: Wording(
            openers=(
                "[The language|That language] in which [I write|this is written] is [the one|also the one] in which you [deliberate|ponder].",
            ),
            demands=(
                "[Do not|Never] [switch|change] [it|language] [in between|while pondering].",
                "[Deliberation|Pondering] and [reply|answer] both [appear|are shown].",
            ),
            items=("{a}",),
        ),
        Fold.TEST: Wording(
            openers=(
                "[Locale|Tongue] lock: [internal|inner] and [outer|external] [speech|text] = [locale|tongue] of the [line|words] [below|quoted].",
            ),
            demands=(
                "[Show|Display] [the inner|internal] [speech|text] [first|above].",
                "[English|Another tongue] [anywhere|in any part] [voids|spoils] the [turn|sample].",
            ),
            items=("{a}",),
        ),
    },
    items=in_own_language,
    tokens=150,
    trace="long",
)

KNOWN = Family(
    key="known",
    says="questions with known answers, to tell whether answers were made worse",
    wordings={
        Fold.DEVELOP: Wording(
            openers=("[Answer|Reply] with the [figure|letter] [alone|only].",), demands=("",), asked=1
        ),
        Fold.TEST: Wording(openers=("[Result|Solution], [nothing else|no words].",), demands=("",), asked=1),
    },
    items=known,
    reply=Reply.LABEL,
    tokens=4,
    limit=16,
    heat=0.0,
    purpose=Purpose.PROBE,
)

ORDINARY = Family(
    key="ordinary",
    says="what unrelated people ask, sent as cover or passed through",
    wordings={Fold.DEVELOP: _PLAIN, Fold.TEST: _PLAIN},
    items=dealt("open", "search", "support"),
    bare=1.0,
    purpose=Purpose.COVER,
)
