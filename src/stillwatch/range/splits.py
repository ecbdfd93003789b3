"""Which prompt sources may be looked at while a detector is built, and which only judge it.

Kin stay together: two sources of one origin, or one rendered over another, are always of one fold. "Seen" says whether the demo's worlds
hold
the source at all: a test source that the demo holds was in ordinary traffic while the detector was built, and only those that the demo
does not hold were seen by nobody. A strict study tests on these alone (`unseen=True`); it then has fewer topics.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.ground import Ground, Ints

__all__ = ["KIN", "TOPICS", "Fold", "Kin", "every_source", "fold_of", "in_fold", "shelf", "sources"]


class Fold(StrEnum):
    """Develop: thresholds and wordings may be chosen on it. Test: it only judges."""

    DEVELOP = "develop"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kin:
    """Sources of one origin: their fold, whether the demo's worlds hold them, and the topic they are used for."""

    sources: tuple[str, ...]
    fold: Fold
    topic: str
    seen: bool = True


_D, _T = Fold.DEVELOP, Fold.TEST

KIN: tuple[Kin, ...] = (
    Kin(sources=("gsm8k_train", "gsm8k_test"), fold=_D, topic="questions"),
    Kin(sources=("math_train_8k",), fold=_D, topic="questions"),
    Kin(sources=("mmlu",), fold=_T, topic="questions"),
    Kin(sources=("commonsenseqa",), fold=_T, topic="questions"),
    Kin(sources=("arithmetic_word_problems",), fold=_T, topic="questions"),
    Kin(sources=("mbpp_plus",), fold=_D, topic="code"),
    Kin(sources=("humaneval",), fold=_D, topic="code"),
    Kin(sources=("polyglot_exercism",), fold=_T, topic="code"),
    Kin(sources=("gorilla_apibench",), fold=_T, topic="code", seen=False),
    Kin(sources=("bfcl_v4",), fold=_D, topic="agents"),
    Kin(sources=("webarena_tasks",), fold=_T, topic="agents"),
    Kin(sources=("tau2_tasks",), fold=_T, topic="agents"),
    Kin(sources=("gpteacher_toolformer",), fold=_T, topic="agents", seen=False),
    Kin(sources=("toolalpaca_eval",), fold=_T, topic="agents", seen=False),
    Kin(sources=("oasst1_en_train", "oasst1_en_validation"), fold=_D, topic="open"),
    Kin(sources=("mt_bench",), fold=_D, topic="open"),
    Kin(sources=("wildchat_structural",), fold=_T, topic="open"),
    Kin(sources=("self_instruct_seeds", "self_instruct_user_oriented"), fold=_T, topic="open", seen=False),
    Kin(sources=("chitchat_dataset",), fold=_T, topic="open", seen=False),
    Kin(sources=("nq_open",), fold=_D, topic="search"),
    Kin(sources=("medquad",), fold=_T, topic="search"),
    Kin(sources=("banking77",), fold=_D, topic="support"),
    Kin(sources=("sgd_user_turns",), fold=_D, topic="support"),
    Kin(sources=("bitext_support",), fold=_T, topic="support"),
    Kin(sources=("clinc150",), fold=_T, topic="support"),
    Kin(sources=("xquad_questions",), fold=_D, topic="tongues"),
    Kin(sources=("oasst1_fi_mt",), fold=_D, topic="tongues"),
    Kin(sources=("chatterbot_corpus",), fold=_T, topic="tongues"),
    Kin(sources=("benign_pipelines/rag_qa",), fold=_D, topic="passages"),
    Kin(sources=("benign_pipelines/summarise",), fold=_T, topic="passages"),
)
"""The table of the split. benign_pipelines counts by its parts: rag_qa stands on XQuAD, summarise on PubMedQA. The two folds share no
source, but a source's own kin beyond the pack (a benchmark that quotes another) is not known to us."""

TOPICS: tuple[str, ...] = tuple(dict.fromkeys(kin.topic for kin in KIN))


def fold_of(source: str) -> Fold:
    """The fold of a source of the pack.

    >>> fold_of("mmlu").value
    'test'

    Raises:
        Error: if the table does not name the source.
    """
    for kin in KIN:
        if source in kin.sources:
            return kin.fold
    raise Error(f"source: got {source!r}, expected one that the table of the split (range/splits.py) names")


def sources(fold: Fold, *topics: str, unseen: bool = False) -> tuple[str, ...]:
    """Sources of some topics in one fold, in the order of the table; with `unseen` those only that the demo does not hold.

    >>> sources(Fold.TEST, "code", unseen=True)
    ('gorilla_apibench',)

    Raises:
        Error: if a topic is not known or has no such source.
    """
    found: list[str] = []
    for topic in topics:
        if topic not in TOPICS:
            raise Error(f"topic: got {topic!r}, expected one of {', '.join(TOPICS)}")
        own = [s for k in KIN if k.fold == fold and k.topic == topic and not (unseen and k.seen) for s in k.sources]
        if not own:
            raise Error(f"topic: got {topic!r}, which has no unseen source in the fold {fold.value}")
        found += own
    return tuple(found)


def every_source(fold: Fold) -> tuple[str, ...]:
    """All files of the pack that belong to a fold; parts of a file do not count.

    >>> "nq_open" in every_source(Fold.DEVELOP)
    True
    """
    return tuple(source for kin in KIN if kin.fold is fold for source in kin.sources if "/" not in source)


def in_fold(fold: Fold, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of some sources that belong to a fold; where none does, the fold's sources of their topics that the demo holds.

    >>> in_fold(Fold.TEST, ("nq_open", "mmlu")), in_fold(Fold.TEST, ("nq_open",))
    (('mmlu',), ('medquad',))

    A name that the table lacks belongs to both folds.
    """
    named = {source: kin for kin in KIN for source in kin.sources}
    own = tuple(name for name in names if name not in named or named[name].fold is fold)
    if own or not names:
        return own
    topics = {named[name].topic for name in names}
    return tuple(s for kin in KIN if kin.fold is fold and kin.topic in topics and kin.seen for s in kin.sources)


def shelf(
    ground: Ground, fold: Fold, *topics: str, lang: str | None = None, longest: int = 2500, shortest: int = 8
) -> Ints:
    """Numbers of the ground's texts of some topics of one fold, each once, in a fixed order.

    A text that stands in a source of each fold ("hello") belongs to developing. A pack that answers every source with the same prompts, as
    one of hidden prompts does, has no folds: then all are returned.
    """
    found = _texts(ground, sources(fold, *topics), lang=lang, longest=longest, shortest=shortest)
    if fold is Fold.TEST and not ground.pack.one_fold:
        every = tuple(source for kin in KIN if kin.fold is Fold.DEVELOP for source in kin.sources)
        apart = np.setdiff1d(found, _texts(ground, every, lang=None, longest=6000, shortest=0))
        found = apart if len(apart) else found
    return found


def _texts(ground: Ground, names: tuple[str, ...], *, lang: str | None, longest: int, shortest: int) -> Ints:
    parts = [
        ground.passages(name.split("/")[1], longest=longest, lang=lang)
        if "/" in name
        else ground.shelf(name, lang=lang, longest=longest, shortest=shortest)
        for name in names
    ]
    return np.unique(np.concatenate(parts))
