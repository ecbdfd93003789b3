"""Audits of count models that never saw what is tested: how often each test errs, in worlds where erring is all it can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stillwatch.audit.agreement import agreement
from stillwatch.audit.betting import betting
from stillwatch.audit.canary_variants import canary_variants, variant_for
from stillwatch.audit.clearing import clear
from stillwatch.audit.corpus import Corpus
from stillwatch.audit.corpus_copies import corpus_copies
from stillwatch.audit.count_models import CountModel, author, serve
from stillwatch.audit.deals import Floats
from stillwatch.audit.decoy_keys import decoy_keys
from stillwatch.audit.equality import equality
from stillwatch.audit.green_mass import green_mass, mass_lift
from stillwatch.audit.marks import draw_keys, pairs
from stillwatch.audit.next_words import next_words
from stillwatch.audit.palimpsest import palimpsest
from stillwatch.audit.radioactivity import radioactivity
from stillwatch.audit.rare_artefacts import Artefact, rare_artefacts
from stillwatch.audit.recorded import Recorded
from stillwatch.audit.records import Finding, Served
from stillwatch.audit.sibling_continuation import sibling_continuation
from stillwatch.audit.sibling_likelihood import gains, sibling_likelihood
from stillwatch.audit.sibling_overlap import sibling_overlap
from stillwatch.audit.spectra import spectra
from stillwatch.audit.text_source import text_source
from stillwatch.audit.twin_contrast import twin_contrast
from stillwatch.audit.unit_order import unit_order
from stillwatch.audit.weights import Weights

__all__ = ["NULLS", "NullDraws", "World", "draw_world", "null_draws"]

VOCABULARY = 60
ITEMS = 24
DECOYS = 999
CONTROLS = 19
MARKED = 0.2
PLACES = 6
WORDINGS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """A teacher, and a suspect that was trained on its responses to somebody else, with word pairs of its replies and a clean model's."""

    teacher: CountModel
    suspect: CountModel
    habits: Floats
    replies: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True, slots=True)
class NullDraws:
    """P-values and the highest e-values of many audits under the null, nan where a test gives none; and the number of each one's world."""

    p: Floats
    e: Floats
    world: npt.NDArray[np.int64]


def draw_world(rng: np.random.Generator) -> World:
    """A world: the suspect is a student of the same teacher (the hardest null of exposure), its clean peer one of the same author."""
    habits = author(rng, VOCABULARY)
    teacher = _model(rng, habits, "teacher")
    starts = rng.integers(VOCABULARY, size=200)
    suspect = CountModel.trained(teacher.sample(starts, 20, rng), vocabulary=VOCABULARY, name="suspect")
    peer = _model(rng, habits, "peer")
    replies = tuple(one.sample(starts[:40], 40, rng) for one in (suspect, peer))
    return World(teacher=teacher, suspect=suspect, habits=habits, replies=(replies[0], replies[1]))


def null_draws(test: str, audits: int, rng: np.random.Generator, *, a_world: int = 50) -> NullDraws:
    """So many audits under the null, `a_world` of them in each world: serving, keys or controls are drawn anew for every one.

    Audits of one world may hang together: intervals of rates are taken by world (`stats.clustered_rate`).
    """
    found = []
    for at in range(audits):
        if at % a_world == 0:
            world = draw_world(rng)
        found.append(NULLS[test](world, rng))
    p = [np.nan if one.evidence.p_value is None else one.evidence.p_value for one in found]
    e = [max(one.running) if one.running else (one.evidence.e_value or np.nan) for one in found]
    return NullDraws(
        p=np.array(p, dtype=np.float64),
        e=np.array(e, dtype=np.float64),
        world=np.arange(audits, dtype=np.int64) // a_world,
    )


def _sibling_overlap(world: World, rng: np.random.Generator) -> Finding:
    return sibling_overlap(serve(world.teacher, "a", ITEMS, rng), world.suspect)


def _sibling_continuation(world: World, rng: np.random.Generator) -> Finding:
    return sibling_continuation(serve(world.teacher, "a", ITEMS, rng), world.suspect)


def _next_words(world: World, rng: np.random.Generator) -> Finding:
    """The first words of each response, asked where the teacher drew one of its four likeliest."""
    items = []
    for at, row in enumerate(world.teacher.sample(rng.integers(VOCABULARY, size=ITEMS), PLACES, rng).tolist()):
        text = f"{rng.integers(1 << 40)} {row[0]}"
        for place, (before, word) in enumerate(pairwise(row)):
            chances = world.teacher.chances[before]
            others = [one for one in np.argsort(-chances, kind="stable")[:4].tolist() if one != word]
            if len(others) == 3:
                items.append(
                    Served(
                        item=f"{at}-{place}",
                        account="a",
                        prompt=text,
                        response=f"{word}",
                        siblings=tuple(map(str, others)),
                        conversation=f"{at}",
                        as_sampled=True,
                        chances=tuple(chances[[word, *others]].tolist()),
                    )
                )
            text += f" {word}"
    return next_words(items, world.suspect, reads=_first_word)


def _sibling_likelihood(world: World, rng: np.random.Generator) -> Finding:
    return sibling_likelihood(serve(world.teacher, "a", ITEMS, rng), world.suspect, reference=world.teacher)


def _agreement(world: World, rng: np.random.Generator) -> Finding:
    """The teacher is one of twenty models of one author, and so is the suspect."""
    prompts = [f"{at} {word}" for at, word in enumerate(rng.integers(VOCABULARY, size=30).tolist())]
    suspect, ours, *controls = (_model(rng, world.habits, f"m{at}", words=1) for at in range(CONTROLS + 2))
    return agreement(prompts, suspect, ours, controls, similarity=_same_word, alpha=0.05)


def _text_source(world: World, rng: np.random.Generator) -> Finding:
    """The teacher, the suspect and the independents are models of one author, none trained on another's text."""
    prompts = [f"{at} {word}" for at, word in enumerate(rng.integers(VOCABULARY, size=10).tolist())]
    suspect, teacher, *others = (_model(rng, world.habits, f"m{at}") for at in range(CONTROLS + 2))
    return text_source(prompts, suspect, [teacher], others, alpha=0.05)[0]


def _equality(world: World, rng: np.random.Generator) -> Finding:
    """The suspect is the teacher behind another name."""
    return equality(serve(world.teacher, "a", ITEMS, rng), world.teacher)


def _decoy_keys(world: World, rng: np.random.Generator) -> Finding:
    said, clean = (pairs(list(one)) for one in world.replies)
    keys = draw_keys(rng, DECOYS + 1)
    return decoy_keys(said, keys[0], keys[1:], suspect="s", account="a", reference=clean, alpha=0.001)


def _betting(world: World, rng: np.random.Generator) -> Finding:
    return betting(pairs(list(world.replies[0])), draw_keys(rng, 1)[0], suspect="s", account="a", alpha=0.001)


def _canary_variants(world: World, rng: np.random.Generator) -> Finding:
    """Four wordings, of which the suspect likes some far better than others."""
    master = rng.bytes(16)
    wordings = [str(at) for at in range(WORDINGS)]
    items = []
    for at, word in enumerate(rng.integers(VOCABULARY, size=ITEMS).tolist()):
        drawn = variant_for(master, "a", str(at), "e", wordings=WORDINGS)
        others = tuple(one for one in wordings if one != wordings[drawn])
        items.append(
            Served(item=str(at), account="a", prompt=f"{at} {word}", response=wordings[drawn], siblings=others)
        )
    return canary_variants(items, world.suspect, reads=_liked)


def _corpus_copies(world: World, rng: np.random.Generator) -> Finding:
    """The data set holds answers of the teacher to somebody else, which have runs of words in common with the candidates."""
    items = serve(world.teacher, "a", ITEMS, rng)
    theirs = [text for one in serve(world.teacher, "b", 10 * ITEMS, rng) for text in one.candidates]
    looked_for = sorted({text for one in items for text in one.candidates})
    return corpus_copies(items, Corpus(name="dump", texts=theirs, looked_for=looked_for, run=2))


def _rare_artefacts(world: World, rng: np.random.Generator) -> Finding:
    """Runs of words of which the suspect says many by habit; which one is true is drawn by lot."""
    strings = [
        tuple(
            dict.fromkeys(
                " ".join(map(str, run)) for run in world.teacher.sample(rng.integers(10, VOCABULARY, 4), 2, rng)
            )
        )
        for _ in range(ITEMS)
    ]
    artefacts = [
        Artefact(true=one[at], decoys=(*one[:at], *one[at + 1 :]))
        for one in strings
        if (at := int(rng.integers(len(one)))) >= 0
    ]
    said, known = (
        Recorded(name=name, answers={f"q{at}": " ".join(map(str, row)) for at, row in enumerate(rows)}, likelihoods={})
        for name, rows in (("suspect", world.replies[0]), ("older", world.replies[1][:4]))
    )
    begun = dt.date(2026, 3, 1)
    return rare_artefacts(artefacts, said, [(known, dt.date(2026, 1, 1))], harvest_begun=begun, alpha=0.2)


def _palimpsest(world: World, rng: np.random.Generator) -> Finding:
    """The suspect finds some texts far likelier than others, and our training read them in an order drawn by lot."""
    texts = [
        f"{row[0]} " + " ".join(map(str, row[1:]))
        for row in world.teacher.sample(rng.integers(VOCABULARY, size=60), 8, rng).tolist()
    ]
    order = [f"{text}" for text in rng.permutation(sorted(set(texts))).tolist()]
    known = {("", text): world.suspect.likelihood(text.split()[0], text.split(" ", 1)[1]) or 0.0 for text in order}
    return palimpsest(order, Recorded(name="s", answers={}, likelihoods=known), shuffles=DECOYS, rng=rng, alpha=0.001)


def _unit_order(world: World, rng: np.random.Generator) -> Finding:
    """Two models with columns that are loud in both, whose units have sizes that come from training."""
    suspect, ours = (_weights(name, rng) for name in ("suspect", "ours"))
    return unit_order(suspect, ours, orders=DECOYS, rng=rng, alpha=0.001)


def _spectra(world: World, rng: np.random.Generator) -> Finding:
    """Suspect, ours and controls come of one recipe."""
    suspect, ours, *controls = (_weights(f"m{at}", rng) for at in range(CONTROLS + 2))
    return spectra(suspect, ours, controls, alpha=0.05)


def _radioactivity(world: World, rng: np.random.Generator) -> Finding:
    return radioactivity(pairs(list(world.replies[0])), draw_keys(rng, 1)[0], suspect="s", account="a", alpha=0.001)


def _green_mass(world: World, rng: np.random.Generator) -> Finding:
    """The suspect's and the teacher's chances of the next word, in a text with words as often as in the suspect's replies."""
    stood = np.bincount(world.replies[0].ravel(), minlength=VOCABULARY)[:, None]
    lifted = mass_lift(world.suspect.chances * stood, world.teacher.chances * stood, kept=1_000)
    keys = draw_keys(rng, DECOYS + 1)
    return green_mass(lifted, keys[0], keys[1:], suspect="s", account="a", alpha=0.001)


def _twin_contrast(world: World, rng: np.random.Generator) -> Finding:
    """Suspect, ours, twins and independents are models of one author, none trained on another's text."""
    prompts = [f"{at} {word}" for at, word in enumerate(rng.integers(VOCABULARY, size=20).tolist())]
    suspect, ours, one, other, *others = (_model(rng, world.habits, f"m{at}", words=1) for at in range(CONTROLS + 4))
    return twin_contrast(prompts, suspect, ours, [one, other], others, similarity=_same_word, alpha=0.05)


def _clearing(world: World, rng: np.random.Generator) -> Finding:
    """A share of the served answers is marked for sure, and clearing would deny it."""
    found = gains(serve(world.teacher, "a", 2 * ITEMS, rng), world.suspect, reference=world.teacher)
    marked = rng.random(len(found.values)) < MARKED
    values = [np.r_[9.0, one[1:]] if mark else one for one, mark in zip(found.values, marked, strict=True)]
    return clear(replace(found, values=tuple(values)), share=MARKED, alpha=0.05).finding


NULLS: dict[str, Callable[[World, np.random.Generator], Finding]] = {
    one.__name__.removeprefix("_"): one
    for one in (
        _sibling_overlap,
        _sibling_likelihood,
        _agreement,
        _text_source,
        _equality,
        _decoy_keys,
        _betting,
        _canary_variants,
        _corpus_copies,
        _rare_artefacts,
        _clearing,
        _palimpsest,
        _unit_order,
        _spectra,
        _radioactivity,
        _green_mass,
        _twin_contrast,
        _sibling_continuation,
        _next_words,
    )
}
"""One audit under the null by test; every test has one."""


def _model(rng: np.random.Generator, habits: Floats, name: str, *, words: int = 20) -> CountModel:
    source = CountModel(author(rng, VOCABULARY, habits=habits), name="source")
    texts = source.sample(rng.integers(VOCABULARY, size=150), 20, rng)
    return CountModel.trained(texts, vocabulary=VOCABULARY, name=name, words=words)


def _weights(name: str, rng: np.random.Generator) -> Weights:
    loud = 1.0 + 9.0 * (np.arange(12) < 2)
    rows = rng.normal(size=(32, 12)) * loud * rng.gamma(2.0, size=(32, 1)) + loud
    return Weights(name=name, tensors={"mlp.up_proj.weight": rows})


def _liked(answer: str, wordings: Sequence[str]) -> int:
    """The wording that an answer's first word stands for: half of the words stand for one of them."""
    return wordings.index(str(max(int(answer.split()[0]) % (2 * WORDINGS) - WORDINGS, 0)))


def _first_word(answer: str, words: Sequence[str]) -> int | None:
    said = answer.split()[0]
    return words.index(said) if said in words else None


def _same_word(one: str, other: str) -> float:
    return float(one.split()[:1] == other.split()[:1])
