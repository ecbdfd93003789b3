"""What ordinary customers write from: the prompt pack and stocks made once, as one array of texts that all shards index."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.range.folds import folded
from stillwatch.range.names import Ints, Names
from stillwatch.range.pack import Pack, read_pack
from stillwatch.range.products import PRODUCTS, Shelf
from stillwatch.range.seeds import stream
from stillwatch.range.splits import Fold

__all__ = ["DETAILS", "Desk", "desk"]

DETAILS = 1 << 16
"""How many details in words a sender may add to a text."""

_DETAILS = (
    " It is for {n}.", " I need it by {d}.", " (reference {k})", "\n\nFor context: I work with {n} on {t}.", " we tried {t} before",
    " My order number is {k}.", " Please mention {t} as well.",
    "\n\n- {n}", " Budget is about {k}.", " thanks, {n}", " and also about {t}?",
    " This is about the {t} from {d}.", "\nDeadline: {d}", " Keep {t} out of it.", " My manager {n} asked for this.", " id {k}",
)  # fmt: skip
_PEOPLE = (
    "Ada",
    "Milo",
    "Nia",
    "Otis",
    "Ruth",
    "Sami",
    "Tess",
    "Vera",
    "Hugo",
    "Lena",
    "Kai",
    "Iris",
    "Jonas",
    "Priya",
    "Wei",
    "Lucia",
    "Omar",
    "Petra",
)
_DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "tomorrow",
    "next week",
    "the end of the month",
    "tonight",
    "noon",
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Desk:
    """Texts by number: first those of the pack, then made ones, then details; `bytes` are their lengths.

    `asides` are what a sender adds to texts of a shelf in another language than English: another text of that shelf on a line of its own.
    """

    pack: Pack
    names: Names
    texts: Any
    bytes: Ints
    shelves: dict[Shelf, Ints]
    asides: dict[Shelf, Ints]
    follow_ups: Ints
    details: int
    """The number of the first of `DETAILS` details."""
    nothing: int
    """The number of the empty text."""


def desk(folder: Path, fold: Fold | None = None) -> Desk:
    """The desk of a prompt pack, or of one of its folds, made once a process; it hangs on the pack and on no seed.

    A shelf none of whose sources is in the pack is filled from all that are, so that a pack of other prompts works as well.
    """
    return _desk(folder, fold)


@cache
def _desk(folder: Path, fold: Fold | None) -> Desk:
    pack = folded(read_pack(folder), fold)
    names = pack.names()
    kind = () if fold is None else (fold.value,)
    shelves: dict[Shelf, Ints] = {}
    for product in PRODUCTS:
        wanted = [*product.shelves, product.later, product.second]
        for k, shelf in enumerate(wanted):
            if shelf is not None and shelf not in shelves:
                shelves[shelf] = _filled(shelf, pack, names, (f"{product.name}/{k}", *kind))
    follow_ups = names.kept(pack.follow_ups())
    known = names.all
    asides = {
        shelf: names.numbers([f"\n{known[k]}" for k in found.tolist()])
        for shelf, found in shelves.items()
        if shelf.foreign
    }
    texts = names.all
    first = len(texts)
    texts = [*texts, *_details(pack, kind), ""]
    array = pa.array(texts, pa.string())
    sizes: Ints = pc.binary_length(array).to_numpy().astype(np.int64)
    return Desk(
        pack=pack,
        names=names,
        texts=array,
        bytes=sizes,
        shelves=shelves,
        asides=asides,
        follow_ups=follow_ups,
        details=first,
        nothing=len(texts) - 1,
    )


def _filled(shelf: Shelf, pack: Pack, names: Names, label: tuple[str, ...]) -> Ints:
    parts = []
    if shelf.sources:
        known = pack.available()
        there = tuple(source for source in shelf.sources if source in known) or tuple(known)
        parts.append(names.numbers(pack.texts(*there, lang=shelf.lang, longest=shelf.longest, shortest=shelf.shortest)))
    parts += [names.numbers(pack.passages(p, longest=shelf.longest, lang=shelf.lang)) for p in shelf.passages]
    if shelf.made is not None:
        parts.append(names.numbers(shelf.made(stream(0, "desk", *label))))
    found = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
    return found if len(found) else names.numbers([""])


def _details(pack: Pack, kind: tuple[str, ...]) -> list[str]:
    """What senders add (seven of eight are one or two sentences of the pack's passages); all distinct.

    Real prompts of public sets are few and short: what a customer adds is most of what makes two uses of one of them differ.
    """
    rng = stream(0, "desk", "details", *kind)
    sentences = pack.sentences()
    found = {" " + one.strip(): None for one in sentences}
    pairs = rng.integers(0, len(sentences), (max(0, DETAILS // 8 * 7 - len(found)), 2)).tolist()
    found.update((f" {sentences[a].strip()} {sentences[b].strip()}", None) for a, b in pairs)
    topics = [
        " ".join(sentences[k].split()[1:4]).lower().rstrip(",.")
        for k in rng.permutation(len(sentences))[:4000].tolist()
    ]
    while len(found) < DETAILS:
        for a, b, c, d, e in rng.integers(0, 1 << 30, (DETAILS - len(found), 5)).tolist():
            detail = _DETAILS[a % len(_DETAILS)].format(
                n=_PEOPLE[b % len(_PEOPLE)], d=_DAYS[c % len(_DAYS)], k=10 + d % 99_000, t=topics[e % len(topics)]
            )
            found[detail] = None
    whole = list(found)[:DETAILS]
    return [whole[k] for k in rng.permutation(DETAILS).tolist()]
