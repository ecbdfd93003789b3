"""Ordinary customers: seven kinds of product, most with a handful of requests a day and a few with thousands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Ints, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import DAY, answer_lengths, gaps, turns

__all__ = ["PRODUCTS", "heavy_tailed", "ordinary", "talk"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """A kind of use: its share of ordinary accounts, median and spread of requests a day, and who holds it."""

    share: float
    median: float
    spread: float
    held_by: str
    profile: str


PRODUCTS: dict[str, Product] = {
    "chat": Product(share=0.46, median=6, spread=1.2, held_by="people", profile="evening"),
    "coding": Product(share=0.2, median=14, spread=1.4, held_by="people", profile="office"),
    "research": Product(share=0.08, median=9, spread=1.3, held_by="people", profile="office"),
    "translation": Product(share=0.07, median=25, spread=1.6, held_by="companies", profile="office"),
    "support": Product(share=0.08, median=45, spread=1.6, held_by="companies", profile="service"),
    "rag": Product(share=0.07, median=30, spread=1.6, held_by="companies", profile="office"),
    "batch": Product(share=0.04, median=90, spread=1.6, held_by="companies", profile="flat"),
}
"""Kinds of product. Shares and medians are assumptions; the heavy tail is what public accounts of API use agree on."""


def heavy_tailed(rng: np.random.Generator, size: int, *, median: float, spread: float, most: int = 6000) -> Ints:
    """Requests a day of `size` accounts: log-normal, at least one."""
    drawn: Ints = np.clip(rng.lognormal(np.log(median), spread, size), 1, most).astype(np.int64)
    return drawn


def talk(
    ground: Ground,
    rng: np.random.Generator,
    who: Ints,
    counts: Ints,
    *,
    texts: Ints,
    profile: str,
    system: Ints | int = -1,
    reply: Reply = Reply.PROSE,
    mean_turns: float = 2.5,
    most_turns: int = 8,
    trace: str = "chat",
    frame: Ints | int = -1,
    follow_ups: bool = True,
    tools: int = -1,
    shortest_answer: int = 1,
) -> None:
    """Send conversations of the accounts `who`: first turns are dealt from `texts` without repeats, later ones are follow-ups or new texts.

    `system` is one number for all or one for each account; so is `frame`, which wraps first turns only.
    """
    cut = turns(
        rng,
        ground.clock,
        counts,
        zone=ground.trait("zone")[who],
        profile=profile,
        mean_turns=mean_turns,
        most_turns=most_turns,
    )
    size = len(cut.owner)
    text = texts[Deck(len(texts), rng).draw(size)]
    if follow_ups:
        later = (cut.turn > 0) & (rng.random(size) < 0.6)
        text = np.where(
            later, ground.texts.numbers(words.FOLLOW_UPS)[rng.integers(0, len(words.FOLLOW_UPS), size)], text
        )
    tokens = answer_lengths(rng, ground.texts.lengths(text) // 4, trace=trace)
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        tokens_out=np.maximum(tokens, shortest_answer),
        reply=reply,
        frame=np.where(cut.turn == 0, np.broadcast_to(frame, len(who))[cut.owner], -1),
        system=np.broadcast_to(system, len(who))[cut.owner],
        before=cut.before,
        conversation=cut.conversation,
        tools=tools,
    )


def ordinary(ground: Ground, rng: np.random.Generator, size: int, exchanges: int) -> None:
    """Settle `size` ordinary accounts and let them send exactly `exchanges` exchanges."""
    kinds = list(PRODUCTS)
    shares = np.array([PRODUCTS[k].share for k in kinds])
    sizes = np.maximum(1, np.floor(size * shares).astype(int))
    sizes[0] += size - sizes.sum()
    counts = [
        heavy_tailed(rng, int(n), median=PRODUCTS[k].median, spread=PRODUCTS[k].spread)
        for k, n in zip(kinds, sizes, strict=True)
    ]
    fitted = _fit(np.concatenate(counts), exchanges)
    edges = np.cumsum(sizes)[:-1]
    for kind, count in zip(kinds, np.split(fitted, edges), strict=True):
        _SENDERS[kind](ground, rng, count)


def _fit(counts: Ints, total: int) -> Ints:
    """Scale counts to sum to `total` while each keeps at least one; small counts stay as they are, large ones give or take."""
    if total < len(counts):
        raise ValueError(f"exchanges: got {total} for {len(counts)} ordinary accounts, expected at least one each")
    above = np.maximum(counts - 12, 0).astype(float)
    base = np.minimum(counts, 12)
    if base.sum() >= total:
        above, base = (counts - 1).astype(float), np.ones_like(counts)
    room = total - int(base.sum())
    extra = np.floor(above * room / max(1.0, above.sum())).astype(np.int64)
    out = base + extra
    rest = total - int(out.sum())
    out[np.argsort(-above, kind="stable")[:rest]] += 1
    short = total - int(out.sum())
    out[np.argmax(out)] += short
    fitted: Ints = out
    return fitted


def _chat(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    who = accounts.people(ground, rng, len(counts), product="chat", group="chat", program="browser", stream=0.95)
    english = ground.shelf("oasst1_en_train", "oasst1_en_validation", "wildchat_structural", "nq_open", longest=3000)
    finnish = ground.shelf("oasst1_fi_mt", longest=3000)
    others = [ground.shelf("xquad_questions", lang=lang) for lang in ("de", "es", "ru", "zh", "ar", "tr", "vi")]
    tongue = rng.random(len(who))
    systems = _some_systems(ground, rng, len(who), product="chat", share=0.3)
    groups = [(english, tongue < 0.78), (finnish, (tongue >= 0.78) & (tongue < 0.84))]
    for k, texts in enumerate(others):
        low = 0.84 + 0.16 * k / len(others)
        groups.append((texts, (tongue >= low) & (tongue < low + 0.16 / len(others))))
    for texts, chosen in groups:
        if chosen.any():
            talk(
                ground,
                rng,
                who[chosen],
                counts[chosen],
                texts=texts,
                profile="evening",
                system=systems[chosen],
                mean_turns=3.0,
            )


def _coding(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    who = accounts.people(
        ground,
        rng,
        len(counts),
        product="coding",
        group="coding",
        program="editor",
        stream=0.9,
        plans={"plus": 0.5, "payg": 0.35, "team": 0.15},
    )
    total = int(counts.sum())
    made = words.code_tasks(rng, max(50, int(total * 0.55)))
    texts = np.concatenate([ground.texts.numbers(made), ground.shelf("mbpp_plus", "polyglot_exercism", longest=2500)])
    systems = _some_systems(ground, rng, len(who), product="coding", share=0.5)
    talk(
        ground,
        rng,
        who,
        counts,
        texts=texts,
        profile="office",
        system=systems,
        reply=Reply.CODE,
        mean_turns=3.0,
        trace="chat",
    )


def _research(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    who = accounts.people(ground, rng, len(counts), product="research", group="research", stream=0.5)
    systems = _some_systems(ground, rng, len(who), product="research", share=0.4)
    texts = np.concatenate([ground.shelf("medquad", "nq_open", "mt_bench"), ground.passages("summarise")])
    talk(ground, rng, who, counts, texts=texts, profile="office", system=systems, mean_turns=1.8)


def _some_systems(ground: Ground, rng: np.random.Generator, size: int, *, product: str, share: float) -> Ints:
    """The system prompt of each of `size` accounts: a `share` of them write one of their own, the others have none (-1)."""
    systems = np.full(size, -1)
    for k in np.flatnonzero(rng.random(size) < share).tolist():
        systems[k] = ground.texts.number(words.system_prompt(rng, product, words.company_names(rng, 1)[0]))
    return systems


def _firms(
    ground: Ground,
    rng: np.random.Generator,
    size: int,
    product: str,
    *,
    program: str = "sdk",
    stream: float = 0.3,
    in_cloud: float = 0.6,
) -> tuple[accounts.Companies, Ints]:
    """Settle `size` accounts of companies that hold one to six each: they, and the system prompt of each account's company."""
    held_by_each: list[int] = []
    while sum(held_by_each) < size:
        held_by_each.append(int(min(rng.geometric(0.6), 6, size - sum(held_by_each))))
    held = accounts.companies(
        ground,
        rng,
        np.array(held_by_each),
        product=product,
        group=product,
        names=words.company_names(rng, len(held_by_each)),
        program=program,
        stream=stream,
        in_cloud=in_cloud,
    )
    systems = ground.texts.numbers([words.system_prompt(rng, product, name) for name in held.names])
    return held, systems[held.company]


def _translation(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    held, system = _firms(ground, rng, len(counts), "translation")
    texts = np.concatenate(
        [
            ground.shelf("sgd_user_turns", "bitext_support", "xquad_questions", shortest=25),
            ground.passages("rag_qa", longest=900),
        ]
    )
    talk(
        ground,
        rng,
        held.accounts,
        counts,
        texts=texts,
        profile="office",
        system=system,
        mean_turns=1.0,
        follow_ups=False,
    )


def _support(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    held, system = _firms(ground, rng, len(counts), "support", stream=0.7)
    shops = ("banking77", "bitext_support", "clinc150", "sgd_user_turns")
    which = rng.integers(0, len(shops), len(held.names))[held.company]
    for k, shop in enumerate(shops):
        chosen = which == k
        if chosen.any():
            texts = ground.shelf(shop)
            talk(
                ground,
                rng,
                held.accounts[chosen],
                counts[chosen],
                texts=texts,
                profile="service",
                system=system[chosen],
                mean_turns=3.0,
            )


def _rag(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    held, system = _firms(ground, rng, len(counts), "rag", program="async")
    frames = ground.frames.numbers(
        [
            "Context:\n{b}\n\nQuestion: {a}",
            "{a}\n\n---\n{b}",
            "Passages:\n[1] {b}\n\nUser question: {a}",
            "<docs>{b}</docs>\n{a}",
            "{b}\n\nQ: {a}\nA:",
        ]
    )
    style = frames[rng.integers(0, len(frames), len(held.names))][held.company]
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[held.accounts], profile="office", mean_turns=1.3)
    found = np.concatenate([ground.passages("rag_qa"), ground.passages("summarise")])
    asked = ground.shelf("nq_open", "medquad")
    size = len(cut.owner)
    extra = found[rng.integers(0, len(found), size)]
    ground.send(
        rng,
        held.accounts[cut.owner],
        cut.at,
        text=asked[Deck(len(asked), rng).draw(size)],
        extra=extra,
        frame=style[cut.owner],
        system=system[cut.owner],
        tokens_out=answer_lengths(rng, ground.texts.lengths(extra), trace="chat"),
        before=cut.before,
        conversation=cut.conversation,
    )


def _batch(ground: Ground, rng: np.random.Generator, counts: Ints) -> None:
    held, system = _firms(ground, rng, len(counts), "batch", program="async", stream=0.0, in_cloud=0.9)
    texts = ground.shelf("banking77", "clinc150", "medquad", "wildchat_structural", longest=2500)
    owner = np.repeat(np.arange(len(counts)), counts)
    begin = rng.integers(0, DAY * 3 // 4, len(counts))
    pace = rng.uniform(0.3e6, 8e6, len(counts))
    wait = gaps(rng, len(owner), trace="chat") * pace[owner]
    run = np.cumsum(wait)
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    at = begin[owner] + (run - run[first][owner]).astype(np.int64)
    ground.send(
        rng,
        held.accounts[owner],
        at % DAY,
        text=texts[Deck(len(texts), rng).draw(len(owner))],
        system=system[owner],
        tokens_out=rng.integers(1, 6, len(owner)),
        reply=Reply.LABEL,
    )


_SENDERS = {
    "chat": _chat,
    "coding": _coding,
    "research": _research,
    "translation": _translation,
    "support": _support,
    "rag": _rag,
    "batch": _batch,
}
